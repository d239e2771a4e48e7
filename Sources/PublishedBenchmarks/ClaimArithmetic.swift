import CostModel
import Measures

/// How each statement is worked through, by its id.
enum ClaimArithmetic {
    typealias Work = @Sendable (PublishedClaim, Reproduction) throws(Reproduction.Missing) -> [Finding]

    static let all: [String: Work] = [
        "sweet-spot": sweetSpot, "sweet-spot-volume": sweetSpotVolume, "sweet-spot-cpm": sweetSpotCPM,
        "with-support": withSupport, "billion-a-day": billionADay, "postfix-servers": postfixServers,
        "devnull-96": devnull96, "devnull-131": devnull131, "iops-120": fewOperations, "iops-256k": manyOperations,
        "small-sender": smallSender, "first-rows": firstRows, "devnull-twice": devnullTwice,
        "sixty-seconds": sixtySeconds,
    ]

    // MARK: Money

    /// Which machine and which parts make the sum, nobody says: all that fit are tried.
    static func sweetSpot(
        _ claim: PublishedClaim, _ work: Reproduction
    ) throws(Reproduction.Missing) -> [Finding] {
        let (usd, vcpu) = (try claim.number("usd_per_month"), try claim.number("vcpu"))
        let memory = try claim.number("memory_gib")
        let messages = try work.table.needed("sweet-spot-volume").number("messages_per_month")
        let fitting = work.book.instances.filter { Double($0.vcpu) == vcpu && $0.memoryGiB == memory }
        guard !fitting.isEmpty else { throw Reproduction.Missing(what: "a machine of that size in the prices") }
        let found = fitting.flatMap { instance -> [Finding] in
            let hours = Setup.hoursOfAMonth
            var found = [
                line(
                    claim, "\(instance.name) on demand", usd, "\(instance.usdPerHour) × 730",
                    instance.usdPerHour * hours)
            ]
            if let reserved = instance.usdPerHourReserved {
                found.append(
                    line(claim, "\(instance.name) reserved", usd, "\(reserved) × 730", reserved * hours))
            }
            return found + withTraffic(claim, work, instance, usd, messages)
        }
        return found + nearest(claim, found)
    }

    /// Which of them comes nearest.
    private static func nearest(_ claim: PublishedClaim, _ found: [Finding]) -> [Finding] {
        func distance(_ finding: Finding) -> Double {
            if case .off(let percent) = finding.verdict { abs(percent) } else { 0 }
        }
        guard let best = found.min(by: { distance($0) < distance($1) }) else { return [] }
        let what = best.id.dropFirst(claim.id.count + 2)
        return [Finding("\(claim.id), nearest", claim.text, "\(what): \(best.arithmetic)", best.verdict)]
    }

    private static func line(
        _ claim: PublishedClaim, _ what: String, _ claimed: Double, _ text: String, _ computed: Double
    ) -> Finding {
        Finding(
            "\(claim.id), \(what)", claim.text, "\(text) = $\(dollars(computed))",
            .comparing(computed, claimed: claimed)
        )
    }

    /// The same with a volume and with the month's traffic at the price that the chart prints.
    private static func withTraffic(
        _ claim: PublishedClaim, _ work: Reproduction, _ instance: Instance, _ usd: Double, _ messages: Double
    ) -> [Finding] {
        guard let price = work.book.egress(instance.cloud), let volume = work.volume else { return [] }
        let gigabytes = messages * work.table.messageBytes / 1e9
        let flat = gigabytes * price.tariff.tiers[0].usd
        let storage = volume.type.cloud == instance.cloud ? volume.usdPerMonth : 0
        let traffic = "\(grouped(Int(gigabytes))) GB × $\(price.tariff.tiers[0].usd)"
        let disk = storage > 0 ? " + volume $\(dollars(storage))" : ""
        let hourly = [(instance.usdPerHour, "on demand"), (instance.usdPerHourReserved, "reserved")]
        var found = hourly.compactMap { hour, name -> Finding? in
            hour.map {
                line(
                    claim, "\(instance.name) \(name) + traffic", usd, "\($0) × 730\(disk) + \(traffic)",
                    $0 * Setup.hoursOfAMonth + storage + flat)
            }
        }
        if !price.tariff.isFlat {
            let tiered = price.tariff.total(gigabytes)
            found.append(
                line(
                    claim, "\(instance.name) on demand + traffic by tiers", usd,
                    "\(instance.usdPerHour) × 730\(disk) + \(grouped(Int(gigabytes))) GB by tiers $\(dollars(tiered))",
                    instance.usdPerHour * Setup.hoursOfAMonth + storage + tiered))
        }
        return found
    }

    static func sweetSpotVolume(
        _ claim: PublishedClaim, _ work: Reproduction
    ) throws(Reproduction.Missing) -> [Finding] {
        let (perHour, hours) = (try claim.number("messages_per_hour"), try claim.number("hours_per_day"))
        let (days, month) = (try claim.number("days"), try claim.number("messages_per_month"))
        let computed = perHour * hours * days
        return [
            Finding(
                claim.id, claim.text,
                "\(grouped(Int(perHour))) × \(short(hours, 3)) h × \(short(days, 3)) = \(grouped(Int(computed)))",
                .comparing(computed, claimed: month))
        ]
    }

    static func sweetSpotCPM(
        _ claim: PublishedClaim, _ work: Reproduction
    ) throws(Reproduction.Missing) -> [Finding] {
        let usd = try work.table.needed("sweet-spot").number("usd_per_month")
        let messages = try work.table.needed("sweet-spot-volume").number("messages_per_month")
        let computed = usd / messages * 1000
        return [
            Finding(
                claim.id, claim.text,
                "$\(grouped(Int(usd))) / \(grouped(Int(messages / 1000))) thousand = $\(significant(computed, 3))",
                .comparing(computed, claimed: try claim.number("cpm_usd")))
        ]
    }

    /// The fee is nowhere: what it would have to be.
    static func withSupport(
        _ claim: PublishedClaim, _ work: Reproduction
    ) throws(Reproduction.Missing) -> [Finding] {
        let usd = try work.table.needed("sweet-spot").number("usd_per_month")
        let thousands = try work.table.needed("sweet-spot-volume").number("messages_per_month") / 1000
        let without = try work.table.needed("sweet-spot-cpm").number("cpm_usd")
        let with = try claim.number("cpm_usd")
        let (low, high) = (with * thousands - usd, (with - without) * thousands)
        return [
            Finding(
                claim.id, claim.text,
                "implied fee: $\(with) × \(grouped(Int(thousands))) − $\(grouped(Int(usd))) = $\(dollars(low)) a month, or "
                    + "($\(with) − $\(without)) × \(grouped(Int(thousands))) = $\(dollars(high))",
                .notCheckable(why: "no price of the support is published in these texts"))
        ]
    }

    static func smallSender(
        _ claim: PublishedClaim, _ work: Reproduction
    ) throws(Reproduction.Missing) -> [Finding] {
        let (limit, messages) = (try claim.number("usd_per_month_below"), try claim.number("messages_per_month"))
        guard let instance = claim.instance.flatMap(work.book.instance), let volume = work.volume,
            let egress = work.book.egress(instance.cloud)
        else { throw Reproduction.Missing(what: "a price") }
        let compute = instance.usdPerHour * Setup.hoursOfAMonth
        let traffic = egress.tariff.total(messages * work.table.messageBytes / 1e9)
        let plain = RentedVolume(volume.type, gigabytes: volume.gigabytes).usdPerMonth
        func below(_ what: String, _ text: String, _ usd: Double) -> Finding {
            Finding(
                "\(claim.id), \(what)", claim.text, "\(text) = $\(dollars(usd)) against $\(dollars(limit))",
                usd < limit ? .reproduced : .off(percent: (usd / limit - 1) * 100))
        }
        return [
            below("machine alone", "\(instance.usdPerHour) × 730", compute),
            below(
                "with a plain volume and traffic",
                "$\(dollars(compute)) + $\(dollars(plain)) + $\(dollars(traffic))", compute + plain + traffic),
            below(
                "with the runs' volume and traffic",
                "$\(dollars(compute)) + $\(dollars(volume.usdPerMonth)) (\(volume.description)) + $\(dollars(traffic))",
                compute + volume.usdPerMonth + traffic),
        ]
    }
}
