import Measures

/// What a month's mail costs on own machines, with what it would cost elsewhere and what each figure rests on.
package struct CostSheet {
    private let setup: Setup
    private let plan: SendingPlan
    private let book: PriceBook
    private let volumes: [MessageVolume]

    /// - Parameter volumes: for each of them the machines are counted.
    package init(_ setup: Setup, _ plan: SendingPlan, book: PriceBook, volumes: [MessageVolume]) {
        (self.setup, self.plan, self.book, self.volumes) = (setup, plan, book, volumes)
    }

    /// Volumes that every sheet has: a small sender's, and the largest that is published.
    package static let usualVolumes = [
        MessageVolume(count: 1e6, per: .month), MessageVolume(count: 1e9, per: .day),
    ]

    package var sheet: Sheet {
        let cost = MonthlyCost(setup, plan)
        var sheet = Sheet(title: "Cost on \(setup.instance.name), \(setup.paysFor)\(projectedMark)")
        sheet.head = [
            "\(shortCount(plan.messagesPerHour)) messages an hour, \(short(plan.hoursPerDay)) h a day, "
                + "\(short(plan.days)) days: \(shortCount(plan.messages)) messages a month",
            "rate of one machine: \(significant(setup.rate.messagesPerHour / 1e6, 4)) MMH, \(setup.rate.basis)",
        ]
        sheet.tables = [parts(cost), figures(cost), breakEven, machinesTable]
        sheet.notes = notes
        return sheet
    }

    private var projectedMark: String { setup.rate.kind == .projected ? ", projected" : "" }

    // MARK: Tables

    private func parts(_ cost: MonthlyCost) -> Sheet.Table {
        let hours =
            setup.paid == .always
            ? "\(Int(Setup.hoursOfAMonth)) h a month" : "\(short(plan.hours)) h a month, given back otherwise"
        let computed =
            "\(grouped(Int(cost.machines))) × USD \(setup.usdPerHour) an hour × \(hours): \(setup.instance.source.description)"
        let rows: [(String, Double, String)] = [
            ("compute", cost.compute, computed),
            ("storage", cost.storage, storageBasis(cost)),
            ("egress", cost.egress, egressBasis),
            ("support", cost.support, setup.support.map(basis) ?? "none counted (--support)"),
            ("licence", cost.licence, setup.licence.map(basis) ?? "none counted (--licence)"),
            ("total", cost.total, "the sum"),
        ]
        return Sheet.Table(
            "parts", "What a month costs\(projectedMark)",
            columns: [
                .init("part", "part", isNumber: false), .init("usd_per_month", "USD a month"),
                .init("cpm_usd", "CPM, USD a thousand"), .init("usd_per_million", "USD a million"),
                .init("rests_on", "rests on", isNumber: false, shown: .below),
            ],
            rows: rows.map { name, usd, basis in
                let perThousand = cost.perThousand(usd)
                return [
                    .init(name), .usd(usd), .figure(perThousand.usd), .figure(perThousand.usdPerMillion), .init(basis),
                ]
            })
    }

    private func basis(_ fee: MonthlyFee) -> String { "\(fee.name): \(fee.source.description)" }

    private func storageBasis(_ cost: MonthlyCost) -> String {
        guard let volume = setup.volume else { return "none counted (--storage)" }
        return "\(grouped(Int(cost.machines))) × \(volume.description): \(volume.type.source.description)"
    }

    private var egressBasis: String {
        guard let egress = setup.egress else { return "none counted (--egress)" }
        let gigabytes = plan.messages * setup.messageBytes / 1e9
        return "\(short(gigabytes)) GB of \(egress.name), by its tiers: \(egress.source.description)"
    }

    private func figures(_ cost: MonthlyCost) -> Sheet.Table {
        let rows: [(String, String, Sheet.Cell)] = [
            ("machines", "", .count(cost.machines)),
            ("utilisation while sending", "%", .figure(cost.utilisation * 100)),
            ("headroom", "messages an hour", .count(cost.headroomPerHour)),
            ("CPM of compute alone at the full rate", "USD a thousand", .figure(cost.computeAtFullRate.usd)),
            ("the same", "USD a million", .figure(cost.computeAtFullRate.usdPerMillion)),
        ]
        let keys = [
            "machines", "utilisation_percent", "headroom_messages_per_hour", "cpm_compute_full_rate_usd",
            "compute_full_rate_usd_per_million",
        ]
        return Sheet.Table(
            "figures", "How busy that is\(projectedMark)",
            columns: [
                .init("key", "key", isNumber: false, shown: .not), .init("figure", "figure", isNumber: false),
                .init("unit", "unit", isNumber: false), .init("value", "value"),
            ],
            rows: zip(keys, rows).map { key, row in [.init(key), .init(row.0), .init(row.1), row.2] })
    }

    private var breakEven: Sheet.Table {
        Sheet.Table(
            "break_even", "Against a mail service\(projectedMark)",
            columns: [
                .init("service", "service", isNumber: false), .init("service_usd_per_month", "USD for this month"),
                .init("service_cpm_usd", "CPM"), .init("times_own_cost", "× own cost"),
                .init("own_cheaper_from_messages_per_month", "own cheaper from, messages a month"),
                .init("answer", "", isNumber: false), .init("rests_on", "rests on", isNumber: false, shown: .below),
            ],
            rows: book.services.map(breakEvenRow))
    }

    private func breakEvenRow(_ service: ServicePrice) -> [Sheet.Cell] {
        let usd = service.tariff.total(plan.messages)
        let point = BreakEven(setup, plan, against: service)
        return [
            .init(service.name), .usd(usd), .figure(usd / plan.messages * 1000),
            .figure(usd / setup.usd(plan), 3), point.first.map(Sheet.Cell.count) ?? .none, .init(point.explanation),
            .init(service.source.description),
        ]
    }

    private var machinesTable: Sheet.Table {
        let wanted = volumes + [MessageVolume(count: plan.messagesPerHour, per: .hour)]
        return Sheet.Table(
            "machines", "Machines for a volume, at \(short(plan.hoursPerDay)) h a day\(projectedMark)",
            columns: [
                .init("volume", "volume", isNumber: false), .init("messages_per_hour", "messages an hour"),
                .init("machines", "machines"), .init("utilisation_percent", "utilisation, %"),
                .init("usd_per_month", "USD a month"), .init("usd_per_million", "USD a million"),
                .init("rate_is", "rate", isNumber: false),
            ],
            rows: wanted.map { volume in
                var plan = plan
                plan.messagesPerHour = volume.perHour(hoursPerDay: plan.hoursPerDay, days: plan.days)
                let cost = MonthlyCost(setup, plan)
                return [
                    .init(volume.description), .count(plan.messagesPerHour), .count(cost.machines),
                    .figure(cost.utilisation * 100, 3), .usd(cost.total),
                    .figure(cost.perThousand(cost.total).usdPerMillion), .init(setup.rate.kind.rawValue),
                ]
            })
    }

    // MARK: What it rests on

    private var notes: [String] {
        var notes = [rateNote] + setup.rate.warnings.map { "the run behind it warns: \($0)" }
        notes.append(
            "\(setup.instance.name): \(setup.instance.vcpu) vCPU, \(short(setup.instance.memoryGiB)) GiB; "
                + "\(setup.instance.source.description)")
        if setup.egress != nil {
            notes.append("egress: bytes of the messages alone; SMTP, TCP and TLS come on top")
        }
        notes.append(
            "break-even: tiers as written, each part of a month's volume at its own tier's price; machines of one kind, "
                + "one after the other, up to \(grouped(BreakEven.machineLimit)); people, addresses, reputation and "
                + "what else a service does are not in it")
        let unsure = [setup.instance.source, setup.volume?.type.source, setup.egress?.source, setup.support?.source]
            .compactMap { $0 }.filter(\.needsVerifying)
        notes += unsure.map { "VERIFY before paying by it: \($0.description)" }
        return notes
    }

    private var rateNote: String {
        switch setup.rate.kind {
        case .measured:
            "the rate was measured on another machine than \(setup.instance.name): what it costs if that one delivers as "
                + "much; --projected asks what it may deliver"
        case .asked:
            "the rate is that of the load, which asked for no more: one machine may do more, and then fewer are needed "
                + "(--mmh gives another); it was measured on another machine than \(setup.instance.name)"
        case .projected: "the rate is projected, not measured: `bench-report project` shows its bounds"
        case .given: "the rate was given, not measured"
        case .published: "the rate is published, not measured here"
        }
    }
}

extension BreakEven {
    /// Messages a month.
    package var first: Double? {
        switch self {
        case .from(let first), .mostly(let first, _), .between(let first, _): first
        case .never: nil
        }
    }

    package var explanation: String {
        switch self {
        case .from: "and with any volume above"
        case .mostly(_, let settled):
            "with gaps behind each further machine; for good from \(grouped(Int(settled.rounded(.up))))"
        case .between(_, let until): "and no more from \(grouped(Int(until.rounded(.up))))"
        case .never: "never up to \(grouped(Self.machineLimit)) machines"
        }
    }
}
