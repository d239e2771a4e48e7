import Foundation
package import MailTypes
import NIOCore
import TextCodecs

/// The body of a request to KumoMTA's injection API.
struct InjectionBody {
    let buffers: [ByteBuffer]
    /// Bytes of all buffers.
    let size: Int

    /// One message goes as it is. Of several each has what is its own put in by the receiver's template, since only so
    /// they come in one request: its header, or all of it where they do not share their text.
    /// - Parameter shared: the text that all messages have behind their headers, as ``inside(_:)`` writes it; nil: they
    ///   have no text in common.
    init(_ injection: LoadTransport.Injection, _ messages: [MessageSource.Message], shared: ByteBuffer?) {
        let isBatch = messages.count > 1
        var head: [UInt8] = []
        head.reserveCapacity(1024 * messages.count)
        head.append(contentsOf: "{\"envelope_sender\":".utf8)
        Self.append(messages[0].envelope.reversePath.bytes, to: &head)
        if injection.deferredSpool { head.append(contentsOf: ",\"deferred_spool\":true".utf8) }
        if injection.deferredGeneration { head.append(contentsOf: ",\"deferred_generation\":true".utf8) }
        head.append(contentsOf: ",\"template_dialect\":\"\(isBatch ? "Jinja" : "Static")\",\"recipients\":[".utf8)
        for (index, message) in messages.enumerated() {
            head.append(contentsOf: (index > 0 ? ",{\"email\":" : "{\"email\":").utf8)
            Self.append(message.envelope.recipients[0].bytes, to: &head)
            if isBatch {
                head.append(contentsOf: ",\"substitutions\":{\"own\":".utf8)
                Self.append(Self.own(message, isTextShared: shared != nil), to: &head)
                head.append(UInt8(ascii: "}"))
            }
            head.append(UInt8(ascii: "}"))
        }
        head.append(contentsOf: "],\"content\":\"".utf8)
        if isBatch {
            head.append(contentsOf: "{{ own }}".utf8)
        } else {
            head.append(contentsOf: Self.inside(Self.own(messages[0], isTextShared: shared != nil)))
        }
        buffers = [ByteBuffer(bytes: head)] + (shared.map { [$0] } ?? []) + [ByteBuffer(string: "\"}")]
        size = buffers.reduce(0) { $0 + $1.readableBytes }
    }

    private static func own(_ message: MessageSource.Message, isTextShared: Bool) -> [UInt8] {
        let buffers = isTextShared ? message.content.buffers.prefix(1) : message.content.buffers[...]
        return buffers.flatMap { Array($0.readableBytesView) }
    }

    /// What stands between the quotes of a JSON string.
    static func inside(_ bytes: [UInt8]) -> ArraySlice<UInt8> {
        var quoted: [UInt8] = []
        append(bytes, to: &quoted)
        return quoted.dropFirst().dropLast()
    }

    private static func append(_ bytes: [UInt8], to out: inout [UInt8]) {
        bytes.withUnsafeBufferPointer { JSONText.append($0, to: &out) }
    }
}

/// What an injection service said to a request.
package struct InjectionAnswer {
    /// What is known of one message of it.
    package enum Fate: Equatable { case accepted, refused, unknown }

    private struct Counts: Decodable {
        var failCount: Int
        var failedRecipients: [String]?
        enum CodingKeys: String, CodingKey {
            case failCount = "fail_count"
            case failedRecipients = "failed_recipients"
        }
    }

    /// For the table of replies: the first bytes of an answer that was not all success.
    package let text: String
    private let counts: Counts?

    package init(status: Int, body: [UInt8]) {
        counts = status / 100 == 2 ? try? JSONDecoder().decode(Counts.self, from: Data(body)) : nil
        text = counts?.failCount == 0 ? "" : String(decoding: body.prefix(200), as: UTF8.self)
    }

    /// Of each message of the request. Who is named as failed was refused; failures without a name are everybody's if
    /// they are as many as there are messages, and otherwise leave those that were not named in doubt.
    package func fates(of recipients: [MailAddress]) -> [Fate] {
        guard let counts else { return recipients.map { _ in .refused } }
        guard counts.failCount > 0 || counts.failedRecipients?.isEmpty == false else {
            return recipients.map { _ in .accepted }
        }
        let named = Set(counts.failedRecipients ?? [])
        let known = recipients.map { named.contains($0.description) }
        let unnamed = counts.failCount - known.count { $0 }
        let rest: Fate = unnamed <= 0 ? .accepted : unnamed >= known.count { !$0 } ? .refused : .unknown
        return known.map { $0 ? .refused : rest }
    }
}
