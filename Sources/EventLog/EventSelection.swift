import MailTypes

/// Names as a configuration lists them: whole ones, and beginnings that end with `*`.
package struct NameList: Sendable, Hashable {
    private let whole: Set<String>
    private let beginnings: [String]

    /// - Parameter names: in lower case where case does not matter.
    package init(_ names: [String]) {
        whole = Set(names.filter { !$0.hasSuffix("*") })
        beginnings = names.filter { $0.hasSuffix("*") }.map { String($0.dropLast()) }
    }

    package var isEmpty: Bool { whole.isEmpty && beginnings.isEmpty }

    package func contains(_ name: String) -> Bool {
        whole.contains(name) || beginnings.contains { name.hasPrefix($0) }
    }
}

/// Events that are left out of the log although their kind is wanted: those for which everything holds that is said.
package struct EventException: Sendable, Hashable {
    /// Empty: any.
    package var kinds: Set<MailEvent.Kind> = []
    package var tenants: Set<String> = []
    package var campaigns: Set<String> = []
    package var listeners: Set<String> = []
    /// Destinations without their pool.
    package var sites: Set<String> = []

    package init() {}

    package func covers(_ event: MailEvent) -> Bool {
        func holds(_ set: Set<String>, _ value: String?) -> Bool { set.isEmpty || value.map(set.contains) ?? false }
        return (kinds.isEmpty || kinds.contains(event.kind)) && holds(tenants, event.tenant)
            && holds(campaigns, event.campaign) && holds(listeners, event.listener) && holds(sites, event.site)
    }
}

/// A field of a message's header in an event.
package struct LoggedField: Sendable, Hashable {
    /// As the message has it, or as it is configured.
    package var name: String
    /// Of all fields of this name, unfolded; not empty.
    package var values: [String]

    package init(name: String, values: [String]) {
        self.name = name
        self.values = values
    }
}

extension EventLogSettings {
    /// What all events of this log have, and what they do not have.
    /// - Returns: false: it is left out.
    package func complete(_ event: inout MailEvent) -> Bool {
        if exceptions.contains(where: { $0.covers(event) }) { return false }
        event.node = node
        if !metadata.isEmpty, !event.metadata.isEmpty {
            event.metadata = event.metadata.filter { metadata.contains($0.key) }
        }
        return true
    }
}
