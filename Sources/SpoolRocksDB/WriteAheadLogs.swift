import CByteLoops
import Glibc
import NIOCore
import SpoolContract

/// Looks at RocksDB's write-ahead logs before RocksDB does.
///
/// RocksDB replays them up to the first record that it cannot read and forgets what is behind without a word. After a
/// power cut that is right: what is behind was never synced. If the record was damaged later, it is acknowledged mail
/// that is forgotten. To tell the two apart each batch carries, as log data, how far everything was synced when it was
/// written: a batch behind the unreadable place that says so of that place proves the damage.
///
/// A log is blocks of 32 KiB of fragments: `u32 masked CRC-32C of all behind it · u16 length · u8 type · bytes`; types
/// 1 whole, 2 first, 3 middle, 4 last of a batch; 5 to 8 the same with `u32 log number` before the bytes. A batch:
/// `u64 sequence of its first key · u32 keys · changes`, of which log data is `u8 3 · varint length · bytes`.
struct WriteAheadLogs {
    private static let blockBytes = 32_768
    private static let markTag: UInt8 = 3
    private static let markMagic: [UInt8] = Array("mr1".utf8)
    private static let markBytes = 20
    /// Of a batch: up to the end of the mark.
    private static let headBytes = 14 + markBytes

    /// Last sequence number of what can be read in one go; nil before anything was read.
    private var readable: UInt64?
    /// Where reading ended.
    private var gap: (path: String, offset: Int)?
    /// A batch whose fragments are not all there yet: where it began, and its first bytes.
    private var pending: (offset: Int, head: [UInt8])?
    /// A batch behind the gap says that what is in it was there to stay.
    private var proof: Mark?
    /// Of the batches read so far.
    private var salts: Set<UInt64> = []

    /// What a batch carries: `"mr1" · u8 promised · u64 salt · u64 sequence`.
    struct Mark {
        /// The last key that was there to stay.
        var sequence: UInt64
        /// It was synced before its mail was acknowledged.
        var isPromised: Bool
        /// Another one for each start, so that content that looks like a piece of a log is none.
        var salt: UInt64

        var bytes: [UInt8] {
            markMagic + [isPromised ? 1 : 0]
                + [salt, sequence].flatMap { word in (0..<8).map { UInt8(truncatingIfNeeded: word >> UInt64($0 * 8)) } }
        }
    }

    /// - Returns: damage that costs mail nobody was promised to keep through a power cut, or that the operator has
    ///   chosen to live with by setting `wal_recovery_mode`.
    /// - Throws: ``SpoolFault/corrupt(_:)`` for damage that costs acknowledged mail.
    static func check(_ settings: RocksDBSettings) throws(SpoolFault) -> SpoolFault? {
        let names = try SpoolFiles.names(in: settings.directory) ?? []
        try checkCurrent(settings.directory, names)
        let directory = settings.options["wal_dir"] ?? settings.directory
        let logs = try (SpoolFiles.names(in: directory) ?? []).filter {
            $0.hasSuffix(".log") && Int($0.dropLast(4)) != nil
        }
        .sorted { Int($0.dropLast(4))! < Int($1.dropLast(4))! }
        var check = WriteAheadLogs()
        for name in logs { try check.read(directory + "/" + name, number: Int(name.dropLast(4))!) }
        guard let gap = check.gap, let proof = check.proof else { return nil }
        let detail =
            "\(gap.path) is damaged at offset \(gap.offset), before mail that was written later"
        if proof.isPromised, settings.options["wal_recovery_mode"] == nil {
            throw .corrupt(
                "\(detail). Nothing was changed. Put the file back from a copy; or, to go on with the mail before the "
                    + "damage, copy \(settings.directory) and set the RocksDB option "
                    + "wal_recovery_mode=kPointInTimeRecovery for one start")
        }
        return .corrupt("\(detail): what is behind is lost")
    }

    /// Without CURRENT RocksDB would begin an empty database among the files of the old one.
    private static func checkCurrent(_ directory: String, _ names: [String]) throws(SpoolFault) {
        guard !names.contains("CURRENT"),
            let left = names.sorted().first(where: { name in
                name.hasPrefix("MANIFEST-") || [".sst", ".log", ".blob"].contains { name.hasSuffix($0) }
            })
        else { return }
        throw SpoolFault.corrupt("\(directory)/CURRENT is missing, but there is \(left)").withAdvice(directory)
    }

    // MARK: Reading

    private mutating func read(_ path: String, number: Int) throws(SpoolFault) {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw .system("open \(path)") }
        defer { close(file) }
        var block = [UInt8](repeating: 0, count: Self.blockBytes)
        var start = 0
        while true {
            let count = block.withUnsafeMutableBytes { pread(file, $0.baseAddress, $0.count, off_t(start)) }
            guard count >= 0 else { throw .system("read \(path) at \(start)") }
            if count == 0 { break }
            let isOver = block.withUnsafeBytes {
                readBlock(UnsafeRawBufferPointer(rebasing: $0[..<count]), path, start, number)
            }
            if isOver { break }
            start += count
            if count < Self.blockBytes { break }
        }
        if let pending { missing(path, pending.offset) }
    }

    /// - Returns: from here on the file holds what it held in an earlier life.
    private mutating func readBlock(_ block: UnsafeRawBufferPointer, _ path: String, _ start: Int, _ number: Int)
        -> Bool
    {
        var at = 0
        while block.count - at > 6 {
            let type = block[at + 6]
            let length = Int(UInt16(littleEndian: block.loadUnaligned(fromByteOffset: at + 4, as: UInt16.self)))
            let head = type > 4 ? 11 : 7
            guard (1...8).contains(type), at + head + length <= block.count,
                checksum(block, at + 6, head - 6 + length)
                    == UInt32(littleEndian: block.loadUnaligned(fromByteOffset: at, as: UInt32.self))
            else {
                missing(path, pending?.offset ?? start + at)
                // Neither its length nor its type can be trusted: the next one is where a checksum fits.
                at += 1
                continue
            }
            if type > 4,
                block.loadUnaligned(fromByteOffset: at + 7, as: UInt32.self) != UInt32(truncatingIfNeeded: number)
            {
                return true
            }
            let bytes = UnsafeRawBufferPointer(rebasing: block[(at + head)..<(at + head + length)])
            fragment((type - 1) % 4 + 1, bytes, path, start + at)
            at += head + length
        }
        return false
    }

    private mutating func missing(_ path: String, _ offset: Int) {
        pending = nil
        if gap == nil { gap = (path, offset) }
    }

    /// - Parameter part: 1 whole, 2 first, 3 middle, 4 last.
    private mutating func fragment(_ part: UInt8, _ bytes: UnsafeRawBufferPointer, _ path: String, _ offset: Int) {
        let isStart = part <= 2
        // The one before has no end, or this one has no beginning.
        if isStart == (pending != nil) { missing(path, pending?.offset ?? offset) }
        if isStart { pending = (offset, []) }
        guard let begun = pending?.head.count else { return }
        // The first fragment may be as short as the rest of its block.
        if begun < Self.headBytes {
            pending?.head += bytes.prefix(Self.headBytes - begun)
            if let head = pending?.head, head.count == Self.headBytes { note(head, path, offset) }
        }
        guard part == 1 || part == 4, let batch = pending else { return }
        pending = nil
        if gap == nil, let numbers = Self.numbers(batch.head) { readable = numbers.last }
    }

    private mutating func note(_ head: [UInt8], _ path: String, _ offset: Int) {
        if offset == 0, let readable, proof == nil, let numbers = Self.numbers(head), numbers.first == readable + 1 {
            // The log after a torn one goes on where reading ended: an earlier start has seen to it already.
            gap = nil
        }
        guard let mark = Self.mark(head) else { return }
        if gap == nil { salts.insert(mark.salt) }
        guard gap != nil || readable != nil, mark.sequence > readable ?? 0, salts.isEmpty || salts.contains(mark.salt)
        else { return }
        // More was there to stay than can be read: it lies in the gap, or a log is missing.
        if gap == nil { gap = (path, offset) }
        if proof.map({ $0.sequence < mark.sequence }) ?? true { proof = mark }
    }

    private static func numbers(_ head: [UInt8]) -> (first: UInt64, last: UInt64)? {
        guard head.count >= 12 else { return nil }
        let (first, keys) = (little(head[..<8]), little(head[8..<12]))
        return (first, first &+ keys &- 1)
    }

    private static func mark(_ head: [UInt8]) -> Mark? {
        guard head[12] == markTag, Int(head[13]) == markBytes, head[14..<17].elementsEqual(markMagic) else {
            return nil
        }
        return Mark(sequence: little(head[26..<34]), isPromised: head[17] == 1, salt: little(head[18..<26]))
    }

    private static func little(_ bytes: ArraySlice<UInt8>) -> UInt64 {
        bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }

    private func checksum(_ block: UnsafeRawBufferPointer, _ at: Int, _ count: Int) -> UInt32 {
        let crc = mr_crc32c(0, block.baseAddress! + at, count)
        return (crc >> 15 | crc << 17) &+ 0xA282_EAD8
    }
}
