import Testing

import LoadPacing

@Suite struct MessageRateTests {
    @Test func oneMMHIsAMillionAnHour() {
        #expect(MessageRate(perSecond: 1e6 / 3600).mmh == 1)
    }

    @Test(arguments: [
        ("5000/s", 5000.0), ("300000/m", 5000), ("18M/h", 5000), ("18MMH", 5000), ("5k/s", 5000), ("1,000/sec", 1000),
        ("60/minute", 1), ("3600/hour", 1), ("2.5/s", 2.5), ("7", 7), ("0/s", 0), ("3.6 mmh", 1000),
    ])
    func ratesAreReadAsPeopleWriteThem(text: String, perSecond: Double) throws {
        #expect(abs(try MessageRate(parsing: text).perSecond - perSecond) < 1e-9)
    }

    @Test(arguments: ["", "s", "5/x", "1,5/s", "-1/s", "5//s", "MMH", "5 MMH/s", "2e9/s", "9999999999/s", "5/s/s"])
    func whatIsNoRateIsRefused(text: String) {
        #expect(throws: (any Error).self) { try MessageRate(parsing: text) }
    }

    @Test func requestsHaveTheirWords() throws {
        #expect(try RateRequest(parsing: "max") == .max)
        #expect(try RateRequest(parsing: "FIND") == .find)
        #expect(try RateRequest(parsing: "10/s") == .rate(MessageRate(perSecond: 10)))
        #expect(throws: (any Error).self) { try RateRequest(parsing: "0/s") }
        #expect(throws: (any Error).self) { try RateRequest(parsing: "fast") }
    }
}

@Suite struct RateStageTests {
    @Test func stagesAreReadInOrder() throws {
        let stages = try RateStageReader.read("30s@1000/s, 10s@1000/s..5000/s, 2x(5s@8000/s,25s@0)")
        #expect(stages.map(\.seconds) == [30, 10, 5, 25, 5, 25])
        #expect(stages.map(\.fromPerSecond) == [1000, 1000, 8000, 0, 8000, 0])
        #expect(stages.map(\.toPerSecond) == [1000, 5000, 8000, 0, 8000, 0])
        #expect(stages.map(\.messages) == [30_000, 30_000, 40_000, 0, 40_000, 0])
    }

    @Test func repetitionsNest() throws {
        #expect(try RateStageReader.read("2x(3x(1s@1/s),1s@2/s)").count == 8)
    }

    @Test(arguments: [
        "", "30s", "30s@0", "2x(1s@1/s", "1s@1/s,", "1s@1/s)", "0x(1s@1/s)", "1s@1..x", "@5/s", "0s@5/s",
        "9999x(2x(1s@1/s))",
    ])
    func whatIsNoStageIsPointedAt(text: String) {
        #expect(throws: (any Error).self) { try RateStageReader.read(text) }
    }
}

@Suite struct RateScheduleTests {
    private let schedule = RateSchedule([
        RateStage(seconds: 10, fromPerSecond: 0, toPerSecond: 100),
        RateStage(seconds: 5, fromPerSecond: 0, toPerSecond: 0),
        RateStage(seconds: 10, fromPerSecond: 100, toPerSecond: 100),
        RateStage(seconds: 10, fromPerSecond: 100, toPerSecond: 0),
    ])

    @Test func countsAndInstantsAreInverse() {
        #expect(schedule.messages == 2000 && schedule.seconds == 35)
        var hint = 0
        for count in stride(from: 0.5, to: 2000, by: 0.5) {
            guard let second = schedule.second(ofCount: count, hint: &hint) else {
                Issue.record("no instant for \(count)")
                continue
            }
            #expect(abs(schedule.count(until: second) - count) < 1e-6)
        }
        #expect(schedule.second(ofCount: 2000, hint: &hint) == nil)
    }

    @Test func whatIsDueAtAPauseWaitsForItsEnd() {
        var hint = 0
        #expect(schedule.second(ofCount: 500, hint: &hint) == 15)
    }

    @Test func ratesChangeEvenly() {
        #expect(schedule.rate(at: 5) == 50)
        #expect(schedule.rate(at: 12) == 0)
        #expect(schedule.rate(at: 20) == 100)
        #expect(abs(schedule.rate(at: 30) - 50) < 1e-9)
        #expect(schedule.rate(at: 35) == 0)
    }

    @Test func cutsKeepTheSlope() {
        let cut = schedule.cut(at: 5)
        #expect(cut.seconds == 5 && cut.messages == 125 && cut.rate(at: 4) == 40)
        #expect(schedule.cut(at: 1000) == schedule)
    }
}
