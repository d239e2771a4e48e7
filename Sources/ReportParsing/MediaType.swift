/// A Content-Type (RFC 2045 §5.1) with its parameters; comments are left out, long ones in pieces are joined (RFC 2231).
struct MediaType {
    /// `multipart/report`, lower case.
    var name = "text/plain"
    /// Names in lower case.
    private(set) var parameters: [String: String] = [:]

    static let mostParameters = 50

    init() {}

    init(_ field: String) {
        var rest = Tokens(field)
        let whole = rest.until(";").filter { $0 != " " && $0 != "\t" }.lowercased()
        guard whole.contains("/") else { return }
        name = whole
        var pieces: [String: [Int: String]] = [:]
        while rest.skip(";"), parameters.count + pieces.count < Self.mostParameters {
            let key = rest.until("=;").trimmingBlanks.lowercased()
            guard rest.skip("=") else { continue }
            let value = rest.value()
            guard !key.isEmpty else { continue }
            let parts = key.split(separator: "*", omittingEmptySubsequences: true)
            if parts.count > 1, let number = Int(parts[1]), (0..<Self.mostParameters).contains(number) {
                pieces[String(parts[0]), default: [:]][number] = value
            } else if let first = parts.first, parameters[String(first)] == nil {
                parameters[String(first)] = key.hasSuffix("*") ? Self.extended(value) : value
            }
        }
        for (key, found) in pieces where parameters[key] == nil {
            parameters[key] = found.sorted { $0.key < $1.key }.map(\.value).joined()
        }
    }

    var isMultipart: Bool { name.hasPrefix("multipart/") }
    var boundary: String? { parameters["boundary"].flatMap { $0.isEmpty || $0.utf8.count > 200 ? nil : $0 } }

    /// `utf-8''text`
    private static func extended(_ value: String) -> String {
        let parts = value.split(separator: "'", maxSplits: 2, omittingEmptySubsequences: false)
        return parts.count == 3 ? String(parts[2]) : value
    }

    /// Reads along a field.
    private struct Tokens {
        private var rest: Substring.UTF8View.SubSequence

        init(_ text: String) { rest = Substring(text).utf8 }

        /// Up to one of these, outside of comments.
        mutating func until(_ ends: String) -> String {
            var out: [UInt8] = []
            var depth = 0
            while let byte = rest.first, depth > 0 || !ends.utf8.contains(byte) {
                rest.removeFirst()
                if byte == 0x28 {
                    depth += 1
                } else if byte == 0x29, depth > 0 {
                    depth -= 1
                } else if depth == 0 {
                    out.append(byte)
                }
            }
            return String(decoding: out, as: UTF8.self)
        }

        mutating func skip(_ end: String) -> Bool {
            guard let byte = rest.first, end.utf8.contains(byte) else { return false }
            rest.removeFirst()
            return true
        }

        /// A token or a quoted string.
        mutating func value() -> String {
            while let byte = rest.first, byte <= 0x20 { rest.removeFirst() }
            guard rest.first == 0x22 else { return until(";").trimmingBlanks }
            rest.removeFirst()
            var out: [UInt8] = []
            while let byte = rest.popFirst(), byte != 0x22 {
                if byte == 0x5C, let escaped = rest.popFirst() { out.append(escaped) } else { out.append(byte) }
            }
            _ = until(";")
            return String(decoding: out, as: UTF8.self)
        }
    }
}

extension StringProtocol {
    var trimmingBlanks: String { Array(utf8)[...].trimmed.text }
}
