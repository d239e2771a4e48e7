import MailTypes
import NIOCore
import SpoolContract
import SpoolSegmentLog

/// Octets: which checksums are set right first; how much of the rest is of the first segment, in 32 octets; then for
/// each segment 72 octets of its header and its records.
///
/// Whatever the log holds, a start survives it, what can be read stays so, and what comes in afterwards is kept.
func fuzzSegments(_ input: [UInt8]) {
    guard input.count > 2 else { return }
    let disk = MemoryDisk()
    let first = min(Int(input[1]) * 32, input.count - 2)
    for (number, part) in [input[2..<(2 + first)], input[(2 + first)...]].enumerated() where !part.isEmpty {
        disk.put("segment-0000000\(number + 1).log", SegmentImage.make(Array(part), input[0]))
    }
    if input[0] & 4 != 0 { disk.put("clean-\(input[0] >> 6)-\(input[1])-\(input[1] >> 1)", []) }
    do throws(SpoolFault) { try startAndUse(disk) } catch {
        // What is not to be read is said record by record; the log itself opens.
        require(false, "the log did not open: \(error)")
    }
}

private func startAndUse(_ disk: MemoryDisk) throws(SpoolFault) {
    let settings = SegmentLogSettings(directory: "", durability: .fsync, segmentBytes: 65_536, spareSegments: 1)
    let log = try SegmentLogSpool(settings, disk: disk)
    let listed = try ids(log)
    // It may be there already, if the input says so.
    let new = MessageID(high: .max, low: 7)
    var batch = SpoolBatch()
    batch.messages = [
        SpoolMessage(
            id: new, envelope: Envelope(reversePath: .null, recipients: [MailAddress("b@y.test")]),
            acceptedMilliseconds: 1,
            content: MessageContent(slices: [ByteBuffer(string: "a: b\r\n\r\n")], form: .raw))
    ]
    try log.commit(batch)
    require(try log.load(new)?.message.content.size == 8, "what was committed is not there")
    let readable = listed.filter { (try? log.load($0)) ?? nil != nil }
    log.close(clean: true)
    let second = try SegmentLogSpool(settings, disk: disk)
    require(second.wasCleanlyClosed, "a clean stop left no mark")
    let again = Set(try ids(second))
    require(again.isSuperset(of: readable) && again.contains(new), "a message was there and is gone")
    second.close(clean: false)
}

private func ids(_ log: SegmentLogSpool) throws(SpoolFault) -> [MessageID] {
    var found: [MessageID] = []
    _ = try log.enumerate { found.append($0.id) }
    for (id, next) in zip(found, found.dropFirst()) { require(id < next, "ids out of order, or twice") }
    return found
}

/// A segment's file out of fewer octets: the header has two copies far apart, and each frame a checksum that no fuzzer
/// guesses.
private enum SegmentImage {
    private static let headerBytes = 72
    private static let frameBytes = 64

    static func make(_ part: [UInt8], _ bits: UInt8) -> [UInt8] {
        var file = [UInt8](repeating: 0, count: bits & 8 == 0 ? 65_536 : 12_288)
        var header = Array(part.prefix(headerBytes))
        header += [UInt8](repeating: 0, count: headerBytes - header.count)
        if bits & 1 != 0 { mend(header: &header) }
        file.replaceSubrange(0..<headerBytes, with: header)
        file.replaceSubrange(2048..<(2048 + headerBytes), with: header)
        let records = part.dropFirst(headerBytes).prefix(file.count - 4096)
        file.replaceSubrange(4096..<(4096 + records.count), with: records)
        if bits & 2 != 0 { mend(records: &file) }
        return file
    }

    /// Magic, version, at most two ranges, checksum behind them.
    private static func mend(header: inout [UInt8]) {
        header.replaceSubrange(0..<8, with: Array("MRS1".utf8) + [2, 0, 0, 0])
        let count = header[40...47].allSatisfy({ $0 == 0xFF }) ? 0 : Int(header[40]) % 2
        if header[40] != 0xFF { header.replaceSubrange(40..<48, with: [UInt8(count), 0, 0, 0, 0, 0, 0, 0]) }
        let end = 48 + 16 * count
        header.replaceSubrange(end..<(end + 4), with: Checksums.crc(header[..<end]))
    }

    /// From frame to frame, as long as one fits.
    private static func mend(records file: inout [UInt8]) {
        var at = 4096
        while at + frameBytes <= file.count {
            file.replaceSubrange(at..<(at + 4), with: "MRL1".utf8)
            let head = number(file, at + 8, 4)
            let content = number(file, at + 16, 8)
            let end = at + frameBytes + head
            guard end <= file.count, content <= file.count - end else { return }
            if file[at + 4] == 1, head >= 12 {
                Checksums.mend(message: &file, in: (at + frameBytes)..<(end + content))
            }
            Checksums.mend(&file, in: at..<end, at: at + 12)
            at = (end + content + 7) / 8 * 8
            if file.count - at < frameBytes || file[at..<(at + frameBytes)].allSatisfy({ $0 == 0 }) { return }
        }
    }

    private static func number(_ bytes: [UInt8], _ place: Int, _ count: Int) -> Int {
        Int(bytes[place..<(place + count)].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) } & 0xFFFF_FFFF)
    }
}
