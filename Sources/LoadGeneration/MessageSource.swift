import DKIMSigning
package import MailTypes
import Measures
package import MessageBuilding
import NIOCore
package import SMTPTransport

/// Makes message after message: its own envelope and header each, a body that is shared or its own. Confined to an event
/// loop.
package final class MessageSource {
    /// One message, ready to send.
    package struct Message {
        package var id: MessageID
        package var envelope: Envelope
        /// The first buffer is the header, or what there is of one.
        package var content: OutgoingContent
    }

    private let bodies: BodyMaker
    private let content: LoadContent
    // Asked for each message; what they tell of is not to be copied for it.
    private let hasTemplate: Bool
    private let isSigned: Bool
    private let addresses: AddressBook
    private var composer: MessageComposer
    private let runHigh: UInt64
    private let seed: UInt64
    /// Of the message made last.
    private(set) var envelope = FlatEnvelope()
    private let fixedDate: Int?
    private var dateSecond = 0
    private var date = ""
    /// The body of all messages for JSON; nil if they have none in common.
    let injectionText: ByteBuffer?

    /// - Parameter runHigh: the high half of every id of the run.
    package init(_ configuration: LoadConfiguration, bodies: BodyMaker, runHigh: UInt64) {
        self.bodies = bodies
        self.runHigh = runHigh
        content = configuration.content
        hasTemplate = content.template != nil
        isSigned = content.signature != nil
        seed = configuration.seed
        fixedDate = configuration.date
        addresses = AddressBook(configuration)
        composer = MessageComposer(extraHeaders: configuration.headers)
        injectionText =
            configuration.transport.kind == .http
            ? bodies.shared.map { body in
                ByteBuffer(bytes: InjectionBody.inside(body.pieces.flatMap { Array($0.raw.readableBytesView) }))
            } : nil
    }

    /// One that is kept beside others; see ``make(_:chunked:now:dueUnixNanoseconds:into:)``.
    package func message(_ sequence: UInt64, chunked: Bool, dueUnixNanoseconds: UInt64) -> Message {
        var header = ByteBuffer()
        var content = make(
            sequence, chunked: chunked, now: WallInstant.now(), dueUnixNanoseconds: dueUnixNanoseconds, into: &header)
        content.header = nil
        content.buffers.insert(header, at: 0)
        return Message(id: id(sequence), envelope: envelope.envelope, content: content)
    }

    func id(_ sequence: UInt64) -> MessageID { MessageID(high: runHigh, low: sequence) }

    /// Makes a message that is sent and forgotten: its envelope stands in ``envelope`` until the next one.
    /// - Parameters:
    ///   - sequence: the message's number in the run; with the seed it decides all of the message.
    ///   - chunked: content for BDAT, not dot-stuffed.
    ///   - now: for its date, and for its signature's.
    ///   - dueUnixNanoseconds: when it was to be sent, for its stamp.
    ///   - header: becomes the content's; its memory is used again where nobody else holds it any more.
    func make(
        _ sequence: UInt64, chunked: Bool, now: WallInstant, dueUnixNanoseconds: UInt64, into header: inout ByteBuffer
    ) -> OutgoingContent {
        var random = SplitMix64(seed: seed ^ (sequence &* 0x9E37_79B9_7F4A_7C15))
        envelope.removeAll()
        addresses.appendSender(sequence, &random, to: &envelope)
        addresses.appendRecipients(&random, to: &envelope)
        refreshDate(now)
        let body =
            hasTemplate ? filled(content.template!, sequence, envelope.envelope) : bodies.body(sequence, &random)
        if body.isEightBit { envelope.bodyType = .eightBitMIME }
        header.clear()
        let stamp = LoadStamp(id: id(sequence), crc32c: 0, dueUnixNanoseconds: dueUnixNanoseconds)
        if body.isWholeMessage {
            MessageComposer.stampOnly(stamp, body, into: &header)
        } else {
            composer.compose(
                into: &header, stamp: stamp, envelope: envelope, rotation: Rotation(content, sequence), body: body)
        }
        if isSigned { sign(content.signature!, body, &header) }
        let wire = body.wire(chunked: chunked)
        return OutgoingContent(
            header: header, buffers: wire.buffers, size: header.readableBytes + wire.size,
            form: chunked ? .raw : .dotStuffed)
    }

    /// Puts the signature in front: it covers the fields behind it, and the stamp covers what is behind the stamp.
    private func sign(_ signature: DKIMSignature, _ body: MessageBody, _ header: inout ByteBuffer) {
        var hash = MessageHash([signature.bodyForm], .raw)
        header.withUnsafeReadableBytes { hash.feed($0) }
        for piece in body.pieces { piece.raw.withUnsafeReadableBytes { hash.feed($0) } }
        guard let message = hash.finish(), let field = signature.field(for: message, now: dateSecond) else { return }
        var signed = ByteBuffer(bytes: field)
        signed.writeImmutableBuffer(header)
        header = signed
    }

    /// What the template makes of this message; one that cannot be filled was refused before the run.
    private func filled(_ template: Template, _ sequence: UInt64, _ envelope: Envelope) -> MessageBody {
        var budget = TemplateBudget.whole
        let values = TemplateValues(sequence, envelope, Rotation(content, sequence), date: date).json
        return MessageBody(whole: ((try? template.render([values], &budget)) ?? "").utf8)
    }

    private func refreshDate(_ now: WallInstant) {
        let second = fixedDate ?? Int(now.nanoseconds / 1_000_000_000)
        guard second != dateSecond else { return }
        dateSecond = second
        date = MailDate.text(unixSeconds: second)
        composer.setDate(date)
    }
}

/// Which of the tenants and campaigns a message belongs to: one after the other.
struct Rotation {
    let tenant: String?
    let campaign: String?

    init(_ content: LoadContent, _ sequence: UInt64) {
        func turn(_ name: String, _ count: Int) -> String? {
            count > 0 ? "\(name)-\((sequence &- 1) % UInt64(count) + 1)" : nil
        }
        tenant = turn("tenant", content.tenants)
        campaign = turn("campaign", content.campaigns)
    }
}

/// What a template may name.
package struct TemplateValues {
    private let members: [(String, String)]

    init(_ sequence: UInt64, _ envelope: Envelope, _ rotation: Rotation, date: String) {
        let recipient = envelope.recipients[0]
        members = [
            ("sequence", String(sequence)), ("sender", envelope.reversePath.description),
            ("recipient", recipient.description), ("domain", String(decoding: recipient.domain, as: UTF8.self)),
            ("tenant", rotation.tenant ?? ""), ("campaign", rotation.campaign ?? ""), ("date", date),
        ]
    }

    var json: JSONValue { .object(members.map { .init($0.0, .string($0.1)) }) }

    /// Fills the template once, with values as they will come.
    /// - Throws: ``LoadFault`` that says what is wrong with it.
    package static func tryOut(_ template: Template) throws(LoadFault) {
        let address = MailAddress("user@example.test")
        let values = TemplateValues(
            1, Envelope(reversePath: address, recipients: [address]), Rotation(LoadContent(), 1), date: "")
        var budget = TemplateBudget.whole
        do { _ = try template.render([values.json], &budget) } catch { throw LoadFault(error.text) }
    }
}
