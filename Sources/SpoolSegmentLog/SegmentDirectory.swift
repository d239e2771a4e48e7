import Glibc
import SpoolContract

/// The directory of a log: `segment-NNNNNNNN.log`, `LOCK`, and `clean` after a clean stop.
final class SegmentDirectory {
    private let path: String
    private let descriptor: Int32
    private let lockDescriptor: Int32
    private var nextNumber = 1

    /// Creates the directory if need be, and locks it against a second process.
    init(_ path: String) throws(SpoolFault) {
        self.path = path
        if mkdir(path, 0o700) != 0, errno != EEXIST { throw .system("create \(path)") }
        descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .system("open \(path)") }
        lockDescriptor = open(path + "/LOCK", O_CREAT | O_RDWR | O_CLOEXEC, 0o600)
        guard lockDescriptor >= 0 else { throw .system("open \(path)/LOCK") }
        guard flock(lockDescriptor, LOCK_EX | LOCK_NB) == 0 else {
            throw .inputOutput("\(path): in use by another process")
        }
    }

    deinit { close(descriptor) }

    func unlock() { close(lockDescriptor) }

    /// Segments with a valid header, oldest first, and the others.
    func openAll() throws(SpoolFault) -> (used: [(generation: UInt64, file: SegmentFile)], unused: [SegmentFile]) {
        var used: [(generation: UInt64, file: SegmentFile)] = []
        var unused: [SegmentFile] = []
        for name in try names() {
            let file = try SegmentFile(opening: path + "/" + name)
            if let generation = try file.generation() { used.append((generation, file)) } else { unused.append(file) }
        }
        return (used.sorted { $0.generation < $1.generation }, unused)
    }

    private func names() throws(SpoolFault) -> [String] {
        guard let directory = opendir(path) else { throw .system("list \(path)") }
        defer { closedir(directory) }
        var found: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            guard name.hasPrefix("segment-"), name.hasSuffix(".log"), let number = Int(name.dropFirst(8).dropLast(4))
            else { continue }
            nextNumber = max(nextNumber, number + 1)
            found.append(name)
        }
        return found
    }

    /// A new segment, its name on stable storage.
    func create(bytes: Int) throws(SpoolFault) -> SegmentFile {
        let digits = String(nextNumber)
        let name = "segment-" + String(repeating: "0", count: max(0, 8 - digits.count)) + digits + ".log"
        let file = try SegmentFile(creating: path + "/" + name, bytes: bytes)
        nextNumber += 1
        guard fsync(descriptor) == 0 else { throw .system("fsync \(path)") }
        return file
    }

    /// Gone on stable storage too: a segment that came back would bring finished messages with it.
    func remove(_ file: SegmentFile) {
        unlink(file.path)
        fsync(descriptor)
    }

    /// The mark is gone from now on: only a clean stop sets it again.
    func takeCleanMark() throws(SpoolFault) -> Bool {
        guard unlink(path + "/clean") == 0 else { return false }
        guard fsync(descriptor) == 0 else { throw .system("fsync \(path)") }
        return true
    }

    func setCleanMark() {
        let mark = open(path + "/clean", O_CREAT | O_WRONLY | O_CLOEXEC, 0o600)
        guard mark >= 0 else { return }
        fsync(mark)
        close(mark)
        fsync(descriptor)
    }
}
