import ControlPlane
import Foundation
import MailTypes
import MessageBuilding
import NIOCore
import PolicyRules
import SpoolContract

// When a message may go, as its header says it. Without a name of a field in the configuration no header is looked at.
extension RelayShard {
    /// Takes the field off and what it says into the envelope.
    /// - Returns: why the message is refused; nil: it is not. `changed`: the content is another one now.
    func readSchedule(_ message: inout SpoolMessage) -> (changed: Bool, refusal: SMTPReply?) {
        guard let name = configuration.schedulingField else { return (false, nil) }
        let head = message.content.head(most: PolicyHeader.most + 1)
        let texts = PolicyHeader(head, wanted: [name.lowercased()]).values(name)
        guard let text = texts.first else { return (false, nil) }
        guard texts.count == 1 else { return (false, refusal(name, "is there \(texts.count) times")) }
        do throws(ScheduleHeader.Fault) {
            let wish = try ScheduleHeader.terms(text, now: message.acceptedMilliseconds) {
                TimeZone(identifier: $0) != nil
            }
            var terms = message.envelope.terms ?? DeliveryTerms()
            // What MAIL said holds, too.
            terms.notBefore = max(terms.notBefore, wish.notBefore)
            (terms.expires, terms.window) = (wish.expires, wish.window)
            message.envelope.terms = terms
        } catch {
            return (false, refusal(name, error.text))
        }
        message.mayBeDeferred = false
        let kept = PolicyHeader.removing([name.lowercased()], from: head) ?? head
        message.content = message.content.replacing(first: head.count, with: kept)
        return (true, nil)
    }

    private func refusal(_ name: String, _ text: String) -> SMTPReply {
        counts.refused += 1
        return SMTPReply(554, .init(5, 6, 0), "\(name): \(text)")
    }
}
