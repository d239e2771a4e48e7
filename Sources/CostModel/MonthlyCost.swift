/// How many messages go out, and when.
package struct SendingPlan: Hashable, Sendable {
    package var messagesPerHour: Double
    package var hoursPerDay: Double
    package var days: Double

    /// - Parameters: all more than 0; 24 hours at most.
    package init(messagesPerHour: Double, hoursPerDay: Double, days: Double) {
        precondition(messagesPerHour > 0 && hoursPerDay > 0 && hoursPerDay <= 24 && days > 0)
        (self.messagesPerHour, self.hoursPerDay, self.days) = (messagesPerHour, hoursPerDay, days)
    }

    package var hours: Double { hoursPerDay * days }
    package var messages: Double { messagesPerHour * hours }
}

/// What one machine does, and on what that rests.
package struct MachineRate: Hashable, Sendable {
    package enum Kind: String, Sendable {
        case measured, projected, given, published
        /// Measured, but of a load that asked for no more.
        case asked = "asked for"
    }
    package var messagesPerHour: Double
    package var kind: Kind
    /// One line: `measured here on …`.
    package var basis: String
    /// What the runs behind it distrust about themselves.
    package var warnings: [String]

    package init(messagesPerHour: Double, kind: Kind, basis: String, warnings: [String] = []) {
        (self.messagesPerHour, self.kind, self.basis) = (messagesPerHour, kind, basis)
        self.warnings = warnings
    }
}

/// What is paid for, whatever the volume of mail.
package struct Setup: Sendable {
    /// The hours for which a machine is paid.
    package enum Paid: String, Sendable, CaseIterable {
        /// All hours of the month.
        case always
        /// Those in which mail is sent: the machines are given back meanwhile. On demand alone.
        case working
    }

    package var instance: Instance
    package var reserved = false
    package var paid = Paid.always
    package var rate: MachineRate
    /// One for each machine.
    package var volume: RentedVolume?
    package var egress: EgressPrice?
    /// Bytes of a message as they go out; what SMTP and TCP add is not in it.
    package var messageBytes: Double
    package var support: MonthlyFee?
    package var licence: MonthlyFee?

    package init(instance: Instance, rate: MachineRate, messageBytes: Double) {
        (self.instance, self.rate, self.messageBytes) = (instance, rate, messageBytes)
    }

    /// Hours of a month as clouds count them: 365 days × 24 h / 12.
    package static let hoursOfAMonth = 730.0

    /// - Precondition: a reserved machine has a reserved price.
    package var usdPerHour: Double { reserved ? instance.usdPerHourReserved! : instance.usdPerHour }
    package var paysFor: String { reserved ? "reserved for a year" : "on demand" }

    /// Machine and volume, a month.
    package func usdPerMachine(_ plan: SendingPlan) -> Double { computePerMachine(plan) + (volume?.usdPerMonth ?? 0) }

    package func computePerMachine(_ plan: SendingPlan) -> Double {
        usdPerHour * (paid == .always ? Self.hoursOfAMonth : plan.hours)
    }

    /// Support and licence, a month.
    package var fees: Double { (support?.usdPerMonth ?? 0) + (licence?.usdPerMonth ?? 0) }

    package func egressUSD(messages: Double) -> Double {
        egress?.tariff.total(messages * messageBytes / 1e9) ?? 0
    }

    /// Machines for so many messages an hour; at least one.
    package func machines(messagesPerHour: Double) -> Double {
        // A quotient such as 3.0000000000000004 is three machines.
        max(1, (messagesPerHour / rate.messagesPerHour - 1e-9).rounded(.up))
    }

    /// All of it, a month.
    package func usd(_ plan: SendingPlan) -> Double { MonthlyCost(self, plan).total }
}

/// What a month's mail costs, part by part, in US dollars.
package struct MonthlyCost: Hashable, Sendable {
    package let messages: Double
    package let machines: Double
    package let compute: Double
    package let storage: Double
    package let egress: Double
    package let support: Double
    package let licence: Double
    /// Of what the machines could do in the hours of sending: 0 to 1.
    package let utilisation: Double
    /// How many messages an hour more the machines could do.
    package let headroomPerHour: Double
    /// A thousand messages, compute alone, of a machine that is paid for no longer than it sends at its full rate.
    package let computeAtFullRate: CostPerThousand

    package init(_ setup: Setup, _ plan: SendingPlan) {
        messages = plan.messages
        machines = setup.machines(messagesPerHour: plan.messagesPerHour)
        compute = machines * setup.computePerMachine(plan)
        storage = machines * (setup.volume?.usdPerMonth ?? 0)
        egress = setup.egressUSD(messages: messages)
        support = setup.support?.usdPerMonth ?? 0
        licence = setup.licence?.usdPerMonth ?? 0
        let capacity = machines * setup.rate.messagesPerHour
        utilisation = plan.messagesPerHour / capacity
        headroomPerHour = capacity - plan.messagesPerHour
        computeAtFullRate = CostPerThousand(
            usdPerHour: setup.usdPerHour, messagesPerHour: setup.rate.messagesPerHour)
    }

    package var total: Double { compute + storage + egress + support + licence }

    /// - Parameter usd: a part of ``total``, or all of it.
    package func perThousand(_ usd: Double) -> CostPerThousand { CostPerThousand(usd: usd / messages * 1000) }
}
