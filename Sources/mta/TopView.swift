import Measures

/// The screen of `mta top`: lines of a width and as many as there is room for.
struct TopView {
    var sample: TopSample
    var order = TopSample.Order.queued
    var filter = ""
    /// Why nothing newer is shown; nil: it is.
    var fault: String?
    /// The filter is being typed.
    var isTyping = false
    var width = 80
    var height = 24

    /// Of ``lines``, the one above the table.
    var titleIndex: Int { summary.count + 1 }

    var lines: [String] {
        let head = summary + [""]
        let table = [title] + rows
        let foot =
            fault
            ?? (isTyping
                ? "filter: \(filter)_   Enter ends"
                : "q quit   s sort (\(order.rawValue))   f filter\(filter.isEmpty ? "" : " (\(filter))")")
        let room = max(0, height - head.count - 1)
        var all = Array((head + table.prefix(room)).prefix(max(0, height - 1)))
        while all.count < height - 1 { all.append("") }
        all.append(foot)
        return all.map { String($0.prefix(width)) }
    }

    /// One line for a pipe.
    var line: String {
        let rates = ["accepted", "delivered", "deferrals", "bounced"].map { "\($0) \(rate($0))" }.joined(
            separator: "  ")
        return "\(rates)  queued \(sample.count("queued"))  in \(sample.count("connections_in"))  "
            + "out \(sample.count("connections_out"))  p99 \(time(0.99))"
    }

    private var summary: [String] {
        let free = sample.answer["spool_free_bytes"].map { "\(ByteCount(bytes: $0.int))" } ?? "-"
        func count(_ field: String) -> String { grouped(sample.count(field)) }
        let pairs = [
            ("in/s", rate("accepted")), ("delivered/s", rate("delivered")), ("deferred/s", rate("deferrals")),
            ("bounced/s", rate("bounced")), ("ready", count("ready")), ("deferred", count("deferred")),
            ("in flight", count("in_flight")), ("held", count("held")), ("clients", count("connections_in")),
            ("next hops", count("connections_out")), ("suspended", count("suspended")), ("leaving", count("leaving")),
        ].map { $0 + cell($1, 19 - $0.count) }
        // Four in a line of eighty, fewer where it is narrower.
        let across = max(1, min(4, (width + 1) / 20))
        let table = stride(from: 0, to: pairs.count, by: across).map {
            pairs[$0..<min($0 + across, pairs.count)].joined(separator: " ")
        }
        let facts = [
            [
                "mta top", "memory \(ByteCount(bytes: sample.count("memory_bytes")))", "disk free \(free)",
                "destinations \(count("destinations"))",
            ],
            ["delivery time", "p50 \(time(0.5))", "p99 \(time(0.99))"] + orders,
        ].map(line)
        let fault = sample.answer["spool_fault"].map { ["SPOOL: " + $0.plain] } ?? []
        return [facts[0]] + table + [facts[1]] + fault
    }

    /// As many of the words as have room.
    private func line(_ words: [String]) -> String {
        words.dropFirst().reduce(words[0]) { $0.count + 3 + $1.count <= width ? $0 + "   " + $1 : $0 }
    }

    private var orders: [String] {
        let count = sample.count("orders")
        return count == 0 ? [] : ["orders that hold: \(count)"]
    }

    private func rate(_ field: String) -> String { sample.rate(field).map { fixed($0, $0 < 100 ? 1 : 0) } ?? "-" }

    /// Half of what is meant or more: the steps are factors of two.
    private func time(_ share: Double) -> String {
        guard let milliseconds = sample.latency(share) else { return "-" }
        if milliseconds >= 1_000 { return "< \(fixed(milliseconds / 1_000, 1)) s" }
        return milliseconds < 1 ? "< \(fixed(milliseconds * 1_000, 0)) us" : "< \(fixed(milliseconds, 0)) ms"
    }

    private func cell(_ text: String, _ width: Int) -> String {
        String(repeating: " ", count: max(0, width - text.count)) + text
    }

    // MARK: The table

    private typealias Column = (title: String, value: (TopSample.Row) -> String)
    private static let columnWidth = 9
    private static let shortestName = 16
    private static let shortestFailure = 12

    /// Those that there is room for; what matters least goes first.
    private var columns: [Column] {
        let all: [Column] = [
            ("ready", { "\($0.ready)" }), ("deferred", { "\($0.deferred)" }),
            ("stopped", { "\($0.suspended + $0.held)" }),
            ("flight", { "\($0.inFlight)" }), ("conn", { "\($0.connections)" }),
            ("done/s", { $0.rate.map { fixed($0, $0 < 100 ? 1 : 0) } ?? "-" }),
        ]
        let room = max(0, (width - Self.shortestName) / Self.columnWidth)
        let kept = ["ready", "deferred", "done/s", "conn", "flight", "stopped"].prefix(width < 96 ? min(5, room) : room)
        return all.filter { kept.contains($0.title) }
    }

    /// As long as the longest name, where there is room for that.
    private var nameWidth: Int {
        let longest = sample.rows(order, filter: filter).map(\.name.count).max() ?? 0
        let rest = width - columns.count * Self.columnWidth
        return max(min(Self.shortestName, width), min(40, longest + 1, rest - Self.shortestFailure))
    }

    private var hasFailures: Bool {
        width - nameWidth - columns.count * Self.columnWidth >= Self.shortestFailure
    }

    private var title: String {
        name("DESTINATION") + columns.map { cell($0.title, Self.columnWidth) }.joined()
            + (hasFailures ? "  LAST FAILURE" : "")
    }

    private var rows: [String] {
        sample.rows(order, filter: filter).map { row in
            name(row.name) + columns.map { cell($0.value(row), Self.columnWidth) }.joined()
                + (hasFailures ? "  " + row.failure : "")
        }
    }

    /// The beginning, and a mark where there is more.
    private func name(_ text: String) -> String {
        let fits = text.count <= nameWidth
        let shown = fits ? text : text.prefix(nameWidth - 1) + "~"
        return shown + String(repeating: " ", count: nameWidth - shown.count)
    }
}
