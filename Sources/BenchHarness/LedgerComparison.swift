import Foundation
import MailTypes
package import RunRecords

/// Holds what the generator says was acknowledged against what the sink says arrived.
package enum LedgerComparison {
    private struct Arrival {
        var count: UInt32 = 0
        var changed = false
    }

    /// - Parameters:
    ///   - generator: `ID,accepted|refused|failed|in_doubt` lines, with or without times behind the fate.
    ///   - sink: `ID,ok|changed,size_bytes` lines.
    package static func audit(generator: String, sink: String) throws(RecordFault) -> LedgerAudit {
        var arrivals: [MessageID: Arrival] = [:]
        try forEachLine(sink) { id, rest in
            arrivals[id, default: Arrival()].count += 1
            if rest.starts(with: "changed".utf8) { arrivals[id]!.changed = true }
        }
        var audit = LedgerAudit()
        try forEachLine(generator) { id, rest in
            let arrival = arrivals[id] ?? Arrival()
            if arrival.count > 1 {
                audit.doubled += 1
                audit.name("doubled", id.description)
            }
            if arrival.changed {
                audit.changed += 1
                audit.name("changed", id.description)
            }
            guard rest.prefix(while: { $0 != UInt8(ascii: ",") }).elementsEqual("accepted".utf8) else { return }
            audit.acknowledged += 1
            if arrival.count == 0 {
                audit.lost += 1
                audit.name("lost", id.description)
            }
        }
        return audit
    }

    /// Lines with an id; `-` lines are passed over.
    private static func forEachLine(
        _ path: String, _ body: (MessageID, ArraySlice<UInt8>) -> Void
    ) throws(RecordFault) {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw RecordFault("\(path): cannot be read")
        }
        let bytes = [UInt8](data)
        var start = 0
        var number = 0
        while start < bytes.count {
            let end = bytes[start...].firstIndex(of: 0x0A) ?? bytes.count
            let line = bytes[start..<end]
            start = end + 1
            number += 1
            if line.first == UInt8(ascii: "-") { continue }
            guard line.count > MessageID.textLength + 1, let id = MessageID(hex: line.prefix(MessageID.textLength))
            else {
                throw RecordFault("\(path):\(number): expected 'ID,…' with an id of 32 hexadecimal digits")
            }
            body(id, line.dropFirst(MessageID.textLength + 1))
        }
    }
}
