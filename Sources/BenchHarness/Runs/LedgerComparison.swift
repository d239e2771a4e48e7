import Foundation
package import RunRecords
import ResultStore

/// Holds what the generator says was acknowledged against what the sink says arrived.
package enum LedgerComparison {
    /// - Parameters:
    ///   - generator: path of `ID,accepted|refused|failed|in_doubt` lines.
    ///   - sink: path of `ID,ok|changed,size_bytes` lines.
    package static func audit(generator: String, sink: String) throws(RecordFault) -> LedgerAudit {
        let (sent, arrived) = (try read(generator), try read(sink))
        do throws(RecordFault) { return try LedgerReading(generator: sent, sink: arrived).audit } catch {
            // `generator.ledger:12: …` is in the directory of the one that was read.
            throw RecordFault(
                URL(fileURLWithPath: generator).deletingLastPathComponent().path + "/" + error.description)
        }
    }

    static func read(_ path: String) throws(RecordFault) -> [UInt8] {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw RecordFault("\(path): cannot be read")
        }
        return [UInt8](data)
    }
}
