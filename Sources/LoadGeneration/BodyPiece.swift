import CByteLoops
import NIOCore

/// A part of a body, in both wire forms, with its checksum: bodies are put together from such parts without reading them.
struct BodyPiece: Sendable {
    let raw: ByteBuffer
    /// With stuffing dots (RFC 5321 §4.5.2); the same buffer where there is nothing to stuff.
    let stuffed: ByteBuffer
    /// CRC-32C of the raw form.
    let crc: UInt32
    /// `mr_crc32c_shift` of its length.
    let shift: UInt32

    /// - Parameter isLineStart: the first byte stands at the begin of a line.
    init(_ bytes: [UInt8], isLineStart: Bool = true) {
        raw = ByteBuffer(bytes: bytes)
        let dotted = Self.dotStuffed(bytes, isLineStart)
        stuffed = dotted.count == bytes.count ? raw : ByteBuffer(bytes: dotted)
        crc = bytes.withUnsafeBytes { mr_crc32c(0, $0.baseAddress, $0.count) }
        shift = mr_crc32c_shift(UInt64(bytes.count))
    }

    /// A piece in which no line begins with a dot.
    init(plain: ByteBuffer, crc: UInt32) {
        (raw, stuffed, self.crc) = (plain, plain, crc)
        shift = mr_crc32c_shift(UInt64(plain.readableBytes))
    }

    /// RFC 5321 §4.5.2.
    static func dotStuffed(_ bytes: [UInt8], _ isLineStart: Bool = true) -> [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(bytes.count + 16)
        var lineStart = isLineStart
        for byte in bytes {
            if lineStart, byte == 0x2E { out.append(0x2E) }
            out.append(byte)
            lineStart = byte == 0x0A
        }
        return out
    }

    /// Every line end becomes CRLF, and the last line gets one.
    static func withCRLF(_ bytes: some Sequence<UInt8>) -> [UInt8] {
        var out: [UInt8] = []
        var previous: UInt8 = 0
        for byte in bytes {
            if byte == 0x0A, previous != 0x0D { out.append(0x0D) }
            if previous == 0x0D, byte != 0x0A { out.append(0x0A) }
            out.append(byte)
            previous = byte
        }
        if previous == 0x0D { out.append(0x0A) } else if previous != 0x0A { out.append(contentsOf: [0x0D, 0x0A]) }
        return out
    }
}

/// What stands behind the header of a message, or all of it. A class, since most runs have one for all of their messages:
/// handing it on costs one reference.
final class MessageBody: Sendable {
    /// The fields that describe it (RFC 2045), each with its CRLF; empty for a body that brings its own header.
    let fields: [UInt8]
    /// It begins with a header of its own: only the stamp goes in front.
    let isWholeMessage: Bool
    /// It has bytes outside ASCII: 8BITMIME.
    let isEightBit: Bool
    let pieces: [BodyPiece]
    /// As it goes out, in both forms, where many messages have it; nil: made for each.
    private let ready: (raw: Wire, stuffed: Wire)?

    /// All pieces one behind the other, with their octets.
    struct Wire: Sendable {
        var buffers: [ByteBuffer] = []
        var size = 0

        init(_ pieces: [BodyPiece], chunked: Bool) {
            buffers.reserveCapacity(pieces.count)
            for piece in pieces {
                let buffer = chunked ? piece.raw : piece.stuffed
                size += buffer.readableBytes
                buffers.append(buffer)
            }
        }
    }

    /// Text of RFC 2045's defaults, said aloud.
    static let plainFields = Array(
        """
        MIME-Version: 1.0\r
        Content-Type: text/plain; charset=us-ascii\r
        Content-Transfer-Encoding: 7bit\r

        """.utf8)

    private init(_ fields: [UInt8], _ pieces: [BodyPiece], isWhole: Bool, isEightBit: Bool, isShared: Bool) {
        self.fields = fields
        self.pieces = pieces
        isWholeMessage = isWhole
        self.isEightBit = isEightBit
        ready = isShared ? (Wire(pieces, chunked: true), Wire(pieces, chunked: false)) : nil
    }

    /// A whole message as it was found: line ends repaired, nothing else.
    convenience init(whole bytes: some Sequence<UInt8>, isShared: Bool = false) {
        let lines = BodyPiece.withCRLF(bytes)
        self.init(
            [], [BodyPiece(lines)], isWhole: true, isEightBit: lines.contains { $0 >= 0x80 }, isShared: isShared)
    }

    convenience init(fields: [UInt8], pieces: [BodyPiece], isShared: Bool = false) {
        self.init(fields, pieces, isWhole: false, isEightBit: false, isShared: isShared)
    }

    /// - Parameter chunked: for BDAT, not dot-stuffed.
    func wire(chunked: Bool) -> Wire {
        guard let ready else { return Wire(pieces, chunked: chunked) }
        return chunked ? ready.raw : ready.stuffed
    }

    /// The checksum of what has `crc` with the body behind it.
    func checksum(behind crc: UInt32) -> UInt32 {
        var joined = crc
        for index in pieces.indices { joined = mr_crc32c_combine(joined, pieces[index].crc, pieces[index].shift) }
        return joined
    }
}

/// Many lines, of which bodies are cut: any run of whole lines has its checksum at once.
struct LineCorpus: Sendable {
    private let bytes: ByteBuffer
    /// Where each line begins; the last one is the end.
    private var starts: [Int32] = [0]
    /// CRC-32C of everything before each line.
    private var checksums: [UInt32] = [0]

    /// - Parameter lines: with CRLF at their ends, none of which begins with a dot.
    init(_ lines: [UInt8]) {
        bytes = ByteBuffer(bytes: lines)
        var crc: UInt32 = 0
        lines.withUnsafeBytes { all in
            var start = 0
            while start < all.count {
                var end = start
                while all[end] != 0x0A { end += 1 }
                end += 1
                crc = mr_crc32c(crc, all.baseAddress! + start, end - start)
                starts.append(Int32(end))
                checksums.append(crc)
                start = end
            }
        }
    }

    var count: Int { bytes.readableBytes }
    private var lineCount: Int { starts.count - 1 }

    /// Whole lines from a line on, `size` bytes at least and a line more at most; over the end it goes on at the begin.
    /// - Parameter line: any number.
    func pieces(from line: UInt64, atLeast size: Int) -> [BodyPiece] {
        var found: [BodyPiece] = []
        var (first, missing) = (Int(line % UInt64(lineCount)), size)
        while missing > 0 {
            let last = firstLine(at: Int(starts[first]) + missing)
            found.append(slice(first, last))
            missing -= Int(starts[last] - starts[first])
            first = 0
        }
        return found
    }

    /// The first line that begins at `offset` or behind it; the end, if there is none.
    private func firstLine(at offset: Int) -> Int {
        var (low, high) = (0, lineCount)
        while low < high {
            let middle = (low + high) / 2
            if Int(starts[middle]) < offset { low = middle + 1 } else { high = middle }
        }
        return low
    }

    private func slice(_ first: Int, _ last: Int) -> BodyPiece {
        let length = Int(starts[last] - starts[first])
        // CRC(ab) is CRC(a) shifted by the length of b, with CRC(b) added: so CRC(b) is what is left without a.
        let shift = mr_crc32c_shift(UInt64(length))
        let crc = checksums[last] ^ mr_crc32c_combine(checksums[first], 0, shift)
        return BodyPiece(plain: bytes.getSlice(at: Int(starts[first]), length: length)!, crc: crc)
    }
}
