import Glibc
import Measures

/// Tells the service manager how the program is (sd_notify(3)): a datagram of `KEY=value` lines to `NOTIFY_SOCKET`.
/// Without that variable nothing is told.
package struct ServiceManager: Sendable {
    private let path: String?
    /// The manager wants to hear from us this often; nil: it does not.
    package let watchdogMicroseconds: UInt64?

    /// - Parameters:
    ///   - process: of this program: a watchdog may be meant for another one.
    package init(_ environment: [String: String], process: Int32) {
        path = environment["NOTIFY_SOCKET"].flatMap { $0.isEmpty ? nil : $0 }
        let isOurs = environment["WATCHDOG_PID"].map { $0 == String(process) } ?? true
        watchdogMicroseconds =
            isOurs ? environment["WATCHDOG_USEC"].flatMap { UInt64($0) }.flatMap { $0 > 0 ? $0 : nil } : nil
    }

    package var isPresent: Bool { path != nil }

    package enum Message: Sendable, Hashable {
        case ready(status: String)
        /// - Parameter microseconds: CLOCK_MONOTONIC.
        case reloading(microseconds: UInt64)
        case stopping(status: String)
        case status(String)
        case watchdog
        /// Another process is the main one from now on, and it is ready.
        case successor(Int32)

        /// What is sent.
        package var text: String {
            switch self {
            case .ready(let status): "READY=1\nSTATUS=\(Self.line(status))\n"
            case .reloading(let microseconds): "RELOADING=1\nMONOTONIC_USEC=\(microseconds)\nSTATUS=reloading\n"
            case .stopping(let status): "STOPPING=1\nSTATUS=\(Self.line(status))\n"
            case .status(let status): "STATUS=\(Self.line(status))\n"
            case .watchdog: "WATCHDOG=1\n"
            case .successor(let process): "MAINPID=\(process)\nREADY=1\nSTATUS=upgraded\n"
            }
        }

        private static func line(_ text: String) -> String { text.replacing("\n", with: " ") }
    }

    package func tell(_ message: Message) {
        guard let path else { return }
        let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        // An @ in front stands for the zero octet of the abstract namespace, unix(7).
        var bytes = Array(path.utf8)
        if bytes.first == UInt8(ascii: "@") { bytes[0] = 0 }
        let capacity = MemoryLayout.size(ofValue: address.sun_path)
        guard bytes.count < capacity else { return }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        let length = socklen_t(MemoryLayout<sockaddr_un>.size - capacity + bytes.count)
        let text = Array(message.text.utf8)
        _ = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                sendto(descriptor, text, text.count, Int32(MSG_NOSIGNAL), $0, length)
            }
        }
    }

    /// Begins a reload.
    package func tellReloading() { tell(.reloading(microseconds: MonotonicInstant.now().nanoseconds / 1_000)) }
}
