import MailTypes
import Measures
import RunRecords
package import SpoolContract

/// One line a message.
package enum ListFormat: String, Sendable {
    case text, csv, json

    package var header: String? {
        switch self {
        case .text:
            "id                                accepted                         size_bytes  tries  sender -> recipients"
        case .csv: "id,accepted_unix_ms,size_bytes,attempts,next_due_unix_ms,held,reverse_path,recipients,waiting"
        case .json: nil
        }
    }

    package func line(_ entry: SpoolEntry) -> String {
        let recipients = entry.envelope.recipients
        let waiting = recipients.indices.count {
            !(entry.state?.recipients.indices.contains($0) ?? false) || entry.state!.recipients[$0] == .waiting
        }
        switch self {
        case .text:
            let more = recipients.count > 1 ? " and \(recipients.count - 1) more" : ""
            let held = entry.state?.isHeld ?? false ? "  held" : ""
            let date = MailDate.text(unixSeconds: Int(entry.acceptedMilliseconds / 1000))
            return
                "\(entry.id)  \(date)  \(padded("\(entry.size)", 10))  \(padded("\(entry.state?.attempts ?? 0)", 5))  "
                + "<\(entry.envelope.reversePath)> -> <\(recipients.first.map { "\($0)" } ?? "")>\(more)\(held)"
        case .csv:
            let fields = [
                "\(entry.id)", "\(entry.acceptedMilliseconds)", "\(entry.size)", "\(entry.state?.attempts ?? 0)",
                "\(entry.state?.nextDueMilliseconds ?? 0)", "\(entry.state?.isHeld ?? false)",
                csvQuoted("\(entry.envelope.reversePath)"),
                csvQuoted(recipients.map { "\($0)" }.joined(separator: " ")), "\(waiting)",
            ]
            return fields.joined(separator: ",")
        case .json:
            let line = try? ControlLine.encode(ListedMessage(entry, waiting: waiting))
            return String(decoding: (line ?? []).dropLast(), as: UTF8.self)
        }
    }

    private func padded(_ text: String, _ width: Int) -> String {
        String(repeating: " ", count: max(0, width - text.count)) + text
    }
}

private struct ListedMessage: Encodable {
    let id: String
    let accepted_unix_ms: UInt64
    let size_bytes: Int
    let attempts: UInt32
    let next_due_unix_ms: UInt64
    let held: Bool
    let reverse_path: String
    let recipients: [String]
    let waiting: Int

    init(_ entry: SpoolEntry, waiting: Int) {
        id = entry.id.description
        accepted_unix_ms = entry.acceptedMilliseconds
        size_bytes = entry.size
        attempts = entry.state?.attempts ?? 0
        next_due_unix_ms = entry.state?.nextDueMilliseconds ?? 0
        held = entry.state?.isHeld ?? false
        reverse_path = entry.envelope.reversePath.description
        recipients = entry.envelope.recipients.map { "\($0)" }
        self.waiting = waiting
    }
}

/// What `mta spool stat` says.
package struct SpoolSummary: Sendable {
    package let report: SpoolReport
    package let freeBytes: Int?
    /// Records that could not be read, and what the first one's fault was.
    package let unreadable: Int
    package let firstFault: String?
    package var fault: SpoolFault? { report.fault }

    package init(_ spool: any Spool) throws {
        var (messages, bytes) = (0, 0)
        let found = try spool.enumerate { entry in
            messages += 1
            bytes += entry.size
        }
        var report = spool.report
        (report.messages, report.liveBytes) = (messages, bytes)
        self.report = report
        freeBytes = spool.freeBytes
        (unreadable, firstFault) = (found.count, found.first)
    }

    private var lines: [(name: String, value: String)] {
        var lines = [
            ("messages", grouped(report.messages)), ("live_bytes", grouped(report.liveBytes)),
            ("disk_bytes", report.diskBytes.map { grouped($0) } ?? "-"),
            ("free_bytes", freeBytes.map { grouped($0) } ?? "-"), ("unreadable_records", "\(unreadable)"),
        ]
        if let firstFault { lines.append(("first_unreadable", firstFault)) }
        if let fault = report.fault { lines.append(("fault", fault.description)) }
        return lines + report.details.map { ("\($0.name) (\($0.unit))", grouped($0.value)) }
    }

    package var text: String {
        let width = lines.map(\.name.count).max() ?? 0
        return lines.map { $0.name + String(repeating: " ", count: width - $0.name.count + 2) + $0.value + "\n" }
            .joined()
    }

    package var json: String {
        get throws {
            struct Out: Encodable {
                var messages, live_bytes, unreadable_records: Int
                var disk_bytes, free_bytes: Int?
                var first_unreadable, fault: String?
                var details: [String: Int]
            }
            let out = Out(
                messages: report.messages, live_bytes: report.liveBytes, unreadable_records: unreadable,
                disk_bytes: report.diskBytes, free_bytes: freeBytes, first_unreadable: firstFault,
                fault: report.fault?.description,
                details: Dictionary(report.details.map { ("\($0.name)_\($0.unit)", $0.value) }) { $1 })
            return String(decoding: try ControlLine.encode(out), as: UTF8.self)
        }
    }
}
