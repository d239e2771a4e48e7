import Glibc
import MailTypes
import Measures
import TextCodecs

/// Senders and recipients: of a list of domains with weights, or of as many generated ones as are wanted. Without large
/// tables: a million domains cost no more memory than one.
struct AddressBook: Sendable {
    /// Those of a list with their suffix, and how often which; of generated ones there are none here.
    private let names: [[UInt8]]
    private let weights: WeightedChoice
    /// `d000017.test`, and so on; nil: they are listed.
    private let generated: ZipfChoice?
    private let digits: Int
    private let suffix: [UInt8]
    private let recipientCount: Int
    private let senderCount: Int
    /// Of all senders, where they are signed for.
    private let senderDomain: [UInt8]?
    private let seed: UInt64

    init(_ configuration: LoadConfiguration) {
        senderCount = configuration.content.senders
        senderDomain = configuration.content.signature.map { Array($0.domain.utf8) }
        seed = configuration.seed
        let suffix = Array((configuration.domainSuffix.isEmpty ? "" : "." + configuration.domainSuffix).utf8)
        self.suffix = suffix
        recipientCount = configuration.recipients
        generated = configuration.domainCount.map { ZipfChoice(count: $0, exponent: configuration.domainSkew) }
        digits = max(6, String(configuration.domainCount ?? 0).count)
        weights = WeightedChoice(configuration.domains.map(\.weight))
        names = generated == nil ? configuration.domains.map { Array($0.name.utf8) + suffix } : []
    }

    /// One a domain by chance, or one after the other of as many as there are to be.
    func appendSender(_ sequence: UInt64, _ random: inout SplitMix64, to envelope: inout FlatEnvelope) {
        if senderCount > 0 {
            let number = (sequence &- 1) % UInt64(senderCount) + 1
            append("sender-", to: &envelope.bytes)
            envelope.bytes.appendDecimal(number)
            envelope.bytes.append(UInt8(ascii: "@"))
            // The same sender always has the same domain.
            var own = SplitMix64(seed: seed &+ number &* 0xD134_2543_DE82_EF95)
            appendSenderDomain(&own, to: &envelope.bytes)
        } else {
            append("noreply@", to: &envelope.bytes)
            appendSenderDomain(&random, to: &envelope.bytes)
        }
        envelope.endAddress()
    }

    private func appendSenderDomain(_ random: inout SplitMix64, to bytes: inout [UInt8]) {
        if let senderDomain { bytes += senderDomain } else { appendDomain(&random, to: &bytes) }
    }

    /// All in one domain, each another one.
    func appendRecipients(_ random: inout SplitMix64, to envelope: inout FlatEnvelope) {
        guard recipientCount > 1 else {
            appendLocal(random.next(), to: &envelope.bytes)
            appendDomain(&random, to: &envelope.bytes)
            return envelope.endAddress()
        }
        var domain: [UInt8] = []
        appendDomain(&random, to: &domain)
        for _ in 0..<recipientCount {
            appendLocal(random.next(), to: &envelope.bytes)
            envelope.bytes += domain
            envelope.endAddress()
        }
    }

    private func append(_ text: StaticString, to bytes: inout [UInt8]) {
        text.withUTF8Buffer { bytes.append(contentsOf: $0) }
    }

    private func appendLocal(_ user: UInt64, to bytes: inout [UInt8]) {
        append("user-", to: &bytes)
        bytes.appendDecimal(user)
        bytes.append(UInt8(ascii: "@"))
    }

    private func appendDomain(_ random: inout SplitMix64, to bytes: inout [UInt8]) {
        guard let generated else { return bytes.append(contentsOf: names[weights.pick(&random)]) }
        let number = generated.pick(&random)
        bytes.append(UInt8(ascii: "d"))
        for _ in String(number).utf8.count..<digits { bytes.append(UInt8(ascii: "0")) }
        bytes.appendDecimal(UInt64(number))
        bytes.append(contentsOf: suffix)
    }
}

/// Picks an index by its weight: Vose's alias method, two tables and one draw.
package struct WeightedChoice: Sendable {
    private var keep: [Double]
    private var alias: [Int32]

    /// - Parameter weights: positive, at least one.
    init(_ weights: [Double]) {
        let mean = weights.reduce(0, +) / Double(weights.count)
        keep = weights.map { $0 / mean }
        alias = weights.indices.map { Int32($0) }
        var (small, large) = (keep.indices.filter { keep[$0] < 1 }, keep.indices.filter { keep[$0] >= 1 })
        while let poor = small.popLast(), let rich = large.last {
            alias[poor] = Int32(rich)
            keep[rich] -= 1 - keep[poor]
            if keep[rich] < 1 {
                large.removeLast()
                small.append(rich)
            }
        }
        // What rounding has left over stands for itself.
        for index in small + large { keep[index] = 1 }
    }

    func pick(_ random: inout SplitMix64) -> Int {
        guard keep.count > 1 else { return 0 }
        let point = random.unit() * Double(keep.count)
        let index = min(Int(point), keep.count - 1)
        return point - Double(index) < keep[index] ? index : Int(alias[index])
    }
}

/// Picks 0..<count with k+1 as often as 1/(k+1)^exponent, without a table: rejection-inversion (Hörmann and Derflinger,
/// "Rejection-inversion to generate variates from monotone discrete distributions", 1996).
struct ZipfChoice: Sendable {
    private let count: Int
    private let exponent: Double
    private let integralOfFirst: Double
    private let integralOfLast: Double
    private let shortcut: Double

    /// - Parameter exponent: 0 picks all alike.
    init(count: Int, exponent: Double) {
        self.count = count
        self.exponent = exponent
        integralOfFirst = Self.integral(1.5, exponent) - 1
        integralOfLast = Self.integral(Double(count) + 0.5, exponent)
        shortcut = 2 - Self.inverse(Self.integral(2.5, exponent) - Self.density(2, exponent), exponent)
    }

    func pick(_ random: inout SplitMix64) -> Int {
        guard exponent > 0 else { return random.below(count) }
        while true {
            let area = integralOfLast + random.unit() * (integralOfFirst - integralOfLast)
            let point = Self.inverse(area, exponent)
            let rank = min(max(point.rounded(), 1), Double(count))
            if rank - point <= shortcut
                || area >= Self.integral(rank + 0.5, exponent) - Self.density(rank, exponent)
            {
                return Int(rank) - 1
            }
        }
    }

    private static func density(_ x: Double, _ exponent: Double) -> Double { exp(-exponent * log(x)) }

    /// Of the density, from 1 on: (x^(1-s) - 1) / (1-s), and log x where s is 1.
    private static func integral(_ x: Double, _ exponent: Double) -> Double {
        let logarithm = log(x)
        let power = (1 - exponent) * logarithm
        return abs(power) < 1e-8 ? logarithm * (1 + power / 2) : expm1(power) / (1 - exponent)
    }

    private static func inverse(_ area: Double, _ exponent: Double) -> Double {
        let scaled = max(-1, area * (1 - exponent))
        return exp(abs(scaled) < 1e-8 ? area * (1 - scaled / 2) : log1p(scaled) / (1 - exponent))
    }
}

extension SplitMix64 {
    /// 0 to 1, without 1.
    mutating func unit() -> Double { Double(next() >> 11) / 9_007_199_254_740_992 }
}
