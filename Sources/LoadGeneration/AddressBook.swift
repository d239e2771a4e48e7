import Glibc
import MailTypes
import Measures

/// Senders and recipients: of a list of domains with weights, or of as many generated ones as are wanted. Without large
/// tables: a million domains cost no more memory than one.
struct AddressBook: Sendable {
    private enum Domains: Sendable {
        case listed(WeightedChoice, names: [[UInt8]])
        /// `d000017.test`, and so on.
        case generated(ZipfChoice, digits: Int)
    }

    private let domains: Domains
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
        suffix = Array((configuration.domainSuffix.isEmpty ? "" : "." + configuration.domainSuffix).utf8)
        recipientCount = configuration.recipients
        if let count = configuration.domainCount {
            domains = .generated(
                ZipfChoice(count: count, exponent: configuration.domainSkew), digits: max(6, String(count).count))
        } else {
            domains = .listed(
                WeightedChoice(configuration.domains.map(\.weight)),
                names: configuration.domains.map { Array($0.name.utf8) })
        }
    }

    /// One a domain by chance, or one after the other of as many as there are to be.
    func sender(_ sequence: UInt64, _ random: inout SplitMix64) -> MailAddress {
        guard senderCount > 0 else { return sender("noreply@", &random) }
        let number = (sequence &- 1) % UInt64(senderCount) + 1
        // The same sender always has the same domain.
        var own = SplitMix64(seed: seed &+ number &* 0xD134_2543_DE82_EF95)
        return sender("sender-\(number)@", &own)
    }

    private func sender(_ local: String, _ random: inout SplitMix64) -> MailAddress {
        var bytes = Array(local.utf8)
        if let senderDomain { bytes += senderDomain } else { appendDomain(&random, to: &bytes) }
        return MailAddress(bytes: bytes)
    }

    /// All in one domain, each another one.
    func recipients(_ random: inout SplitMix64) -> [MailAddress] {
        guard recipientCount > 1 else {
            let user = random.next()
            var bytes = Self.local(user)
            appendDomain(&random, to: &bytes)
            return [MailAddress(bytes: bytes)]
        }
        var domain: [UInt8] = []
        appendDomain(&random, to: &domain)
        return (0..<recipientCount).map { _ in MailAddress(bytes: Self.local(random.next()) + domain) }
    }

    private static let user = Array("user-".utf8)

    private static func local(_ user: UInt64) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(64)  // once, for the domain, too
        bytes.append(contentsOf: Self.user)
        appendDecimal(user, to: &bytes)
        bytes.append(UInt8(ascii: "@"))
        return bytes
    }

    /// Without a text in between: every message has such a number.
    private static func appendDecimal(_ number: UInt64, to bytes: inout [UInt8]) {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 20) { digits in
            var (first, rest) = (20, number)
            repeat {
                first -= 1
                digits[first] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
                rest /= 10
            } while rest > 0
            bytes.append(contentsOf: UnsafeBufferPointer(rebasing: digits[first...]))
        }
    }

    private func appendDomain(_ random: inout SplitMix64, to bytes: inout [UInt8]) {
        switch domains {
        case .listed(let choice, let names): bytes.append(contentsOf: names[choice.pick(&random)])
        case .generated(let choice, let digits):
            let number = String(choice.pick(&random))
            bytes.append(UInt8(ascii: "d"))
            for _ in number.utf8.count..<digits { bytes.append(UInt8(ascii: "0")) }
            bytes.append(contentsOf: number.utf8)
        }
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
