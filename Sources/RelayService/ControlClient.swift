import Glibc
package import RunRecords

/// The other end of the control socket, for the tools: blocks until the answer is there.
package enum ControlClient {
    /// - Throws: ``RecordFault`` that names the socket, also for what the relay could not do.
    package static func ask(_ path: String, _ request: ControlRequest) throws -> ControlResponse {
        var answer: [UInt8] = []
        try exchange(path, try ControlLine.encode(request)) {
            answer += $0
            return true
        }
        guard answer.last == 0x0A else { throw RecordFault("\(path): the relay ended before it answered") }
        let response = try ControlLine.decode(ControlResponse.self, answer)
        if let error = response.error { throw RecordFault("\(path): \(error)") }
        return response
    }

    /// A call of the admin API, answered whole.
    /// - Returns: the status, as HTTP has it, and the body.
    /// - Throws: ``RecordFault`` that names the socket.
    package static func call(_ path: String, _ call: ControlCall) throws -> (status: Int, body: [UInt8]) {
        var answer: [UInt8] = []
        let status = try stream(path, call) {
            answer += $0
            return true
        }
        return (status, answer)
    }

    /// A call of the admin API, whose answer is handed on as it comes.
    /// - Parameter body: returns false to hear no more.
    /// - Returns: the status, as HTTP has it.
    package static func stream(_ path: String, _ call: ControlCall, _ body: ([UInt8]) -> Bool) throws -> Int {
        var head: [UInt8] = []
        var status: Int?
        try exchange(path, try ControlLine.encode(call)) { part in
            if status != nil { return body(part) }
            head += part
            guard let end = head.firstIndex(of: 0x0A) else { return true }
            status = (try? ControlLine.decode(ControlStatus.self, Array(head[...end])))?.status
            let rest = Array(head[(end + 1)...])
            return status != nil && (rest.isEmpty || body(rest))
        }
        guard let status else { throw RecordFault("\(path): the relay ended before it answered") }
        return status
    }

    /// Writes a line and hands on what comes, until the end or until `body` has had enough.
    private static func exchange(_ path: String, _ line: [UInt8], _ body: ([UInt8]) -> Bool) throws {
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { throw fault(path, "socket") }
        defer { close(descriptor) }
        try connect(descriptor, path)
        try write(line, to: descriptor, path)
        var part = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = read(descriptor, &part, part.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw fault(path, "read") }
            if count == 0 || !body(Array(part[..<count])) { return }
        }
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
