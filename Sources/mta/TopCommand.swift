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
        while true {
            (view.width, view.height) = terminal.size
            terminal.show(view.lines)
            let now = MonotonicInstant.now().nanoseconds
            if let key = terminal.key(milliseconds: next > now ? Int32((next - now) / 1_000_000) + 1 : 0) {
                if key == UInt8(ascii: "q"), !view.isTyping { return }
                if key == 3 { return }
                press(key, &view)
            }
            guard MonotonicInstant.now().nanoseconds >= next else { continue }
            next = MonotonicInstant.now().nanoseconds + UInt64(pause * 1e9)
            view.sample = try look(view.sample)
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

/// The operator's terminal: key by key, on a screen of its own, as it was when it is closed.
private final class Terminal {
    private var usual = termios()

    init() {
        tcgetattr(0, &usual)
        var raw = usual
        raw.c_lflag &= ~UInt32(ICANON | ECHO | ISIG)
        tcsetattr(0, TCSANOW, &raw)
        write("\u{1B}[?1049h\u{1B}[?25l")
    }

    func close() {
        write("\u{1B}[?25h\u{1B}[?1049l")
        tcsetattr(0, TCSANOW, &usual)
    }

    /// Columns and lines; 80×24 where nobody knows.
    var size: (Int, Int) {
        var found = winsize()
        guard ioctl(1, UInt(TIOCGWINSZ), &found) == 0, found.ws_col > 0, found.ws_row > 0 else { return (80, 24) }
        return (Int(found.ws_col), Int(found.ws_row))
    }

    func show(_ lines: [String]) {
        let text = lines.map { line in
            String(String.UnicodeScalarView(line.unicodeScalars.map { $0.value < 0x20 || $0.value == 0x7F ? "?" : $0 }))
        }
        write("\u{1B}[H" + text.map { $0 + "\u{1B}[K" }.joined(separator: "\r\n") + "\u{1B}[J")
    }

    /// Nil: none was pressed so long.
    func key(milliseconds: Int32) -> UInt8? {
        var waiting = pollfd(fd: 0, events: Int16(POLLIN), revents: 0)
        guard poll(&waiting, 1, milliseconds) > 0 else { return nil }
        var byte: UInt8 = 0
        // The end of the input is the end of the watching.
        return read(0, &byte, 1) == 1 ? byte : 3
    }

    private func write(_ text: String) {
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes { Glibc.write(1, $0.baseAddress, $0.count) }
            guard count > 0 else { return }
            bytes.removeFirst(count)
        }
    }
}
