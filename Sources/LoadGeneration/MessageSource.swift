import CByteLoops
package import MailTypes
import Measures
package import NIOCore
package import SMTPTransport

/// Makes message after message: its own envelope and header each, one shared body. Confined to an event loop.
package final class MessageSource {
    /// One message, ready to send.
    package struct Message {
        package var id: MessageID
        package var envelope: Envelope
        package var content: OutgoingContent
    }

    private let body: SharedBody
    private let addresses: AddressBook
    private let composer: MessageComposer
    private let runHigh: UInt64
    private let seed: UInt64
    private var header: [UInt8] = []
    private let fixedDate: Int?
    private var dateSecond = 0
    private var date = ""

    /// - Parameter runHigh: the high half of every id of the run.
    package init(_ configuration: LoadConfiguration, body: SharedBody, runHigh: UInt64) {
        self.body = body
        self.runHigh = runHigh
        seed = configuration.seed
        fixedDate = configuration.date
        addresses = AddressBook(configuration)
        composer = MessageComposer(extraHeaders: configuration.headers)
        header.reserveCapacity(1024)
    }

    /// - Parameters:
    ///   - sequence: the message's number in the run; with the seed it decides the addresses.
    ///   - chunked: content for BDAT, not dot-stuffed.
    ///   - dueUnixNanoseconds: when it was to be sent, for its stamp.
    package func message(_ sequence: UInt64, chunked: Bool, dueUnixNanoseconds: UInt64) -> Message {
        let id = MessageID(high: runHigh, low: sequence)
        var random = SplitMix64(seed: seed ^ (sequence &* 0x9E37_79B9_7F4A_7C15))
        let from = addresses.sender(&random)
        let to = addresses.recipient(&random)
        header.removeAll(keepingCapacity: true)
        if body.isWholeMessage {
            LoadStamp(id: id, crc32c: body.crc, dueUnixNanoseconds: dueUnixNanoseconds).append(to: &header)
        } else {
            refreshDate()
            composer.compose(
                into: &header, id: id, from: from, to: to, date: date, dueUnixNanoseconds: dueUnixNanoseconds,
                bodyCRC: body.crc, bodyShift: body.shift)
        }
        let wire = chunked ? body.raw : body.stuffed
        return Message(
            id: id, envelope: Envelope(reversePath: from, recipients: [to]),
            content: OutgoingContent(
                buffers: [ByteBuffer(bytes: header), wire], size: header.count + wire.readableBytes,
                form: chunked ? .raw : .dotStuffed))
    }

    private func refreshDate() {
        let second = fixedDate ?? Int(WallInstant.now().nanoseconds / 1_000_000_000)
        guard second != dateSecond else { return }
        dateSecond = second
        date = MailDate.text(unixSeconds: second)
    }
}

/// The body that all messages of a run share, in both wire forms, with its checksum.
package struct SharedBody: Sendable {
    package let raw: ByteBuffer
    package let stuffed: ByteBuffer
    /// CRC-32C of the raw form.
    package let crc: UInt32
    let shift: UInt32
    /// The body brings its own header (`--body-file`).
    let isWholeMessage: Bool

    /// Generates the text, or takes `--body-file`.
    package init(_ configuration: LoadConfiguration) {
        let bytes: [UInt8]
        if let file = configuration.bodyFile {
            bytes = Self.withCRLF(file)
        } else {
            bytes = ProseText.generate(atLeast: configuration.bodySize, seed: configuration.seed)
        }
        raw = ByteBuffer(bytes: bytes)
        stuffed = ByteBuffer(bytes: Self.dotStuffed(bytes))
        crc = bytes.withUnsafeBytes { mr_crc32c(0, $0.baseAddress, $0.count) }
        shift = mr_crc32c_shift(UInt64(bytes.count))
        isWholeMessage = configuration.bodyFile != nil
    }

    /// Every line end becomes CRLF, and the last line gets one.
    static func withCRLF(_ bytes: [UInt8]) -> [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(bytes.count + bytes.count / 32)
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

    /// RFC 5321 §4.5.2.
    static func dotStuffed(_ bytes: [UInt8]) -> [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(bytes.count + 16)
        var lineStart = true
        for byte in bytes {
            if lineStart, byte == 0x2E { out.append(0x2E) }
            out.append(byte)
            lineStart = byte == 0x0A
        }
        return out
    }
}

/// Weighted destination domains and the addresses in them.
struct AddressBook: Sendable {
    private let domains: [String]
    private let cumulative: [Double]

    init(_ configuration: LoadConfiguration) {
        let suffix = configuration.domainSuffix.isEmpty ? "" : "." + configuration.domainSuffix
        domains = configuration.domains.map { $0.name + suffix }
        var sum = 0.0
        cumulative = configuration.domains.map {
            sum += $0.weight
            return sum
        }
    }

    func sender(_ random: inout SplitMix64) -> MailAddress { MailAddress("noreply@" + domain(&random)) }

    func recipient(_ random: inout SplitMix64) -> MailAddress {
        MailAddress("user-\(random.next())@" + domain(&random))
    }

    /// Picks by weight; few domains, so a walk is as good as a search.
    private func domain(_ random: inout SplitMix64) -> String {
        let point = Double(random.next() >> 11) / 9_007_199_254_740_992 * cumulative[cumulative.count - 1]
        return domains[cumulative.firstIndex { point < $0 } ?? domains.count - 1]
    }
}
