import NIOCore
import SpoolContract
import SpoolSegmentLog

/// A disk of a segment log that never fails and is gone when the input is done.
final class MemoryDisk: LogDisk, @unchecked Sendable {  // one thread
    private var files: [String: MemoryFile] = [:]

    /// A file that was there before.
    func put(_ name: String, _ bytes: [UInt8]) { files[name] = MemoryFile(name, bytes) }

    func lock() throws(SpoolFault) {}
    func unlock() {}
    func list() throws(SpoolFault) -> [String] { Array(files.keys) }

    func create(_ name: String, bytes: Int) throws(SpoolFault) -> any LogFile {
        let file = MemoryFile(name, [UInt8](repeating: 0, count: bytes))
        files[name] = file
        return file
    }

    func open(_ name: String) throws(SpoolFault) -> (any LogFile)? { files[name] }
    func remove(_ name: String) throws(SpoolFault) { files[name] = nil }
    func sync() throws(SpoolFault) {}
    func keepAside(_ bytes: ByteBuffer, as name: String) throws(SpoolFault) -> String { "aside/" + name }
    var freeBytes: Int? { nil }
}

private final class MemoryFile: LogFile, @unchecked Sendable {  // one thread
    let name: String
    private var content: [UInt8]

    init(_ name: String, _ content: [UInt8]) {
        self.name = name
        self.content = content
    }

    var bytes: Int { content.count }

    func read(at offset: Int, count: Int) throws(SpoolFault) -> ByteBuffer? {
        require(offset >= 0 && count >= 0, "read of \(count) octets at \(offset)")
        guard count <= content.count, offset <= content.count - count else { return nil }
        return ByteBuffer(bytes: content[offset..<(offset + count)])
    }

    func write(_ buffers: [ByteBuffer], at offset: Int) throws(SpoolFault) {
        var place = offset
        for buffer in buffers {
            require(place + buffer.readableBytes <= content.count, "written behind the end of \(name)")
            content.replaceSubrange(place..<(place + buffer.readableBytes), with: buffer.readableBytesView)
            place += buffer.readableBytes
        }
    }

    func sync() throws(SpoolFault) {}
}
