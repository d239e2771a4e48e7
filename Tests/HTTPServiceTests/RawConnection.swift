import Dispatch
import Foundation
import Glibc
import Measures

/// A socket that says what it is told, however wrong. Its calls block.
final class RawConnection: Sendable {
    private let descriptor: Int32

    /// - Parameter address: `127.0.0.1:PORT`.
    init(_ address: String) throws {
        let endpoint = try Endpoint(parsing: address, flag: "")
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var name = sockaddr_in()
        name.sin_family = sa_family_t(AF_INET)
        name.sin_port = in_port_t(endpoint.port).bigEndian
        name.sin_addr.s_addr = inet_addr(endpoint.host)
        let status = withUnsafePointer(to: &name) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard status == 0 else { throw POSIXError(.init(rawValue: errno) ?? .ECONNREFUSED) }
    }
    deinit { close(descriptor) }

    func send(_ text: String) {
        let bytes = Array(text.utf8)
        _ = Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL))
    }

    func readToEnd() -> String { String(decoding: readBytes(), as: UTF8.self) }

    func readBytes() -> [UInt8] {
        var all: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while case let count = recv(descriptor, &buffer, buffer.count, 0), count > 0 { all += buffer[..<count] }
        return all
    }
}

/// Runs what blocks away from the threads that tasks share: there are no more of those than processors.
func onThread<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
    try await withCheckedThrowingContinuation { continuation in
        DispatchQueue.global().async { continuation.resume(with: Result { try body() }) }
    }
}
