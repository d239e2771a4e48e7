package import CostModel
import Measures

/// The published table printed again, with what follows from it, and each statement worked through.
package struct PublishedSheet {
    private let work: Reproduction

    package init(_ work: Reproduction) { self.work = work }

    private var table: PublishedTable { work.table }

    package var sheet: Sheet {
        var sheet = Sheet(title: "\(table.id): \(table.title)")
        sheet.head = head
        sheet.tables = [rows, costs]
        let claims = work.claims
        if !claims.isEmpty {
            sheet.tables.append(.init("claims", "Each statement, worked through again", findings: claims))
        }
        sheet.tables.append(.init("shape", "What the rows show together", findings: work.shape))
        sheet.tables.append(beside)
        sheet.drawing = PublishedDrawing.lines(table)
        sheet.notes = notes(claims)
        return sheet
    }

    private var head: [String] {
        var lines = ["published \(table.published)"]
        lines += table.sources.map { "source, \($0.name): \($0.text)" }
        lines.append(
            "load: \(grouped(Int(table.messages))) messages of \(grouped(Int(table.messageBytes))) bytes"
                + (table.connections.map { " over \(grouped($0)) connections" } ?? ""))
        return lines + table.facts.map { "\($0.key): \($0.text)" }
    }

    // MARK: The table again

    private var rows: Sheet.Table {
        let hasPostfix = table.rows.contains { $0.postfixMMH != nil }
        var columns: [Sheet.Column] = [
            .init("instance", "machine", isNumber: false), .init("vcpu", "vCPU"), .init("memory_gib", "GiB"),
            .init("published_messages_per_hour", "messages an hour"), .init("published_mmh", "MMH"),
        ]
        if hasPostfix { columns.append(.init("published_postfix_mmh", "Postfix MMH")) }
        columns += [
            .init("msg_per_s", "msg/s"), .init("gbit_per_s_payload", "Gbit/s"), .init("gbit_per_s_in_and_out", "× 2"),
            .init("nic_baseline_percent", "of the card, %"), .init("seconds_for_all", "s for the run"),
            .init("messages_per_day", "messages a day"), .init("mmh_per_vcpu", "MMH per vCPU"),
        ]
        return Sheet.Table(
            "rows", "As published, and what follows from it", columns: columns,
            rows: table.rows.map { row in
                let gbit = row.gbitPerSecond(messageBytes: table.messageBytes)
                let card = work.instance(row).map { gbit * 2 / ($0.nicMbitPerSecond / 1000) * 100 }
                var cells: [Sheet.Cell] = [
                    .init(row.name), .count(Double(row.vcpu)), .count(row.memoryGiB), .count(row.messagesPerHour),
                    .init(fixed(row.mmh, 3), row.mmh),
                ]
                if hasPostfix { cells.append(row.postfixMMH.map { .init(fixed($0, 2), $0) } ?? .none) }
                return cells + [
                    .init(fixed(row.messagesPerSecond, 1), row.messagesPerSecond), .figure(gbit, 3),
                    .figure(gbit * 2, 3), .figure(card, 3), .figure(table.messages / row.messagesPerSecond, 3),
                    .count(row.messagesPerHour * 24), .init(fixed(row.mmhPerVCPU, 3), row.mmhPerVCPU),
                ]
            })
    }

    private var costs: Sheet.Table {
        Sheet.Table(
            "costs", "What that costs by our cost model, at the full rate",
            columns: [
                .init("instance", "machine", isNumber: false), .init("usd_per_hour", "USD an hour"),
                .init("usd_per_hour_reserved", "reserved"), .init("volume_usd_per_hour", "volume"),
                .init("cpm_usd", "CPM, USD a thousand"), .init("usd_per_million", "USD a million"),
                .init("egress_usd_per_million", "egress, USD a million"),
                .init("rests_on", "rests on", isNumber: false),
            ],
            rows: table.rows.map { row in
                let instance = work.instance(row)
                let cost = work.cost(row)
                let egress = instance.flatMap { work.book.egress($0.cloud) }.map {
                    $0.tariff.tiers[0].usd * table.messageBytes / 1000
                }
                return [
                    .init(row.name), .figure(instance?.usdPerHour), .figure(instance?.usdPerHourReserved),
                    .figure(instance == nil ? nil : work.volume.map { $0.usdPerMonth / Setup.hoursOfAMonth }),
                    .figure(cost?.usd), .figure(cost?.usdPerMillion), .figure(egress),
                    .init(instance?.source.description ?? "the source names no machine: no price"),
                ]
            })
    }

    // MARK: Beside it

    private var beside: Sheet.Table {
        let others = work.library.tables.filter { $0.id != table.id }
        let rows = others.flatMap { other in
            other.rows.map { row in
                cells(
                    "\(other.id), \(row.name)", vcpu: row.vcpu, mmh: row.mmh, work.cost(row)?.usdPerMillion, nil,
                    other.title)
            }
        }
        return Sheet.Table(
            "beside", "Other published figures beside it",
            columns: [
                .init("figure", "figure", isNumber: false), .init("vcpu", "vCPU"), .init("published_mmh", "MMH"),
                .init("mmh_per_vcpu", "MMH per vCPU"), .init("published_usd_per_million", "published USD a million"),
                .init("usd_per_million", "by our model"), .init("basis", "basis", isNumber: false, shown: .below),
            ],
            rows: rows
                + work.library.figures.map { figure in
                    let instance = figure.instance.flatMap(work.book.instance)
                    let ours = instance.map { $0.usdPerHour / figure.mmh }
                    return cells(
                        "\(figure.id): \(figure.system)" + (figure.instance.map { " on \($0)" } ?? ""),
                        vcpu: figure.vcpu ?? instance?.vcpu, mmh: figure.mmh, ours, figure.usdPerMillion, figure.basis)
                })
    }

    private func cells(
        _ name: String, vcpu: Int?, mmh: Double, _ ours: Double?, _ published: Double?, _ basis: String
    ) -> [Sheet.Cell] {
        [
            .init(name), vcpu.map { .count(Double($0)) } ?? .none, .figure(mmh),
            .figure(vcpu.map { mmh / Double($0) }, 3),
            .figure(published, 3), .figure(ours, 3), .init(basis),
        ]
    }

    private func notes(_ claims: [Finding]) -> [String] {
        var notes = [
            "Gbit/s: content alone, one way; × 2: in and out; of the card: that against the baseline in the prices"
        ]
        if let volume = work.volume {
            notes.append(
                "costs: on demand, machine and one volume (\(volume.description), $\(dollars(volume.usdPerMonth)) a month "
                    + "over 730 h; \(volume.type.source.description)), paid for no longer than it sends at that rate; "
                    + "reserved, support, licence and traffic are not in it")
        }
        notes.append("beside it: by our model with the machine on demand alone, where it is a single figure")
        let counts = ["reproduced", "off", "contradicted", "not_checkable"].map { key in
            "\(claims.filter { $0.verdict.key == key }.count) \(key.replacing("_", with: " "))"
        }
        if !claims.isEmpty { notes.append("of \(claims.count) lines: \(counts.joined(separator: ", "))") }
        notes.append("reproduced: within 1 %, or what the sentence says; off: what came out against what is claimed")
        return notes
    }
}

/// Bars in letters, from zero, every figure at the end of its own.
enum PublishedDrawing {
    private static let width = 50.0

    static func lines(_ table: PublishedTable) -> [String] {
        let longest = table.rows.map(\.mmh).max() ?? 1
        let name = table.rows.map(\.name.count).max() ?? 0
        func bar(_ value: Double, _ letter: Character) -> String {
            String(repeating: letter, count: max(1, Int((value / longest * width).rounded())))
        }
        let rows = table.rows.flatMap { row in
            let label = row.name + String(repeating: " ", count: name - row.name.count)
            let first = "\(label)  \(bar(row.mmh, "█")) \(fixed(row.mmh, 3))"
            guard let postfix = row.postfixMMH else { return [first] }
            let blank = String(repeating: " ", count: name)
            return [first, "\(blank)  \(bar(postfix, "░")) \(fixed(postfix, 2)) Postfix"]
        }
        return ["Million messages an hour, \(table.title)", ""] + rows
    }
}
