import DeliveryQueue
import MailTypes
import Testing

/// Tenants and campaigns with queues, limits and schedules of their own.
@Suite struct SenderTests {
    private var senders: SenderPolicies {
        var senders = SenderPolicies()
        var acme = SenderPolicy()
        acme.limits = EgressLimits(connections: 5)
        acme.limitsByDestination = EgressLimits(connections: 2, messagesPerConnection: 9)
        acme.schedule.first = 700
        acme.schedule.cap = 9_000
        acme.schedule.maximumAge = 5_000
        acme.pool = "bulk"
        var exception = SenderPolicy.Exception()
        exception.limits = EgressLimits(connections: 1)
        exception.schedule.first = 900
        exception.pool = "slow"
        acme.exceptions["far.test"] = exception
        senders.tenants["acme"] = acme
        var spring = SenderPolicy()
        spring.limits = EgressLimits(messageRate: .init(messages: 1, milliseconds: 1_000))
        senders.campaigns[.init(name: "spring")] = spring
        spring.schedule.maximumAge = 800
        senders.campaigns[.init(tenant: "acme", name: "sale")] = spring
        return senders
    }

    @Test(
        arguments: [
            (nil, nil, nil, nil), ("other", "none", nil, nil), ("acme", nil, "acme", nil),
            ("acme", "none", "acme", nil),
            ("other", "spring", nil, "spring"), ("acme", "spring", "acme", "spring"), (nil, "spring", nil, "spring"),
            ("other", "sale", nil, nil), ("acme", "sale", "acme", "sale"), (nil, "sale", nil, nil),
        ] as [(String?, String?, String?, String?)])
    func onlyWhoHasSettingsHasQueues(tenant: String?, campaign: String?, ownTenant: String?, ownCampaign: String?) {
        let owner = senders.owner(tenant: tenant, campaign: campaign)
        #expect(owner.tenant == ownTenant && owner.campaign == ownCampaign)
    }

    /// With `*` everybody has, each for himself, and campaigns of the same name are each tenant's.
    @Test func othersHaveTheirOwn() {
        var all = senders
        all.otherTenants = SenderPolicy()
        all.otherTenants!.limits.connections = 3
        all.otherCampaigns = SenderPolicy()
        all.otherCampaigns!.limits.connections = 2
        let owner = all.owner(tenant: "other", campaign: "sale")
        #expect(owner.tenant == "other" && owner.campaign == "sale")
        let queue = QueueName(tenant: "other", campaign: "sale", pool: nil, destination: "x.test")
        #expect(all.limits(of: queue).map(\.key) == ["t:other", "c:sale@other"])
        #expect(all.limits(of: QueueName("spring:other@x.test")).map(\.key) == ["t:other", "c:spring"])
    }

    @Test func limitsArePickedByDestination() {
        func limits(_ text: String) -> [String: Int?] {
            Dictionary(senders.limits(of: QueueName(text)).map { ($0.key, $0.limits.connections) }) { $1 }
        }
        #expect(limits("x.test").isEmpty)
        #expect(limits("acme@x.test") == ["t:acme": 5, "t:acme>x.test": 2])
        #expect(limits("acme@bulk>far.test") == ["t:acme": 5, "t:acme>far.test": 1])
        let far = senders.limits(of: QueueName("acme@far.test")).first { $0.key == "t:acme>far.test" }
        #expect(far?.limits.messagesPerConnection == 9, "what the exception does not say is as to all")
        #expect(limits("spring:acme@x.test") == ["t:acme": 5, "t:acme>x.test": 2, "c:spring": nil])
        #expect(senders.namedDestinations == ["far.test"])
    }

    @Test func poolsAndSchedulesOfTheNarrowerWin() {
        #expect(senders.pool(tenant: "acme", campaign: nil, to: "x.test") == "bulk")
        #expect(senders.pool(tenant: "acme", campaign: "sale", to: "far.test") == "slow")
        #expect(senders.pool(tenant: nil, campaign: "spring", to: "x.test") == nil)
        var policies = exact
        policies.senders = senders
        policies.named["far.test"] = policies.standard
        policies.named["far.test"]!.retry.factor = 3
        #expect(policies["x.test"].retry == exactRetry)
        #expect(policies["acme@x.test"].retry.first == 700 && policies["acme@x.test"].retry.maximumAge == 5_000)
        #expect(policies["acme@bulk>far.test"].retry.first == 900 && policies["acme@bulk>far.test"].retry.factor == 3)
        #expect(policies["sale:acme@x.test"].retry.maximumAge == 800)
        #expect(policies["sale:acme@x.test"].retry.first == 700)
    }

    /// The retry schedule that a delivery gets is its sender's.
    @Test func mailIsTriedByItsSendersSchedule() throws {
        var policies = exact
        policies.senders = senders
        var queue = DeliveryQueue(policies: policies)
        queue.accept(id(1), to: "acme@x.test")
        queue.accept(id(2), to: "x.test")
        for (name, due) in [("acme@x.test", 700), ("x.test", 100)] as [(String, UInt64)] {
            let found = queue.destination(named: name)
            let destination = try #require(found)
            let lease = try queue.mustNext(for: destination, now: 0)
            #expect(queue.deferred(lease, now: 0) == .retry(dueMilliseconds: due, attempts: 1, warn: false))
        }
    }

    /// One tenant's rate is used up: its queue waits at the tenant's gate and everybody else's at the same destination goes
    /// on, though the destination itself had them stand in line.
    @Test func aThrottledTenantStandsInFrontOfNobody() throws {
        var policies = exact
        policies.senders = senders
        var queue = DeliveryQueue(policies: policies, connectionLimit: 10)
        for number in 0..<3 as Range<UInt64> { queue.accept(id(number), to: "acme@x.test") }
        queue.accept(id(9), to: "x.test")
        let slow = try queue.mustConnect(now: 0)
        #expect(queue.name(of: slow) == "acme@x.test")
        queue.connectionDenied(slow, by: "d:x.test", until: 250)
        let other = try queue.mustConnect(now: 0)
        #expect(queue.name(of: other) == "x.test" && queue.mustQueue(other, at: "d:x.test") == 250)
        queue.connectionDenied(other, by: "d:x.test", until: 250)
        // The destination has room again, the tenant has none.
        queue.openGate("d:x.test")
        let first = try queue.mustConnect(now: 1)
        #expect(queue.name(of: first) == "acme@x.test")
        queue.connectionDenied(first, by: LimitKey.tenant("acme"), until: 60_000)
        let second = try queue.mustConnect(now: 1)
        #expect(queue.name(of: second) == "x.test" && queue.mustQueue(second, at: "d:x.test") == nil)
        queue.connectionGranted(second)
        queue.connectionOpened(second)
        let lease = queue.next(for: second, now: 1)
        #expect(lease?.id == id(9))
    }

    /// Rebinding moves mail to its new sender's queue, where senders have queues.
    @Test func reboundMailGoesToItsSendersQueue() {
        for hasSenders in [false, true] {
            var policies = exact
            if hasSenders { policies.senders = senders }
            var queue = DeliveryQueue(policies: policies)
            queue.accept(id(1), to: "x.test", label: DeliveryLabel(domain: "x.test", tenant: "other"))
            var sweep = queue.sweep(.all)
            let change = LabelChange(tenant: "acme")
            #expect(change.changesWay(bySender: hasSenders) == hasSenders)
            _ = queue.rebind(&sweep, .whole, change, now: 0, tells: { _ in false }) { label, _, _ in
                .queue(label.tenant == "acme" ? "acme@x.test" : "x.test")
            }
            #expect(
                queue.destinationSummaries.filter { $0.count > 0 }.map(\.name) == [
                    hasSenders ? "acme@x.test" : "x.test"
                ])
        }
    }
}
