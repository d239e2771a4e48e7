import Glibc
import Measures
import RunRecords

/// A blocking SMTP client of a few lines: asks whether a system greets, and sends single messages where each reply's time
/// is wanted.
final class SMTPProbe {
    private let descriptor: Int32
    private var buffer: [UInt8] = []

    /// A loopback port that was free a moment ago.
    static func freePort() throws(RecordFault) -> Int {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { throw RecordFault("no socket: \(String(cString: strerror(errno)))") }
        defer { close(descriptor) }
        var address = loopback(port: 0)
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let code = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, length) == 0 ? getsockname(descriptor, $0, &length) : -1
            }
        }
        guard code == 0 else { throw RecordFault("no free port: \(String(cString: strerror(errno)))") }
        return Int(in_port_t(bigEndian: address.sin_port))
    }

    private static func loopback(port: Int) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        return address
    }

    /// Connects to an IPv4 address; nil if nobody listens there.
    /// - Parameter limit: seconds that any read or write may take.
    init?(host: String, port: Int, limit: Int = 30) {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var time = timeval(tv_sec: limit, tv_usec: 0)
        for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
            setsockopt(descriptor, SOL_SOCKET, option, &time, socklen_t(MemoryLayout<timeval>.size))
        }
        var address = Self.loopback(port: port)
        guard inet_pton(AF_INET, host, &address.sin_addr) == 1 else { return nil }
        let code = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard code == 0 else { return nil }
    }

    deinit { close(descriptor) }

    /// The next reply's code and its last line; nil if the connection ended or took too long.
    func reply() -> (code: Int, text: String)? {
        while true {
            while let end = buffer.firstIndex(of: 0x0A) {
                let line = String(decoding: buffer[..<end], as: UTF8.self)
                buffer.removeSubrange(...end)
                guard let code = Int(line.prefix(3)) else { return nil }
                if line.dropFirst(3).first != "-" { return (code, line) }
            }
            var bytes = [UInt8](repeating: 0, count: 4096)
            let count = recv(descriptor, &bytes, bytes.count, 0)
            guard count > 0 else { return nil }
            buffer += bytes[..<count]
        }
    }

    /// Sends text and waits for the reply.
    func ask(_ text: String) -> (code: Int, text: String)? {
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes { send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            guard count > 0 else { return nil }
            bytes = bytes.dropFirst(count)
        }
        return reply()
    }

    /// Greeting, EHLO.
    /// - Throws: ``RecordFault`` with what was answered instead.
    func begin() throws(RecordFault) {
        guard let greeting = reply() else { throw RecordFault("no greeting") }
        guard greeting.code == 220 else { throw RecordFault("greeting '\(greeting.text)'") }
        try expect(250, "EHLO probe.test\r\n")
    }

    /// One message to its final reply.
    func sendMessage(number: Int) throws(RecordFault) {
        try expect(250, "MAIL FROM:<probe@sender.test>\r\n")
        try expect(250, "RCPT TO:<probe-\(number)@receiver.test>\r\n")
        try expect(354, "DATA\r\n")
        let text = String(repeating: "What is promised is counted here.\r\n", count: 30)
        try expect(
            250,
            "From: probe@sender.test\r\nTo: probe-\(number)@receiver.test\r\nSubject: \(number)\r\n"
                + "Date: Thu, 1 Jan 2026 00:00:00 +0000\r\nMessage-ID: <\(number).\(getpid())@sender.test>\r\n\r\n\(text).\r\n"
        )
    }

    private func expect(_ code: Int, _ text: String) throws(RecordFault) {
        let command = text.prefix { $0 != "\r\n" }.prefix(60)
        guard let answer = ask(text) else { throw RecordFault("no reply to '\(command)'") }
        guard answer.code == code else { throw RecordFault("'\(answer.text)' to '\(command)'") }
    }
}
