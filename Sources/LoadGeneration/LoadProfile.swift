package import LoadPacing
import Measures
package import RunRecords

/// A load as a file (`--profile`): rate or stages, arrivals, duration, warm-up, ramp of connections, times to wait.
///
///     arrivals: poisson
///     warm_up: 5s
///     stages:
///       - {for: 30s, rate: 1000/s}
///       - {for: 10s, from: 1000/s, to: 5000/s}
///       - repeat: 5
///         stages: [{for: 2s, rate: 9000/s}, {for: 8s, rate: 0/s}]
package struct LoadProfile {
    package private(set) var rate: MessageRate?
    package private(set) var stages: [RateStage]
    package private(set) var arrivals: Arrivals?
    /// Seconds.
    package private(set) var duration: Double?
    package private(set) var warmUp: Double?
    package private(set) var rampUp: Double?
    package private(set) var connectTimeout: Double?
    package private(set) var replyTimeout: Double?

    /// - Throws: ``RecordFault`` with file, line, key and the allowed form.
    package init(file: String) throws(RecordFault) {
        let keys = ["rate", "arrivals", "duration", "warm_up", "ramp_up", "connect_timeout", "reply_timeout", "stages"]
        let mapping = try StrictMapping(file: file, keys: keys)
        rate = try Self.rate(mapping, "rate")
        stages = try Self.stages(mapping, depth: 0)
        arrivals = try Self.arrivals(mapping)
        duration = try Self.seconds(mapping, "duration")
        warmUp = try Self.seconds(mapping, "warm_up")
        rampUp = try Self.seconds(mapping, "ramp_up")
        connectTimeout = try Self.waitingTime(mapping, "connect_timeout")
        replyTimeout = try Self.waitingTime(mapping, "reply_timeout")
        guard (rate == nil) != stages.isEmpty else {
            throw mapping.fault(rate == nil ? "rate" : "stages", "expected either 'rate' or 'stages'")
        }
        guard stages.isEmpty || stages.contains(where: { $0.messages > 0 }) else {
            throw mapping.fault("stages", "no stage has a rate above 0")
        }
        if let rate, rate.perSecond == 0 { throw mapping.fault("rate", "expected a rate above 0") }
    }

    private static func stages(_ mapping: StrictMapping, depth: Int) throws(RecordFault) -> [RateStage] {
        let keys = ["for", "rate", "from", "to", "repeat", "stages"]
        guard let items = try mapping.mappings("stages", keys: keys) else { return [] }
        guard depth < 8 else { throw mapping.fault("stages", "repeated within each other more than 8 deep") }
        var found: [RateStage] = []
        for (index, item) in items.enumerated() {
            found += try stage(item, depth)
            guard found.count <= RateStage.highestCount else {
                throw mapping.fault(
                    "stages", item: index, "more than \(RateStage.highestCount) stages, repetitions counted")
            }
        }
        return found
    }

    private static func stage(_ item: StrictMapping, _ depth: Int) throws(RecordFault) -> [RateStage] {
        if item.has("repeat") {
            guard !["for", "rate", "from", "to"].contains(where: item.has) else {
                throw item.fault("repeat", "goes with 'stages' alone")
            }
            let times = try item.integer("repeat") ?? 0
            guard (1...RateStage.highestCount).contains(times) else {
                throw item.fault("repeat", "expected 1 to \(RateStage.highestCount)")
            }
            let inner = try stages(item, depth: depth + 1)
            guard inner.count * times <= RateStage.highestCount else {
                throw item.fault("repeat", "more than \(RateStage.highestCount) stages")
            }
            return (0..<times).flatMap { _ in inner }
        }
        guard !item.has("stages") else { throw item.fault("stages", "goes with 'repeat'") }
        guard let seconds = try seconds(item, "for"), seconds > 0 else {
            throw item.fault("for", "each stage has 'for', \(HumanDuration.allowedForm)")
        }
        let (steady, from, to) = (try rate(item, "rate"), try rate(item, "from"), try rate(item, "to"))
        if let steady, from == nil, to == nil {
            return [RateStage(seconds: seconds, fromPerSecond: steady.perSecond, toPerSecond: steady.perSecond)]
        }
        guard let from, let to, steady == nil else {
            throw item.fault("for", "each stage has either 'rate', or 'from' and 'to'")
        }
        return [RateStage(seconds: seconds, fromPerSecond: from.perSecond, toPerSecond: to.perSecond)]
    }

    private static func rate(_ mapping: StrictMapping, _ key: String) throws(RecordFault) -> MessageRate? {
        guard let text = try mapping.text(key) else { return nil }
        do { return try MessageRate(parsing: text) } catch { throw mapping.fault(key, error.description) }
    }

    private static func seconds(_ mapping: StrictMapping, _ key: String) throws(RecordFault) -> Double? {
        guard let text = try mapping.text(key) else { return nil }
        do { return try HumanDuration(parsing: text).seconds } catch { throw mapping.fault(key, error.description) }
    }

    private static func waitingTime(_ mapping: StrictMapping, _ key: String) throws(RecordFault) -> Double? {
        guard let time = try seconds(mapping, key) else { return nil }
        guard LoadTransport.waitingTimes.contains(time) else { throw mapping.fault(key, "expected 1s to 24h") }
        return time
    }

    private static func arrivals(_ mapping: StrictMapping) throws(RecordFault) -> Arrivals? {
        guard let text = try mapping.text("arrivals") else { return nil }
        guard let arrivals = Arrivals(rawValue: text) else {
            throw mapping.fault("arrivals", "'\(text)': expected constant or poisson")
        }
        return arrivals
    }
}
