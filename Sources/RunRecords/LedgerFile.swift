import Glibc
import Measures

/// An append-only text file of a ledger, one line a message.
package final class LedgerFile: @unchecked Sendable {  // used by one task at a time
    private let path: String
    private var file: Int32
    private var length = 0

    /// Makes the file, or empties it.
    /// - Parameter appends: to what is there, instead.
    /// - Throws: ``RecordFault`` that names the path and says why.
    package init(path: String, appends: Bool = false) throws(RecordFault) {
        self.path = path
        file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | (appends ? 0 : O_TRUNC), 0o666)
        guard file >= 0 else { throw RecordFault("ledger \(path): cannot be created: \(Self.reason(errno))") }
        if appends { length = max(0, lseek(file, 0, SEEK_END)) }
    }

    deinit { close() }

    package func close() {
        if file >= 0 { Glibc.close(file) }
        file = -1
    }

    /// All of it or, as on a full disk, nothing: what was written of it is taken back, so that no line is cut.
    /// - Throws: ``RecordFault`` that names the path and says why.
    package func append(_ bytes: [UInt8]) throws(RecordFault) {
        let code = writeWhole(bytes, to: file)
        guard code == 0 else {
            takeBack()
            throw RecordFault("ledger \(path): cannot be written: \(Self.reason(code))")
        }
        length += bytes.count
    }

    /// A pipe or a device takes nothing back.
    private func takeBack() {
        _ = ftruncate(file, length)
        _ = lseek(file, length, SEEK_SET)
    }

    private static func reason(_ code: Int32) -> String { String(cString: strerror(code)) }
}
