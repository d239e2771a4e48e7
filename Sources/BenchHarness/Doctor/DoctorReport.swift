import Foundation
import Measures

/// The findings as people and programs read them.
package struct DoctorReport: Sendable {
    package let findings: [DoctorFinding]

    package init(_ findings: [DoctorFinding]) { self.findings = findings }

    /// The worst; `ok` without any.
    package var severity: DoctorSeverity { findings.map(\.severity).max() ?? .ok }

    package static let schema = "millrace.doctor/1"

    // MARK: For people

    /// What needs attention first and in full, the worst first; then all the rest in one table.
    package var text: String {
        let bad = findings.filter { $0.severity >= .warning }.sorted { $0.severity > $1.severity }
        let rest = findings.filter { $0.severity < .warning }
        var lines: [String] = [verdict]
        for finding in bad {
            lines += ["", "\(finding.severity.rawValue.uppercased()) \(finding.name)", "  now          \(finding.now)"]
            if !finding.recommended.isEmpty { lines.append("  recommended  \(finding.recommended)") }
            lines.append("  why          \(finding.why)")
            if !finding.command.isEmpty { lines.append("  command      \(finding.command)") }
        }
        return (lines + ["", table(rest)]).joined(separator: "\n")
    }

    private var verdict: String {
        let counts = [DoctorSeverity.severe, .warning, .note].map { severity in
            (severity, findings.filter { $0.severity == severity }.count)
        }
        let severe = counts[0].1
        let head =
            severe > 0
            ? "\(severe) \(severe == 1 ? "thing" : "things") here would spoil a run"
            : severity == .warning
                ? "runs are possible here; some would be distorted or limited" : "nothing stands in the way of a run"
        return head + ": \(counts[0].1) severe, \(counts[1].1) warnings, \(counts[2].1) notes, "
            + "\(findings.filter { $0.severity == .ok }.count) as they should be"
    }

    private func table(_ findings: [DoctorFinding]) -> String {
        let header = ["", "what", "now", "recommended", "why"]
        let rows = findings.map { [$0.severity.rawValue, $0.name, $0.now, $0.recommended, $0.why] }
        // What is only long now and then does not make the column wide.
        let limits = [8, 34, 44, 22, 0]
        let widths = header.indices.map { column in
            min(limits[column], ([header] + rows).map { $0[column].count }.max() ?? 0)
        }
        return ([header] + rows).map { cells in
            var line = ""
            for (index, cell) in cells.enumerated() {
                line += cell
                guard index < cells.count - 1 else { break }
                line += String(repeating: " ", count: max(0, widths[index] - cell.count) + 2)
            }
            while line.hasSuffix(" ") { line.removeLast() }
            return line + "\n"
        }.joined()
    }

    // MARK: For programs

    package var csv: String {
        let rows = findings.map {
            [$0.name, $0.severity.rawValue, $0.now, $0.recommended, $0.why, $0.command].map(csvField)
                .joined(separator: ",")
        }
        return (["name,severity,now,recommended,why,command"] + rows).joined(separator: "\n") + "\n"
    }

    package var json: String {
        get throws {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
            return String(decoding: try encoder.encode(Document(self)), as: UTF8.self) + "\n"
        }
    }

    private struct Document: Encodable {
        struct Item: Encodable { var name, severity, now, recommended, why, command: String }
        var schema = DoctorReport.schema
        var severity: DoctorSeverity
        var findings: [Item]

        init(_ report: DoctorReport) {
            severity = report.severity
            findings = report.findings.map {
                Item(
                    name: $0.name, severity: $0.severity.rawValue, now: $0.now, recommended: $0.recommended,
                    why: $0.why,
                    command: $0.command)
            }
        }
    }
}
