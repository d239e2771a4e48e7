import Foundation
import RunRecords
import Testing

/// A real Postfix in front of the relay and behind it.
extension ProgramTests {
    @Suite(.timeLimit(.minutes(2))) struct PostfixTests {
        /// Postfix changes none of these: no header too large for it, no missing one, and not so much that it takes long.
        private static let corpus = Corpus.messages().filter { message in
            let text = String(decoding: message.content, as: UTF8.self)
            return message.content.count < 300_000 && text.contains("\r\n\r\n") && !text.hasPrefix("no header")
        }

        private static let common = [
            "smtputf8_enable": "yes",
            // Lines as they are, and no header fields added to what this machine's clients send.
            "smtp_line_length_limit": "0", "local_header_rewrite_clients": "",
        ]

        private func expectCorpus(_ messages: [LenientMessage]) {
            let received = Dictionary(grouping: messages, by: \.sender)
            #expect(Self.corpus.count > 80 && received.count == Self.corpus.count + 2)
            for message in Self.corpus {
                let copies = received[message.reversePath] ?? []
                #expect(copies.flatMap(\.to).sorted() == message.recipients.sorted(), "\(message.reversePath)")
                for copy in copies {
                    #expect(copy.withoutTraces(2) == message.asDataCarriesIt, "\(message.reversePath)")
                    #expect(copy.mail.contains(" BODY=8BITMIME") || !message.is8Bit, "\(copy.mail)")
                }
            }
        }

        private static let international = Submission(
            sender: "grüße@x.test", mailOptions: ["SMTPUTF8", "BODY=8BITMIME", "RET=HDRS", "ENVID=QQ+2B1"],
            recipients: [
                .init(address: "東京@y.test", options: ["NOTIFY=SUCCESS,FAILURE", #"ORCPT=utf-8;\x{6771}@list.test"#])
            ], content: Data("Subject: Grüße\r\n\r\nKöln\r\n".utf8))

        private static let plain = Submission(
            sender: "a@x.test", mailOptions: ["RET=FULL", "ENVID=QQ+2B2"],
            recipients: [
                .init(address: "b@y.test", options: ["NOTIFY=SUCCESS,FAILURE", "ORCPT=rfc822;b+2Btag@list.test"]),
                .init(address: "c@y.test", options: ["NOTIFY=NEVER"]),
            ], content: Data("Subject: plain\r\n\r\n.text\r\n".utf8))

        /// The parameters of RFC 3461 and RFC 6531 at the end of the way.
        private func expectParameters(_ messages: [LenientMessage]) {
            let (international, plain) = (
                messages.first { $0.sender == "grüße@x.test" }, messages.first { $0.sender == "a@x.test" }
            )
            for word in [" SMTPUTF8", " RET=HDRS", " ENVID=QQ+2B1"] {
                #expect(international?.mail.contains(word) ?? false, "\(word): \(messages)")
            }
            #expect(international?.to == ["東京@y.test"])
            for word in [" NOTIFY=SUCCESS,FAILURE", #" ORCPT=utf-8;\x{6771}@list.test"#] {
                #expect(international?.recipients[0].contains(word) ?? false, "\(word): \(messages)")
            }
            #expect(international?.withoutTraces(2) == Self.international.content)
            for word in [" RET=FULL", " ENVID=QQ+2B2"] { #expect(plain?.mail.contains(word) ?? false, "\(messages)") }
            #expect(plain?.to == ["b@y.test", "c@y.test"])
            #expect(plain?.recipients.last?.contains(" NOTIFY=NEVER") ?? false, "\(messages)")
            for word in [" NOTIFY=SUCCESS,FAILURE", " ORCPT=rfc822;b+2Btag@list.test"] {
                #expect(plain?.recipients.first?.contains(word) ?? false, "\(word): \(messages)")
            }
            #expect(plain?.withoutTraces(2) == Self.plain.content)
        }

        /// All of it over the port; the receiver's ledger is judged when as many have arrived.
        private func expectAllArrive(_ stage: Stage, through port: Int, corpusBy verb: String) async throws {
            let replies = try await stage.send([Self.international, Self.plain], to: port)
            #expect(replies.count == 2 && replies.allSatisfy { $0.hasPrefix("250 ") }, "\(replies)")
            try Corpus.write(Self.corpus, to: stage.path("corpus"))
            try await stage.runScript("send_corpus.py", [String(port), stage.path("corpus"), verb])
            let recipients = Self.corpus.reduce(3) { $0 + $1.recipients.count }
            try await eventually("\(recipients) recipients at the receiver", every: 0.1) {
                try LenientMessage.all(in: stage.path("ledger")).reduce(0) { $0 + $1.to.count } == recipients ? () : nil
            }
            let messages = try LenientMessage.all(in: stage.path("ledger"))
            expectParameters(messages)
            expectCorpus(messages)
        }

        /// Postfix hands on over STARTTLS, which our listener demands, and by DATA, as its client has no BDAT.
        @Test func postfixRelaysIntoTheRelay() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let certificate = try await Authority(stage).issue("own", ["DNS:mta.test"])
            let receiver = try stage.script("lenient_receiver.py", [stage.path("ledger"), "DSN"])
            let mta = try await stage.mta(
                configured: """
                    listeners: [{name: mx, address: '127.0.0.1:\(try freePort())', tls: own, tls_required: true}]
                    tls: [{name: own, certificate: \(certificate.certificate), key: \(certificate.key)}]
                    smart_host: 127.0.0.1:\(try await receiver.listeningPort())
                    """)
            let settings = Self.common.merging(["smtp_tls_security_level": "encrypt"]) { $1 }
            guard let postfix = try await stage.postfix("postfix", to: mta.port, settings) else { return }
            try await expectAllArrive(stage, through: postfix.port, corpusBy: "data")
            let traces = try LenientMessage.all(in: stage.path("ledger")).map {
                String(decoding: $0.content.prefix(200), as: UTF8.self)
            }
            #expect(traces.allSatisfy { $0.contains(/with (ESMTP|UTF8SMTP)S \(TLSv1.3\) id/) }, "\(traces)")
            let record = try await mta.stop(MTARecord.self)
            #expect(record.bounced == 0 && record.refused == 0 && record.queued == 0)
        }

        private static func secure(_ certificate: Authority.Issued) -> [String: String] {
            common.merging([
                "smtpd_tls_security_level": "encrypt", "smtpd_tls_cert_file": certificate.certificate,
                "smtpd_tls_key_file": certificate.key,
            ]) { $1 }
        }

        private func relay(_ stage: Stage, to postfix: Int, ca: Authority) async throws -> Server {
            try await stage.mta(
                configured: """
                    listen: 127.0.0.1:0
                    smart_host: localhost:\(postfix)
                    delivery: {tls: verified, tls_ca: \(ca.certificate)}
                    """)
        }

        /// The relay hands on over verified TLS, and what came in chunks goes on in chunks.
        @Test func theRelayDeliversToPostfix() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let ca = try await Authority(stage)
            let receiver = try stage.script("lenient_receiver.py", [stage.path("ledger"), "DSN"])
            let settings = Self.secure(try await ca.issue("postfix", ["DNS:localhost"]))
            let next = try await receiver.listeningPort()
            guard let postfix = try await stage.postfix("postfix", to: next, settings) else { return }
            let mta = try await relay(stage, to: postfix.port, ca: ca)
            try await expectAllArrive(stage, through: mta.port, corpusBy: "bdat")
            let record = try await mta.stop(MTARecord.self)
            #expect(record.bounced == 0 && record.queued == 0)
            // Postfix sums up each session: starttls=1 mail=20 rcpt=59 bdat=20.
            try await eventually("Postfix's log of \(Self.corpus.count) chunks and 2 messages by DATA") {
                let log = String(
                    decoding: FileManager.default.contents(atPath: stage.path("postfix/mail.log")) ?? Data(),
                    as: UTF8.self)
                let sessions = log.matches(of: /disconnect from .* starttls=1 mail=.*/).map(\.0)
                func sum(_ verb: String) -> Int {
                    sessions.reduce(0) {
                        $0 + (Int($1.firstMatch(of: try! Regex(" \(verb)=([0-9]+)"))?[1].substring ?? "") ?? 0)
                    }
                }
                return sum("bdat") == Self.corpus.count && sum("data") == 2 ? () : nil
            }
        }

        /// What Postfix cannot hand on with the wish to be told, delivers, and refuses: it tells the sender, with the
        /// ENVID and ORCPT that came through us. It offers no BINARYMIME: such mail we return ourselves (RFC 3030 §3).
        @Test func sendersAreToldByPostfixAndByUs() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let ca = try await Authority(stage)
            let receiver = try stage.script("lenient_receiver.py", [stage.path("ledger")])
            var settings = Self.secure(try await ca.issue("postfix", ["DNS:localhost"]))
            settings["smtpd_reject_unlisted_recipient"] = "no"  // or `error:` is told at RCPT already
            settings["transport_maps"] = "inline:{ box.test=discard: { none.test=error:5.1.1 no such mailbox } }"
            let next = try await receiver.listeningPort()
            guard let postfix = try await stage.postfix("postfix", to: next, settings) else { return }
            let mta = try await relay(stage, to: postfix.port, ca: ca)
            let options = { (name: String) in ["NOTIFY=SUCCESS,FAILURE", "ORCPT=rfc822;\(name)+2B@list.test"] }
            let message = Submission(
                sender: "a@x.test", mailOptions: ["RET=HDRS", "ENVID=QQ+2B1"],
                recipients: [
                    .init(address: "b@box.test", options: options("box")),
                    .init(address: "b@none.test", options: options("none")),
                    .init(address: "b@far.test", options: options("far")),
                ], content: Data("Subject: DSN\r\n\r\ntext\r\n".utf8))
            var binary = message
            binary.mailOptions.append("BODY=BINARYMIME")
            (binary.content, binary.chunks) = (Data("Subject: binary\r\n\r\n\0\n\r".utf8), true)
            let replies = try await stage.send([message, binary], to: mta.port)
            #expect(replies.allSatisfy { $0.hasPrefix("250 ") }, "\(replies)")
            // The message that goes on, Postfix's notifications of success (two in one, perhaps) and failure, and ours.
            let expected: Set = [
                "box delivered 2.0.0", "none failed 5.1.1", "far relayed 2.0.0", "box failed 5.6.3",
                "none failed 5.6.3",
                "far failed 5.6.3",
            ]
            var told: Set<String> = []
            try await eventually("all notifications", seconds: 20, every: 0.1) {
                told = try statuses(in: LenientMessage.all(in: stage.path("ledger")).filter { $0.sender.isEmpty })
                return told == expected ? () : nil
            }
            #expect(told == expected)
            #expect(try await mta.stop(MTARecord.self).bounced == 3)
        }

        /// `ORCPT action status` of each recipient in notifications to a@x.test about QQ+1.
        private func statuses(in notifications: [LenientMessage]) -> Set<String> {
            let fields =
                /Original-Recipient: *rfc822; *(\w+)\+@list.test\r\n(?:\S.*\r\n)*?Action: (\w+)\r\nStatus: (\S+)/
            return Set(
                notifications.filter { $0.to == ["a@x.test"] }.flatMap { notification in
                    let text = String(decoding: notification.content, as: UTF8.self)
                    guard text.contains("Original-Envelope-Id: QQ+1\r\n") else { return [String]() }
                    return text.matches(of: fields).map { "\($0.1) \($0.2) \($0.3)" }
                })
        }
    }
}

extension LenientMessage {
    /// The reverse-path.
    var sender: String { Self.path(mail) }
    var to: [String] { recipients.map(Self.path) }

    private static func path(_ command: String) -> String {
        String(command.drop { $0 != "<" }.dropFirst().prefix { $0 != ">" })
    }
}
