import Foundation
import RunRecords
import TestSupport
import Testing

/// Which host comes next.
extension ProgramTests {
    @Suite(.timeLimit(.minutes(2))) struct HostChoiceTests {
        private static let zone = """
            $ORIGIN test.
            $TTL 3600
            @ SOA ns.test. root.test. 1 3600 600 86400 300
            @ NS ns
            ns A 127.0.0.1
            stuck.hosts A 127.0.0.1
            good.hosts A 127.0.0.2
            goes MX 10 stuck.hosts
            goes MX 20 good.hosts
            stays MX 10 stuck.hosts
            stays MX 20 good.hosts
            skips MX 10 stuck.hosts
            skips MX 20 good.hosts
            none MX 10 stuck.hosts
            none MX 20 good.hosts

            """

        /// A hop that greets, takes the content and says nothing any more costs its mail the time that is set and no more;
        /// then the mail goes to the next host at once where that is wanted, and waits where it is not. Hosts that are to
        /// be skipped are not connected to.
        @Test func whatBreaksOffGoesOnAtTheNextHost() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let stuck = try stage.script("stuck_server.py", ["content"])
            let port = try await stuck.listeningPort()
            let record = stage.path("sink.json")
            let program = try stage.program(
                "sink-mta", ["--listen", "127.0.0.2:\(port)", "--threads", "1", "--record", record])
            let sink = Server(program: program, port: try await program.listeningPort(), recordPath: record)
            let dns = try NameServer(["test": Self.zone])
            defer { dns.stop() }
            let mta = try await stage.mta(
                configured: """
                    listen: 127.0.0.1:0
                    retry_first: 1h
                    dns:
                      prohibited_networks: []
                      ip: ipv4
                      dnssec: false
                      stub_zones: [{name: test., server: 127.0.0.1@\(dns.port)}]
                    delivery: {port: \(port), timeouts: {connect: 20s, content: 1s}}
                    domains:
                      - {name: goes.test, try_next_host_on_transport_error: true}
                      - {name: stays.test}
                      - {name: skips.test, skip_hosts: [127.0.0.0/31]}
                      - {name: none.test, skip_hosts: [.hosts.test]}
                    """)
            let recipients = ["goes", "stays", "skips", "none"].map { "b@\($0).test" }
            try await stage.runScript("send_one.py", [String(mta.port), "a@x.test"] + recipients)
            try await mta.wait(for: 2)
            let failures = try await stage.failures(of: ["stays.test", "none.test"])
            #expect(failures["stays.test"]?.hasPrefix("451 4.4.2 ") ?? false, "\(failures)")
            #expect(failures["none.test"]?.contains("All hosts of none.test are among skip_hosts") ?? false)
            let ended = try await mta.stop(MTARecord.self)
            #expect(ended.delivered == 2 && ended.queued == 2)
            #expect(try await sink.stop(SinkRecord.self).received == 2)
            // What was in doubt is told: content without an answer, twice.
            #expect(ended.possibleDuplicates == 2)
            #expect(stuck.output.split(separator: "\n").count { $0 == "stuck" } == 2)
        }
    }
}
