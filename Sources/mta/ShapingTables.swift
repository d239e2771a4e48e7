import MailTypes
import Measures
import RunRecords
import TrafficShaping

/// What holds for one domain, as text, CSV or JSON.
struct ShapingSheet {
    private struct Rule: Encodable {
        var rule, scope, action, count, origin: String
        var for_seconds, recover_seconds: Double
    }
    private struct Sheet: Encodable {
        var domain: String
        var exchangers: [String]
        var source: String?
        var provider: String?
        var tls: String?
        var limits: [ResolvedLimit]
        var automation: [Rule]
    }
    private let sheet: Sheet

    init(_ plan: ShapingPlan, _ domain: String, _ exchangers: [String], _ source: String?) {
        let (path, limits) = plan.explanation(
            ShapingQuestion(destination: domain, domain: domain, exchangers: exchangers, source: source))
        let rules = path.rules.compactMap(plan.rule).map {
            Rule(
                rule: $0.id, scope: $0.scope.rawValue, action: $0.deed.text,
                count: $0.count.count == 1 ? "1" : $0.count.written, origin: $0.origin,
                for_seconds: Double($0.milliseconds) / 1000, recover_seconds: Double($0.recoveryMilliseconds) / 1000)
        }
        sheet = Sheet(
            domain: domain, exchangers: exchangers, source: source, provider: path.name.provider,
            tls: path.tls?.rawValue, limits: limits, automation: rules)
    }

    func render(_ format: QueueTable.Format) throws -> String {
        switch format {
        case .json: return try prettyJSON(sheet)
        case .csv: return limitRows.map { $0.map(csvField).joined(separator: ",") + "\n" }.joined()
        case .text:
            var text =
                "\(sheet.domain) (\(sheet.exchangers.isEmpty ? "no exchangers" : sheet.exchangers.joined(separator: ", ")))"
            text += sheet.source.map { " from \($0)" } ?? ""
            text += sheet.provider.map { ", provider \($0)" } ?? ""
            text += sheet.tls.map { ", tls \($0)" } ?? ""
            text += "\n\n" + aligned(limitRows)
            return sheet.automation.isEmpty ? text : text + "\n" + aligned(ruleRows)
        }
    }

    private var limitRows: [[String]] {
        [["of", "limit", "value", "said by"]] + sheet.limits.map { [$0.of, $0.key, $0.value, $0.origin] }
    }

    private var ruleRows: [[String]] {
        [["automatic rule", "count", "scope", "action", "for", "said by"]]
            + sheet.automation.map {
                [
                    $0.rule, $0.count, $0.scope, $0.action,
                    $0.for_seconds > 0 ? HumanDuration(seconds: $0.for_seconds).description : "-", $0.origin,
                ]
            }
    }
}

/// What automatic rules are doing, as text, CSV or JSON.
struct AutomationTable {
    private let automations: [ControlResponse.Automation]
    init(_ automations: [ControlResponse.Automation]) { self.automations = automations }

    func render(_ format: QueueTable.Format) throws -> String {
        switch format {
        case .json: try prettyJSON(automations)
        case .csv: rows.map { $0.map(csvField).joined(separator: ",") + "\n" }.joined()
        case .text: automations.isEmpty ? "no automatic rule is at work\n" : aligned(rows)
        }
    }

    private var rows: [[String]] {
        [["id", "rule", "scope", "action", "until", "triggers", "cause"]]
            + automations.map {
                let until = $0.isRecovering ? $0.endUnixMilliseconds : $0.untilUnixMilliseconds
                return [
                    "\($0.id)", $0.rule, $0.scope, $0.isRecovering ? "recovering from \($0.action)" : $0.action,
                    MailDate.text(unixSeconds: Int(until / 1000)), "\($0.triggers)", $0.cause,
                ]
            }
    }
}

/// All of it, however narrow a terminal is.
private func aligned(_ rows: [[String]]) -> String { FittedTable(rows: rows, alignsNumbers: false).text(width: nil) }
