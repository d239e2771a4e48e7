import Foundation

/// What the generator's ledgers say of each id.
struct GeneratorLedger {
    private(set) var accepted: Set<String> = []
    private(set) var inDoubt: Set<String> = []
    /// Refused, or lost before the content was complete: these must not arrive.
    private(set) var notTaken: Set<String> = []

    mutating func add(_ path: String) throws {
        for fields in try ledgerLines(path, fields: 5) {
            switch fields[1] {
            case "accepted": accepted.insert(fields[0])
            case "in_doubt": inDoubt.insert(fields[0])
            case "refused", "failed": notTaken.insert(fields[0])
            default: throw StageFault("\(path): unknown outcome '\(fields[1])'")
            }
        }
    }
}

/// What the sink's ledger says.
struct SinkLedger {
    private(set) var ids: Set<String> = []
    private(set) var received = 0
    private(set) var changed: [String] = []
    /// Copies beyond the first.
    var duplicates: Int { received - ids.count }

    init(_ path: String) throws {
        for fields in try ledgerLines(path, fields: 8) where fields[0] != "-" {
            received += 1
            ids.insert(fields[0])
            if fields[1] != "ok" { changed.append(fields[0]) }
        }
    }
}

private func ledgerLines(_ path: String, fields count: Int) throws -> [[String]] {
    guard let data = FileManager.default.contents(atPath: path) else { throw StageFault("no ledger at \(path)") }
    return try String(decoding: data, as: UTF8.self).split(separator: "\n").map { line in
        let fields = line.split(separator: ",").map(String.init)
        guard fields.count == count else { throw StageFault("\(path): '\(line)'") }
        return fields
    }
}
