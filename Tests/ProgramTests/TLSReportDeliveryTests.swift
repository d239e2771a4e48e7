import Foundation
import RunRecords
import TestSupport
import Testing

/// TLS reports on their way out (RFC 8460), and mail that need not be encrypted (RFC 8689 §5).
extension ProgramTests {
    @Suite(.timeLimit(.minutes(3))) struct TLSReportDeliveryTests {
        /// The receiver has no TLS, and its TLSA records demand it.
        private func zone(_ port: Int, web: Int) -> String {
            """
            $ORIGIN signed.test.
            $TTL 3600
            @ SOA ns.signed.test. root.signed.test. 1 3600 600 86400 300
            @ NS ns
            ns A 127.0.0.1
            receiver MX 10 mx.receiver
            mx.receiver A 127.0.0.1
            _\(port)._tcp.mx.receiver TLSA 3 1 1 \(String(repeating: "0f", count: 32))
            _smtp._tls.reported TXT "v=TLSRPTv1; rua=mailto:tls@receiver.signed.test,https://post.signed.test:\(web)/in"
            post A 127.0.0.1

            """
        }

        private static func day(_ date: Date) -> String {
            let format = DateFormatter()
            format.locale = Locale(identifier: "en_US_POSIX")
            format.timeZone = TimeZone(identifier: "UTC")
            format.dateFormat = "yyyy-MM-dd"
            return format.string(from: date)
        }

        private static func report(of domain: String) -> String {
            """
            {"contact-info":"tls@mta.test","date-range":{"end-datetime":"2026-11-25T23:59:59Z",\
            "start-datetime":"2026-11-25T00:00:00Z"},"organization-name":"Ours","policies":[{"failure-details":[],\
            "policy":{"mx-host":[],"policy-domain":"\(domain)","policy-string":[],"policy-type":"no-policy-found"},\
            "summary":{"total-failure-session-count":0,"total-successful-session-count":7}}],"report-id":"1_\(domain)"}
            """
        }

        /// Which day it is must not change while the test goes on; reports are not sent in the first minute of one.
        private func awayFromMidnight() async throws -> Date {
            while true {
                let second = Int(Date().timeIntervalSince1970) % 86_400
                if (62..<86_370).contains(second) { return Date() }
                try await Task.sleep(nanoseconds: 1_000_000_000)
            }
        }

        private func send(_ stage: Stage, _ mta: Server, _ header: String, to recipient: String) async throws {
            let submission = Submission(
                sender: "a@x.test", recipients: [.init(address: recipient)],
                content: Data("\(header)Subject: a\r\n\r\ntext\r\n".utf8))
            #expect(try await stage.send([submission], to: mta.port).map { $0.prefix(4) } == ["250 "])
        }

        /// Yesterday's report goes to both places, signed, by a way that other mail must not take; and so does mail whose
        /// sender does not mind. Neither counts in today's reports.
        @Test func reportsGoToWhoWantsThem() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let yesterday = Self.day(try await awayFromMidnight().addingTimeInterval(-86_400))
            let own = try await Authority(stage).issue("post", ["DNS:elsewhere.test"])
            let web = try stage.script("report_receiver.py", [stage.path("posted"), "\(own.certificate),\(own.key)"])
            let sink = try await stage.sink(["--keep", try stage.openDirectory("kept")])
            let signed = try SignedZone(zone(sink.port, web: try await web.listeningPort()), "signed.test")
            let dns = try NameServer(["signed.test": signed.text])
            defer { dns.stop() }
            let directory = try stage.openDirectory("reports")
            for domain in ["reported.signed.test", "unwanted.signed.test"] {
                try Self.report(of: domain)
                    .write(toFile: "\(directory)/\(yesterday)_\(domain).json", atomically: true, encoding: .utf8)
            }
            let mta = try await relay(stage, dns, signed.anchor, port: sink.port, directory)
            try await send(stage, mta, "", to: "plain@receiver.signed.test")
            try await send(stage, mta, "TLS-Required: No\r\n", to: "either@receiver.signed.test")
            let site = "mx:mx.receiver.signed.test"
            let failures = try await stage.failures(of: [site])
            #expect(failures[site]?.hasPrefix("451 4.7.5 ") ?? false, "\(failures)")
            try await sink.wait(for: 2)
            let outbox = "\(directory)/\(yesterday)_.outbox"
            try await eventually("all reports to be sent") {
                let text = String(decoding: FileManager.default.contents(atPath: outbox) ?? Data(), as: UTF8.self)
                return text.contains("\"items\":[]") ? () : nil
            }
            #expect(try await mta.stop(MTARecord.self).queued == 1)
            #expect(try await sink.stop(SinkRecord.self).received == 2)
            let report = Self.report(of: "reported.signed.test")
            let mails = try await stage.runScript("read_reports.py", [stage.path("kept")])
            let lines = mails.split(separator: "\n").map(String.init)
            let begin = "tls@receiver.signed.test tlsrpt reported.signed.test mta.test mta.test!reported.signed.test!"
            #expect(lines.count == 2 && lines[0].hasPrefix(begin) && lines[0].hasSuffix(".json.gz 1"), "\(lines)")
            #expect(lines.last == report)
            let posted = try String(contentsOfFile: stage.path("posted"), encoding: .utf8)
            #expect(posted == "/in application/tlsrpt+gzip \(report)\n")
            try expectNothingOfThatInTheReports(directory, yesterday)
        }

        private func relay(
            _ stage: Stage, _ dns: NameServer, _ anchor: String, port: Int, _ directory: String
        ) async throws -> Server {
            let key = stage.path("dkim.pem")
            guard let openssl = try stage.peer("openssl", ["genpkey", "-algorithm", "ed25519", "-out", key]) else {
                throw StageFault("no openssl")
            }
            #expect(try await openssl.waitForExit() == 0)
            return try await stage.mta(
                configured: """
                    listen: 127.0.0.1:0
                    retry_first: 1h
                    dns:
                      prohibited_networks: []
                      ip: ipv4
                      trust_anchor: \(anchor)
                      stub_zones: [{name: signed.test., server: 127.0.0.1@\(dns.port)}]
                    delivery: {dane: true, tls_required_header: true, port: \(port)}
                    tls_reports: {organization: Ours, contact: tls@mta.test, spread: 0s, directory: \(directory)}
                    dkim: [{domain: mta.test, selector: s1, key: \(key)}]
                    """)
        }

        /// Today's report knows of the failure alone.
        private func expectNothingOfThatInTheReports(_ directory: String, _ yesterday: String) throws {
            let files = try FileManager.default.contentsOfDirectory(atPath: directory)
            let today = files.filter { $0.hasSuffix(".json") && !$0.hasPrefix(yesterday) }
            #expect(today.count == 1 && today[0].hasSuffix("_receiver.signed.test.json"))
            let data = try #require(FileManager.default.contents(atPath: directory + "/" + (today.first ?? "")))
            let report = try #require(JSONSerialization.jsonObject(with: data) as? [String: Any])
            let policies = try #require(report["policies"] as? [[String: Any]])
            #expect(policies.count == 1)
            #expect((policies[0]["policy"] as? [String: Any])?["policy-type"] as? String == "tlsa")
            let summary = try #require(policies[0]["summary"] as? [String: Int])
            #expect(summary["total-successful-session-count"] == 0)
        }
    }
}
