import Foundation
import MailTypes
import RunRecords

/// Lines of a ledger, read in pieces.
enum LedgerLines {
    private static let piece = 1 << 20

    /// - Parameter body: the id, nil for `-`, and what follows the comma behind it.
    static func forEach(_ path: String, _ body: (MessageID?, ArraySlice<UInt8>) -> Void) throws(RecordFault) {
        guard let handle = FileHandle(forReadingAtPath: path) else { throw RecordFault("\(path): cannot be read") }
        defer { try? handle.close() }
        var rest: [UInt8] = []
        var number = 0
        while let data = try? handle.read(upToCount: piece), !data.isEmpty {
            rest += data
            var start = 0
            while let end = rest[start...].firstIndex(of: 0x0A) {
                number += 1
                try take(rest[start..<end], path, number, body)
                start = end + 1
            }
            rest.removeFirst(start)
            guard rest.count <= piece else { throw RecordFault("\(path):\(number + 1): this is no line of a ledger") }
        }
        if !rest.isEmpty { throw RecordFault("\(path):\(number + 1): the last line is cut off") }
    }

    private static func take(
        _ line: ArraySlice<UInt8>, _ path: String, _ number: Int, _ body: (MessageID?, ArraySlice<UInt8>) -> Void
    ) throws(RecordFault) {
        if line.starts(with: "-,".utf8) { return body(nil, line.dropFirst(2)) }
        guard line.count > MessageID.textLength + 1, let id = MessageID(hex: line.prefix(MessageID.textLength)),
            line[line.startIndex + MessageID.textLength] == UInt8(ascii: ",")
        else { throw RecordFault("\(path):\(number): expected 'ID,…' with an id of 32 hexadecimal digits") }
        body(id, line.dropFirst(MessageID.textLength + 1))
    }

    /// Whether the file is a record (JSON) and not a ledger.
    static func isRecord(_ path: String) throws(RecordFault) -> Bool {
        guard let handle = FileHandle(forReadingAtPath: path) else { throw RecordFault("\(path): cannot be read") }
        defer { try? handle.close() }
        return (try? handle.read(upToCount: 1)) == Data("{".utf8)
    }

    /// The ledger that the record's command line names, where it was written or beside the record; nil: it is not there.
    static func ledger(of record: GeneratorRecord, at path: String) -> String? {
        let arguments = record.header.arguments
        let following = zip(arguments, arguments.dropFirst()).first { $0.0 == "--ledger" }?.1
        let joined = arguments.first { $0.hasPrefix("--ledger=") }.map { String($0.dropFirst("--ledger=".count)) }
        guard let name = following ?? joined else { return nil }
        let beside = URL(fileURLWithPath: path).deletingLastPathComponent()
            .appendingPathComponent(URL(fileURLWithPath: name).lastPathComponent).path
        return [beside, name].first { FileManager.default.isReadableFile(atPath: $0) }
    }
}
