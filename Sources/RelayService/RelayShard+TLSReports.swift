import DKIMSigning
import MailTypes
import NIOCore
import SpoolContract

// TLS reports that go out by mail.
extension RelayShard {
    /// Signs the report with our own keys, as far as there are some for its sender, and puts it into the queue. Nobody is
    /// told when it fails, and its own way is in no report (RFC 8460 §3).
    /// - Returns: false: not now.
    func send(_ report: TLSReportMail, to recipient: MailAddress) -> EventLoopFuture<Bool> {
        guard refusesNewMail == nil else { return context.eventLoop.makeSucceededFuture(false) }
        let (id, now) = (newID(), wallMilliseconds())
        let seconds = Int(now / 1000)
        let content = report.content(to: recipient, id: id, nowSeconds: seconds)
        let policy = configuration.dkim
        signing += 1
        let signed = parts.signers.runIfActive(eventLoop: context.eventLoop) { () -> [UInt8]? in
            guard !policy.isEmpty else { return [] }
            var hash = MessageHash(policy, .raw)
            content.withUnsafeBytes { hash.feed($0) }
            return hash.finish().map { policy.fields(for: $0, now: seconds) } ?? []
        }
        signed.whenComplete { [self] _ in signing -= 1 }
        return signed.map { [self] fields in
            guard let fields else {
                note("a TLS report to \(recipient) could not be signed")
                return false
            }
            let whole = MessageContent(slices: [ByteBuffer(bytes: fields + content)], form: .raw)
            accept(
                SpoolMessage(
                    id: id, envelope: Self.envelope(report.from, recipient), acceptedMilliseconds: now, content: whole),
                for: .ourselves)
            return true
        }
    }

    private static func envelope(_ sender: MailAddress, _ recipient: MailAddress) -> Envelope {
        var envelope = Envelope(reversePath: sender, recipients: [recipient])
        envelope.setOptionsOfLastRecipient(RecipientOptions(notify: .never))
        var labels = MessageLabels()
        labels.isTLSOptional = true
        envelope.labels = labels
        return envelope
    }
}
