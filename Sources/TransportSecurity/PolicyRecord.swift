/// TXT records that begin with `v=…;`, and how they are read: fields by `;`, blanks around it.
package enum PolicyRecord {
    /// The octets of a TXT record's strings, joined (RFC 7208 §3.3).
    package static func text(_ rdata: [UInt8]) -> String? {
        var (rest, joined): (ArraySlice<UInt8>, [UInt8]) = (rdata[...], [])
        while let length = rest.popFirst() {
            guard rest.count >= Int(length) else { return nil }
            joined += rest.prefix(Int(length))
            rest = rest.dropFirst(Int(length))
        }
        return joined.allSatisfy { $0 < 0x80 } ? String(decoding: joined, as: UTF8.self) : nil
    }

    /// The id of a domain's MTA-STS policy, from the TXT records at `_mta-sts.DOMAIN` (RFC 8461 §3.1).
    /// - Returns: nil unless exactly one record says that there is a policy, and is written as it should be.
    package static func strictTransportID(_ records: [String]) -> String? {
        guard let fields = only(records, version: "v=STSv1") else { return nil }
        for field in fields where field.hasPrefix("id=") {
            let id = field.dropFirst(3)
            let isRight = (1...32).contains(id.utf8.count) && id.utf8.allSatisfy(StrictTransportPolicy.isLetterOrDigit)
            return isRight ? String(id) : nil
        }
        return nil
    }

    /// The fields behind the version of the one record that has this version.
    static func only(_ records: [String], version: String) -> [Substring]? {
        let found = records.filter { record in
            record.hasPrefix(version) && record.dropFirst(version.count).drop { $0 == " " || $0 == "\t" }.first == ";"
        }
        guard found.count == 1 else { return nil }
        var fields = found[0].split(separator: ";", omittingEmptySubsequences: false).dropFirst().map(trimmed)
        if fields.last?.isEmpty ?? false { fields.removeLast() }
        guard !fields.isEmpty, fields.allSatisfy(isField) else { return nil }
        return fields
    }

    static func trimmed(_ text: Substring) -> Substring {
        var text = text.drop { $0 == " " || $0 == "\t" }
        while text.last == " " || text.last == "\t" { text.removeLast() }
        return text
    }

    /// `name=value`
    private static func isField(_ field: Substring) -> Bool {
        let parts = field.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, (1...32).contains(parts[0].utf8.count), !parts[1].isEmpty else { return false }
        return parts[0].utf8.allSatisfy {
            StrictTransportPolicy.isLetterOrDigit($0) || $0 == 0x5F || $0 == 0x2D || $0 == 0x2E
        }
    }
}
