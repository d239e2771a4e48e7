import NIOCore
import SpoolContract

/// Keys that are no message's: `format`, and `clean` after a clean stop.
extension Database {
    private static let format = Array("format".utf8)
    private static let clean = Array("clean".utf8)

    /// - Returns: no delivery was under way when it was closed.
    /// - Throws: if a newer version of this program wrote it.
    func checkFormat() throws(SpoolFault) -> Bool {
        if let text = try get(raw: Self.format), Int(text).map({ $0 > RecordLayout.version }) ?? true {
            throw .inputOutput("spool format '\(text)': this program knows up to \(RecordLayout.version)")
        }
        let first = iterator(.message)
        return try get(raw: Self.clean) != nil || first.key == nil
    }

    /// The clean mark is gone from now on: only a clean stop writes it again.
    func takeMarks() throws(SpoolFault) {
        let batch = WriteBatch()
        batch.delete(raw: Self.clean)
        batch.put(raw: Self.format, Array("\(RecordLayout.version)".utf8))
        try write(batch, synced: true)
    }

    func setCleanMark() {
        let batch = WriteBatch()
        batch.put(raw: Self.clean, Self.clean)
        try? write(batch, synced: true)
    }
}
