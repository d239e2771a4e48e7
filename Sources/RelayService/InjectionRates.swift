package import DeliveryQueue
import Synchronization

/// How many recipients may be injected: by one caller, and by all together. Token buckets that may be overdrawn by one
/// request: in any span T never more than rate × T + burst, or the largest request where that is more.
package struct InjectionRates: Sendable {
    private struct Bucket {
        var tokens: Double
        var at: UInt64
    }

    /// Callers that are remembered; more at once within their rate are let through uncounted.
    static let most = 65_536

    private let all: DeliveryRate?
    private let perCaller: DeliveryRate?
    private var buckets: [String: Bucket] = [:]

    /// - Parameters:
    ///   - all: over all callers; nil: no limit.
    ///   - perCaller: of each key, and of each address without one; nil: no limit.
    package init(all: DeliveryRate?, perCaller: DeliveryRate?) {
        self.all = all
        self.perCaller = perCaller
    }

    /// Takes all of a request's recipients, or none.
    /// - Parameter now: milliseconds.
    /// - Returns: nil: they may be injected; else milliseconds after which they may, if nobody else is faster.
    package mutating func take(_ count: Int, caller: String, now: UInt64) -> UInt64? {
        let claims = [("", all), ("c:" + caller, perCaller)].compactMap { key, rate in rate.map { (key, $0) } }
        let levels = claims.map { key, rate in level(key, rate, now) }
        var wait: UInt64 = 0
        for ((_, rate), tokens) in zip(claims, levels) {
            let wanted = min(Double(count), rate.largestBurst)
            guard tokens < wanted else { continue }
            wait = max(wait, UInt64(((wanted - tokens) * rate.milliseconds / rate.messages).rounded(.up)))
        }
        guard wait == 0 else { return wait }
        if buckets.count >= Self.most { forgetFull(now) }
        for ((key, _), tokens) in zip(claims, levels) where buckets[key] != nil || buckets.count < Self.most {
            buckets[key] = Bucket(tokens: tokens - Double(count), at: now)
        }
        return nil
    }

    private func level(_ key: String, _ rate: DeliveryRate, _ now: UInt64) -> Double {
        guard let bucket = buckets[key] else { return rate.largestBurst }
        let passed = Double(now > bucket.at ? now - bucket.at : 0)
        return min(rate.largestBurst, bucket.tokens + passed * rate.messages / rate.milliseconds)
    }

    private mutating func forgetFull(_ now: UInt64) {
        buckets = buckets.filter { key, _ in
            guard let rate = key.isEmpty ? all : perCaller else { return false }
            return level(key, rate, now) < rate.largestBurst
        }
    }
}

/// The one of all threads that take requests.
final class SharedInjectionRates: Sendable {
    private let rates: Mutex<InjectionRates>

    /// Nil where there are none.
    init?(_ configuration: HTTPConfiguration) {
        guard configuration.recipientRate != nil || configuration.recipientRatePerCaller != nil else { return nil }
        rates = Mutex(
            InjectionRates(all: configuration.recipientRate, perCaller: configuration.recipientRatePerCaller))
    }

    func take(_ count: Int, caller: String, now: UInt64) -> UInt64? {
        rates.withLock { $0.take(count, caller: caller, now: now) }
    }
}
