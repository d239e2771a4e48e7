import Foundation
import Measures
import RunRecords
import SpoolContract

/// One subject in one cell: all rounds.
struct Row {
    var subject: String
    var cell: Cell
    var samples: [Sample]

    func median(_ value: (Sample) -> Double) -> Double { Statistics.median(samples.map(value)) }

    /// The median of the rounds' own ratios.
    func ratio(to other: Row) -> Double { Statistics.median(zip(samples, other.samples).map { $0.rate / $1.rate }) }
}

enum Statistics {
    static func median(_ values: [Double]) -> Double {
        let sorted = values.sorted()
        guard !sorted.isEmpty else { return .nan }
        return (sorted[sorted.count / 2] + sorted[(sorted.count - 1) / 2]) / 2
    }
}

/// The table and what it was measured on.
struct Report {
    let machine: MachineFacts
    let plan: Plan
    let rows: [Row]

    private static let columns = [
        "size", "waiters", "durability", "spool", "msg/s", "from", "to", "us CPU/msg", "p50 ms", "p99 ms",
        "device B/msg", "x content", "x floor", "x plain",
    ]

    var text: String {
        var cells = rows.map(fields)
        for index in cells.indices {
            for column in 4...6 { cells[index][column] = grouped(Int(cells[index][column]) ?? 0) }
        }
        var lines = facts + [""]
        var widths = Self.columns.map(\.count)
        for cell in cells {
            for (column, text) in cell.enumerated() { widths[column] = max(widths[column], text.count) }
        }
        var last: Cell?
        lines.append(line(Self.columns, widths))
        for (row, cell) in zip(rows, cells) {
            if row.cell != last { lines.append(String(repeating: "-", count: widths.reduce(0) { $0 + $1 + 2 } - 2)) }
            last = row.cell
            lines.append(line(cell, widths))
        }
        return (lines + [""] + goals).joined(separator: "\n")
    }

    var csv: String { ([Self.columns] + rows.map(fields)).map { $0.joined(separator: ",") }.joined(separator: "\n") }

    private func line(_ texts: [String], _ widths: [Int]) -> String {
        texts.enumerated().map { column, text in
            let space = String(repeating: " ", count: widths[column] - text.count)
            return column == 3 ? text + space : space + text
        }.joined(separator: "  ")
    }

    private func fields(_ row: Row) -> [String] {
        let rates = row.samples.map(\.rate)
        let device = row.samples.compactMap(\.devicePerMessage)
        let bytes = device.isEmpty ? nil : Statistics.median(device)
        return [
            ByteCount(bytes: row.cell.bytes).description,
            row.subject == Subject.floorLoop.name ? "loop" : String(row.cell.waiters),
            row.cell.durability.rawValue, row.subject, fixed(row.median(\.rate), 0), fixed(rates.min() ?? 0, 0),
            fixed(rates.max() ?? 0, 0), fixed(row.median(\.cpuMicroseconds), 2),
            fixed(row.median { Double($0.waitP50) / 1e6 }, 3), fixed(row.median { Double($0.waitP99) / 1e6 }, 3),
            bytes.map { fixed($0, 0) } ?? "-", bytes.map { fixed($0 / Double(row.cell.bytes), 2) } ?? "-",
            ratio(row, Subject.floor.name).map { fixed($0, 2) } ?? "-",
            row.subject == Subject.rocksDB.name
                ? ratio(row, Subject.rocksDBPlain.name).map { fixed($0, 2) } ?? "-" : "-",
        ]
    }

    private func ratio(_ row: Row, _ other: String) -> Double? {
        rows.first { $0.cell == row.cell && $0.subject == other }.map { row.ratio(to: $0) }
    }

    private var facts: [String] {
        [
            "\(machine.cpu), \(machine.cores) cores, Linux \(machine.kernel), \(machine.fileSystem); commit \(machine.commit)",
            "write 4 KiB and fdatasync: p50 \(fixed(Double(machine.syncLatency.percentile(50)) / 1e3, 0)) us, "
                + "p99 \(fixed(Double(machine.syncLatency.percentile(99)) / 1e3, 0)) us",
            "\(plan.rounds) rounds of \(fixed(plan.seconds, 1)) s each, the order rotates; msg/s is the median of the "
                + "rounds, ratios are medians of the rounds' own",
            "CPU is the process's, user and system; device bytes are the device's count, of everybody who writes to it",
            "floor: pwritev and fdatasync on recycled segments behind the same group commit; floor-loop: without it, 64 a "
                + "batch; rocksdb-plain: RocksDB alone, a batch of as many as there are waiters",
        ] + (plan.rocksDBOptions.isEmpty ? [] : ["RocksDB: \(plan.rocksDBOptions.sorted { $0.key < $1.key })"])
    }

    /// What the spools are meant to reach, judged where batches can form.
    private var goals: [String] {
        func judge(_ text: String, _ row: Row, _ other: String, _ least: Double) -> String? {
            guard let ratio = ratio(row, other) else { return nil }
            let cell =
                "\(ByteCount(bytes: row.cell.bytes)), \(row.cell.waiters) waiters, \(row.cell.durability.rawValue)"
            return
                "\(ratio >= least ? "met   " : "MISSED") \(text), \(cell): \(fixed(ratio, 2)) (goal \(fixed(least, 1)))"
        }
        return rows.filter { $0.cell.durability == .fsync && $0.cell.waiters > 1 }.flatMap { row -> [String?] in
            let isLarge = row.cell.bytes == 100_000
            switch row.subject {
            case Subject.segment.name where isLarge:
                return [
                    judge("segment / floor", row, Subject.floor.name, 0.6),
                    judge("segment / rocksdb", row, Subject.rocksDB.name, 4),
                ]
            case Subject.rocksDB.name: return [judge("rocksdb / plain", row, Subject.rocksDBPlain.name, 0.8)]
            default: return []
            }
        }.compactMap { $0 }
    }

    func json() throws -> String {
        struct Round: Encodable {
            var messages_per_s, seconds, cpu_us_per_message: Double
            var messages, wait_p50_ns, wait_p99_ns: UInt64
            var device_bytes: UInt64?
        }
        struct Line: Encodable {
            var spool, durability: String
            var size_bytes, waiters: Int
            var rounds: [Round]
        }
        struct Whole: Encodable {
            var machine: MachineFacts
            var rocksdb_options: [String: String]
            var rows: [Line]
        }
        let lines = rows.map { row in
            Line(
                spool: row.subject, durability: row.cell.durability.rawValue, size_bytes: row.cell.bytes,
                waiters: row.cell.waiters,
                rounds: row.samples.map {
                    Round(
                        messages_per_s: $0.rate, seconds: $0.seconds, cpu_us_per_message: $0.cpuMicroseconds,
                        messages: $0.messages, wait_p50_ns: $0.waitP50, wait_p99_ns: $0.waitP99,
                        device_bytes: $0.deviceBytes)
                })
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        let data = try encoder.encode(
            Whole(machine: machine, rocksdb_options: plan.rocksDBOptions, rows: lines))
        return String(decoding: data, as: UTF8.self)
    }
}
