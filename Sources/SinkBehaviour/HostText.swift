/// Names that end up in replies, header fields, certificates and DNS messages: nothing that could end a line there.
package enum HostText {
    /// A domain name: labels of letters, digits, `-` and `_`, 63 octets at most, 253 together (RFC 1035 §2.3.4).
    package static func isHost(_ text: String) -> Bool {
        let labels = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        return (1...253).contains(text.utf8.count)
            && labels.allSatisfy { (1...63).contains($0.count) && $0.allSatisfy(isNameOctet) }
    }

    /// `name@domain`, ASCII without quoted parts (RFC 5321 §4.1.2).
    package static func isMailbox(_ text: String) -> Bool {
        let sides = text.utf8.split(separator: UInt8(ascii: "@"), omittingEmptySubsequences: false)
        guard sides.count == 2, (1...64).contains(sides[0].count), let domain = String(sides[1]) else { return false }
        return isHost(domain) && sides[0].allSatisfy { isNameOctet($0) || ".!#$%&'*+/=?^`{|}~".utf8.contains($0) }
    }

    private static func isNameOctet(_ octet: UInt8) -> Bool {
        switch octet {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "-"), UInt8(ascii: "_"): true
        default: false
        }
    }
}
