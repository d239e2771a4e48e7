import SpoolContract

/// A segment that is in use.
struct OpenSegment {
    var header: SegmentHeader
    var file: SegmentFile
}

/// The files of a log: `segment-NNNNNNNN.log`, and `clean-GENERATION-RECORDS-SURE` after a clean stop.
final class SegmentDirectory {
    private static let mark = "clean"

    private let disk: any LogDisk
    private var nextNumber = 1

    init(_ disk: any LogDisk) { self.disk = disk }

    /// Segments in use, oldest first, and the others.
    func openAll() throws(SpoolFault) -> (used: [OpenSegment], unused: [SegmentFile]) {
        var used: [UInt64: OpenSegment] = [:]
        var unused: [SegmentFile] = []
        for name in try disk.list().sorted() {
            guard name.hasPrefix("segment-"), name.hasSuffix(".log"), let number = Int(name.dropFirst(8).dropLast(4))
            else { continue }
            nextNumber = max(nextNumber, number + 1)
            guard let opened = try disk.open(name) else { continue }
            let file = SegmentFile(opened)
            var header = try file.header()
            if header == nil { header = try Self.headerFromRecords(file) }
            if let header, used[header.generation] == nil {
                used[header.generation] = OpenSegment(header: header, file: file)
            } else {
                unused.append(file)
            }
        }
        return (used.values.sorted { $0.header.generation < $1.header.generation }, unused)
    }

    /// A segment whose header is lost belongs to the youngest records in it: either it was damaged, or its next use had
    /// not begun when the power went.
    /// - Throws: where no record is found and some may be in what cannot be read: it must not be taken for an empty one.
    private static func headerFromRecords(_ file: SegmentFile) throws(SpoolFault) -> SegmentHeader? {
        var reader = LogReader(file)
        var offset = SegmentFile.headerBytes
        var youngest: UInt64 = 0
        while let (record, at) = try reader.next(from: offset) {
            youngest = max(youngest, record.generation)
            offset = at + LogRecord.alignment
        }
        if youngest > 0 { return SegmentHeader(generation: youngest, previous: nil) }
        guard reader.bad.isEmpty else {
            throw .inputOutput("\(file.name): there is no record in what can be read of it, and some of it cannot")
        }
        return nil
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
    func remove(_ file: SegmentFile) throws(SpoolFault) {
        try disk.remove(file.name)
        try disk.sync()
    }

    // MARK: The mark of a clean stop

    /// All in its name: an empty file finds room on a full disk, too.
    private func marks() throws(SpoolFault) -> [String] { try disk.list().filter { $0.hasPrefix(Self.mark) } }

    /// What it says: how far the youngest segment goes; nil if the last stop was not clean.
    func cleanMark() throws(SpoolFault) -> SegmentExtent? {
        guard let name = try marks().first else { return nil }
        let fields = name.dropFirst(Self.mark.count).split(separator: "-").map { UInt64($0) }
        guard fields.count == 3, let generation = fields[0], let records = fields[1], let sure = fields[2] else {
            return nil
        }
        let extent = SegmentExtent(generation: generation, records: records, sureRecords: sure)
        return extent.isPossible ? extent : nil
    }

    /// The mark is gone from now on: only a clean stop sets it again.
    func removeCleanMark() throws(SpoolFault) {
        let marks = try marks()
        for name in marks { try disk.remove(name) }
        if !marks.isEmpty { try disk.sync() }
    }

    /// - Parameter end: how far the youngest segment goes; nil for a log in which there is none.
    func setCleanMark(_ end: SegmentExtent?) throws(SpoolFault) {
        let end = end ?? SegmentExtent(generation: 0, records: 0, sureRecords: 0)
        _ = try disk.create("\(Self.mark)-\(end.generation)-\(end.records)-\(end.sureRecords)", bytes: 0)
        try disk.sync()
    }
}
