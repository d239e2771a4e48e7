import MailTypes
import Measures
import SinkBehaviour

/// A zone of each kind of rule.
private let zone: TestZone = {
    var zone = TestZone()
    try! zone.add("*.bulk.test=mx*.sink.test@127.0.1.1-127.0.4.250")
    try! zone.add("a.test=mx1.a.test@127.0.0.1,mx2.a.test@127.0.0.2,six.a.test@::1")
    zone.publicKeyDigest = Array(repeating: 1, count: 32)
    return zone
}()

/// Whatever is asked: an answer is a reply to that question, of a size that the client takes.
func fuzzNames(_ input: [UInt8]) {
    switch DNSQuery.read(input) {
    case .ignored: require(input.count < 12 || input[2] & 0x80 != 0, "a query without an answer")
    case .refused(let id, let code):
        require(input.count >= 12 && DNSAnswer.refusal(id: id, code: code).count == 12, "a refusal is a header")
    case .unknownVersion(let query):
        let bytes = DNSAnswer.unknownVersion.encoded(for: query, overTCP: false)
        require(query.payloadLimit != nil && bytes[3] & 15 == 0, "BADVERS is told by EDNS")
    case .query(let query):
        let answer = zone.answer(query)
        let limit = min(query.payloadLimit ?? 512, DNSAnswer.safePayload)
        for overTCP in [false, true] {
            let bytes = answer.encoded(for: query, overTCP: overTCP)
            require(overTCP || bytes.count <= max(limit, 512), "\(bytes.count) octets over UDP")
            require(bytes[0...1].elementsEqual(input[0...1]) && bytes[2] & 0x80 != 0, "no reply to this")
            require(DNSQuery.read(bytes) == .ignored, "a reply that would be answered")
            let question = input[12...].prefix(query.labels.reduce(5) { $0 + $1.count + 1 })
            require(bytes[12...].starts(with: question), "another question came back")
        }
    }
}

/// The first octet: even for YAML, odd for KumoMTA's TOML. What is taken can be applied, and says only what can be said.
func fuzzBehaviour(_ input: [UInt8]) {
    guard let first = input.first else { return }
    let text = String(decoding: input.dropFirst(), as: UTF8.self)
    guard
        let rules = first & 1 == 0
            ? try? SinkRules(text: text, file: "sink.yaml")
            : try? SinkRules(kumoResponses: text, file: "responses.toml")
    else { return }
    var engine = BehaviourEngine(rules)
    for step in 0..<20 as Range<UInt64> {
        for stage in SinkStage.allCases {
            let recipient = ["b@y.test", "tempfail@y.test", "450-x@y.test", "delay-1s@y.test"][Int(step % 4)]
            let decision = engine.decide(
                SinkQuestion(
                    stage, client: NetworkAddress(ipv4: 0x7F00_0001), listener: "127.0.0.1:25",
                    sender: MailAddress("a@x.test"), recipients: [MailAddress(recipient)]),
                now: step * 1_000_000_000)
            check(decision.outcome)
            for report in decision.reports { check(report.reply) }
            engine.release(decision.leases)
        }
    }
}

private func check(_ outcome: SinkOutcome) {
    switch outcome {
    case .answer(let reply?), .close(let reply?): check(reply)
    default: break
    }
}

private func check(_ reply: SMTPReply) {
    require((200...599).contains(reply.code), "code \(reply.code)")
    var bytes: [UInt8] = []
    reply.encode(into: &bytes)
    for line in bytes.split(separator: 0x0A) {
        require(line.last == 0x0D && line.count < 512, "a line of \(line.count) octets")
        require(line.dropLast().allSatisfy { $0 >= 0x20 && $0 != 0x7F }, "a control character in a reply")
    }
}
