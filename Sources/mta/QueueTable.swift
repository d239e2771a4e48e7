import MailTypes
import Measures
import RunRecords

/// A queue as text, CSV or JSON.
struct QueueTable {
    enum Format: String { case text, csv, json }
    private let response: ControlResponse

    init(_ response: ControlResponse) { self.response = response }

    func render(_ format: Format) throws -> String {
        switch format {
        case .json: String(decoding: try ControlLine.encode(response), as: UTF8.self)
        case .csv: rows.map { $0.map(csvField).joined(separator: ",") + "\n" }.joined()
        case .text: FittedTable(rows: rows).text()
        }
    }

    /// With deliveries if there are some, else destinations.
    private var rows: [[String]] {
        if let deliveries = response.deliveries, !deliveries.isEmpty {
            return [["id", "destination", "place", "recipients", "attempts", "due"]]
                + deliveries.map {
                    [
                        $0.id, $0.destination, $0.place, "\($0.recipients)", "\($0.attempts)",
                        Self.date($0.dueUnixMilliseconds),
                    ]
                }
        }
        let header = [
            "destination", "ready", "deferred", "scheduled", "leased", "held", "suspended", "leaving", "connections",
            "left_alone_until", "failure",
        ]
        return [header]
            + (response.destinations ?? []).map {
                [
                    $0.name, "\($0.ready)", "\($0.deferred)", "\($0.scheduled ?? 0)", "\($0.leased)", "\($0.held)",
                    "\($0.suspended)", "\($0.leaving)", "\($0.connections)",
                    Self.date($0.holdUntilUnixMilliseconds), $0.failure ?? "-",
                ]
            }
    }

    private static func date(_ milliseconds: UInt64?) -> String {
        milliseconds.map { MailDate.text(unixSeconds: Int($0 / 1000)) } ?? "-"
    }
}
