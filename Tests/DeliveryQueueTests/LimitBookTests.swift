import DeliveryQueue
import Testing

/// Limits over event loops: exact, all keys or none, nothing leaks.
@Suite struct LimitBookTests {
    private func claim(_ key: String, _ connections: Int) -> LimitBook.Claim {
        .init(key, EgressLimits(connections: connections))
    }

    @Test func connectionLimitsHoldOverLoops() {
        var book = LimitBook()
        let claims = [claim("x", 2)]
        #expect((book.connect(claims, loop: 0, name: "x", now: 0)) == nil)
        #expect((book.connect(claims, loop: 0, name: "x", now: 0)) == nil)
        #expect((book.connect(claims, loop: 1, name: "x", now: 0))?.kind == .connections)
        #expect((book.takeWanted(["x"], besides: 1, name: "x")) == false)
        #expect((book.takeWanted(["x"], besides: 0, name: "x")) == true)
        #expect((book.takeWanted(["x"], besides: 0, name: "x")) == false, "one connection is given up, not all")
        #expect((book.disconnect(["x"], now: 10)) == [.init(loop: 1, key: "x")])
        #expect((book.connect(claims, loop: 0, name: "x", now: 10)) != nil, "it is kept for the one whose turn it is")
        #expect((book.connect(claims, loop: 1, name: "x", now: 10)) == nil)
        #expect(book.denials[.connections] == 2)
    }

    /// Looking takes nothing.
    @Test func limitsSayHowMuchOfThemIsUsed() {
        var book = LimitBook()
        var limits = EgressLimits(connections: 1)
        limits.messageRate = DeliveryRate(messages: 1, milliseconds: 1_000)
        let claim = LimitBook.Claim("x", limits)
        #expect(book.state(of: claim, now: 0) == .init(claim: claim, connections: 0, waiting: 0))
        _ = book.connect([claim], loop: 0, name: "x", now: 0)
        _ = book.connect([claim], loop: 1, name: "x", now: 0)
        while book.begin([claim], now: 0) == nil {}
        let state = book.state(of: claim, now: 0)
        #expect(state.connections == 1 && state.waiting == 1 && state.nextConnection == nil)
        #expect(state.nextMessage == 1_000 && book.state(of: claim, now: 1_000).nextMessage == nil)
        #expect(book.denials[.messageRate] == 1)
    }

    @Test func aTurnThatNobodyTakesGoesOn() {
        var book = LimitBook()
        let claims = [claim("x", 1)]
        #expect((book.connect(claims, loop: 0, name: "x", now: 0)) == nil)
        for loop in 1...2 { #expect((book.connect(claims, loop: loop, name: "x", now: 0)) != nil) }
        #expect((book.disconnect(["x"], now: 0)) == [.init(loop: 1, key: "x")])
        #expect((book.pass("x", loop: 1, now: 1)) == .init(loop: 2, key: "x"))
        #expect((book.connect(claims, loop: 0, name: "x", now: 2)) != nil)
        #expect((book.connect(claims, loop: 0, name: "x", now: 502)) == nil, "kept for half a second, no longer")
    }

    /// A source that several destinations share goes round among them on one loop, too.
    @Test func anotherDestinationOfTheSameLoopIsHeard() {
        var book = LimitBook()
        let claims = [claim("s:one", 1)]
        #expect((book.connect(claims, loop: 0, name: "a", now: 0)) == nil)
        #expect((book.connect(claims, loop: 0, name: "a", now: 0)) != nil)
        #expect(
            (book.takeWanted(["s:one"], besides: 0, name: "a")) == false, "it is its own destination that wants more")
        #expect((book.connect(claims, loop: 0, name: "b", now: 0)) != nil)
        #expect((book.takeWanted(["s:one"], besides: 0, name: "a")) == true)
    }

    @Test func allOrNone() {
        var book = LimitBook()
        let wide = claim("d:wide", 9)
        let rated = LimitBook.Claim("p:p", EgressLimits(connectionRate: .init(messages: 1, milliseconds: 1_000)))
        #expect((book.connect([wide, claim("s:s", 1)], loop: 0, name: "d", now: 0)) == nil)
        #expect((book.connect([wide, rated, claim("s:s", 1)], loop: 0, name: "d", now: 0))?.key == "s:s")
        #expect((book.connections(of: "d:wide")) == 1)
        #expect((book.connect([wide, rated], loop: 0, name: "d", now: 0)) == nil, "its token was not taken before")
        let denial = book.connect([wide, rated], loop: 0, name: "d", now: 400)
        #expect(denial == .init(key: "p:p", kind: .connectionRate, until: 1_000))
        #expect((book.connections(of: "d:wide")) == 2)
    }

    @Test func ratesHoldOverTime() {
        var book = LimitBook()
        let claims = [LimitBook.Claim("x", EgressLimits(messageRate: .init(messages: 100, milliseconds: 1_000)))]
        var begun = 0
        for now in 0..<10_000 as Range<UInt64> {
            for _ in 0..<3 where book.begin(claims, now: 5_000_000 + now) == nil { begun += 1 }
        }
        // 25 saved up, and what ten seconds less a millisecond bring.
        #expect(begun == 1_024)
        let slow = [LimitBook.Claim("y", EgressLimits(messageRate: .init(messages: 1, milliseconds: 60_000)))]
        #expect((book.begin(slow, now: 0)) == nil)
        #expect((book.begin(slow, now: 59_000)) == .init(key: "y", kind: .messageRate, until: 60_000))
        #expect((book.begin(slow, now: 59_999)) != nil)
        #expect((book.begin(slow, now: 60_000)) == nil)
    }

    @Test func aRateThatChangesKeepsWhatWasUsed() {
        var book = LimitBook()
        func claims(_ messages: Double) -> [LimitBook.Claim] {
            [.init("x", EgressLimits(messageRate: .init(messages: messages, milliseconds: 1_000, burst: 4)))]
        }
        for _ in 0..<4 { #expect((book.begin(claims(4), now: 0)) == nil) }
        #expect((book.begin(claims(400), now: 0)) != nil, "a faster rate is no present")
        #expect((book.begin(claims(400), now: 3)) == nil)
        #expect((book.begin(claims(1), now: 100)) == nil, "four were saved up under the faster rate")
    }

    /// Some thousand steps of connections and messages on six keys, each judged by what was granted before: no window of
    /// time has more than rate × T + burst, no key more than its connections, a refusal has a reason, and in the end
    /// everything is given back.
    @Test(arguments: 1...20) func limitsAgreeWithANaiveModel(seed: UInt64) {
        var run = LimitRun(seed: seed)
        for _ in 0..<1_500 { run.step() }
        #expect(run.faults.isEmpty, "\(run.faults.prefix(5))")
        #expect(run.granted > 100 && run.refused > 100, "the run is worth something")
        run.finish()
        #expect(run.keys.allSatisfy { run.book.connections(of: $0) == 0 })
    }
}

/// The book beside a list of everything that it granted.
private struct LimitRun {
    let keys = ["d:a", "d:b", "p:p", "s:s", LimitKey.tenant("t"), LimitKey.campaign("c", of: nil)]
    var book = LimitBook()
    var faults: [String] = []
    var granted = 0
    var refused = 0
    private var dice: UInt64
    private var now: UInt64 = 1_000
    private let limits: [EgressLimits]
    private var open: [(keys: [String], loop: Int)] = []
    private var connected: [String: [UInt64]] = [:]
    private var begun: [String: [UInt64]] = [:]
    /// Of a key: until when one is kept for which loop.
    private var turns: [String: [(loop: Int, until: UInt64)]] = [:]

    init(seed: UInt64) {
        dice = seed &* 0x9E37_79B9_7F4A_7C15
        limits = [
            EgressLimits(
                connections: 3, connectionRate: .init(messages: 30, milliseconds: 7_000, burst: 5),
                messageRate: .init(messages: 7, milliseconds: 1_000, burst: 1)),
            EgressLimits(connections: 2, messageRate: .init(messages: 100, milliseconds: 60_000, burst: 13)),
            EgressLimits(connections: 4, connectionRate: .init(messages: 11, milliseconds: 3_000, burst: 2)),
            EgressLimits(messageRate: .init(messages: 9, milliseconds: 1_000, burst: 3)),
            EgressLimits(connections: 4, messageRate: .init(messages: 20, milliseconds: 3_000, burst: 2)),
            EgressLimits(connections: 3, messageRate: .init(messages: 50, milliseconds: 9_000, burst: 4)),
        ]
    }

    private mutating func roll(_ sides: Int) -> Int {
        dice = dice &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Int((dice >> 33) % UInt64(sides))
    }

    mutating func step() {
        now += UInt64(roll(40))
        var chosen = [keys[roll(2)]]
        if roll(2) == 0 { chosen.append("p:p") }
        if roll(2) == 0 { chosen.append("s:s") }
        if roll(3) == 0 { chosen += keys[4...].prefix(1 + roll(2)) }
        switch roll(4) {
        case 0: connect(chosen, loop: roll(3))
        case 1 where !open.isEmpty: disconnect(roll(open.count))
        default: begin(chosen)
        }
    }

    mutating func finish() { while !open.isEmpty { disconnect(0) } }

    private func limits(of key: String) -> EgressLimits { limits[keys.firstIndex(of: key)!] }
    private func claims(_ chosen: [String]) -> [LimitBook.Claim] { chosen.map { .init($0, limits(of: $0)) } }

    private mutating func connect(_ chosen: [String], loop: Int) {
        let mayConnect = chosen.allSatisfy { key in
            let own = open.count { $0.keys.contains(key) }
            let kept = turns[key, default: []].count { $0.loop != loop && $0.until > now }
            return own + kept < limits(of: key).connections ?? .max
                && fits(connected[key] ?? [], limits(of: key).connectionRate)
        }
        let denial = book.connect(claims(chosen), loop: loop, name: chosen[0], now: now)
        judge(mayConnect, denial, chosen)
        guard denial == nil else { return }
        open.append((chosen, loop))
        for key in chosen {
            connected[key, default: []].append(now)
            if let at = turns[key]?.firstIndex(where: { $0.loop == loop }) { turns[key]!.remove(at: at) }
        }
        for key in keys where open.count(where: { $0.keys.contains(key) }) != book.connections(of: key) {
            faults.append("\(key) has \(book.connections(of: key)) connections at \(now)")
        }
    }

    private mutating func disconnect(_ index: Int) {
        let ended = open.remove(at: index)
        for key in ended.keys { turns[key]?.removeAll { $0.until <= now } }
        for wake in book.disconnect(ended.keys, now: now) {
            turns[wake.key, default: []].append((wake.loop, now + 500))
        }
    }

    private mutating func begin(_ chosen: [String]) {
        let mayBegin = chosen.allSatisfy { fits(begun[$0] ?? [], limits(of: $0).messageRate) }
        let denial = book.begin(claims(chosen), now: now)
        judge(mayBegin, denial, chosen)
        if denial == nil { for key in chosen { begun[key, default: []].append(now) } }
    }

    private mutating func judge(_ may: Bool, _ denial: LimitBook.Denial?, _ chosen: [String]) {
        if may != (denial == nil) { faults.append("\(chosen) at \(now): \(may), \(String(describing: denial))") }
        if let denial, denial.until <= now { faults.append("\(denial) lies behind \(now)") }
        if denial == nil { granted += 1 } else { refused += 1 }
    }

    /// One more now: no window that begins with an earlier one has too many. In whole numbers.
    private func fits(_ times: [UInt64], _ rate: DeliveryRate?) -> Bool {
        guard let rate else { return true }
        let (messages, span, burst) = (Int(rate.messages), Int(rate.milliseconds), Int(rate.burst!))
        return times.indices.allSatisfy { first in
            (times.count - first + 1) * span <= burst * span + messages * Int(now - times[first])
        }
    }
}
