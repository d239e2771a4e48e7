/// What a domain asks receivers to do with mail that fails (RFC 7489 §6.3).
package enum DMARCPolicy: String, Sendable, Hashable, CaseIterable {
    case none, quarantine, reject

    /// One step milder: what a domain gets that is only trying (`t=y`), or whose share this message is not in (`pct`).
    var milder: DMARCPolicy { self == .reject ? .quarantine : .none }
}

/// A DMARC record (RFC 7489 §6.3; `np`, `psd` and `t` of its successor, RFC 9989).
struct DMARCRecord: Sendable, Hashable {
    var policy = DMARCPolicy.none
    /// `sp`, `np`: for what is below the domain, and for what is below it and does not exist.
    var belowPolicy: DMARCPolicy?
    var nonexistentPolicy: DMARCPolicy?
    var isDKIMStrict = false
    var isSPFStrict = false
    /// Of a hundred messages that fail, so many are treated as `p` says.
    var percent = 100
    /// `t=y`.
    var isTesting = false
    /// `psd`: true where it is a public suffix, false where it says that it is not.
    var isPublicSuffix: Bool?

    /// - Returns: nil if it is no record of DMARC, or one that has to be passed over.
    init?(_ text: [UInt8]) {
        // The version stands first, in just this form (§6.4).
        let plain = text.filter { $0 != 0x20 && $0 != 0x09 }
        guard plain.starts(with: "v=DMARC1".utf8), plain.count == 8 || plain[8] == 0x3B, let tags = Self.tags(text)
        else { return nil }
        if let wanted = tags["p"] {
            // What is not understood is not enforced, if somebody wants to hear of it (§6.6.3).
            guard let policy = DMARCPolicy(rawValue: wanted) ?? (tags["rua"] == nil ? nil : DMARCPolicy.none) else {
                return nil
            }
            self.policy = policy
        } else if tags["rua"] == nil {
            return nil
        }
        belowPolicy = tags["sp"].flatMap(DMARCPolicy.init)
        nonexistentPolicy = tags["np"].flatMap(DMARCPolicy.init)
        isDKIMStrict = tags["adkim"] == "s"
        isSPFStrict = tags["aspf"] == "s"
        isTesting = tags["t"] == "y"
        isPublicSuffix = tags["psd"] == "y" ? true : tags["psd"] == "n" ? false : nil
        if let text = tags["pct"], let percent = DecimalNumber.read(text, digits: 3) {
            self.percent = min(100, percent)
        }
    }

    /// Names and values in lower case; what is no tag is passed over, as §6.3 has it.
    private static func tags(_ text: [UInt8]) -> [String: String]? {
        guard text.count <= TagList.most else { return nil }
        var tags: [String: String] = [:]
        for part in text.split(separator: 0x3B) {
            guard let equals = part.firstIndex(of: 0x3D) else { continue }
            let name = trimmed(part[..<equals])
            if tags[name] == nil { tags[name] = trimmed(part[(equals + 1)...]) }
        }
        return tags
    }

    private static func trimmed(_ bytes: ArraySlice<UInt8>) -> String {
        String(decoding: TagList.trimmed(bytes), as: UTF8.self).lowercased()
    }
}
