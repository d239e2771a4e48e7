import ArgumentParser
import Glibc
import Measures
import MessageBuilding
import ProgramSupport

/// `mta top`: the relay live in a terminal; a line each interval in a pipe.
struct TopCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "top",
        abstract: "Watch a running relay: rates, queues, connections, memory, disk, latency, busiest destinations.",
        discussion: "Keys: q quits, s sorts by something else, f filters by part of a name (Enter ends it).")
    @OptionGroup var options: AdminOptions
    @Option(help: "Time between two looks.") var interval = "1s"
    @Option(help: "Destinations that are asked for.") var limit = 100
    @Option(help: "queued, rate, deferred, connections or name.") var sort = "queued"
    @Flag(help: "Two looks, and what lies between them; then end.") var once = false
    @Option(help: "With --once or in a pipe: text or json.") var format = "text"

    func run() async throws {
        let format = try tableFormat(format)
        guard let order = TopSample.Order(rawValue: sort) else {
            throw UsageFault(
                "--sort '\(sort)': expected \(TopSample.Order.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        let pause: Double
        do throws(UnitFault) { pause = try HumanDuration(parsing: interval).seconds } catch {
            throw UsageFault("--interval \(error)")
        }
        guard pause >= 0.1 else { throw UsageFault("--interval '\(interval)': expected 100ms or more") }
        if once { return try await showOnce(order, pause, format) }
        guard isatty(1) == 1, isatty(0) == 1, format == .text else { return try await showLines(pause, format) }
        try await watch(order, pause)
    }

    private func look(_ before: TopSample?) throws -> TopSample {
        TopSample(
            try options.call("GET", apiPath("/api/admin/overview/v1", [("limit", String(limit))])), before: before)
    }

    private func showOnce(_ order: TopSample.Order, _ pause: Double, _ format: QueueTable.Format) async throws {
        let first = try look(nil)
        try await Task.sleep(nanoseconds: UInt64(pause * 1e9))
        let sample = try look(first)
        guard format == .text else { return print(json(sample)) }
        var view = TopView(sample: sample, order: order)
        view.height = 8 + limit
        let lines = view.lines.dropLast()
        print(lines[..<(lines.lastIndex { !$0.isEmpty }.map { $0 + 1 } ?? 0)].joined(separator: "\n"))
    }

    private func showLines(_ pause: Double, _ format: QueueTable.Format) async throws {
        var sample = try look(nil)
        while true {
            try await Task.sleep(nanoseconds: UInt64(pause * 1e9))
            sample = try look(sample)
            print(format == .text ? TopView(sample: sample).line : json(sample))
            flushStandardOutput()
        }
    }

    /// What the relay says, and the rates beside it.
    private func json(_ sample: TopSample) -> String {
        var answer = sample.answer
        for field in ["accepted", "delivered", "deferrals", "bounced", "refused"] {
            guard let rate = sample.rate(field) else { continue }
            answer = answer.with(field + "_per_second", .decimal(rate, 1))
        }
        for (name, share) in [("p50", 0.5), ("p99", 0.99)] {
            guard let bound = sample.latency(share) else { continue }
            answer = answer.with("delivery_time_ms_\(name)_below", .decimal(bound, 3))
        }
        return answer.line
    }

    // MARK: In a terminal

    private func watch(_ order: TopSample.Order, _ pause: Double) async throws {
        let terminal = Terminal()
        defer { terminal.close() }
        var view = TopView(sample: try look(nil), order: order)
        var next = MonotonicInstant.now().nanoseconds + UInt64(pause * 1e9)
        while !Terminal.isOver {
            (view.width, view.height) = terminal.size
            terminal.show(view.lines, inverse: view.titleIndex)
            let now = MonotonicInstant.now().nanoseconds
            if let key = terminal.key(milliseconds: next > now ? Int32((next - now) / 1_000_000) + 1 : 0) {
                if key == UInt8(ascii: "q"), !view.isTyping { return }
                if key == 3 { return }
                if key == 26 { terminal.suspend() }
                press(key, &view)
            }
            guard MonotonicInstant.now().nanoseconds >= next else { continue }
            next = MonotonicInstant.now().nanoseconds + UInt64(pause * 1e9)
            // A relay that is started anew is watched on.
            do {
                view.sample = try look(view.sample)
                view.fault = nil
            } catch { view.fault = "q quit   \(error)" }
        }
    }

    private func press(_ key: UInt8, _ view: inout TopView) {
        if view.isTyping {
            switch key {
            case 13, 10, 27: view.isTyping = false
            case 8, 127: _ = view.filter.popLast()
            case 0x20..<0x7F: view.filter.append(Character(Unicode.Scalar(key)))
            default: break
            }
            return
        }
        switch key {
        case UInt8(ascii: "s"):
            let all = TopSample.Order.allCases
            view.order = all[(all.firstIndex(of: view.order)! + 1) % all.count]
        case UInt8(ascii: "f"), UInt8(ascii: "/"):
            (view.isTyping, view.filter) = (true, "")
        default: break
        }
    }
}
