import MailTypes
import NIOCore
import SpoolContract

/// Reads a log back after a stop of any kind: segments in the order of their generations, records in the order of
/// their sequence numbers.
///
/// Each segment's end is told apart from damage by the header of the next one, or by the mark of a clean stop. Only
/// where neither is there, in the youngest segment, a *torn batch* may lie: it was never acknowledged; its readable
/// records are taken, the rest is dropped, now and at each later start. Whatever else is missing is *damage*: counted
/// as unreadable, its bytes put aside, and reading goes on behind it.
struct LogRecovery {
    private(set) var index = LogIndex()
    private(set) var unreadable = UnreadableRecords()
    /// Records of torn batches that were dropped.
    private(set) var tornRecords = 0
    /// Segments with damage that could not be put aside: they must not be reused.
    private(set) var pinned: Set<UInt64> = []
    /// How the youngest segment ended.
    private(set) var end: SegmentExtent?
    /// Where the youngest segment holds records of which nobody knows that they are on stable storage; its header is
    /// meant too.
    private(set) var unsure: (file: SegmentFile, bytes: Range<Int>)?
    /// Puts bytes aside and says where; nil if nothing may be written.
    private let keepAside: ((ByteBuffer, String) throws(SpoolFault) -> String)?

    /// How far the reading of a segment has come.
    private struct Reading {
        let segment: OpenSegment
        /// How far it is known to go.
        let extent: SegmentExtent
        var expected: UInt64 = 0
        var offset = SegmentFile.headerBytes
        var sureEnd = SegmentFile.headerBytes
        var end = SegmentFile.headerBytes
        private(set) var dropped: [Range<UInt64>]

        init(segment: OpenSegment, extent: SegmentExtent) {
            self.segment = segment
            self.extent = extent
            dropped = extent.dropped ?? []
        }

        var unsure: Range<Int> {
            sureEnd..<max(sureEnd, min(segment.file.bytes, LogRecord.aligned(end, SegmentFile.blockBytes)))
        }

        mutating func drop(_ sequences: Range<UInt64>) {
            guard !sequences.isEmpty else { return }
            if let last = dropped.last, last.upperBound == sequences.lowerBound {
                dropped[dropped.count - 1] = last.lowerBound..<sequences.upperBound
            } else {
                dropped.append(sequences)
            }
        }

        /// How many of the missing ones were promised to anybody.
        func lost(of missing: Range<UInt64>) -> Int {
            guard let known = extent.dropped else { return missing.clamped(to: 0..<extent.sureRecords).count }
            return known.reduce(missing.count) { $0 - $1.clamped(to: missing).count }
        }
    }

    init(keepAside: ((ByteBuffer, String) throws(SpoolFault) -> String)?) { self.keepAside = keepAside }

    /// - Parameters:
    ///   - segments: oldest first.
    ///   - mark: what the mark of a clean stop says, if there is one.
    mutating func read(_ segments: [OpenSegment], mark: SegmentExtent?) throws(SpoolFault) {
        for (position, segment) in segments.enumerated() {
            let generation = segment.header.generation
            let said = segments.dropFirst(position + 1).lazy.compactMap(\.header.previous) + (mark.map { [$0] } ?? [])
            var known = said.first { $0.generation == generation }
            let isYoungest = position == segments.count - 1
            var bad: Set<Range<Int>>? = known == nil ? [] : nil
            if known == nil, isYoungest {
                let found = try Self.extent(segment)
                (known, bad) = (found.extent, found.bad)
            }
            var reading = Reading(
                segment: segment,
                extent: known ?? SegmentExtent(generation: generation, records: .max, sureRecords: .max))
            let met = try read(&reading)
            if let bad { noteHidden(bad.union(met), reading) }
            guard isYoungest else { continue }
            unsure = (segment.file, reading.unsure)
            end = reading.extent
            end?.records = reading.expected
            end?.sureRecords = min(reading.expected, reading.extent.sureRecords)
            end?.dropped = reading.dropped
        }
    }

    /// Where nobody has noted how far the segment goes: what cannot be read behind its last record may have been one.
    private mutating func noteHidden(_ bad: Set<Range<Int>>, _ reading: Reading) {
        for block in bad.sorted(by: { $0.lowerBound < $1.lowerBound }) where block.upperBound > reading.end {
            unreadable.note(
                .corrupt(
                    "\(reading.segment.file.name): \(block.count) bytes at \(block.lowerBound) cannot be read, and a record may "
                        + "have been there"))
        }
    }

    /// How far a segment goes whose end nobody has noted, and what of it cannot be read.
    private static func extent(_ segment: OpenSegment) throws(SpoolFault) -> (
        extent: SegmentExtent, bad: Set<Range<Int>>
    ) {
        var reader = LogReader(segment.file)
        var extent = SegmentExtent(generation: segment.header.generation, records: 0, sureRecords: 0)
        var offset = SegmentFile.headerBytes
        while let (record, at) = try reader.next(from: offset, of: extent.generation, atLeast: extent.records) {
            extent.records = record.sequence + 1
            extent.sureRecords = record.batch
            offset = at + record.size
        }
        return (extent, reader.bad)
    }

    /// - Returns: what cannot be read of it, as far as it was looked at.
    private mutating func read(_ reading: inout Reading) throws(SpoolFault) -> Set<Range<Int>> {
        let file = reading.segment.file
        var reader = LogReader(file)
        while reading.expected < reading.extent.records,
            let (record, at) = try reader.next(
                from: reading.offset, of: reading.extent.generation, atLeast: reading.expected)
        {
            if record.sequence > reading.expected { try miss(reading.expected..<record.sequence, upTo: at, &reading) }
            reading.offset = at
            if try counts(record, at, &reader, &reading) { try take(record, &reader, at) }
            reading.expected = record.sequence + 1
            reading.offset = at + record.size
            if reading.expected <= reading.extent.sureRecords { reading.sureEnd = reading.offset }
        }
        reading.end = reading.offset
        // Not known how far it goes: as far as it was found.
        if reading.extent.records != .max, reading.expected < reading.extent.records {
            try miss(reading.expected..<reading.extent.records, upTo: file.bytes, &reading)
            reading.expected = reading.extent.records
        }
        return reader.bad
    }

    /// What is sure counts; behind it, what is whole.
    private mutating func counts(
        _ record: LogRecord, _ offset: Int, _ reader: inout LogReader, _ reading: inout Reading
    ) throws(SpoolFault) -> Bool {
        if let dropped = reading.extent.dropped { return !dropped.contains { $0.contains(record.sequence) } }
        if record.sequence < reading.extent.sureRecords { return true }
        let sequence = record.sequence..<record.sequence + 1
        guard try isWhole(record, &reader, offset) else {
            try miss(sequence, upTo: offset + record.size, &reading)
            return false
        }
        // What was being moved is still where it was, and there its state is not older than the message.
        guard record.kind == .message, index[record.id] != nil else { return true }
        reading.drop(sequence)
        return false
    }

    /// Records that are not there, or not whole. Their bytes are kept, whatever they are: a damaged record in the last
    /// batch looks like a torn one.
    private mutating func miss(
        _ sequences: Range<UInt64>, upTo end: Int, _ reading: inout Reading
    ) throws(SpoolFault) {
        let (file, offset, generation) = (reading.segment.file, reading.offset, reading.extent.generation)
        let lost = reading.lost(of: sequences)
        let isKnown = reading.extent.dropped != nil
        if !isKnown {
            reading.drop(sequences.clamped(to: reading.extent.sureRecords..<UInt64.max))
            tornRecords += sequences.count - lost
        }
        guard lost > 0 || !isKnown else { return }
        var fault = "\(file.name): record \(sequences.lowerBound) at \(offset)"
        if let keepAside, let bytes = try file.salvage(at: offset, count: end - offset)?.bytes {
            let name = "\(lost > 0 ? "damaged" : "torn")-\(generation)-\(offset)"
            do throws(SpoolFault) { fault += ", kept in \(try keepAside(bytes, name))" } catch {
                guard case .noSpace = error else { throw error }
                // A full disk keeps nobody from starting; the bytes stay where they are.
                if lost > 0 { pinned.insert(generation) }
            }
        }
        guard lost > 0 else { return }
        unreadable.note(.corrupt(fault))
        unreadable.count += lost - 1
    }

    private func isWhole(_ record: LogRecord, _ reader: inout LogReader, _ offset: Int) throws(SpoolFault) -> Bool {
        guard record.kind == .message else { return true }
        let count = record.headBytes + record.contentBytes
        guard let whole = try reader.bytes(at: offset + LogRecord.frameBytes, count: count) else { return false }
        do throws(SpoolFault) { _ = try RecordCodec.message(record.id, whole) } catch { return false }
        return true
    }

    private mutating func take(_ record: LogRecord, _ reader: inout LogReader, _ offset: Int) throws(SpoolFault) {
        let place = LogIndex.Place(
            generation: record.generation, offset: offset, headBytes: record.headBytes,
            contentBytes: record.contentBytes)
        switch record.kind {
        case .message:
            // Moved: its state was moved with it and follows, or is lost; the old one's segment may be reused.
            index.finish(record.id)
            index.add(record.id, place)
        case .state: index.setState(record.id, place)
        case .completions:
            guard let head = try reader.bytes(at: offset + LogRecord.frameBytes, count: record.headBytes) else {
                return
            }
            head.withUnsafeReadableBytes { bytes in
                for start in stride(from: 0, to: bytes.count - 15, by: 16) {
                    let id = MessageID(bytes: UnsafeRawBufferPointer(rebasing: bytes[start..<start + 16]))
                    if let id { index.finish(id) }
                }
            }
        }
    }
}
