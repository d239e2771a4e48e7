/// Where a price comes from, and from when it is.
package struct PriceSource: Hashable, Sendable {
    package var text: String
    /// `2026`, `2026-11` or `2026-07-20`; empty of what was given by hand.
    package var date: String

    package init(text: String, date: String) {
        self.text = text
        self.date = date
    }

    /// Written down from memory, or taken for something else than what was printed: to be looked up before use.
    package var needsVerifying: Bool { text.contains("verify") }
    /// For people: source and date.
    package var description: String { date.isEmpty ? text : "\(text) (\(date))" }
}

/// A machine for rent.
package struct Instance: Hashable, Sendable {
    package var name: String
    package var cloud: String
    package var vcpu: Int
    package var memoryGiB: Double
    /// What its card carries all the time; a label such as `up to 10 Gbit/s` says more than it keeps.
    package var nicMbitPerSecond: Double
    package var nicLabel: String?
    /// Of the instance, whatever its volumes could do; nil: not known.
    package var diskMBPerSecond: Double?
    package var usdPerHour: Double
    /// Paid for a year, without upfront payment; nil: not known.
    package var usdPerHourReserved: Double?
    /// CoreMark iterations a second of all its cores; nil: not known.
    package var coreMarkPerSecond: Double?
    package var source: PriceSource
}

/// A kind of disk for rent: capacity, operations and throughput are paid apart, beyond what is included.
package struct VolumeType: Hashable, Sendable {
    package var name: String
    package var cloud: String
    package var usdPerGBMonth: Double
    package var iopsIncluded: Double
    package var usdPerIOPSMonth: Double
    package var mbPerSecondIncluded: Double
    package var usdPerMBPerSecondMonth: Double
    package var source: PriceSource
}

/// What a cloud takes for a gigabyte (10^9 bytes) sent to the internet, by the month's volume.
package struct EgressPrice: Hashable, Sendable {
    package var name: String
    /// Unit: gigabyte.
    package var tariff: Tariff
    package var source: PriceSource
}

/// A fee a month that does not depend on machines: support, licence.
package struct MonthlyFee: Hashable, Sendable {
    package var name: String
    package var usdPerMonth: Double
    package var source: PriceSource

    package init(name: String, usdPerMonth: Double, source: PriceSource) {
        (self.name, self.usdPerMonth, self.source) = (name, usdPerMonth, source)
    }

    /// An amount of the command line.
    package init(given amount: MonthlyAmount) {
        self.init(name: "given", usdPerMonth: amount.usd, source: PriceSource(text: "by the command line", date: ""))
    }
}

/// What a mail service takes, by the month's messages.
package struct ServicePrice: Hashable, Sendable {
    package var name: String
    /// Unit: message.
    package var tariff: Tariff
    package var source: PriceSource

    package init(name: String, tariff: Tariff, source: PriceSource) {
        (self.name, self.tariff, self.source) = (name, tariff, source)
    }
}

/// All prices of `profiles/prices/`.
package struct PriceBook: Sendable {
    package var instances: [Instance] = []
    package var volumes: [VolumeType] = []
    package var egress: [EgressPrice] = []
    package var support: [MonthlyFee] = []
    package var licences: [MonthlyFee] = []
    package var services: [ServicePrice] = []

    package init() {}

    package func instance(_ name: String) -> Instance? { instances.first { $0.name == name } }
    package func volume(_ name: String) -> VolumeType? { volumes.first { $0.name == name } }
    package func egress(_ name: String) -> EgressPrice? { egress.first { $0.name == name } }
}
