import Foundation
package import RunRecords

extension PriceBook {
    /// Reads every `*.yaml` below a directory, in the order of their names.
    /// - Throws: ``RecordFault`` as `FILE:LINE: key 'x': … expected …`, also if there is no file, and if two entries of
    ///   one kind have one name.
    package init(directory: String) throws(RecordFault) {
        self.init()
        for (text, file) in try YAMLDirectory.texts(directory, missing: "no prices") { try add(text: text, file: file) }
    }

    private static let keys = [
        "as_of", "cloud", "region", "instances", "volumes", "egress", "support", "licences", "saas",
    ]

    /// Adds the prices of one file.
    /// - Parameter file: named in faults.
    package mutating func add(text: String, file: String) throws(RecordFault) {
        let values = try StrictMapping(text: text, file: file, keys: Self.keys)
        let date = try values.date("as_of", nil)
        let cloud = try values.text("cloud") ?? ""
        for key in ["instances", "volumes", "egress"] where values.has(key) && cloud.isEmpty {
            throw values.fault(key, "the file names no cloud: expected a key 'cloud'")
        }
        for entry in try values.mappings("instances", keys: Instance.keys) ?? [] {
            let instance = try Instance(entry, cloud, date)
            guard self.instance(instance.name) == nil else { throw entry.isTwice(instance.name) }
            instances.append(instance)
        }
        for entry in try values.mappings("volumes", keys: VolumeType.keys) ?? [] {
            let volume = try VolumeType(entry, cloud, date)
            guard self.volume(volume.name) == nil else { throw entry.isTwice(volume.name) }
            volumes.append(volume)
        }
        if let entry = try values.mapping("egress", keys: ["name", "tiers", "date", "source"]) {
            let price = EgressPrice(
                name: try entry.requiredText("name"),
                tariff: try entry.tariff(bound: "up_to_gb", price: "usd_per_gb", scale: 1),
                source: try entry.source(date))
            guard self.egress(price.name) == nil else { throw entry.isTwice(price.name) }
            egress.append(price)
        }
        support += try values.fees("support", date, known: support)
        licences += try values.fees("licences", date, known: licences)
        try addServices(values, date)
    }

    private mutating func addServices(_ values: StrictMapping, _ date: String) throws(RecordFault) {
        let keys = [
            "name", "usd_per_thousand", "usd_per_thousand_low", "usd_per_thousand_high", "tiers", "date", "source",
        ]
        for entry in try values.mappings("saas", keys: keys) ?? [] {
            let (name, source) = (try entry.requiredText("name"), try entry.source(date))
            for (suffix, tariff) in try entry.serviceTariffs() {
                guard !services.contains(where: { $0.name == name + suffix }) else { throw entry.isTwice(name) }
                services.append(ServicePrice(name: name + suffix, tariff: tariff, source: source))
            }
        }
    }
}

extension Instance {
    static let keys = [
        "name", "vcpu", "memory_gib", "nic_mbit_per_s_baseline", "nic_label", "disk_mb_per_s_max", "usd_per_hour",
        "usd_per_hour_reserved_1y", "coremark_per_s", "date", "source",
    ]

    init(_ values: StrictMapping, _ cloud: String, _ date: String) throws(RecordFault) {
        name = try values.requiredText("name")
        self.cloud = cloud
        vcpu = try values.required("vcpu", try values.integer("vcpu", in: 1...4096))
        memoryGiB = try values.required("memory_gib", try values.number("memory_gib", in: 0.5...100_000))
        nicMbitPerSecond = try values.required(
            "nic_mbit_per_s_baseline", try values.number("nic_mbit_per_s_baseline", in: 1...10_000_000))
        nicLabel = try values.text("nic_label")
        diskMBPerSecond = try values.number("disk_mb_per_s_max", in: 1...1_000_000)
        usdPerHour = try values.required("usd_per_hour", try values.number("usd_per_hour", in: 0.0001...100_000))
        usdPerHourReserved = try values.number("usd_per_hour_reserved_1y", in: 0.0001...100_000)
        if let reserved = usdPerHourReserved, reserved > usdPerHour {
            throw values.fault("usd_per_hour_reserved_1y", "\(reserved): expected no more than usd_per_hour")
        }
        coreMarkPerSecond = try values.number("coremark_per_s", in: 1...1_000_000_000)
        source = try values.source(date)
    }
}

extension VolumeType {
    static let keys = [
        "name", "usd_per_gb_month", "iops_included", "usd_per_iops_month", "mb_per_s_included",
        "usd_per_mb_per_s_month", "date", "source",
    ]

    init(_ values: StrictMapping, _ cloud: String, _ date: String) throws(RecordFault) {
        func number(_ key: String) throws(RecordFault) -> Double {
            try values.required(key, try values.number(key, in: 0...1_000_000))
        }
        name = try values.requiredText("name")
        self.cloud = cloud
        usdPerGBMonth = try number("usd_per_gb_month")
        iopsIncluded = try number("iops_included")
        usdPerIOPSMonth = try number("usd_per_iops_month")
        mbPerSecondIncluded = try number("mb_per_s_included")
        usdPerMBPerSecondMonth = try number("usd_per_mb_per_s_month")
        source = try values.source(date)
    }
}

extension StrictMapping {
    func isTwice(_ name: String) -> RecordFault { fault("name", "'\(name)' is there twice: expected one price for it") }

    /// `2026`, `2026-11` or `2026-07-20`.
    /// - Parameter otherwise: without the key; nil: it has to be there.
    func date(_ key: String, _ otherwise: String?) throws(RecordFault) -> String {
        guard let text = try text(key) else { return try required(key, otherwise) }
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        let limits = [2000...2100, 1...12, 1...31]
        let widths = [4, 2, 2]
        let isDate =
            (1...3).contains(parts.count)
            && zip(parts.indices, parts).allSatisfy { index, part in
                part.count == widths[index] && Int(part).map(limits[index].contains) == true
            }
        guard isDate else { throw fault(key, "'\(text)': expected a date such as 2026-11 or 2026-07-20") }
        return text
    }

    func source(_ date: String) throws(RecordFault) -> PriceSource {
        PriceSource(text: try requiredText("source"), date: try self.date("date", date))
    }

    func fees(_ key: String, _ date: String, known: [MonthlyFee]) throws(RecordFault) -> [MonthlyFee] {
        var found: [MonthlyFee] = []
        for entry in try mappings(key, keys: ["name", "usd_per_month", "date", "source"]) ?? [] {
            let fee = MonthlyFee(
                name: try entry.requiredText("name"),
                usdPerMonth: try entry.required(
                    "usd_per_month", try entry.number("usd_per_month", in: 0...1_000_000_000)),
                source: try entry.source(date))
            guard !(known + found).contains(where: { $0.name == fee.name }) else { throw entry.isTwice(fee.name) }
            found.append(fee)
        }
        return found
    }

    /// Tiers of a tariff: at least one, bounds rising, the last one without a bound and no other.
    /// - Parameter scale: from the price as written to that of a unit.
    func tariff(bound: String, price: String, scale: Double) throws(RecordFault) -> Tariff {
        let entries = try required("tiers", try mappings("tiers", keys: [bound, price]))
        guard !entries.isEmpty else { throw fault("tiers", "expected at least one tier") }
        var tiers: [Tariff.Tier] = []
        for (index, entry) in entries.enumerated() {
            let upTo = try entry.number(bound, in: 0.001...1e15)
            let isLast = index == entries.count - 1
            if isLast, upTo != nil {
                throw entry.fault(bound, "the last tier has a bound: expected one more, without, for all that is more")
            }
            if !isLast, upTo == nil {
                throw entry.fault(bound, "is missing: only the last tier has no bound")
            }
            if let upTo, let before = tiers.last?.upTo, upTo <= before {
                throw entry.fault(bound, "\(upTo): expected more than the tier before, \(before)")
            }
            let usd = try entry.required(price, try entry.number(price, in: 0...1_000_000))
            tiers.append(Tariff.Tier(upTo: upTo, usd: usd * scale))
        }
        return Tariff(tiers: tiers)
    }

    /// One price, a low and a high one, or tiers: exactly one of these forms.
    func serviceTariffs() throws(RecordFault) -> [(suffix: String, tariff: Tariff)] {
        let forms = ["usd_per_thousand", "usd_per_thousand_low", "tiers"].filter(has)
        guard forms.count == 1, has("usd_per_thousand_low") == has("usd_per_thousand_high") else {
            throw fault(
                "name", "expected either 'usd_per_thousand', 'usd_per_thousand_low' with '…_high', or 'tiers'")
        }
        func price(_ key: String) throws(RecordFault) -> Double {
            try required(key, try number(key, in: 0.000001...100_000)) / 1000
        }
        switch forms[0] {
        case "tiers": return [("", try tariff(bound: "up_to_messages", price: "usd_per_thousand", scale: 0.001))]
        case "usd_per_thousand": return [("", Tariff(flat: try price("usd_per_thousand")))]
        default:
            let (low, high) = (try price("usd_per_thousand_low"), try price("usd_per_thousand_high"))
            guard low < high else { throw fault("usd_per_thousand_high", "expected more than usd_per_thousand_low") }
            return [(", low", Tariff(flat: low)), (", high", Tariff(flat: high))]
        }
    }
}
