import Foundation
import Glibc
import RunRecords
import TestSupport
import Testing

/// Listeners with TLS, AUTH, LMTP, PROXY and XCLIENT against clients of other people: swaks, openssl, Python's smtplib.
extension ProgramTests {
    @Suite(.timeLimit(.minutes(2))) struct SecurityTests {
        private struct Ports { var mx, submission, submissions, lmtp, proxied: Int }

        /// A relay with one listener of each kind.
        private func relay(_ stage: Stage, to sink: Int) async throws -> (server: Server, ports: Ports) {
            _ = try NameServer.run(
                "openssl req -x509 -newkey rsa:2048 -nodes -keyout \(stage.path("key.pem")) -out \(stage.path("cert.pem")) "
                    + "-days 30 -subj /CN=mta.test -addext subjectAltName=DNS:mta.test,DNS:localhost")
            let program = try stage.program(
                "mta", ["users", "add", "joe", "--file", stage.path("users"), "--sender", "joe@x.test"],
                input: "pencil\n")
            #expect(try await program.waitForExit() == 0)
            let ports = Ports(
                mx: try freePort(), submission: try freePort(), submissions: try freePort(), lmtp: try freePort(),
                proxied: try freePort())
            try """
            hostname: mta.test
            smart_host: 127.0.0.1:\(sink)
            spool_dir: \(stage.path("spool"))
            record: \(stage.path("mta.json"))
            listeners:
              - name: mx
                address: 127.0.0.1:\(ports.mx)
                tls: default
                xclient_networks: [127.0.0.1]
                banner: ESMTP Example Mail
                supplemental_header: X-KumoRef
              - {name: sub, address: 127.0.0.1:\(ports.submission), tls: default, protocol: submission}
              - {name: subs, address: 127.0.0.1:\(ports.submissions), tls: default, protocol: submissions}
              - {name: lmtp, address: 127.0.0.1:\(ports.lmtp), protocol: lmtp}
              - {name: proxied, address: 127.0.0.1:\(ports.proxied), proxy_protocol: true, proxy_networks: [127.0.0.1]}
            tls:
              - {name: default, certificate: \(stage.path("cert.pem")), key: \(stage.path("key.pem"))}
            users: \(stage.path("users"))
            relay_networks: [127.0.0.1]
            """.write(toFile: stage.path("mta.yaml"), atomically: true, encoding: .utf8)
            let relay = try stage.program("mta", ["serve", "--config", stage.path("mta.yaml")])
            let port = try await relay.listeningPort()
            return (Server(program: relay, port: port, recordPath: stage.path("mta.json")), ports)
        }

        /// Runs swaks and returns what it says; nil if it is not there.
        private func swaks(_ stage: Stage, _ port: Int, _ words: [String], code: Int32 = 0) async throws -> String {
            guard
                let program = try stage.peer(
                    "swaks", ["--server", "127.0.0.1:\(port)", "--to", "b@y.test", "--timeout", "10"] + words)
            else { return "" }
            #expect(try await program.waitForExit() == code, "\(words): \(program.output)")
            return program.output
        }

        @Test func swaksSpeaksWithEveryListener() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let kept = try stage.openDirectory("kept")
            let sink = try await stage.sink(["--keep", kept])
            let (mta, ports) = try await relay(stage, to: sink.port)
            let joe = ["--from", "joe@x.test", "--auth-user", "joe", "--auth-password", "pencil"]
            let said = try await swaks(stage, ports.mx, ["--from", "1@x.test", "--tls", "--pipeline"])
            #expect(said.contains("220 mta.test ESMTP Example Mail"), "\(said)")
            _ = try await swaks(stage, ports.submission, joe + ["--tls", "--auth", "PLAIN"])
            _ = try await swaks(stage, ports.submissions, joe + ["--tls-on-connect", "--auth", "LOGIN"])
            _ = try await swaks(
                stage, ports.lmtp, ["--from", "4@x.test", "--protocol", "LMTP", "--to", "b@y.test,c@y.test"])
            _ = try await swaks(
                stage, ports.proxied,
                [
                    "--from", "5@x.test", "--proxy-version", "1", "--proxy-family", "TCP4", "--proxy-source",
                    "127.0.0.1", "--proxy-source-port", "1000", "--proxy-dest", "127.0.0.1", "--proxy-dest-port", "25",
                ])
            try await mta.wait(for: 6)
            #expect(try await mta.stop(MTARecord.self).delivered == 6)
            let messages = try KeptMessage.all(in: kept).map { String(decoding: $0.content, as: UTF8.self) }
            let keywords = messages.compactMap {
                $0.firstMatch(of: /\(Millrace\) with (\S+( \(\S+\))?) id/).map { String($0.1) }
            }
            // Whom the message was for, on mail of that listener alone.
            let references = messages.compactMap { $0.firstMatch(of: /X-KumoRef: (\S+)\r\n/).map { String($0.1) } }
            let shown = references.compactMap { Data(base64Encoded: $0).map { String(decoding: $0, as: UTF8.self) } }
            #expect(shown == [#"{"_@_":"\\_/","recipient":"b@y.test"}"#], "\(references)")
            #expect(
                keywords.sorted() == ["ESMTP", "ESMTPS (TLSv1.3)", "ESMTPSA (TLSv1.3)", "ESMTPSA (TLSv1.3)", "LMTP"],
                "\(keywords)")
        }

        /// Each of these is turned away, with the reply that is right.
        @Test func nobodyRelaysWhoMayNot() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let sink = try await stage.sink()
            let (mta, ports) = try await relay(stage, to: sink.port)
            let wrong = [
                "--from", "joe@x.test", "--tls", "--auth", "PLAIN", "--auth-user", "joe", "--auth-password", "pen",
            ]
            #expect(try await swaks(stage, ports.submission, wrong, code: 28).contains("535 5.7.8"))
            let clear = ["--from", "joe@x.test", "--auth", "PLAIN", "--auth-user", "joe", "--auth-password", "pencil"]
            _ = try await swaks(stage, ports.submission, clear, code: 28)
            #expect(
                try await swaks(stage, ports.submission, ["--from", "a@x.test", "--tls"], code: 23).contains(
                    "530 5.7.0"))
            let other = [
                "--from", "ann@x.test", "--tls", "--auth", "PLAIN", "--auth-user", "joe", "--auth-password", "pencil",
            ]
            #expect(try await swaks(stage, ports.submission, other, code: 23).contains("553 5.7.1"))
            let far = ["--from", "a@x.test", "--xclient", "ADDR=192.0.2.7 NAME=far.test"]
            #expect(try await swaks(stage, ports.mx, far, code: 24).contains("554 5.7.1"))
            let proxied = [
                "--from", "a@x.test", "--proxy-version", "1", "--proxy-family", "TCP4", "--proxy-source", "192.0.2.7",
                "--proxy-source-port", "1000", "--proxy-dest", "127.0.0.1", "--proxy-dest-port", "25",
            ]
            #expect(try await swaks(stage, ports.proxied, proxied, code: 24).contains("554 5.7.1"))
            #expect(try await mta.stop(MTARecord.self).accepted == 0)
        }

        /// SCRAM through Python's own library is not to be had; smtplib speaks the others, with 8-bit and UTF-8 mail.
        @Test func smtplibSubmits() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let kept = try stage.openDirectory("kept")
            let sink = try await stage.sink(["--keep", kept])
            let (mta, ports) = try await relay(stage, to: sink.port)
            try await stage.runScript(
                "smtplib_clients.py", [String(ports.submission), String(ports.submissions), String(ports.lmtp)])
            try await mta.wait(for: 4)
            #expect(try await mta.stop(MTARecord.self).delivered == 4)
            #expect(try KeptMessage.all(in: kept).map(\.recipients).contains(["bücher@y.test"]))
        }

        /// A certificate that a reload gives to a listener that had none waits for the restart: nothing is offered that is
        /// not there.
        @Test func aListenerGetsItsFirstCertificateWithARestart() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let sink = try await stage.sink()
            let (mta, ports) = try await relay(stage, to: sink.port)
            let text = try String(contentsOfFile: stage.path("mta.yaml"), encoding: .utf8)
            let fresh = text.replacing("{name: lmtp,", with: "{name: lmtp, tls: default, tls_required: true,")
            try fresh.write(toFile: stage.path("mta.yaml"), atomically: true, encoding: .utf8)
            kill(mta.program.pid, SIGHUP)
            try await eventually("the reload") { mta.program.errorOutput.contains("reloaded") ? () : nil }
            let said = try await swaks(
                stage, ports.lmtp, ["--from", "4@x.test", "--protocol", "LMTP", "--tls-optional", "--to", "b@y.test"])
            #expect(!said.contains("STARTTLS"))
            try await mta.wait(for: 1)
            #expect(try await mta.stop(MTARecord.self).delivered == 1)
        }

        /// What stands behind STARTTLS in the clear is not executed (CVE-2011-0411), old TLS is refused, a new
        /// certificate is taken in with SIGHUP and nobody is disconnected.
        @Test func handshakesAreClean() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let sink = try await stage.sink()
            let (mta, ports) = try await relay(stage, to: sink.port)
            try await stage.runScript(
                "tls_checks.py",
                [String(ports.mx), stage.path("cert.pem"), stage.path("key.pem"), String(mta.program.pid)])
            #expect(try await mta.stop(MTARecord.self).accepted == 0)
        }
    }
}
