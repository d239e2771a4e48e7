/// The outer form of public keys: SubjectPublicKeyInfo (RFC 5280 §4.1.2.7), in DER.
enum PublicKeyForm {
    /// OBJECT IDENTIFIER 1.2.840.113549.1.1.1, rsaEncryption (RFC 8017 appendix C).
    private static let rsaEncryption: [UInt8] = [0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x01]

    /// The RSAPublicKey in it; nil: it is another key's, or no such form.
    static func rsa(_ der: [UInt8]) -> ArraySlice<UInt8>? {
        var rest = der[...]
        guard var whole = content(0x30, &rest), rest.isEmpty, let algorithm = content(0x30, &whole),
            algorithm.starts(with: rsaEncryption), var bits = content(0x03, &whole), whole.isEmpty,
            bits.popFirst() == 0
        else { return nil }
        return bits
    }

    /// Takes one value with this tag.
    private static func content(_ tag: UInt8, _ rest: inout ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        guard rest.popFirst() == tag, var length = rest.popFirst().map(Int.init) else { return nil }
        if length >= 0x80 {
            let count = length - 0x80
            guard (1...3).contains(count), rest.count >= count else { return nil }
            length = rest.prefix(count).reduce(0) { $0 << 8 | Int($1) }
            rest = rest.dropFirst(count)
        }
        guard length <= rest.count else { return nil }
        defer { rest = rest.dropFirst(length) }
        return rest.prefix(length)
    }
}
