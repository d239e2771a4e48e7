/// Finds the domain of the address in a From field (RFC 5322 §3.4): names, groups, comments, quoted strings and folding
/// aside.
enum AuthorDomain {
    /// - Returns: lower case; nil if several addresses have different ones, or one ends in the middle; empty if there is none.
    static func find(_ value: ArraySlice<UInt8>) -> String? {
        let domains = Set(addresses(in: value).compactMap(domain))
        if domains.isEmpty { return "" }
        return domains.count == 1 && domains != [""] ? domains.first : nil
    }

    private static func domain(of address: [UInt8]) -> String? {
        guard let at = address.lastIndex(of: 0x40) else { return nil }
        let domain = address[(at + 1)...].filter { $0 != 0x20 && $0 != 0x09 && $0 != 0x0D && $0 != 0x0A }
        let text = String(decoding: domain, as: UTF8.self).lowercased()
        return text.hasSuffix(".") ? String(text.dropLast()) : text
    }

    /// What stands between angle brackets, or, where there are none, each mailbox as it is.
    private static func addresses(in value: ArraySlice<UInt8>) -> [[UInt8]] {
        var found: [[UInt8]] = []
        var plain: [UInt8] = []
        var angle: [UInt8]?
        var depth = 0
        var isQuoted = false
        var rest = value
        func isEscape(_ byte: UInt8) -> Bool { byte == 0x5C }
        while let byte = rest.popFirst() {
            if isEscape(byte), isQuoted || depth > 0 {
                rest = rest.dropFirst()
            } else if isQuoted {
                isQuoted = byte != 0x22
            } else if byte == 0x28 {
                depth += 1
            } else if byte == 0x29, depth > 0 {
                depth -= 1
            } else if depth > 0 {
                continue
            } else if byte == 0x22 {
                isQuoted = true
            } else if byte == 0x3C {
                angle = []
            } else if byte == 0x3E, let whole = angle {
                found.append(whole)
                angle = nil
                plain = []
            } else if angle != nil {
                angle!.append(byte)
            } else if byte == 0x2C || byte == 0x3B {
                found.append(plain)
                plain = []
            } else if byte == 0x3A {
                // The name of a group (RFC 5322 §3.4), unless it is meant to be read as an address.
                if plain.contains(0x40) { found.append(plain) }
                plain = []
            } else {
                plain.append(byte)
            }
        }
        // Readers guess what was meant by what ends in the middle.
        return found + [plain] + (isQuoted || depth > 0 || angle != nil ? [[0x40]] : [])
    }
}
