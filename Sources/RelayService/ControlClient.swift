import Glibc
package import RunRecords

/// The other end of the control socket, for the tools: blocks until the answer is there.
package enum ControlClient {
    /// - Throws: ``RecordFault`` that names the socket, also for what the relay could not do.
    package static func ask(_ path: String, _ request: ControlRequest) throws -> ControlResponse {
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { throw fault(path, "socket") }
        defer { close(descriptor) }
        try connect(descriptor, path)
        try write(try ControlLine.encode(request), to: descriptor, path)
        var answer: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = read(descriptor, &part, part.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw fault(path, "read") }
            if count == 0 { break }
            answer += part[..<count]
        }
        guard answer.last == 0x0A else { throw RecordFault("\(path): the relay ended before it answered") }
        let response = try ControlLine.decode(ControlResponse.self, answer)
        if let error = response.error { throw RecordFault("\(path): \(error)") }
        return response
    }

    private static func connect(_ descriptor: Int32, _ path: String) throws(RecordFault) {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8)
        let isShort = withUnsafeMutableBytes(of: &address.sun_path) { space in
            guard bytes.count < space.count else { return false }
            space.copyBytes(from: bytes)
            return true
        }
        guard isShort else { throw RecordFault("\(path): longer than 107 octets") }
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard result == 0 else { throw fault(path, "no relay answers") }
    }

    private static func write(_ bytes: [UInt8], to descriptor: Int32, _ path: String) throws(RecordFault) {
        var done = 0
        while done < bytes.count {
            let count = bytes.withUnsafeBytes {
                send(descriptor, $0.baseAddress! + done, $0.count - done, Int32(MSG_NOSIGNAL))
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw fault(path, "write") }
            done += count
        }
    }

    private static func fault(_ path: String, _ what: String) -> RecordFault {
        RecordFault("\(path): \(what): \(String(cString: strerror(errno)))")
    }
}
