/// `[192.0.2.1]`, `[IPv6:2001:db8::1]` (RFC 5321 §4.1.3). General literals of other tags are not accepted: none is
/// registered.
enum AddressLiteral {
    /// - Returns: the index behind the closing bracket, or nil if no valid literal starts at `start`.
    static func end(_ input: RawSpan, _ start: Int) -> Int? {
        guard start < input.byteCount, input[byte: start] == 0x5B else { return nil }
        var close = start + 1
        while close < input.byteCount, input[byte: close] != 0x5D {
            guard close - start < 64 else { return nil }
            close += 1
        }
        guard close < input.byteCount else { return nil }
        let text = String(decoding: input.copy(start + 1..<close), as: UTF8.self)
        let isValid: Bool
        if text.lowercased().hasPrefix("ipv6:") {
            isValid = isIPv6(text.dropFirst(5))
        } else {
            isValid = isIPv4(text[...])
        }
        return isValid ? close + 1 : nil
    }

    static func isIPv4(_ text: Substring) -> Bool {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4
            && parts.allSatisfy {
                (1...3).contains($0.count) && $0.allSatisfy { $0.isASCII && $0.isNumber } && Int($0)! < 256
            }
    }

    static func isIPv6(_ text: Substring) -> Bool {
        let halves = text.components(splitBy: "::")
        guard halves.count <= 2, let head = groups(halves[0], isLast: halves.count == 1) else { return false }
        guard halves.count == 2 else { return head == 8 }
        guard let tail = groups(halves[1], isLast: true) else { return false }
        return head + tail <= 7
    }

    /// Number of 16-bit groups, an IPv4 tail counting two; nil if malformed.
    private static func groups(_ text: Substring, isLast: Bool) -> Int? {
        guard !text.isEmpty else { return 0 }
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        var count = 0
        for (index, part) in parts.enumerated() {
            if isLast, index == parts.count - 1, part.contains(".") {
                guard isIPv4(part) else { return nil }
                count += 2
            } else {
                guard (1...4).contains(part.count), part.allSatisfy(\.isHexDigit), part.utf8.count == part.count else {
                    return nil
                }
                count += 1
            }
        }
        return count
    }
}

extension Substring {
    /// Splits at each `separator`; the standard library splits by single elements only.
    fileprivate func components(splitBy separator: String) -> [Substring] {
        var parts: [Substring] = []
        var rest = self
        while let range = rest.firstRange(of: separator) {
            parts.append(rest[..<range.lowerBound])
            rest = rest[range.upperBound...]
        }
        return parts + [rest]
    }
}
