import DeliveryQueue
import MailTypes
import Testing

/// Which source of a pool a connection takes.
@Suite struct WeightedTurnsTests {
    private func turns(_ weights: [Int], _ count: Int, _ usable: (Int) -> Bool = { _ in true }) -> [Int] {
        var turns = WeightedTurns(weights)
        return (0..<count).compactMap { _ in
            let next = turns.next(among: usable)
            if let next { turns.take(next, among: usable) }
            return next
        }
    }

    @Test func turnsAreSpreadEvenly() { #expect(turns([5, 1, 1], 7) == [0, 0, 1, 0, 2, 0, 0]) }

    @Test(arguments: [[1, 1], [3, 2, 1], [10, 1], [7, 7, 7, 2]]) func everyWindowHasItsShare(weights: [Int]) {
        let total = weights.reduce(0, +)
        let all = turns(weights, total * 3)
        for begin in 0..<total {
            let window = all[begin..<begin + total]
            for index in weights.indices { #expect(window.count { $0 == index } == weights[index]) }
        }
    }

    @Test func whoMayNotSavesNothingUp() {
        var turns = WeightedTurns([1, 1])
        for _ in 0..<10 {
            #expect(turns.next { $0 == 1 } == 1)
            turns.take(1) { $0 == 1 }
        }
        var later: [Int] = []
        for _ in 0..<4 {
            let next = turns.next()!
            turns.take(next)
            later.append(next)
        }
        #expect(later == [0, 1, 0, 1])
        #expect(turns.next { _ in false } == nil)
    }

    // MARK: Pools

    private func wish(_ destination: String, _ weights: [(String, Int)], limit: Int? = nil, loop: Int = 0)
        -> EgressBook.Wish
    {
        .init(
            pool: "pool", destination: destination, name: destination, loop: loop,
            candidates: weights.map { name, weight in
                .init(
                    source: name, weight: weight,
                    claims: limit.map { [.init(LimitKey.source(name), EgressLimits(connections: $0))] } ?? [])
            })
    }

    private func source(_ answer: EgressBook.Answer, _ wish: EgressBook.Wish) -> String? {
        if case .granted(let index) = answer { wish.candidates[index].source } else { nil }
    }

    @Test func connectionsOfOneQueueAreExact() {
        var book = EgressBook()
        let wish = wish("x", [("a", 3), ("b", 1)])
        let chosen = (0..<400).map { source(book.connect(wish, now: UInt64($0)), wish) }
        #expect(chosen.count { $0 == "a" } == 300 && chosen.count { $0 == "b" } == 100)
    }

    /// A thousand destinations with a connection each are spread as one with a thousand is.
    @Test func firstConnectionsAreExact() {
        var book = EgressBook()
        var counts: [String: Int] = [:]
        for number in 0..<1_000 {
            let wish = wish("domain\(number)", [("a", 3), ("b", 1)])
            counts[source(book.connect(wish, now: 0), wish)!, default: 0] += 1
        }
        #expect(counts == ["a": 750, "b": 250])
    }

    @Test func aSourceThatIsUsedUpIsPassedOver() {
        var book = EgressBook()
        let wish = wish("x", [("a", 1), ("b", 1)], limit: 2)
        #expect((0..<4).compactMap { _ in source(book.connect(wish, now: 0), wish) }.sorted() == ["a", "a", "b", "b"])
        guard case .denied(let gate, let denial) = book.connect(wish, now: 0) else {
            Issue.record("all of both sources is in use")
            return
        }
        #expect(gate == EgressBook.gate(pool: "pool") && denial.kind == .connections)
        _ = book.limits.disconnect([LimitKey.source("b")], now: 1)
        #expect((source(book.connect(wish, now: 1), wish)) == "b")
    }

    @Test func whatFailsIsLeftAloneAndTriedByOne() {
        var book = EgressBook()
        let wish = wish("x", [("a", 1), ("b", 1)])
        let reply = SMTPReply(451, .init(4, 4, 1), "proxy is down")
        book.failed(LimitKey.source("a"), EgressLimits(), cap: 60_000, reply: reply, now: 0)
        #expect((0..<3).map { _ in source(book.connect(wish, now: 500), wish) } == ["b", "b", "b"])
        let alone = self.wish("x", [("a", 1)])
        #expect((book.connect(alone, now: 500)) == .unavailable(.init(until: 1_000, reply: reply)))
        #expect((source(book.connect(alone, now: 1_000), alone)) == "a")
        #expect((source(book.connect(alone, now: 1_000), alone)) == nil, "one tries first")
        book.failed(LimitKey.source("a"), EgressLimits(), cap: 60_000, reply: reply, now: 1_000)
        #expect((book.connect(alone, now: 1_100)) == .unavailable(.init(until: 3_000, reply: reply)))
        book.succeeded("a", to: "x")
        #expect((source(book.connect(alone, now: 1_100), alone)) == "a")
    }

    @Test func anAddressThatIsNotHereSuspendsItsSource() {
        var book = EgressBook()
        let reply = SMTPReply(451, .init(4, 3, 5), "192.0.2.1 is no address of this host")
        #expect((book.suspend(unplumbed: ["a": reply])) == ["a"])
        #expect((book.suspend(unplumbed: ["a": reply]).isEmpty) == true, "said once")
        let both = wish("x", [("a", 9), ("b", 1)])
        #expect((0..<5).allSatisfy { _ in source(book.connect(both, now: 0), both) == "b" })
        let alone = wish("x", [("a", 1)])
        #expect((book.connect(alone, now: 0)) == .unavailable(.init(until: 1_000, reply: reply)))
        #expect((book.suspend(unplumbed: [:]).isEmpty) == true)
        #expect((source(book.connect(alone, now: 0), alone)) == "a")
    }

    /// Shaping may close one way for a while.
    @Test func aSuspendedWayIsPassedOver() {
        var book = EgressBook()
        var wish = wish("x", [("a", 1), ("b", 1)])
        let until = EgressBook.Suspension(until: 50, reply: SMTPReply(451, nil, "slow down"))
        wish.candidates[0].suspension = until
        #expect((source(book.connect(wish, now: 10), wish)) == "b")
        wish.candidates[1].suspension = .init(until: 90, reply: until.reply)
        #expect((book.connect(wish, now: 10)) == .unavailable(until))
        #expect((source(book.connect(wish, now: 50), wish)) == "a")
    }
}
