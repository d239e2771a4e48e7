import Measures

/// The screen of `mta top`: lines of a width and as many as there is room for.
struct TopView {
    var sample: TopSample
    var order = TopSample.Order.queued
    var filter = ""
    /// The filter is being typed.
    var isTyping = false
    var width = 80
    var height = 24

    var lines: [String] {
        let head = summary + [""]
        let table = [title] + rows
        let foot =
            isTyping
            ? "filter: \(filter)_"
            : "q quit   s sort (\(order.rawValue))   f filter\(filter.isEmpty ? "" : " (\(filter))")"
        let room = max(0, height - head.count - 2)
        var all = head + table.prefix(room)
        while all.count < height - 1 { all.append("") }
        all.append(foot)
        return all.prefix(height).map { String($0.prefix(width)) }
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
        func pair(_ title: String, _ value: String) -> String { title + cell(value, 19 - title.count) }
        func count(_ field: String) -> String { grouped(sample.count(field)) }
        var lines = [
            "mta top   memory \(ByteCount(bytes: sample.count("memory_bytes")))   disk free \(free)"
                + "   destinations \(count("destinations"))",
            [
                pair("in/s", rate("accepted")), pair("delivered/s", rate("delivered")),
                pair("deferred/s", rate("deferrals")), pair("bounced/s", rate("bounced")),
            ].joined(separator: " "),
            [
                pair("ready", count("ready")), pair("deferred", count("deferred")),
                pair("in flight", count("in_flight")), pair("held", count("held")),
            ].joined(separator: " "),
            [
                pair("clients", count("connections_in")), pair("next hops", count("connections_out")),
                pair("suspended", count("suspended")), pair("leaving", count("leaving")),
            ].joined(separator: " "),
            "delivery time   p50 \(time(0.5))   p99 \(time(0.99))" + orders,
        ]
        if let fault = sample.answer["spool_fault"] { lines.append("SPOOL: " + fault.plain) }
        return lines
    }

    private var orders: String {
        let count = sample.count("orders")
        return count == 0 ? "" : "   orders that hold: \(count)"
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

    private var nameWidth: Int { max(16, min(40, width - 58)) }

    private var title: String {
        let name = "DESTINATION"
        return name + String(repeating: " ", count: nameWidth - name.count)
            + ["ready", "deferred", "flight", "conn", "done/s"].map { cell($0, 9) }.joined() + "  LAST FAILURE"
    }

    private var rows: [String] {
        sample.rows(order, filter: filter).map { row in
            let name = String(row.name.prefix(nameWidth))
            let counts = [row.ready, row.deferred, row.inFlight, row.connections].map { cell("\($0)", 9) }.joined()
            let rate = cell(row.rate.map { fixed($0, $0 < 100 ? 1 : 0) } ?? "-", 9)
            return name + String(repeating: " ", count: nameWidth - name.count) + counts + rate + "  " + row.failure
        }
    }
}
