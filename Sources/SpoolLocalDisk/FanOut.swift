import CLinux
import Glibc
import MailTypes
import NIOCore
import SpoolContract

/// The files of the spool: `queue/XX/ID.msg` and `ID.state`, XX being one of 256 directories that are made once.
/// Temporary names begin with a dot; what has one was never acknowledged.
final class FanOut: Sendable {
    enum Kind: Sendable {
        case message, state

        var suffix: StaticString {
            switch self {
            case .message: ".msg"
            case .state: ".state"
            }
        }
    }

    let root: String
    /// Open descriptors of the directories: names are looked up from there, and syncs need them.
    private let descriptors: [Int32]

    /// - Parameter isExclusive: makes the directories; without it they have to be there.
    init(_ directory: String, isExclusive: Bool) throws(SpoolFault) {
        root = directory + "/queue"
        var isNew = false
        if isExclusive {
            if mkdir(root, 0o700) == 0 {
                isNew = true
                Self.spread(root)
            } else if errno != EEXIST {
                throw .system("create \(root)")
            }
        }
        var opened: [Int32] = []
        do throws(SpoolFault) {
            for index in 0..<256 {
                let path = Self.path(root, index)
                if isExclusive {
                    if mkdir(path, 0o700) == 0 {
                        isNew = true
                    } else if errno != EEXIST {
                        throw .system("create \(path)")
                    }
                }
                let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
                guard descriptor >= 0 else { throw .system("open \(path)") }
                opened.append(descriptor)
            }
            if isNew {
                try SpoolFiles.syncDirectory(root)
                try SpoolFiles.syncDirectory(directory)
            }
        } catch {
            for descriptor in opened { Glibc.close(descriptor) }
            throw error
        }
        descriptors = opened
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

    // MARK: Names

    private static func path(_ root: String, _ index: Int) -> String {
        let digits = String(index, radix: 16)
        return root + "/" + (digits.count < 2 ? "0" : "") + digits
    }

    /// Ids count up: their last bits, mixed, spread them evenly.
    static func index(_ id: MessageID) -> Int {
        Int(((id.low ^ id.high) &* 0x9E37_79B9_7F4A_7C15) >> 56)
    }

    /// For people to read; the calls below go through the directories' descriptors.
    func path(_ id: MessageID, _ kind: Kind, isTemporary: Bool = false) -> String {
        Self.path(root, Self.index(id)) + "/" + (isTemporary ? "." : "") + "\(id)\(kind.suffix)"
    }

    /// Calls `body` with the directory and the name in it.
    private func withName<Result>(
        _ id: MessageID, _ kind: Kind, isTemporary: Bool = false, _ body: (Int32, UnsafePointer<CChar>) -> Result
    ) -> Result {
        var name: [UInt8] = []
        name.reserveCapacity(MessageID.textLength + 8)
        if isTemporary { name.append(UInt8(ascii: ".")) }
        id.appendHex(to: &name)
        kind.suffix.withUTF8Buffer { name.append(contentsOf: $0) }
        name.append(0)
        return name.withUnsafeBytes {
            body(descriptors[Self.index(id)], $0.baseAddress!.assumingMemoryBound(to: CChar.self))
        }
    }

    // MARK: Writing

    /// A new file under its temporary name; one that is there is emptied.
    func create(_ id: MessageID, _ kind: Kind) throws(SpoolFault) -> Int32 {
        let file = withName(id, kind, isTemporary: true) {
            openat($0, $1, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0o600)
        }
        guard file >= 0 else { throw .system("create \(path(id, kind, isTemporary: true))") }
        return file
    }

    /// From its temporary name to its own.
    func publish(_ id: MessageID, _ kind: Kind) throws(SpoolFault) {
        let status = withName(id, kind, isTemporary: true) { directory, temporary in
            withName(id, kind) { renameat(directory, temporary, directory, $1) }
        }
        guard status == 0 else { throw .system("rename \(path(id, kind, isTemporary: true))") }
    }

    /// - Returns: it was there.
    @discardableResult
    func remove(_ id: MessageID, _ kind: Kind, isTemporary: Bool = false) throws(SpoolFault) -> Bool {
        if withName(id, kind, isTemporary: isTemporary, { unlinkat($0, $1, 0) }) == 0 { return true }
        guard errno == ENOENT else { throw .system("remove \(path(id, kind, isTemporary: isTemporary))") }
        return false
    }

    /// To another name on the same file system; what the file holds is on stable storage before it moves, its name
    /// when the caller has synced both directories.
    /// - Returns: it was there.
    func move(_ id: MessageID, _ kind: Kind, to target: String) throws(SpoolFault) -> Bool {
        let file = withName(id, kind) { openat($0, $1, O_RDONLY | O_CLOEXEC) }
        if file < 0, errno == ENOENT { return false }
        guard file >= 0 else { throw .system("open \(path(id, kind))") }
        defer { Glibc.close(file) }
        guard fsync(file) == 0 else { throw .system("fsync \(path(id, kind))") }
        if withName(id, kind, { renameat($0, $1, AT_FDCWD, target) }) == 0 { return true }
        guard errno == ENOENT, !exists(id, kind) else { throw .system("rename \(path(id, kind)) to \(target)") }
        return false
    }

    /// Names made in and removed from the directories of these ids are on stable storage when it returns.
    /// - Throws: never ``SpoolFault/noSpace(_:)``: which names are there is not known any more.
    func sync(_ ids: some Sequence<MessageID>, _ pool: SyncPool) throws(SpoolFault) {
        var isTouched = [Bool](repeating: false, count: descriptors.count)
        for id in ids { isTouched[Self.index(id)] = true }
        do throws(SpoolFault) {
            try pool.sync(descriptors.indices.filter { isTouched[$0] }.map { descriptors[$0] }, .names)
        } catch {
            throw .inputOutput(error.description)
        }
    }

    /// The same for one id, from any thread.
    func sync(_ id: MessageID) throws(SpoolFault) {
        guard fsync(descriptors[Self.index(id)]) == 0 else { throw .system("fsync \(Self.path(root, Self.index(id)))") }
    }

    /// All that was written to the file system is on stable storage when it returns.
    func syncAll() throws(SpoolFault) {
        guard mr_sync_file_system(descriptors[0]) == 0 else { throw .system("syncfs \(root)") }
    }

    // MARK: Reading

    func exists(_ id: MessageID, _ kind: Kind) -> Bool { withName(id, kind) { faccessat($0, $1, F_OK, 0) } == 0 }

    /// - Returns: nil if there is no such file.
    func size(_ id: MessageID, _ kind: Kind) throws(SpoolFault) -> Int? {
        var status = stat()
        if withName(id, kind, { fstatat($0, $1, &status, 0) }) == 0 { return Int(status.st_size) }
        guard errno == ENOENT else { throw .system("stat \(path(id, kind))") }
        return nil
    }

    /// - Parameters:
    ///   - limit: read no more than so many bytes.
    ///   - buffer: is filled with them, instead of a new one.
    /// - Returns: the size of the file; nil if there is none.
    func read(
        _ id: MessageID, _ kind: Kind, limit: Int = .max, into buffer: inout ByteBuffer
    ) throws(SpoolFault) -> Int? {
        let file = withName(id, kind) { openat($0, $1, O_RDONLY | O_CLOEXEC) }
        if file < 0, errno == ENOENT { return nil }
        guard file >= 0 else { throw .system("open \(path(id, kind))") }
        defer { Glibc.close(file) }
        var status = stat()
        guard fstat(file, &status) == 0 else { throw .system("stat \(path(id, kind))") }
        let count = min(Int(status.st_size), limit)
        buffer.clear(minimumCapacity: count)
        while buffer.readableBytes < count {
            let have = buffer.readableBytes
            var got = 0
            buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: count - have) { space in
                got = pread(file, space.baseAddress, count - have, off_t(have))
                return max(0, got)
            }
            if got < 0, errno != EINTR { throw .system("read \(path(id, kind))") }
            if got == 0 { break }  // shorter than it says: the checksum will tell
        }
        return Int(status.st_size)
    }

    /// All ids with a message, and all with a state, both sorted: 16 bytes each.
    /// - Parameter onLeftover: told the path of every temporary name.
    func list(_ onLeftover: (String) -> Void) throws(SpoolFault) -> (messages: [MessageID], states: [MessageID]) {
        var messages: [MessageID] = []
        var states: [MessageID] = []
        for index in descriptors.indices {
            let path = Self.path(root, index)
            guard let directory = opendir(path) else { throw .system("list \(path)") }
            defer { closedir(directory) }
            errno = 0
            while let entry = readdir(directory) {
                withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                    let name = UnsafeRawBufferPointer(rebasing: bytes.prefix { $0 != 0 })
                    guard let (id, kind) = Self.parse(name), Self.index(id) == index else {
                        if Self.isTemporary(name) { onLeftover(path + "/" + String(decoding: name, as: UTF8.self)) }
                        return
                    }
                    if kind == .message { messages.append(id) } else { states.append(id) }
                }
                errno = 0
            }
            guard errno == 0 else { throw .system("list \(path)") }
        }
        messages.sort()
        states.sort()
        return (messages, states)
    }

    private static func parse(_ name: UnsafeRawBufferPointer) -> (MessageID, Kind)? {
        guard name.count > MessageID.textLength, let id = MessageID(hex: name.prefix(MessageID.textLength)) else {
            return nil
        }
        let suffix = UnsafeRawBufferPointer(rebasing: name.dropFirst(MessageID.textLength))
        for kind in [Kind.message, .state] where kind.suffix.withUTF8Buffer({ suffix.elementsEqual($0) }) {
            return (id, kind)
        }
        return nil
    }

    private static func isTemporary(_ name: UnsafeRawBufferPointer) -> Bool {
        name.first == UInt8(ascii: ".") && parse(UnsafeRawBufferPointer(rebasing: name.dropFirst())) != nil
    }
}
