import Foundation
import TestSupport
import Testing

/// `mta verify-message` against a real name server, and a listener that refuses.
extension ProgramTests {
    @Suite(.timeLimit(.minutes(2))) struct VerificationTests {
        private static let zone = """
            $ORIGIN test.
            $TTL 300
            @ SOA ns root 1 3600 600 86400 300
            @ NS ns
            ns A 127.0.0.1
            x TXT "v=spf1 ip4:192.0.2.65 -all"
            _dmarc.x TXT "v=DMARC1; p=reject"
            66.2.0.192.bl A 127.0.0.2

            """

        private struct Sheet: Decodable {
            struct Entry: Decodable {
                var method: String
                var result: String
                var properties: [String: String]
            }
            var results: [Entry]
            var listed: [[String: String]]
            var disposition: String
            var refusal: String?
        }

        @Test func aMessageIsVerifiedByHand() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let names = try NameServer(["test": Self.zone])
            defer { names.stop() }
            let (file, message) = (stage.path("mta.yaml"), stage.path("message.eml"))
            try """
            smart_host: 127.0.0.1:25
            spool: memory
            dns: {stub_zones: [{name: test., server: 127.0.0.1@\(names.port)}]}
            dns_blocklists: [{zone: bl.test}]
            """.write(toFile: file, atomically: true, encoding: .utf8)
            try "From: a@x.test\nSubject: Hi\n\nHi\n".write(toFile: message, atomically: true, encoding: .utf8)
            func verify(_ client: String, _ more: [String] = []) throws -> ProgramUnderTest {
                try stage.program(
                    "mta",
                    ["verify-message", message, "--config", file, "--client", client, "--from", "a@x.test"] + more)
            }
            let right = try verify("192.0.2.65")
            _ = try await right.waitForExit()
            for part in [
                "spf         pass smtp.mailfrom=x.test (ip4:192.0.2.65)\n", "dkim        none\n",
                "dmarc       pass header.from=x.test (p=reject)\n", "arc         none\n",
            ] { #expect(right.output.contains(part), "\(right.output) \(right.errorOutput)") }
            let wrong = try verify("192.0.2.66", ["--format", "json"])
            #expect(try await wrong.waitForExit() == 1, "\(wrong.errorOutput)")
            let sheet = try JSONDecoder().decode(Sheet.self, from: Data(wrong.output.utf8))
            #expect(sheet.listed == [["zone": "bl.test", "answer": "127.0.0.2"]] && sheet.disposition == "reject")
            #expect(sheet.refusal == "550 5.7.1 192.0.2.66 is listed at bl.test")
            let spf = sheet.results.first { $0.properties["smtp.mailfrom"] != nil }
            #expect(spf?.method == "spf" && spf?.result == "fail")
            let missing = try stage.program("mta", ["verify-message", stage.path("none.eml")])
            #expect(try await missing.waitForExit() == 2 && missing.errorOutput.contains("cannot be read"))
        }
    }
}
