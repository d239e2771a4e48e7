import EventLog
import MailTypes
import NIOCore
import ReportParsing
import SMTPTransport
import SpoolContract

// Bounces and complaints that come back to addresses of ours. What is dropped here is in the log, on the disk, before
// its client is told 250; a client that is told 451 sends it again, and its events may then be there twice.
extension RelayShard {
    /// A recipient, and what its rule wants.
    private typealias Match = (index: Int, rule: ReportRules.Rule)

    /// Mail for this address is taken from anyone.
    func takesReports(_ address: MailAddress) -> Bool {
        !configuration.reports.isEmpty && configuration.reports.rule(for: address) != nil
    }

    /// The message as one of reports; false: none of its recipients is an address for them.
    func takeReport(_ unsigned: UnsignedMessage) -> Bool {
        guard !configuration.reports.isEmpty else { return false }
        let matches: [Match] = unsigned.message.envelope.recipients.enumerated().compactMap { index, address in
            guard let rule = configuration.reports.rule(for: address), !rule.ignoresAll else { return nil }
            return (index, rule)
        }
        guard !matches.isEmpty else { return false }
        readingReports += 1
        let content = unsigned.message.content
        let bound = NIOLoopBound((self, unsigned, matches), eventLoop: context.eventLoop)
        // Reading one of a megabyte takes milliseconds: not on the event loop.
        parts.readers.runIfActive(eventLoop: context.eventLoop) {
            MailReport(WireConversion.begin(content, atMost: ReportLimits.messageBytes + 1))
        }.whenComplete { result in
            let (shard, unsigned, matches) = bound.value
            shard.readingReports -= 1
            switch result {
            case .success(let report): shard.treat(unsigned, report, matches)
            case .failure: shard.refuseReport(unsigned)
            }
        }
        return true
    }

    private func treat(_ unsigned: UnsignedMessage, _ report: MailReport, _ matches: [Match]) {
        counts.reports[report.kind.word, default: 0] += 1
        let treatments = matches.map { ($0.index, $0.rule, $0.rule.treatment(of: report.kind)) }
        guard let (index, rule, _) = treatments.first(where: { $0.2 != .ignore }) else {
            return signAndAccept(unsigned)
        }
        var lines: [UInt8] = []
        var number = 0
        for event in reportEvents(report, unsigned, index, rule) where logs(event.kind) {
            var event = event
            // What a message is dropped for is in the log whatever that leaves out.
            _ = events!.log.settings.complete(&event)
            event.append(to: &lines)
            number += 1
        }
        let dropped = Set(treatments.lazy.filter { $0.2 == .logThenDrop }.map(\.0))
        guard !dropped.isEmpty else {
            events?.lines += lines
            events?.count += number
            return signAndAccept(unsigned)
        }
        guard number > 0, let log = events?.log else {
            note("reports cannot be dropped without being logged: needs `log`, and a restart")
            return refuseReport(unsigned)
        }
        drop(unsigned, dropped, lines, number, log)
    }

    /// First the events are safe, then the message goes on to those who want it, then its client hears 250.
    private func drop(
        _ unsigned: UnsignedMessage, _ dropped: Set<Int>, _ lines: [UInt8], _ number: Int, _ log: EventLog
    ) {
        readingReports += 1
        let loop = context.eventLoop
        let bound = NIOLoopBound((self, unsigned), eventLoop: loop)
        log.append(lines, events: number) { fault in
            loop.execute {
                let (shard, unsigned) = bound.value
                shard.readingReports -= 1
                if fault == nil { shard.finish(unsigned, dropped) } else { shard.refuseReport(unsigned) }
            }
        }
    }

    private func finish(_ unsigned: UnsignedMessage, _ dropped: Set<Int>) {
        counts.droppedReports += 1
        let envelope = unsigned.message.envelope
        let others = envelope.recipients.indices.filter { !dropped.contains($0) }
        if !others.isEmpty {
            var rest = unsigned
            rest.message.envelope = envelope.narrowed(to: others)
            return signAndAccept(rest)
        }
        reception.settle(unsigned.received)
        unsigned.connection.decide(SMTPReply(250, .init(2, 0, 0), "Ok: report logged as \(unsigned.message.id)"))
        releaseHeld()
    }

    private func refuseReport(_ unsigned: UnsignedMessage) {
        counts.refused += UInt64(unsigned.message.envelope.recipients.count)
        reception.settle(unsigned.received)
        unsigned.connection.decide(SMTPReply(451, .init(4, 3, 0), "Report cannot be written down now, try again"))
        releaseHeld()
    }

    // MARK: What the log is told

    private func reportEvents(
        _ report: MailReport, _ unsigned: UnsignedMessage, _ index: Int, _ rule: ReportRules.Rule
    ) -> [MailEvent] {
        let address = unsigned.message.envelope.recipients[index]
        func details(_ content: ReportDetails.Content, _ envelopeID: String? = nil) -> ReportDetails {
            ReportDetails(
                content, address: address, header: report.header,
                original: OriginalMessage(report.returned, envelopeID: envelopeID, hostname: hostname),
                returned: Self.text(report.returned, rule.returned),
                supplementalTrace: report.returned?.supplementalTrace())
        }
        switch report.kind {
        case .bounce(let bounce):
            return bounce.recipients.map { recipient in
                var event = reportEvent(.outOfBand, unsigned)
                event.recipients = recipient.address.map { [MailAddress($0)] } ?? []
                event.response = recipient.reply
                event.report = details(.delivery(bounce, recipient), bounce.originalEnvelopeID)
                classify(&event)
                return event
            }.ifEmpty {
                var event = reportEvent(.unrecognizedReport, unsigned)
                event.recipients = [address]
                event.report = details(.other(isAutomatic: false), bounce.originalEnvelopeID)
                return [event]
            }
        case .complaint(let complaint):
            var event = reportEvent(.feedback, unsigned)
            event.recipients = [address]
            event.report = details(.complaint(complaint), complaint.originalEnvelopeID)
            return [event]
        case .automaticReply, .unrecognized:
            var event = reportEvent(.unrecognizedReport, unsigned)
            event.recipients = [address]
            event.report = details(.other(isAutomatic: report.kind.word == "automatic_reply"))
            return [event]
        }
    }

    private func reportEvent(_ kind: MailEvent.Kind, _ unsigned: UnsignedMessage) -> MailEvent {
        let message = unsigned.message
        var event = MailEvent(kind, at: wallMilliseconds())
        event.id = message.id
        event.sender = message.envelope.reversePath
        event.size = message.content.size
        event.createdMilliseconds = message.acceptedMilliseconds
        event.describe(unsigned.connection, unsigned.listener)
        return event
    }

    private static func text(_ returned: ReturnedMessage?, _ wanted: ReportRules.Returned) -> String? {
        guard let returned else { return nil }
        switch wanted {
        case .none: return nil
        case .header: return String(decoding: returned.headerBytes, as: UTF8.self)
        case .whole: return String(decoding: returned.bytes, as: UTF8.self)
        }
    }

    // MARK: What makes reports find their way

    /// Where bounces come back to us, the next hop is told our id: it says it in its report (RFC 3461 §4.4). An ENVID of
    /// the client's own stays.
    func withEnvelopeID(_ envelope: Envelope, _ id: MessageID) -> Envelope {
        guard !configuration.reports.isEmpty, envelope.options?.envelopeID.isEmpty ?? true,
            configuration.reports.rule(for: envelope.reversePath) != nil
        else { return envelope }
        var marked = envelope
        var options = marked.options ?? EnvelopeOptions()
        options.envelopeID = id.hexDigits
        marked.options = options
        return marked
    }
}

extension MailReport.Kind {
    /// As the metrics name it.
    var word: String {
        switch self {
        case .bounce: "bounce"
        case .complaint: "complaint"
        case .automaticReply: "automatic_reply"
        case .unrecognized: "unrecognized"
        }
    }
}

extension Array {
    fileprivate func ifEmpty(_ other: () -> [Element]) -> [Element] { isEmpty ? other() : self }
}
