import Foundation
import RunRecords
import Testing

/// What careless servers take for two messages (CVE-2023-51764 to -51766): our listener takes one or none, and a
/// careless second MTA gets nothing from us that it could cut in two.
extension ProgramTests {
    @Suite(.timeLimit(.minutes(2))) struct SmugglingTests {
        /// What `smuggle.py` counted.
        private struct Attempts: Decodable {
            var places: Int
            var tried, taken: [String: Int]
            var takenInAll: Int { taken.values.reduce(0, +) }
        }

        /// 59 arrangements of CR, LF, NUL and dots: 448 sequences over DATA, 495 over BDAT (whole, cut in two at every
        /// octet of the place, and octet by octet), 531 requests over HTTP (content and every part of built content).
        private func smuggle(_ stage: Stage, into server: Server, _ http: Int) async throws -> Attempts {
            let output = try await stage.runScript("smuggle.py", [String(server.port), String(http)])
            let attempts = try JSONDecoder().decode(Attempts.self, from: Data(output.utf8))
            #expect(attempts.places == 59)
            #expect(attempts.tried == ["DATA": 448, "BDAT": 495, "HTTP": 531])
            // Without line ends other than CRLF, NUL or a missing end they are messages like any other.
            #expect(attempts.taken["DATA"] == 24 && attempts.taken["BDAT"] == 53, "\(attempts.taken)")
            #expect(attempts.taken["HTTP"]! > 100, "\(attempts.taken)")
            try await server.wait(for: attempts.takenInAll)
            return attempts
        }

        private func relay(_ stage: Stage, to hop: Int) async throws -> (server: Server, http: Int) {
            let http = try freePort()
            let configuration = """
                listen: 127.0.0.1:0
                smart_host: 127.0.0.1:\(hop)
                http: {address: 127.0.0.1:\(http)}
                """
            return (try await stage.mta(configured: configuration), http)
        }

        /// The receiver ends DATA where the vulnerable servers did, as a message sent to it directly shows.
        @Test(arguments: [["CHUNKING"], []])
        func aCarelessServerGetsOneMessageFromOne(_ offers: [String]) async throws {
            let stage = try Stage()
            defer { stage.close() }
            let receiver = try stage.script("lenient_receiver.py", [stage.path("ledger")] + offers)
            let port = try await receiver.listeningPort()
            try await stage.runScript("smuggle.py", [String(port), "control"])
            let control = try LenientMessage.all(in: stage.path("ledger"))
            #expect(control.map(\.mail) == ["MAIL FROM:<first@x.test>", "MAIL FROM:<smuggled@x.test>"])
            let (mta, http) = try await relay(stage, to: port)
            let attempts = try await smuggle(stage, into: mta, http)
            let record = try await mta.stop(MTARecord.self)
            #expect(record.delivered == UInt64(attempts.takenInAll) && record.queued == 0)
            let messages = try LenientMessage.all(in: stage.path("ledger")).dropFirst(control.count)
            #expect(messages.count == attempts.takenInAll)
            #expect(messages.allSatisfy { $0.mail.hasPrefix("MAIL FROM:<first@x.test>") && $0.recipients.count == 1 })
            #expect(messages.allSatisfy { $0.isClean }, "bare CR, bare LF or NUL was sent on")
            #expect(Set(messages.map(\.verb)) == (offers.isEmpty ? ["DATA"] : ["DATA", "BDAT"]))
        }

        /// Postfix 3.7 as it comes ends DATA with LF.CRLF; behind us it gets no chance to.
        @Test func postfixGetsOneMessageFromOne() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let kept = try stage.openDirectory("kept")
            let sink = try await stage.sink(["--keep", kept])
            let careless = ["smtpd_forbid_unauth_pipelining": "no", "smtpd_forbid_bare_newline": "no"]
            guard let postfix = try await stage.postfix("postfix", to: sink.port, careless) else { return }
            let control = try await stage.runScript("smuggle.py", [String(postfix.port), "control"])
            #expect(control == "2\n")
            let (mta, http) = try await relay(stage, to: postfix.port)
            let attempts = try await smuggle(stage, into: mta, http)
            #expect(try await mta.stop(MTARecord.self).delivered == UInt64(attempts.takenInAll))
            try await sink.wait(for: attempts.takenInAll + 2)
            let messages = try KeptMessage.all(in: kept)
            #expect(messages.count { $0.reversePath == "first@x.test" } == attempts.takenInAll + 1)
            #expect(messages.count { $0.reversePath == "smuggled@x.test" } == 1, "the control alone")
        }
    }
}

/// A message as `lenient_receiver.py` noted it.
struct LenientMessage: Decodable {
    var mail: String
    var recipients: [String]
    /// DATA or BDAT.
    var verb: String
    /// Without bare CR, bare LF and NUL.
    var isClean: Bool
    var content: Data

    static func all(in ledger: String) throws -> [LenientMessage] {
        let text = FileManager.default.contents(atPath: ledger) ?? Data()
        // The last line may be being written.
        let lines = text[..<(text.lastIndex(of: UInt8(ascii: "\n")) ?? text.startIndex)]
        return try lines.split(separator: UInt8(ascii: "\n")).map {
            try JSONDecoder().decode(LenientMessage.self, from: Data($0))
        }
    }
}
