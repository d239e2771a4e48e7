import MailTypes
import RunRecords

// The admin API of the HTTP listener.
extension HTTPSection {
    static var adminKeysOfFile: [ConfigurationKey<HTTPSection>] {
        [
            .value(
                "admin", \.offersAdmin,
                "the admin API is served, too: suspend, bounce, rebind, inspect, trace ([ADMIN.md](ADMIN.md))"),
            .list("admin_networks", \.adminNetworks, "clients that need no key for it"),
            .list("admin_keys", \.adminKeys, "names of keys in `api_keys` that may use it"),
        ]
    }
}

extension MTASettings {
    /// Who may do everything to the queue has to be somebody.
    func checkAdmin(_ faults: inout [RecordFault]) {
        guard let http else { return }
        if !http.adminKeys.isEmpty, http.apiKeys == nil {
            note(&faults, http.mapping, "admin_keys", "needs `api_keys`: the file of names and hashes")
        }
        if !http.adminKeys.isEmpty, !http.offersAdmin {
            note(&faults, http.mapping, "admin_keys", "needs `admin: true`")
        }
        for (index, network) in http.adminNetworks.enumerated() where network.length == 0 {
            let text = "'\(network)' would let everybody in: expected a network of operators"
            faults.append(http.mapping?.fault("admin_networks", item: index, text) ?? RecordFault(text))
        }
    }
}
