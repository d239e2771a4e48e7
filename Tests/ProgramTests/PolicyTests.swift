import Foundation
import RunRecords
import Testing

/// Rules of a running relay, as its sink, its clients and its event log see them.
extension ProgramTests {
    @Suite(.timeLimit(.minutes(2))) struct PolicyTests {
        private static let rules = """
            egress_sources: [{name: one, addresses: [127.0.0.1]}]
            egress_pools: [{name: bulk, sources: [{name: one}]}]
            rules:
              - {name: blocked, when: {recipient: blocked@*}, then: {reject: {code: 551, text: not here}}}
              - {name: trap, when: {recipient: trap@*}, then: {discard: true}}
              - name: spring
                when: {header: {X-Campaign: SPR*}, recipient_domain: far.test}
                then:
                  tenant: ${sender_domain}
                  pool: bulk
                  metadata: {campaign-field: '${header:X-Campaign}'}
                  add_header: {X-Rule: 'spring for ${recipient}'}
                  remove_header: X-Campaign
              - {name: others, when: {protocol: http}, then: {add_header: {X-Over: '${listener}'}}}
            """

        /// Labels and a field by a rule, one recipient refused, one dropped; recipients with other labels get a message of
        /// their own.
        @Test func rulesDecideWhatBecomesOfMail() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let kept = try stage.openDirectory("kept")
            let sink = try await stage.sink(["--keep", kept])
            let http = try freePort()
            let mta = try await stage.mta(
                configured: """
                    listen: 127.0.0.1:0
                    smart_host: 127.0.0.1:\(sink.port)
                    log: {directory: \(stage.path("log"))}
                    http: {address: '127.0.0.1:\(http)'}
                    \(Self.rules)
                    """)
            try await stage.runScript("policy_client.py", [String(mta.port), String(http)])
            try await mta.wait(for: 4)
            let record = try await mta.stop(MTARecord.self)
            #expect(record.accepted == 4 && record.delivered == 4 && record.queued == 0)
            expectTheMail(try KeptMessage.all(in: kept))
            let events = try LoggedEvent.all(in: stage.path("log"))
            let spring = events.filter { $0.tenant == "shop.test" }
            #expect(Set(spring.map(\.type)) == ["Reception", "Delivery"])
            #expect(spring.allSatisfy { $0.recipient?.list == ["ann@far.test"] })
            #expect(spring.allSatisfy { $0.meta?["campaign-field"] == "spring" })
            #expect(spring.contains { $0.egress_pool == "bulk" })
            let dropped = events.filter { $0.queue == "null" }
            #expect(dropped.map { $0.recipient?.list } == [["trap@far.test"], ["trap@far.test"]])
            let injected = events.filter { $0.tenant == "injected" }
            #expect(injected.contains { $0.type == "Delivery" && $0.meta?["k"] == "v" })
        }

        private func expectTheMail(_ messages: [KeptMessage]) {
            let byRecipient = Dictionary(grouping: messages) { $0.recipients.joined(separator: " ") }
            #expect(
                Set(byRecipient.keys) == ["ann@far.test", "bob@near.test", "carl@far.test", "dora@far.test"])
            let ann = byRecipient["ann@far.test"]?.first?.text ?? ""
            #expect(ann.contains("\r\nX-Rule: spring for ann@far.test\r\n"))
            #expect(!ann.contains("X-Campaign") && ann.hasSuffix("\r\n\r\n.dot\r\ntext\r\n"))
            let bob = byRecipient["bob@near.test"]?.first?.text ?? ""
            #expect(!bob.contains("X-Rule") && bob.contains("X-Campaign: spring\r\n"))
            #expect(bob.hasSuffix("\r\n\r\n.dot\r\ntext\r\n"))
            #expect(byRecipient["dora@far.test"]?.first?.text.contains("X-Over: http\r\n") == true)
        }

        /// `mta policy test` says the same without a relay; faults have their line.
        @Test func rulesAreTriedWithoutARelay() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let file = stage.path("mta.yaml")
            try ("smart_host: 127.0.0.1:25\nspool: memory\n" + Self.rules).write(
                toFile: file, atomically: true, encoding: .utf8)
            let arguments = [
                "policy", "test", "--config", file, "--sender", "a@shop.test", "--header", "X-Campaign: spring",
            ]
            let text = try stage.program(
                "mta", arguments + ["--recipient", "ann@far.test", "--recipient", "blocked@far.test"])
            #expect(try await text.waitForExit() == 0, "\(text.errorOutput)")
            for part in [
                "rules           spring\n", "tenant          shop.test\n", "refused: 551 5.7.1 not here at RCPT\n",
            ] {
                #expect(text.output.contains(part), "\(text.output)")
            }
            let json = try stage.program("mta", arguments + ["--recipient", "trap@far.test", "--format", "json"])
            #expect(try await json.waitForExit() == 0, "\(json.errorOutput)")
            #expect(json.output.contains("\"decision\" : \"discarded\""), "\(json.output)")
            try ("smart_host: 127.0.0.1:25\nspool: memory\n" + Self.rules + "\n  - {name: bad, then: {pool: bluk}}\n")
                .write(
                    toFile: file, atomically: true, encoding: .utf8)
            let check = try stage.program("mta", ["check-config", file])
            #expect(try await check.waitForExit() == 2)
            #expect(check.errorOutput.contains("mta.yaml:17: "), "\(check.errorOutput)")
        }
    }
}
