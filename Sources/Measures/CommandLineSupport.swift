import Glibc

/// `HOST:PORT` as flags take it; IPv6 addresses in brackets.
package struct Endpoint: Hashable, Sendable, CustomStringConvertible {
    package let host: String
    package let port: Int

    /// - Parameter flag: named in the fault, e.g. `--listen`.
    package init(parsing text: String, flag: String) throws(UnitFault) {
        guard let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...]),
            (0...65535).contains(port), colon > text.startIndex
        else { throw UnitFault("\(flag) '\(text)': expected HOST:PORT, such as 127.0.0.1:2525 or [::1]:2525") }
        var host = text[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") { host = host.dropFirst().dropLast() }
        self.host = String(host)
        self.port = port
    }

    package var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }

    /// The name or address can only mean this machine.
    package var isLoopback: Bool {
        host == "localhost" || host == "::1" || (host.hasPrefix("127.") && host.split(separator: ".").count == 4)
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
