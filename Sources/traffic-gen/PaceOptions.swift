import ArgumentParser
import LoadGeneration
import LoadPacing
import Measures
import ProgramSupport
import RunRecords

/// How much is sent, and when.
struct PaceOptions: ParsableArguments {
    @Option(
        name: [.customShort("c"), .customLong("connections"), .customLong("concurrency")],
        help: "Connections at once. Default: ten a core.")
    var connections: Int?
    @Option(
        name: [.customShort("n"), .customLong("messages"), .customLong("message-count")],
        help: "Messages to send; without --duration there is no deadline.")
    var messages: Int?
    @Option(
        name: .shortAndLong,
        help: "How long to begin messages: 60s, 5m. Default 60s unless --messages or stages are given.")
    var duration: String?
    @Option(
        name: [.customShort("r"), .customLong("rate"), .customLong("throttle")],
        help: """
            5000/s, 300000/m, 18M/h, 20MMH: messages are due at this rate, whatever the target does (open loop). max: as \
            fast as the connections allow (closed loop), the default. find: looks for the highest rate that keeps \
            --reply-limit, each --threshold, and less than 1 % errors, and shows 80, 100 and 120 % of it.
            """)
    var rate: String?
    @Option(help: "--rate find: the lowest rate that is tried, and the highest: 100/s..100000/s.")
    var findRange = "100/s..1000000/s"
    @Option(help: "--rate find: how long each rate is held.")
    var findStep = "10s"
    @Option(help: "--rate find: --reply-percentile of 100 messages have to be answered so soon after they were due.")
    var replyLimit = "5s"
    @Option(help: "--rate find: of 100 messages so many have to keep --reply-limit; 95 as in SPECmail2001, or 99.9.")
    var replyPercentile = 99.0
    @Option(help: "Gaps between due times: constant, or poisson (as of many independent senders).")
    var arrivals: String?
    @Option(
        help: "Rates one after the other: '30s@1000/s,10s@1000/s..5000/s,5x(2s@9000/s,8s@0)'; .. is a ramp.")
    var stages: String?
    @Option(help: "Rate or stages, arrivals, duration, warm-up, ramp-up and timeouts from this YAML file.")
    var profile: String?
    @Option(
        name: [.customLong("warmup"), .customLong("warm-up")],
        help: "The first part of the run, kept apart and left out of the result: 5s.")
    var warmUp: String?
    @Option(
        name: [.customLong("ramp-up"), .customLong("rampup")],
        help: "Open the connections evenly over this time: 2s. Default: at once.")
    var rampUp: String?
    @Option(help: "Messages after which a connection is closed and made anew.")
    var messagesPerConnection: Int?
    @Option(name: .shortAndLong, help: "Event loops. Default: one a core.")
    var threads: Int?

    func apply(to configuration: inout LoadConfiguration) throws {
        let file = try readProfile()
        configuration.concurrency = try positive(
            connections ?? processorCount() * 10, "--connections (--concurrency)")
        configuration.messageCount = try messages.map { try positive($0, "--messages (--message-count)") }
        configuration.threads = try positive(threads ?? processorCount(), "--threads")
        configuration.messagesPerConnection = try positive(messagesPerConnection ?? .max, "--messages-per-connection")
        configuration.warmUp = try seconds(warmUp, "--warmup") ?? file?.warmUp ?? 0
        configuration.rampUp = try seconds(rampUp, "--ramp-up") ?? file?.rampUp ?? 0
        configuration.open = try openLoad(file)
        let given = try seconds(duration, "--duration") ?? file?.duration
        if let given, given <= 0 { throw UsageFault("--duration \(duration ?? ""): expected more than 0") }
        configuration.duration = given ?? defaultDuration(configuration)
        try PaceChecks(configuration, givenSeconds: given, isSearch: rateRequest() == .find).check()
    }

    /// `--profile`; nil without it.
    func readProfile() throws -> LoadProfile? {
        try profile.map { path throws(UsageFault) in
            do { return try LoadProfile(file: path) } catch { throw UsageFault("--profile \(error)") }
        }
    }

    private func defaultDuration(_ configuration: LoadConfiguration) -> Double? {
        if let open = configuration.open, !open.stages.isEmpty { return open.schedule.seconds }
        return messages == nil ? 60 : nil
    }

    /// Nil for a closed loop.
    private func openLoad(_ file: LoadProfile?) throws -> LoadConfiguration.OpenLoad? {
        guard [rate, stages, profile].count(where: { $0 != nil }) <= 1 else {
            throw UsageFault("--rate, --stages and --profile: expected one of them")
        }
        let spacing = try arrivals.map(parseArrivals) ?? file?.arrivals ?? .constant
        if let file {
            return file.rate.map { .init($0, spacing) } ?? .init(stages: file.stages, spacing)
        }
        if let stages {
            do {
                return .init(stages: try RateStageReader.read(stages), spacing)
            } catch { throw UsageFault("--stages \(error)") }
        }
        guard let request = try rateRequest() else { return try withoutRate() }
        switch request {
        case .rate(let rate): return .init(rate, spacing)
        // The rate that it begins with: the search sets its own.
        case .find: return .init(MessageRate(perSecond: 1), spacing)
        case .max: return try withoutRate()
        }
    }

    /// Seconds at each rate of a search.
    func stepSeconds() throws -> Double {
        guard let seconds = try seconds(findStep, "--find-step"), seconds >= 1 else {
            throw UsageFault("--find-step \(findStep): expected a second or more")
        }
        return seconds
    }

    func replyLimitNanoseconds() throws -> UInt64 {
        guard let limit = try seconds(replyLimit, "--reply-limit"), limit > 0 else {
            throw UsageFault("--reply-limit \(replyLimit): expected more than 0")
        }
        return UInt64(limit * 1e9)
    }

    func search() throws -> RateSearch {
        guard let dots = findRange.firstRange(of: ".."),
            let low = try? MessageRate(parsing: String(findRange[..<dots.lowerBound])).perSecond,
            let high = try? MessageRate(parsing: String(findRange[dots.upperBound...])).perSecond, low > 0, high >= low
        else { throw UsageFault("--find-range '\(findRange)': expected two rates, such as 100/s..100000/s") }
        var limits = RateLimits()
        // Nobody here sees deliveries.
        limits.deliveredShare = 0
        guard replyPercentile > 0, replyPercentile <= 100 else {
            throw UsageFault("--reply-percentile \(replyPercentile): expected more than 0 and at most 100")
        }
        limits.repliedShare = replyPercentile / 100
        return RateSearch(from: low, to: high, limits: limits)
    }

    /// What `--rate` asks for; nil without it.
    func rateRequest() throws -> RateRequest? {
        guard let rate else { return nil }
        guard !rate.contains("max_burst") else {
            throw UsageFault("--throttle \(rate): max_burst is not known here; messages are due one by one: 5000/s")
        }
        do { return try RateRequest(parsing: rate) } catch { throw UsageFault("--rate \(error)") }
    }

    private func withoutRate() throws -> LoadConfiguration.OpenLoad? {
        guard arrivals == nil else { throw UsageFault("--arrivals goes with --rate, --stages or --profile") }
        return nil
    }

    private func parseArrivals(_ text: String) throws -> Arrivals {
        guard let arrivals = Arrivals(rawValue: text) else {
            throw UsageFault("--arrivals '\(text)': expected constant or poisson")
        }
        return arrivals
    }
}

func seconds(_ text: String?, _ flag: String) throws -> Double? {
    guard let text else { return nil }
    do { return try HumanDuration(parsing: text).seconds } catch { throw UsageFault("\(flag) \(error)") }
}

func positive(_ value: Int, _ flag: String) throws -> Int {
    guard value > 0 else { throw UsageFault("\(flag) \(value): expected 1 or more") }
    return value
}
