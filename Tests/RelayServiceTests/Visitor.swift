import Foundation

/// A client that speaks to a relay line by line, on a thread of its own.
struct Visitor {
    struct Fault: Error { var text: String }

    private let descriptor: Int32

    /// What `body` says and hears; no thread of Swift's waits for it.
    static func visit<Value: Sendable>(
        _ address: String, _ body: @escaping @Sendable (Visitor) throws -> Value
    ) async throws -> Value {
        let port = UInt16(address.split(separator: ":").last ?? "") ?? 0
        return try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread {
                continuation.resume(
                    with: Result {
                        let visitor = try Visitor(port: port)
                        defer { close(visitor.descriptor) }
                        return try body(visitor)
                    })
            }
        }
    }

    private init(port: UInt16) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        address.sin_port = port.bigEndian
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0 else { throw Fault(text: "no connection") }
    }

    func say(_ text: String) {
        let bytes = Array(text.utf8)
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return }
            sent += count
        }
    }

    /// The next reply, its last line.
    func hear() throws -> String {
        var line: [UInt8] = []
        while true {
            var byte: UInt8 = 0
            guard recv(descriptor, &byte, 1, 0) == 1 else { throw Fault(text: "the relay has gone") }
            if byte != 0x0A {
                if byte != 0x0D { line.append(byte) }
                continue
            }
            if line.count < 4 || line[3] != 0x2D { return String(decoding: line, as: UTF8.self) }
            line = []
        }
    }

    func ask(_ line: String) throws -> String {
        say(line + "\r\n")
        return try hear()
    }

    /// A message for b@ours.test; the first reply that is no success, or that to the message.
    func send(from: String, to: String = "b@ours.test", _ message: String) throws -> String {
        for line in ["EHLO mail.x.test", "MAIL FROM:<\(from)>", "RCPT TO:<\(to)>", "DATA"] {
            let reply = try ask(line)
            guard reply.first == "2" || reply.first == "3" else { return reply }
        }
        say(message)
        return try ask(".")
    }
}
