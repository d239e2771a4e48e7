import CLinux
import Glibc
import MailTypes
import NIOCore
import SpoolContract

/// The files of the spool: `queue/XX/ID.msg` and `ID.state`, XX being one of 256 directories that are made once.
/// Temporary names begin with a dot; what has one was never acknowledged.
final class FanOut: Sendable {
    enum Kind: String {
        case message = ".msg"
        case state = ".state"
    }

    let root: String
    /// Open descriptors of the directories, for syncs; empty when only reading.
    private let descriptors: [Int32]

    /// - Parameter isExclusive: makes the directories and keeps them open.
    init(_ directory: String, isExclusive: Bool) throws(SpoolFault) {
        root = directory + "/queue"
        guard isExclusive else {
            descriptors = []
            return
        }
        var isNew = false
        if mkdir(root, 0o700) == 0 {
            isNew = true
            Self.spread(root)
        } else if errno != EEXIST {
            throw .system("create \(root)")
        }
        var opened: [Int32] = []
        for index in 0..<256 {
            let path = Self.path(root, index)
            if mkdir(path, 0o700) == 0 { isNew = true } else if errno != EEXIST { throw .system("create \(path)") }
            let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
            guard descriptor >= 0 else { throw .system("open \(path)") }
            opened.append(descriptor)
        }
        descriptors = opened
        guard isNew else { return }
        try SpoolFiles.syncDirectory(root)
        try SpoolFiles.syncDirectory(directory)
    }

    /// In one block group ext4 looks at every inode deleted in the last seconds before it takes a new one: making a
    /// file costs three times as much as with the directories spread (10 KB, unsynced, 2,700 to 6,500 and more a second).
    private static func spread(_ root: String) {
        let directory = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard directory >= 0 else { return }
        mr_spread_subdirectories(directory)
        Glibc.close(directory)
    }

    func close() { for descriptor in descriptors { Glibc.close(descriptor) } }

    private static func path(_ root: String, _ index: Int) -> String {
        let digits = String(index, radix: 16)
        return root + "/" + (digits.count < 2 ? "0" : "") + digits
    }

    /// Ids count up: their last bits, mixed, spread them evenly.
    func index(_ id: MessageID) -> Int {
        Int(((id.low ^ id.high) &* 0x9E37_79B9_7F4A_7C15) >> 56)
    }

    func path(_ id: MessageID, _ kind: Kind) -> String { Self.path(root, index(id)) + "/\(id)\(kind.rawValue)" }
    func temporaryPath(_ id: MessageID, _ kind: Kind) -> String {
        Self.path(root, index(id)) + "/.\(id)\(kind.rawValue)"
    }

    /// The names made in these directories are on stable storage when it returns.
    func sync(_ indices: Set<Int>, _ pool: SyncPool) throws(SpoolFault) {
        try pool.sync(indices.map { descriptors[$0] })
    }

    /// All ids with a message, sorted, and those that have a state.
    /// - Parameter onLeftover: told every temporary name.
    func list(_ onLeftover: (String) -> Void) throws(SpoolFault) -> (messages: [MessageID], states: Set<MessageID>) {
        var messages: [MessageID] = []
        var states: Set<MessageID> = []
        for index in 0..<256 {
            let path = Self.path(root, index)
            guard let directory = opendir(path) else {
                if errno == ENOENT { continue }
                throw .system("list \(path)")
            }
            defer { closedir(directory) }
            while let entry = readdir(directory) {
                let name = withUnsafeBytes(of: &entry.pointee.d_name) { Array($0.prefix { $0 != 0 }) }
                if name == [0x2E] || name == [0x2E, 0x2E] { continue }
                let text = String(decoding: name, as: UTF8.self)
                guard let id = MessageID(hex: name.prefix(MessageID.textLength)) else {
                    if name[0] == 0x2E { onLeftover(path + "/" + text) }
                    continue
                }
                switch text.dropFirst(MessageID.textLength) {
                case Kind.message.rawValue[...]: messages.append(id)
                case Kind.state.rawValue[...]: states.insert(id)
                default: break
                }
            }
        }
        messages.sort()
        return (messages, states)
    }

    /// - Parameter limit: read no more than so many bytes.
    /// - Returns: nil if there is no such file.
    static func read(_ path: String, limit: Int = .max) throws(SpoolFault) -> (bytes: ByteBuffer, size: Int)? {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        if file < 0, errno == ENOENT { return nil }
        guard file >= 0 else { throw .system("open \(path)") }
        defer { Glibc.close(file) }
        var status = stat()
        guard fstat(file, &status) == 0 else { throw .system("stat \(path)") }
        let count = min(Int(status.st_size), limit)
        var buffer = ByteBufferAllocator().buffer(capacity: count)
        while buffer.readableBytes < count {
            let have = buffer.readableBytes
            let got = buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: count - have) { space in
                max(0, pread(file, space.baseAddress, count - have, off_t(have)))
            }
            if got == 0 { throw .system("read \(path)") }
        }
        return (buffer, Int(status.st_size))
    }
}
