import DeliveryQueue
import MailTypes
import Testing

/// Destinations that a limit keeps out: nobody else waits for them, and their turns are fair.
@Suite struct GateTests {
    private let down = SMTPReply(451, .init(4, 4, 1), "down")

    private func queue(_ names: [String], connections: Int = 100) -> DeliveryQueue {
        var queue = DeliveryQueue(policies: exact, connectionLimit: connections, hasManyDestinations: true)
        for (number, name) in names.enumerated() { queue.accept(id(UInt64(number)), to: name) }
        return queue
    }

    /// Opens what it may: each destination asks, and `limit` of them get a connection.
    private func ask(_ queue: inout DeliveryQueue, _ limit: Int, key: String, now: UInt64) -> (
        open: [String], asked: Int
    ) {
        var (open, asked): ([String], Int) = ([], 0)
        while let destination = queue.nextConnection(now: now) {
            if let until = queue.mustQueue(destination, at: key) {
                queue.connectionDenied(destination, by: key, until: until)
                continue
            }
            asked += 1
            guard open.count < limit else {
                queue.connectionDenied(destination, by: key, until: now + LimitBook.pollMilliseconds)
                continue
            }
            queue.connectionGranted(destination)
            open.append(queue.name(of: destination))
        }
        return (open, asked)
    }

    @Test func firstComeFirstServed() {
        let names = (0..<10).map { "d\($0)" }
        var queue = queue(names)
        #expect((ask(&queue, 2, key: "s:one", now: 0)).open == ["d0", "d1"])
        #expect(queue.nextConnection(now: 0) == nil, "they wait, and nobody asks")
        queue.openGate("s:one")
        #expect((ask(&queue, 1, key: "s:one", now: 1)).open == ["d2"])
        queue.openGate("s:one")
        #expect((ask(&queue, 3, key: "s:one", now: 2)).open == ["d3", "d4", "d5"])
    }

    /// Ten thousand that wait for one source cost one question each quarter of a second.
    @Test func oneAsksForAll() {
        var queue = queue((0..<10_000).map { "d\($0)" })
        #expect((ask(&queue, 0, key: "s:one", now: 0)).asked == 1)
        var asked = 0
        for now in 1...10_000 as ClosedRange<UInt64> { asked += ask(&queue, 0, key: "s:one", now: now).asked }
        #expect(asked == 40, "four times a second for ten seconds: \(asked)")
        #expect((ask(&queue, 1, key: "s:one", now: 10_250)).open == ["d0"], "its place was kept")
    }

    /// What waits at one gate holds nobody up at another.
    @Test func othersGoOn() throws {
        var queue = queue(["limited", "limited", "free", "other"])
        let limited = try queue.mustConnect(now: 0)
        #expect(queue.name(of: limited) == "limited")
        queue.connectionDenied(limited, by: "d:limited", until: 60_000)
        var names: [String] = []
        while let next = queue.nextConnection(now: 0) { names.append(queue.name(of: next)) }
        #expect(names == ["free", "other"])
        queue.accept(id(9), to: "limited")
        #expect(queue.nextConnection(now: 59_999) == nil, "fresh mail opens no gate")
        #expect((queue.nextConnection(now: 60_000)).map { queue.name(of: $0) } == "limited")
    }

    /// Who was first at one gate and is kept out by another limit lets the next one at the first gate go.
    @Test func aTurnIsPassedOn() throws {
        var queue = queue(["a", "b"])
        for _ in 0..<2 {
            queue.connectionDenied(try queue.mustConnect(now: 0), by: "s:one", until: 250)
        }
        queue.openGate("s:one")
        let a = try queue.mustConnect(now: 1)
        #expect(queue.name(of: a) == "a")
        queue.connectionDenied(a, by: "d:a", until: 1_000)
        #expect((queue.nextConnection(now: 1)).map { queue.name(of: $0) } == "b")
    }

    /// A destination whose mail was taken out meanwhile gives its turn to the next one, and is forgotten.
    @Test func whoHasNoMailNeedsNoTurn() throws {
        var queue = queue(["a", "b"])
        for _ in 0..<2 {
            queue.connectionDenied(try queue.mustConnect(now: 0), by: "s:one", until: 250)
        }
        #expect((queue.remove(.destination("a"))).count == 1)
        #expect(queue.destinationCount == 2)
        #expect((queue.openGate("s:one")) == true)
        #expect((queue.nextConnection(now: 1)).map { queue.name(of: $0) } == "b")
        #expect(queue.destinationCount == 1)
        #expect((queue.openGate("s:one")) == false)
    }

    // MARK: Back-off

    private func policy(_ change: (inout EgressLimits) -> Void) -> DestinationPolicies {
        var policies = exact
        policies.standard.retry.maximumAge = 1_000_000
        change(&policies.standard.limits)
        return policies
    }

    private func failures(_ policies: DestinationPolicies, until end: UInt64) -> [UInt64] {
        var queue = DeliveryQueue(policies: policies)
        queue.accept(id(1), to: "x")
        var times: [UInt64] = []
        for now in stride(from: 0, to: end, by: 100) {
            while let destination = queue.nextConnection(now: now) {
                times.append(now)
                _ = queue.connectionFailed(destination, reply: down, now: now)
            }
        }
        return times
    }

    @Test func backOffIsAsItIsSet() {
        let set = policy {
            $0.holdFirstMilliseconds = 500
            $0.holdCapMilliseconds = 2_000
        }
        #expect(failures(set, until: 8_000) == [0, 500, 1_500, 3_500, 5_500, 7_500])
        let patient = policy {
            $0.failuresBeforeHold = 3
            $0.holdCapMilliseconds = 1_000
        }
        #expect(failures(patient, until: 2_500) == [0, 0, 0, 1_000, 2_000])
    }

    /// No way is open: what is too old goes back all the same.
    @Test func overdueMailGoesBackWhereNoWayIsOpen() throws {
        var policies = exact
        policies.standard.retry.maximumAge = 10_000
        var queue = DeliveryQueue(policies: policies)
        queue.accept(id(1), to: "x")
        var destination = try queue.mustConnect(now: 1_000)
        #expect((queue.connectionImpossible(destination, reply: down, until: 5_000, now: 1_000)).isEmpty)
        #expect(queue.isHeldBack("x") && queue.failure(of: destination) == down)
        #expect(queue.nextConnection(now: 4_999) == nil)
        destination = try queue.mustConnect(now: 20_000)
        #expect((queue.connectionImpossible(destination, reply: down, until: 25_000, now: 20_000)).map(\.id) == [id(1)])
    }
}
