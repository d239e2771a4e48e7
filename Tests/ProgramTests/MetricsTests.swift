import Foundation
import RunRecords
import Testing

/// What /metrics says after a run of which everything is known.
extension ProgramTests {
    @Suite(.timeLimit(.minutes(2))) struct MetricsTests {
        private func relay(_ stage: Stage, to next: Int, hook: Int, http: Int) async throws -> Server {
            let ca = try await Authority(stage)
            let own = try await ca.issue("own", ["DNS:localhost"])
            let add = try stage.program(
                "mta", ["users", "add", "joe", "--file", stage.path("users")], input: "pencil\n")
            #expect(try await add.waitForExit() == 0)
            try "Bearer secret\n".write(toFile: stage.path("token"), atomically: true, encoding: .utf8)
            return try await stage.mta(
                configured: """
                    smart_host: 127.0.0.1:\(next)
                    listeners: [{name: one, address: '127.0.0.1:0', tls: own, auth: [plain]}]
                    tls: [{name: own, certificate: \(own.certificate), key: \(own.key)}]
                    users: \(stage.path("users"))
                    retry_first: 1h
                    http: {address: '127.0.0.1:\(http)'}
                    log: {directory: \(stage.path("log"))}
                    web_hooks:
                      - name: billing
                        url: 'http://127.0.0.1:\(hook)/'
                        events: [Delivery]
                        linger: 0s
                        retry_first: 50ms
                        authorization_file: \(stage.path("token"))
                    """)
        }

        private func submit(_ stage: Stage, _ port: Int) async throws {
            let loop = Data(String(repeating: "Received: from a by b\r\n", count: 100).utf8)
            let mail = [
                (["1@y.test", "2@y.test"], Data()), (["reject@y.test", "3@y.test"], Data()), (["defer@y.test"], Data()),
                (["4@y.test", "5@y.test"], loop),
            ]
            let replies = try await stage.send(
                mail.map { recipients, head in
                    Submission(
                        sender: "a@x.test", recipients: recipients.map { .init(address: $0) },
                        content: head + Data("Subject: counted\r\n\r\ntext\r\n".utf8))
                }, to: port)
            #expect(replies.map { $0.prefix(3) } == ["250", "250", "250", "554"])
        }

        @Test func everyCounterIsRight() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let (kept, http) = (try stage.openDirectory("kept"), try freePort())
            let server = try stage.script("refusing_server.py", [kept])
            let hop = try await server.listeningPort()
            let receiver = try stage.script("hook_receiver.py", ["0", stage.path("received"), "2"])
            let mta = try await relay(stage, to: hop, hook: try await receiver.listeningPort(), http: http)
            try await submit(stage, mta.port)
            try await stage.runScript("authenticating_client.py", [String(mta.port)])
            let request = HTTPRequest.injection(
                #"{"envelope_sender": "a@x.test", "content": "Subject: x\n\nHi\n", "#
                    + #""recipients": [{"email": "6@y.test"}, {"email": "7@y.test"}]}"#)
            #expect(try await stage.http([request], to: http)[0].text.contains(#""success_count":2"#))
            // Seven of the eight recipients, and the notification.
            try await mta.wait(for: 8)
            let metrics = try await settled(stage, http)
            for (name, value) in Self.expected(hop) { #expect(metrics[name] == value, "\(name)") }
            try expectTheLog(stage, metrics)
            for name in ["millrace_spool_free_bytes", "millrace_process_resident_memory_peak_bytes"] {
                #expect(metrics[name] ?? 0 > 1_000_000, "\(name)")
            }
            #expect(metrics["millrace_process_cpu_seconds_total{mode=\"user\"}"] ?? 0 > 0)
            for group in ["event_loops", "spool", "signing", "http", "other"] {
                #expect(metrics["millrace_thread_cpu_seconds_total{group=\"\(group)\"}"] != nil, "\(group)")
            }
            let started = try #require(metrics["millrace_process_start_time_seconds"])
            #expect(abs(Date().timeIntervalSince1970 - started) < 120)
            let commits = try #require(metrics["millrace_spool_commits_total"])
            #expect(commits >= 1 && metrics["millrace_spool_commit_duration_seconds_count"] == commits)
            #expect(try await mta.stop(MTARecord.self).queued == 1)
        }

        /// Tenants and campaigns as rules name them, providers as shaping does; the largest have lines of their own. The same
        /// as JSON. Who is refused is counted by what refused him.
        @Test func recipientsAreCountedByTheirNames() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let (kept, http) = (try stage.openDirectory("kept"), try freePort())
            let hop = try await stage.script("refusing_server.py", [kept]).listeningPort()
            try "providers: [{name: large, domains: [large.test]}]\n".write(
                toFile: stage.path("shaping.yaml"), atomically: true, encoding: .utf8)
            let mta = try await stage.mta(
                configured: """
                    listeners: [{name: one, address: '127.0.0.1:0', max_connections_per_client: 4}]
                    smart_host: 127.0.0.1:\(hop)
                    domains: [{name: large.test, next_hop: '127.0.0.1:\(hop)'}]
                    shaping: \(stage.path("shaping.yaml"))
                    retry_first: 1h
                    http: {address: '127.0.0.1:\(http)'}
                    metrics: {by: [tenant, campaign, provider], shown: 1}
                    log: {directory: \(stage.path("log"))}
                    classification: {}
                    rules:
                      - {name: a, when: {recipient_domain: large.test}, then: {tenant: acme, campaign: spring}}
                      - {name: b, when: {recipient_domain: small.test}, then: {tenant: beta}}
                    """)
            try await stage.runScript("crowd.py", ["\(mta.port)", "4"])
            for (domain, names) in [
                ("large.test", ["1", "2", "reject", "defer"]), ("small.test", ["3"]), ("y.test", ["4"]),
            ] {
                let mail = names.map { name in
                    Submission(
                        sender: "", recipients: [.init(address: "\(name)@\(domain)")],
                        content: Data("Subject: x\r\n\r\ntext\r\n".utf8))
                }
                _ = try await stage.send(mail, to: mta.port)
            }
            try await mta.wait(for: 5)
            var metrics: [String: Double] = [:]
            for _ in 0..<100 where metrics["millrace_recipients_total{outcome=\"deferred\"}"] != 1 {
                metrics = try await stage.metrics(http)
            }
            func count(_ by: String, _ name: String, _ outcome: String) -> Double? {
                metrics["millrace_\(by)_recipients_total{\(by)=\"\(name)\",outcome=\"\(outcome)\"}"]
            }
            for (by, name, other) in [("tenant", "acme", 2.0), ("campaign", "spring", 2)] {
                #expect(["accepted", "delivered", "bounced", "deferred"].map { count(by, name, $0) } == [4, 2, 1, 1])
                #expect(
                    ["accepted", "delivered", "bounced", "deferred"].map { count(by, "other", $0) } == [
                        other, other, 0, 0,
                    ])
            }
            #expect(["delivered", "bounced", "deferred"].map { count("provider", "large", $0) } == [2, 1, 1])
            #expect(count("provider", "other", "delivered") == 2 && count("provider", "large", "accepted") == nil)
            for line in ["tenant_queued_deliveries{tenant=\"acme\"}", "provider_queued_deliveries{provider=\"large\"}"]
            {
                #expect(metrics["millrace_" + line] == 1, "\(line)")
            }
            #expect(metrics["millrace_connections_denied_total{cause=\"client_limit\"}"] == 1)
            #expect(metrics["millrace_rejections_total{code=\"421\",enhanced_code=\"4.7.0\"}"] == 1)
            // A bounce and a deferral, each with words of its own.
            #expect(metrics["millrace_cache_entries{cache=\"replies\"}"] == 2)
            #expect(metrics["millrace_cache_lookups_total{cache=\"replies\",result=\"miss\"}"] == 2)
            let reply = try await stage.http(
                [HTTPRequest(path: "/metrics.json?prefix=millrace_campaign_q")], to: http)[0]
            let json = try JSONSerialization.jsonObject(with: Data(reply.text.utf8)) as? [String: [String: Any]]
            #expect(json?.keys.map(\.self) == ["millrace_campaign_queued_deliveries"])
            let value = json?["millrace_campaign_queued_deliveries"]?["value"] as? [String: [String: Int]]
            #expect(value == ["campaign": ["spring": 1]])
            #expect(try await mta.stop(MTARecord.self).queued == 1)
        }

        private static func expected(_ hop: Int) -> [String: Double] {
            let outcomes: [String: Double] = [
                "accepted": 8, "refused": 2, "delivered": 7, "bounced": 1, "deferred": 1, "removed": 0,
                "quarantined": 0, "discarded": 0,
            ]
            var values: [String: Double] = [
                "millrace_connections": 0, "millrace_connections_total": 2, "millrace_tls_sessions_total": 1,
                "millrace_authentications_total{result=\"succeeded\"}": 1,
                "millrace_authentications_total{result=\"failed\"}": 2,
                "millrace_messages_accepted_total": 5, "millrace_notifications_total": 1,
                "millrace_queued_recipients": 1, "millrace_dkim_failures_total": 0,
                "millrace_resident_content_bytes": 0, "millrace_spool_healthy": 1,
                // Five messages and the notification.
                "millrace_spool_commit_messages_total": 6,
                // Transactions with a delivery: one of each message of a client's but the deferred one, one of each
                // recipient of the injected one, the notification's.
                "millrace_delivery_duration_seconds_count": 6,
                "millrace_delivery_duration_seconds_bucket{le=\"+Inf\"}": 6,
                "millrace_service_recipients_total{service=\"smtp\",outcome=\"accepted\"}": 6,
                "millrace_service_recipients_total{service=\"http\",outcome=\"accepted\"}": 2,
                "millrace_service_recipients_total{service=\"internal\",outcome=\"accepted\"}": 1,
                "millrace_service_recipients_total{service=\"smtp\",outcome=\"delivered\"}": 7,
                "millrace_service_recipients_total{service=\"lmtp\",outcome=\"delivered\"}": 0,
                "millrace_rejections_total{code=\"554\",enhanced_code=\"5.4.6\"}": 1,
                "millrace_connections_denied_total{cause=\"client_limit\"}": 0,
                // Beside those, the deferred one's.
                "millrace_next_hop_transaction_duration_seconds_count": 7,
                "millrace_dkim_sign_duration_seconds_count": 0, "millrace_spool_messages": 1,
                "millrace_log_events_total{outcome=\"dropped\"}": 0,
                "millrace_web_hook_events_total{hook=\"billing\",outcome=\"delivered\"}": 6,
                "millrace_web_hook_events_total{hook=\"billing\",outcome=\"skipped\"}": 0,
                "millrace_web_hook_failures_total{hook=\"billing\"}": 2,
                "millrace_web_hook_lag_bytes{hook=\"billing\"}": 0,
            ]
            for (outcome, count) in outcomes { values["millrace_recipients_total{outcome=\"\(outcome)\"}"] = count }
            for state in ["ready", "deferred", "leased", "held"] {
                let name = "millrace_queue_deliveries{destination=\"127.0.0.1:\(hop)\",state=\"\(state)\"}"
                values[name] = state == "deferred" ? 1 : 0
            }
            return values
        }

        /// When the hook has told everything and nothing changes any more.
        private func settled(_ stage: Stage, _ http: Int) async throws -> [String: Double] {
            for _ in 0..<100 {
                let now = try await stage.metrics(http)
                let told = now["millrace_web_hook_events_total{hook=\"billing\",outcome=\"delivered\"}"] ?? 0
                let isLagging = now["millrace_web_hook_lag_bytes{hook=\"billing\"}"] ?? 1 > 0
                if told >= 6, !isLagging, now["millrace_connections"] == 0 { return now }
                try await Task.sleep(nanoseconds: 100_000_000)
            }
            return try await stage.metrics(http)
        }

        /// Events and their octets as they are in the log; octets accepted as its Receptions have them.
        private func expectTheLog(_ stage: Stage, _ metrics: [String: Double]) throws {
            struct Event: Decodable {
                var type: String
                var size: Int?
                var reception_protocol: String?
                var authn_id: String?
            }
            let names = try FileManager.default.contentsOfDirectory(atPath: stage.path("log")).filter {
                $0.hasSuffix(".jsonl.part")
            }
            let text = names.compactMap { FileManager.default.contents(atPath: stage.path("log/" + $0)) }
                .reduce(Data(), +)
            let events = try text.split(separator: 0x0A).map { try JSONDecoder().decode(Event.self, from: $0) }
            #expect(metrics["millrace_log_events_total{outcome=\"written\"}"] == Double(events.count))
            #expect(metrics["millrace_log_written_bytes_total"] == Double(text.count))
            let kinds = Dictionary(grouping: events, by: \.type).mapValues(\.count)
            #expect(kinds["Reception"] == 6 && kinds["Delivery"] == 6 && kinds["Bounce"] == 1, "\(kinds)")
            let users = events.filter { $0.type == "Reception" && $0.authn_id == "joe" }
            #expect(users.map(\.reception_protocol) == ["ESMTPSA"])
            let taken = events.filter { $0.type == "Reception" && $0.reception_protocol != "internal" }
            #expect(
                metrics["millrace_message_accepted_bytes_total"] == Double(taken.compactMap(\.size).reduce(0, +)))
        }
    }
}
