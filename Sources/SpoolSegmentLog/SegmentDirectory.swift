import SpoolContract

/// The files of a log: `segment-NNNNNNNN.log`, and `clean` after a clean stop.
final class SegmentDirectory {
    private static let mark = "clean"

    private let disk: any LogDisk
    private var nextNumber = 1

    /// Shuts out a second process.
    init(_ disk: any LogDisk) throws(SpoolFault) {
        self.disk = disk
        try disk.lock()
    }

    /// Segments with a valid header, oldest first, and the others.
    func openAll() throws(SpoolFault) -> (used: [(generation: UInt64, file: SegmentFile)], unused: [SegmentFile]) {
        var used: [(generation: UInt64, file: SegmentFile)] = []
        var unused: [SegmentFile] = []
        for name in try disk.list() {
            guard name.hasPrefix("segment-"), name.hasSuffix(".log"), let number = Int(name.dropFirst(8).dropLast(4))
            else { continue }
            nextNumber = max(nextNumber, number + 1)
            guard let opened = try disk.open(name) else { continue }
            let file = SegmentFile(opened)
            if let generation = try file.generation() { used.append((generation, file)) } else { unused.append(file) }
        }
        return (used.sorted { $0.generation < $1.generation }, unused)
    }

    /// A new segment, its name on stable storage.
    func create(bytes: Int) throws(SpoolFault) -> SegmentFile {
        let digits = String(nextNumber)
        let name = "segment-" + String(repeating: "0", count: max(0, 8 - digits.count)) + digits + ".log"
        let file = SegmentFile(try disk.create(name, bytes: bytes))
        nextNumber += 1
        try disk.sync()
        return file
    }

    /// Gone on stable storage too: a segment that came back would bring finished messages with it.
    func remove(_ file: SegmentFile) {
        try? disk.remove(file.name)
        try? disk.sync()
    }

    /// The mark is gone from now on: only a clean stop sets it again.
    func takeCleanMark() throws(SpoolFault) -> Bool {
        guard try disk.list().contains(Self.mark) else { return false }
        try disk.remove(Self.mark)
        try disk.sync()
        return true
    }

    func setCleanMark() {
        guard let mark = try? disk.create(Self.mark, bytes: 0) else { return }
        try? mark.sync()
        try? disk.sync()
    }
}
