package import HTTPService
import MailTypes
import MessageBuilding
package import NIOCore
package import NIOPosix
import SMTPProtocol
import TextCodecs

/// `POST /api/inject/v1`: a JSON request becomes messages, which are safe before the answer says so.
package struct InjectionService: Sendable {
    /// Recipients that share one message in the spool.
    package static let recipientsPerMessage = 100
    /// Bodies up to this are looked at on the event loop; what takes longer is done by a thread that may take its time,
    /// or else others would have to wait.
    private static let quickBody = 64 << 10

    private let intake: any MessageIntake
    private let hostname: String
    private let date: @Sendable () -> String
    private let newID: @Sendable () -> String
    private let builders: NIOThreadPool
    private let slowDown: SlowDown?

    /// Milliseconds that a caller has to wait before it may inject so many recipients; nil: it may.
    package typealias SlowDown = @Sendable (_ recipients: Int, _ caller: String) -> UInt64?

    /// - Parameters:
    ///   - builders: threads that make messages where that takes long.
    ///   - slowDown: asked once a request; nil: there is no limit.
    package init(
        _ intake: any MessageIntake, hostname: String, builders: NIOThreadPool,
        date: @escaping @Sendable () -> String, newID: @escaping @Sendable () -> String, slowDown: SlowDown? = nil
    ) {
        self.builders = builders
        self.slowDown = slowDown
        self.intake = intake
        self.hostname = hostname
        self.date = date
        self.newID = newID
    }

    /// - Parameter user: name of the key that the call came with.
    package func respond(
        _ call: HTTPCall, user: String? = nil, on loop: any EventLoop
    ) -> EventLoopFuture<HTTPAnswer> {
        if let refusal = intake.refusal {
            return loop.makeSucceededFuture(HTTPAnswer(.serviceUnavailable, refusal + "\n"))
        }
        let type = call.headers.first(name: "content-type")?.prefix { $0 != ";" }.lowercased() ?? "application/json"
        guard type.filter({ $0 != " " && $0 != "\t" }) == "application/json" else {
            return loop.makeSucceededFuture(.fault(.unsupportedMediaType, "expected application/json"))
        }
        if call.body.readableBytes <= Self.quickBody {
            var budget = TemplateBudget.quick
            let prepared = Result { try prepare(call, user, &budget) }
            if !budget.isExhausted { return submit(prepared, call, user, on: loop) }
        }
        return builders.runIfActive(eventLoop: loop) {
            var budget = TemplateBudget.whole
            return Result { try prepare(call, user, &budget) }
        }.flatMap { submit($0, call, user, on: loop) }
    }

    private func submit(
        _ prepared: Result<Prepared, any Error>, _ call: HTTPCall, _ user: String?, on loop: any EventLoop
    ) -> EventLoopFuture<HTTPAnswer> {
        let (messages, failures): ([IntakeMessage], [Failure])
        do {
            let prepared = try prepared.get()
            (messages, failures) = (prepared.messages, prepared.failures)
        } catch let fault as JSONValue.Fault {
            return loop.makeSucceededFuture(.fault(.badRequest, fault.text))
        } catch let fault as InjectionRequest.Fault {
            return loop.makeSucceededFuture(.fault(.unprocessableEntity, fault.text, pointer: fault.pointer))
        } catch {
            return loop.makeSucceededFuture(.fault(.internalServerError, "\(error)"))
        }
        if let answer = tooFast(messages, call, user) { return loop.makeSucceededFuture(answer) }
        return EventLoopFuture.whenAllComplete(messages.map { intake.submit($0, on: loop) }, on: loop).map { results in
            Self.answer(messages, results, failures)
        }
    }

    /// RFC 6585 §4, RFC 9110 §10.2.3.
    private func tooFast(_ messages: [IntakeMessage], _ call: HTTPCall, _ user: String?) -> HTTPAnswer? {
        let count = messages.reduce(0) { $0 + $1.recipients.count }
        guard let slowDown, count > 0 else { return nil }
        let caller = user.map { "key \($0)" } ?? call.peer.map { "\($0)" } ?? ""
        guard let milliseconds = slowDown(count, caller) else { return nil }
        var answer = HTTPAnswer.fault(.tooManyRequests, "too many recipients lately: nothing of this request was taken")
        answer.headers.add(name: "retry-after", value: String((milliseconds + 999) / 1_000))
        return answer
    }

    /// What a request comes to, before anything of it is handed on.
    private struct Prepared {
        var messages: [IntakeMessage] = []
        var failures: [Failure] = []
    }

    private struct Failure {
        var recipient: String
        var text: String
    }

    // MARK: From the request to messages

    private func prepare(_ call: HTTPCall, _ user: String?, _ budget: inout TemplateBudget) throws -> Prepared {
        var parsed: Result<JSONValue, JSONValue.Fault>!
        call.body.withUnsafeReadableBytes { bytes in
            do throws(JSONValue.Fault) { parsed = .success(try JSONValue.parse(bytes)) } catch {
                parsed = .failure(error)
            }
        }
        let request = try InjectionRequest(try parsed.get())
        guard let sender = Self.address(request.sender, isSender: true) else {
            throw InjectionRequest.Fault(
                "/envelope_sender", "'\(request.sender.prefix(80))': expected an address, or an empty text")
        }
        let builder = MessageBuilder(request, hostname: hostname, date: date(), newID: newID)
        var prepared = Prepared()
        for content in try builder.build(&budget) {
            var messages = split(content, request, sender, call.peer, &prepared.failures)
            for index in messages.indices { messages[index].user = user }
            prepared.messages += messages
        }
        return prepared
    }

    private func split(
        _ content: BuiltContent, _ request: InjectionRequest, _ sender: MailAddress, _ peer: NetworkAddress?,
        _ failures: inout [Failure]
    ) -> [IntakeMessage] {
        let body = ByteBuffer(bytes: content.shared)
        let isEightBit = content.shared.contains { $0 >= 0x80 }
        let headerIsUTF8 = Self.headerIsUTF8(content.shared)
        var messages: [IntakeMessage] = []
        for (index, header) in content.recipients {
            let email = request.recipients[index].email
            guard let address = Self.address(email, isSender: false) else {
                failures.append(Failure(recipient: email, text: "/recipients/\(index)/email: expected an address"))
                continue
            }
            if messages.isEmpty || messages[messages.count - 1].recipients.count == Self.recipientsPerMessage {
                messages.append(
                    IntakeMessage(
                        reversePath: sender, recipients: [], content: body, isEightBit: isEightBit,
                        smtpUTF8: headerIsUTF8 || sender.needsSMTPUTF8, wantsTrace: request.trace.received,
                        mayBeDeferred: request.isDeferredSpool, peer: peer))
            }
            let last = messages.count - 1
            messages[last].recipients.append(
                .init(address: address, header: header, labels: request.recipients[index].labels))
            if address.needsSMTPUTF8 || header.contains(where: { $0 >= 0x80 }) { messages[last].smtpUTF8 = true }
        }
        return messages
    }

    private static func headerIsUTF8(_ content: [UInt8]) -> Bool {
        var lineIsEmpty = true
        for byte in content {
            if byte >= 0x80 { return true }
            if byte == 0x0A {
                if lineIsEmpty { return false }
                lineIsEmpty = true
            } else if byte != 0x0D {
                lineIsEmpty = false
            }
        }
        return false
    }

    /// By the grammar of RFC 5321 §4.1.2.
    private static func address(_ text: String, isSender: Bool) -> MailAddress? {
        if text.isEmpty { return isSender ? .null : nil }
        let bytes = Array("<\(text)>".utf8)
        var offset = 0
        let path = try? SMTPPath.parse(
            bytes.span.bytes, &offset, bad: isSender ? .badSender : .badRecipient, allowUTF8: true)
        guard let path, offset == bytes.count, !path.domain.isEmpty, path.description == text else { return nil }
        return path
    }

    // MARK: The answer

    private static func answer(
        _ messages: [IntakeMessage], _ results: [Result<IntakeAnswer, any Error>], _ known: [Failure]
    ) -> HTTPAnswer {
        var failures = known
        var successes = 0
        for (message, result) in zip(messages, results) {
            let answer: IntakeAnswer
            switch result {
            case .success(let known): answer = known
            case .failure(let error): answer = IntakeAnswer(refusal: SMTPReply(451, .init(4, 3, 0), "\(error)"))
            }
            for (index, recipient) in message.recipients.enumerated() {
                if let reply = answer.refusal ?? answer.refused[index] {
                    failures.append(Failure(recipient: recipient.address.description, text: reply.description))
                } else {
                    successes += 1
                }
            }
        }
        let recipients = failures.map { JSONText.quoted($0.recipient) }.joined(separator: ",")
        let errors = failures.map { JSONText.quoted("\($0.recipient): \($0.text)") }.joined(separator: ",")
        return HTTPAnswer(
            .ok,
            "{\"success_count\":\(successes),\"fail_count\":\(failures.count),\"failed_recipients\":[\(recipients)],\"errors\":[\(errors)]}\n",
            contentType: "application/json")
    }
}

extension InjectionRequest.Recipient {
    /// `tenant` and `campaign` are what queues and limits go by; all of it stands in the events.
    fileprivate var labels: MessageLabels {
        guard !metadata.isEmpty else { return MessageLabels() }
        var rest = metadata
        let (tenant, campaign) = (rest.removeValue(forKey: "tenant"), rest.removeValue(forKey: "campaign"))
        return MessageLabels(
            tenant: tenant.flatMap { $0.isEmpty ? nil : $0 }, campaign: campaign.flatMap { $0.isEmpty ? nil : $0 },
            metadata: rest)
    }
}
