import Foundation
import RunRecords
import Testing

/// Tenants with queues of their own, as the sink and the log see them.
extension ProgramTests {
    @Suite(.timeLimit(.minutes(2))) struct TenantTests {
        /// Two tenants' mail to one destination by one connection limit: the slow one begins as many messages as its rate
        /// has saved up, to the unit and over both loops, and the other one's go past it.
        @Test func aSlowTenantHoldsUpNobody() async throws {
            let stage = try Stage()
            defer { stage.close() }
            let sink = try await stage.sink()
            let mta = try await stage.mta(
                configured: """
                    listen: 127.0.0.1:0
                    smart_host: 127.0.0.1:\(sink.port)
                    delivery: {connections: 2}
                    log: {directory: \(stage.path("log"))}
                    rules:
                      - {name: slow, when: {recipient_domain: slow.test}, then: {tenant: slow corp, campaign: one}}
                      - {name: fast, when: {recipient_domain: fast.test}, then: {tenant: fast}}
                    tenants:
                      - {name: slow corp, rate: '10/1h,max_burst=5'}
                      - {name: fast, connections: 1}
                    domains: [{name: other.test, next_hop: ['127.0.0.1:\(try freePort())', '127.0.0.1:\(sink.port)']}]
                    """)
            for (domain, count) in [("slow", 20), ("fast", 60), ("other", 20)] {
                let load = try stage.generator(
                    to: mta.port, name: domain,
                    [
                        "--concurrency", "4", "--message-count", "\(count)", "--body-size", "1kb", "--domain", domain,
                    ])
                #expect(try await load.waitForExit() == 0)
            }
            try await mta.wait(for: 85)
            let record = try await mta.stop(MTARecord.self)
            #expect(record.delivered == 85 && record.queued == 15)
            #expect(try await sink.stop(SinkRecord.self).received == 85)
            let delivered = try LoggedEvent.all(in: stage.path("log")).filter { $0.type == "Delivery" }
            #expect(
                delivered.count { $0.queue == "slow%20corp@127.0.0.1:\(sink.port)" && $0.tenant == "slow corp" } == 5)
            #expect(delivered.count { $0.queue == "fast@127.0.0.1:\(sink.port)" } == 60)
            #expect(delivered.count { $0.queue == "other.test" } == 20, "the first of its next hops is not there")
        }
    }
}
