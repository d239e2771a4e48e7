package import Measures

/// A number of messages as people write it: `1000000`, `300k`, `1M`, `1.5B`.
package struct MessageCount: Hashable, Sendable {
    package static let allowedForm = "a number of messages such as 250000, 300k, 1M or 1.5B"
    package var count: Double

    package init(parsing text: String) throws(UnitFault) {
        count = try positive(text, units: [("k", 1e3), ("M", 1e6), ("B", 1e9), ("", 1)], form: Self.allowedForm)
        guard count == count.rounded() else { throw UnitFault("'\(text)': expected \(Self.allowedForm)") }
    }
}

/// Messages with the time in which they go out: `1M/month`, `1B/day`, `250k/hour`.
package struct MessageVolume: Hashable, Sendable {
    package enum Period: String, Sendable, CaseIterable { case month, day, hour }
    package static let allowedForm = "a volume such as 1M/month, 1B/day or 250k/hour"
    package var count: Double
    package var period: Period

    package init(count: Double, per period: Period) {
        self.count = count
        self.period = period
    }

    package init(parsing text: String) throws(UnitFault) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2, let period = Period(rawValue: parts[1]),
            let count = try? MessageCount(parsing: parts[0])
        else { throw UnitFault("'\(text)': expected \(Self.allowedForm)") }
        self.init(count: count.count, per: period)
    }

    /// - Returns: messages an hour, were they sent in `hoursPerDay` hours of `days` days.
    package func perHour(hoursPerDay: Double, days: Double) -> Double {
        switch period {
        case .month: count / (hoursPerDay * days)
        case .day: count / hoursPerDay
        case .hour: count
        }
    }

    package var description: String { "\(shortCount(count)) \(period == .hour ? "an" : "a") \(period.rawValue)" }
}

/// US dollars a month: `3300USD/month`.
package struct MonthlyAmount: Hashable, Sendable {
    package static let allowedForm = "an amount such as 3300USD/month"
    package var usd: Double

    package init(parsing text: String) throws(UnitFault) {
        usd = try positive(
            text.filter { $0 != " " }, units: [("USD/month", 1)], form: Self.allowedForm, orZero: true)
    }
}

/// A disk as it is rented: `gp3:100GB:7200iops:225MB/s`.
package struct VolumeRequest: Hashable, Sendable {
    package static let allowedForm =
        "TYPE:SIZE with IOPS and throughput behind it if they are more than included, such as gp3:100GB:7200iops:225MB/s"
    package var type: String
    package var gigabytes: Double
    /// Nil: what the type includes.
    package var iops: Double?
    package var mbPerSecond: Double?

    package init(type: String, gigabytes: Double, iops: Double? = nil, mbPerSecond: Double? = nil) {
        (self.type, self.gigabytes, self.iops, self.mbPerSecond) = (type, gigabytes, iops, mbPerSecond)
    }

    package init(parsing text: String) throws(UnitFault) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        guard parts.count >= 2, !parts[0].isEmpty else { throw UnitFault("'\(text)': expected \(Self.allowedForm)") }
        var found: [String: Double] = [:]
        for part in parts.dropFirst() {
            let unit = String(part.drop { $0.isNumber || $0 == "." || $0 == "_" })
            guard ["GB", "TB", "iops", "MB/s"].contains(unit) else {
                throw UnitFault("'\(text)': '\(part)' has no unit that is known: expected \(Self.allowedForm)")
            }
            let kind = unit == "TB" ? "GB" : unit
            guard found[kind] == nil else { throw UnitFault("'\(text)': \(kind) twice: expected \(Self.allowedForm)") }
            found[kind] = try positive(
                part, units: [("GB", 1), ("TB", 1000), ("iops", 1), ("MB/s", 1)], form: Self.allowedForm)
        }
        guard let gigabytes = found["GB"] else {
            throw UnitFault("'\(text)': no size: expected \(Self.allowedForm)")
        }
        self.init(type: parts[0], gigabytes: gigabytes, iops: found["iops"], mbPerSecond: found["MB/s"])
    }
}

/// A number with a unit out of a list. Letters count: `m` is not `M`.
private func positive(
    _ text: String, units: [(String, Double)], form: String, orZero: Bool = false
) throws(UnitFault) -> Double {
    let digits = text.filter { $0 != "_" }.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
    let unit = text.filter { $0 != "_" }.dropFirst(digits.count)
    guard let number = Double(digits), let scale = units.first(where: { $0.0 == unit })?.1,
        number > 0 || (orZero && number == 0), number * scale < 1e15
    else { throw UnitFault("'\(text)': expected \(form)") }
    return number * scale
}

/// `1,000,000,000` as `1 billion`, `250,000` as it is.
package func shortCount(_ count: Double) -> String {
    for (scale, name) in [(1e9, "billion"), (1e6, "million")] where count >= scale {
        let value = count / scale
        return value == value.rounded() ? "\(Int(value)) \(name)" : "\(significant(value, 4)) \(name)"
    }
    return grouped(Int(count.rounded()))
}
