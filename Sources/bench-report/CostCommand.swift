import ArgumentParser
import CostModel
import Measures
import ProgramSupport
import RunRecords

/// `bench-report cost`: what a month's mail costs on machines for rent.
struct Cost: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cost",
        abstract: "What a month's mail costs: machines, storage, egress, fees, against mail services.",
        discussion: """
            Prices are those of profiles/prices, each with its source and date. The rate of one machine is that of a \
            RESULT (several are grouped, medians), what may be projected from it (--projected), or --mmh.
            """)

    @Argument(help: "Result directories, their run.json, or directories of a comparison.")
    var results: [String] = []
    @Option(help: "Machine of profiles/prices, repeatable.")
    var instance: [String] = []
    @Option(help: "Million messages an hour of one machine, instead of a result: 4.0.")
    var mmh: String?
    @Flag(help: "The rate that is projected from the result onto the machine, instead of the measured one.")
    var projected = false
    @Option(help: "For --projected: CoreMark iterations a second of all cores of the machine of the result.")
    var coremarkHere: String?
    @Option(help: "The price of a machine that is paid for so long: 1y.")
    var reserved: String?
    @Option(help: "Hours that a machine is paid for: always, or working (given back when no mail goes out).")
    var paid = "always"
    @Option(help: "Messages an hour while mail goes out: 1M, 250k. Default: as many as one machine can.")
    var messagesPerHour: String?
    @Option(help: "Hours a day in which mail goes out.")
    var hoursPerDay = "24"
    @Option(help: "Days a month.")
    var days = "30"
    @Option(help: "Bytes of a message: 100KB. Default: those of the result.")
    var messageSize: String?
    @Option(help: "A disk for each machine: gp3:100GB:7200iops:225MB/s.")
    var storage: String?
    @Option(help: "Whose price of traffic to the internet counts: aws, azure.")
    var egress: String?
    @Option(help: "Support: an amount such as 3300USD/month, or a name of the prices.")
    var support: String?
    @Option(help: "Licences: an amount such as 500USD/month, or a name of the prices.")
    var licence: String?
    @Option(help: "Count the machines for this volume, too, repeatable: 1M/month, 1B/day, 250k/hour.")
    var volume: [String] = []
    @Option(help: "Directory of the prices. Default: profiles/prices.")
    var prices: String?
    @Option(help: "text, markdown, csv or json.")
    var format = "text"

    func run() async throws {
        let format = try SheetFormat(flag: format)
        let book = try DataDirectory.prices(prices)
        guard !instance.isEmpty else {
            throw UsageFault(
                "--instance is missing: expected one of \(book.instances.map(\.name).joined(separator: ", "))")
        }
        let volumes =
            try CostSheet.usualVolumes + volume.map { try flagged("--volume", $0, MessageVolume.init(parsing:)) }
        var sheets: [Sheet] = []
        for name in instance {
            let instance = try book.instance(flag: name)
            for (rate, bytes) in try rates(instance, book) {
                let setup = try setup(instance, rate, bytes, book)
                sheets.append(CostSheet(setup, try plan(rate), book: book, volumes: volumes).sheet)
            }
        }
        print(Sheet.render(sheets, format), terminator: "")
    }

    // MARK: The rate

    private func rates(_ instance: Instance, _ book: PriceBook) throws -> [(MachineRate, Double?)] {
        if let mmh {
            guard results.isEmpty, !projected else {
                throw UsageFault("--mmh gives the rate: expected no result and no --projected beside it")
            }
            let rate = try number("--mmh", mmh, 0.000001...100_000, "million messages an hour, such as 4.0")
            return [(MachineRate(messagesPerHour: rate * 1e6, kind: .given, basis: "given by --mmh"), nil)]
        }
        guard !results.isEmpty else { throw UsageFault("expected a RESULT, or --mmh with the rate of one machine") }
        return try MeasuredRuns.read(results).map { run in
            guard projected else {
                return (
                    MachineRate(
                        messagesPerHour: run.messagesPerSecond * 3600, kind: run.askedFor == nil ? .measured : .asked,
                        basis: run.basis,
                        warnings: run.warnings),
                    run.messageBytes
                )
            }
            return (try projectedRate(run, instance, book), run.messageBytes)
        }
    }

    private func projectedRate(_ run: MeasuredRun, _ instance: Instance, _ book: PriceBook) throws -> MachineRate {
        var assumptions = Projection.Assumptions()
        assumptions.coreMarkHere = try coremarkHere.map(coreMark)
        assumptions.volume = try storage.map(book.rentedVolume(flag:))
        guard let projection = Projection(run, on: instance, assumptions) else {
            throw RunFault("\(run.label): the CPU of its processes was not counted: nothing can be projected")
        }
        let binding = projection.binding
        return MachineRate(
            messagesPerHour: binding.messagesPerSecond * 3600, kind: .projected,
            basis: "projected, limited by \(binding.resource.label): \(binding.arithmetic); from \(run.basis)",
            warnings: run.warnings)
    }

    // MARK: What it costs

    private func setup(
        _ instance: Instance, _ rate: MachineRate, _ bytes: Double?, _ book: PriceBook
    ) throws -> Setup {
        let given = try messageSize.map { Double(try flagged("--message-size", $0, ByteCount.init(parsing:)).bytes) }
        if egress != nil, given ?? bytes == nil {
            throw UsageFault(
                "--egress needs --message-size where there is no result: expected \(ByteCount.allowedForm)")
        }
        if let given, given < 1 { throw UsageFault("--message-size: expected 1 byte or more") }
        var setup = Setup(instance: instance, rate: rate, messageBytes: given ?? bytes ?? 1)
        guard let paid = Setup.Paid(rawValue: paid) else {
            throw UsageFault("--paid '\(paid)': expected always or working")
        }
        setup.paid = paid
        if let reserved {
            guard reserved == "1y" else { throw UsageFault("--reserved '\(reserved)': expected 1y") }
            guard instance.usdPerHourReserved != nil else {
                throw UsageFault("--reserved: the prices have none for \(instance.name)")
            }
            guard paid == .always else {
                throw UsageFault("--reserved is paid always: expected no --paid working beside it")
            }
            setup.reserved = true
        }
        setup.volume = try storage.map(book.rentedVolume(flag:))
        if let type = setup.volume?.type, type.cloud != instance.cloud {
            throw UsageFault(
                "--storage '\(type.name)' is of \(type.cloud), \(instance.name) of \(instance.cloud): expected both of one cloud"
            )
        }
        setup.egress = try egress.map { name in
            guard let price = book.egress(name) else {
                throw UsageFault(PriceBook.unknown("--egress", name, book.egress.map(\.name)))
            }
            return price
        }
        setup.support = try support.map { try fee("--support", $0, book.support) }
        setup.licence = try licence.map { try fee("--licence", $0, book.licences) }
        return setup
    }

    private func fee(_ flag: String, _ text: String, _ known: [MonthlyFee]) throws -> MonthlyFee {
        if let fee = known.first(where: { $0.name == text }) { return fee }
        do { return MonthlyFee(given: try MonthlyAmount(parsing: text)) } catch {
            throw UsageFault("\(flag) \(error), or a name of the prices: \(known.map(\.name).joined(separator: ", "))")
        }
    }

    private func plan(_ rate: MachineRate) throws -> SendingPlan {
        let perHour = try messagesPerHour.map {
            try flagged("--messages-per-hour", $0, MessageCount.init(parsing:)).count
        }
        return SendingPlan(
            messagesPerHour: perHour ?? rate.messagesPerHour,
            hoursPerDay: try number("--hours-per-day", hoursPerDay, 0.01...24, "hours, 0.01 to 24, such as 10"),
            days: try number("--days", days, 0.1...31, "days a month, 0.1 to 31, such as 30"))
    }
}

/// `bench-report project`: what another machine may carry.
struct Project: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "project",
        abstract: "What other machines may carry, projected from a result: a bound for each thing that can run out.")

    @Argument(help: "Result directories, their run.json, or directories of a comparison.")
    var results: [String]
    @Option(help: "Machine of profiles/prices, repeatable.")
    var instance: [String] = []
    @Flag(help: "All machines of the prices.")
    var all = false
    @Flag(help: "Generator and sink run on the projected machine, too.")
    var shared = false
    @Option(help: "CoreMark iterations a second of all cores of the machine of the result.")
    var coremarkHere: String?
    @Option(help: "A disk for each machine: gp3:100GB:7200iops:225MB/s.")
    var storage: String?
    @Option(help: "Directory of the prices. Default: profiles/prices.")
    var prices: String?
    @Option(help: "text, markdown, csv or json.")
    var format = "text"

    func run() async throws {
        let format = try SheetFormat(flag: format)
        let book = try DataDirectory.prices(prices)
        guard all != !instance.isEmpty else {
            throw UsageFault(
                "expected either --all or --instance with one of \(book.instances.map(\.name).joined(separator: ", "))")
        }
        let instances = all ? book.instances : try instance.map(book.instance(flag:))
        var assumptions = Projection.Assumptions()
        assumptions.sharesMachine = shared
        assumptions.coreMarkHere = try coremarkHere.map(coreMark)
        assumptions.volume = try storage.map(book.rentedVolume(flag:))
        let runs = try MeasuredRuns.read(results)
        guard runs.contains(where: { $0.systemCPU != nil }) else {
            throw RunFault("the CPU of the system's processes was not counted in any run: nothing can be projected")
        }
        print(ProjectionSheet(runs, on: instances, assumptions).sheet.render(format), terminator: "")
    }
}

enum MeasuredRuns {
    /// - Throws: ``RunFault`` if one is no valid result.
    static func read(_ paths: [String]) throws -> [MeasuredRun] {
        let runs = try ResultFiles.read(paths)
        do throws(RecordFault) { return try MeasuredRun.gather(runs) } catch { throw RunFault(error.description) }
    }
}

/// A flag's value, or the fault with the flag's name.
func flagged<Value>(_ flag: String, _ text: String, _ parse: (String) throws -> Value) throws -> Value {
    do { return try parse(text) } catch let fault as UnitFault { throw UsageFault("\(flag) \(fault)") }
}

func number(_ flag: String, _ text: String, _ range: ClosedRange<Double>, _ form: String) throws -> Double {
    guard let value = Double(text), range.contains(value) else {
        throw UsageFault("\(flag) '\(text)': expected \(form)")
    }
    return value
}

func coreMark(_ text: String) throws -> Double {
    try number("--coremark-here", text, 1...1e9, "CoreMark iterations a second of all cores, such as 40000")
}
