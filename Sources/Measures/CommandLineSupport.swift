import Glibc

/// `HOST:PORT` as flags take it; IPv6 addresses in brackets.
package struct Endpoint: Hashable, Sendable, CustomStringConvertible {
    package let host: String
    package let port: Int

    package init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    /// - Parameter flag: named in the fault, e.g. `--listen`.
    package init(parsing text: String, flag: String) throws(UnitFault) {
        guard let colon = text.lastIndex(of: ":"), let port = Self.number(text[text.index(after: colon)...], 65535),
            let host = Self.withoutBrackets(text[..<colon])
        else { throw UnitFault("\(flag) '\(text)': expected HOST:PORT, such as 127.0.0.1:2525 or [::1]:2525") }
        self.host = String(host)
        self.port = port
    }

    package var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }

    /// The name or address can only mean this machine: a name such as `127.a.b.test` does not.
    package var isLoopback: Bool {
        if host == "localhost" || host == "::1" { return true }
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { Self.number($0, 255) != nil }
    }

    /// Decimal digits and nothing else, no sign.
    private static func number(_ text: Substring, _ highest: Int) -> Int? {
        guard text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let value = Int(text), value <= highest else {
            return nil
        }
        return value
    }

    /// Nil if nothing is left or a bracket has no partner.
    private static func withoutBrackets(_ text: Substring) -> Substring? {
        let bare = text.hasPrefix("[") && text.hasSuffix("]") ? text.dropFirst().dropLast() : text
        return bare.isEmpty || bare.contains("[") || bare.contains("]") ? nil : bare
    }
}

/// One line that is rewritten on a terminal (standard error) and silent anywhere else.
package struct ProgressLine: Sendable {
    private let isTerminal = isatty(2) == 1
    package init() {}

    package func show(_ text: String) {
        guard isTerminal else { return }
        writeError("\r\u{1B}[K" + text)
    }

    package func clear() { if isTerminal { writeError("\r\u{1B}[K") } }
}

package func writeError(_ text: String) {
    var bytes = Array(text.utf8)
    bytes.withUnsafeMutableBytes { _ = write(2, $0.baseAddress, $0.count) }
}

/// `print` to a pipe is buffered; a waiting parent wants the line now.
package func flushStandardOutput() { fflush(nil) }

/// Processors this process may run on (`Cpus_allowed` of /proc/self/status).
package func processorCount() -> Int {
    let online = max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))))
    guard let status = readSmallFile("/proc/self/status"),
        let line = status.split(separator: "\n").first(where: { $0.hasPrefix("Cpus_allowed:") })
    else { return online }
    let bits = line.dropFirst("Cpus_allowed:".count).compactMap { $0.hexDigitValue?.nonzeroBitCount }.reduce(0, +)
    return bits > 0 ? min(bits, online) : online
}
