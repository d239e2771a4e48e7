import CByteLoops
import MailTypes
import NIOCore
import SpoolContract

private let id = MessageID(high: 1, low: 2)

/// Octets: what they are and whether their checksum is set right first; then a record.
func fuzzRecords(_ input: [UInt8]) {
    guard let bits = input.first else { return }
    var record = Array(input.dropFirst())
    if bits & 1 == 0 {
        if bits & 2 != 0 { Checksums.mend(message: &record, in: record.indices) }
        fuzzMessageRecord(ByteBuffer(bytes: record))
    } else {
        if bits & 2 != 0, record.count >= 4 {
            record.replaceSubrange((record.count - 4)..., with: Checksums.crc(record.dropLast(4)))
        }
        fuzzState(ByteBuffer(bytes: record))
    }
}

private func fuzzMessageRecord(_ record: ByteBuffer) {
    _ = try? RecordCodec.entry(id, head: record)
    let entry = try? RecordCodec.entry(id, record)
    let message = try? RecordCodec.message(id, record)
    require((entry != nil) == (message != nil), "listed and not to be read, or the other way round")
    guard var message else { return }
    var again = RecordCodec.head(of: message)
    for slice in message.content.slices { again.writeImmutableBuffer(slice) }
    guard let second = try? RecordCodec.message(id, again) else {
        return require(false, "a record cannot be read back")
    }
    // Options that say nothing are not written.
    if message.envelope.options?.isEmpty ?? false { message.envelope.options = nil }
    require(second.envelope == message.envelope, "an envelope does not come back")
    require(second.acceptedMilliseconds == message.acceptedMilliseconds, "a time does not come back")
    require(second.content.slices == message.content.slices, "content does not come back")
    require(second.content.form == message.content.form, "a form does not come back")
}

private func fuzzState(_ record: ByteBuffer) {
    guard let state = try? RecordCodec.state(id, record) else { return }
    require((try? RecordCodec.state(id, RecordCodec.encode(state))) == state, "a state does not come back")
}

/// Sets checksums right, so that an input gets past them.
enum Checksums {
    static func crc(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
        let crc = bytes.withUnsafeBytes { mr_crc32c(0, $0.baseAddress, $0.count) }
        return withUnsafeBytes(of: crc.littleEndian) { Array($0) }
    }

    /// Of `range` with the four octets at `place` taken as zero.
    static func mend(_ bytes: inout [UInt8], in range: Range<Int>, at place: Int) {
        guard place >= range.lowerBound, place + 4 <= range.upperBound, range.upperBound <= bytes.count else { return }
        bytes.replaceSubrange(place..<(place + 4), with: [0, 0, 0, 0])
        bytes.replaceSubrange(place..<(place + 4), with: crc(bytes[range]))
    }

    /// A message's record: its checksum stands behind length and flags.
    static func mend(message bytes: inout [UInt8], in range: Range<Int>) {
        mend(&bytes, in: range, at: range.lowerBound + 8)
    }
}
