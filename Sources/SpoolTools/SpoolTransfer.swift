import Foundation
import Glibc
import MailTypes
import NIOCore
import RunRecords
package import SpoolContract

/// Moves mail between a spool and a directory of `ID.eml` with `ID.json` (``ExportedEnvelope``) beside each.
package enum SpoolTransfer {
    /// What an export or import did.
    package struct Outcome: Sendable {
        package var messages = 0
        package var bytes = 0
        /// One line each: what could not be read or taken, and why.
        package var faults: [String] = []
    }

    /// Messages that an import commits at once.
    private static let batchMessages = 256

    /// Writes every message that can be read; on stable storage when it returns.
    /// - Parameter progress: told the messages so far.
    package static func export(
        _ spool: any Spool, to directory: String, progress: (Int) -> Void = { _ in }
    ) throws -> Outcome {
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        var outcome = Outcome()
        var ids: [MessageID] = []
        let unreadable = try spool.enumerate { ids.append($0.id) }
        if unreadable.count > 0 {
            outcome.faults.append("\(unreadable.count) unreadable records, first: \(unreadable.first ?? "")")
        }
        for id in ids {
            do {
                guard let stored = try spool.load(id) else { continue }  // finished meanwhile
                let text = MessageText.raw(stored.message.content)
                try write(text, to: "\(directory)/\(id).eml")
                try write(try envelopeLine(stored), to: "\(directory)/\(id).json")
                outcome.messages += 1
                outcome.bytes += text.count
                progress(outcome.messages)
            } catch let fault as SpoolFault {
                outcome.faults.append("\(id): \(fault)")
            }
        }
        try SpoolFiles.syncDirectory(directory)
        return outcome
    }

    /// What `ID.json` would hold.
    package static func envelopeLine(_ stored: StoredMessage) throws -> [UInt8] {
        try ControlLine.encode(ExportedEnvelope(stored))
    }

    private static func write(_ bytes: [UInt8], to path: String) throws {
        let file = open(path, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw SpoolFault.system("create \(path)") }
        defer { close(file) }
        try SpoolFiles.write([ByteBuffer(bytes: bytes)], to: file, at: 0, path)
        guard fsync(file) == 0 else { throw SpoolFault.system("fsync \(path)") }
    }

    /// Commits every message that can be taken. A message that the spool has already is left as it is.
    package static func load(
        from directory: String, into spool: any Spool, progress: (Int) -> Void = { _ in }
    ) throws -> Outcome {
        var outcome = Outcome()
        let names = try FileManager.default.contentsOfDirectory(atPath: directory)
            .filter { $0.hasSuffix(".json") }.sorted()
        var batch = SpoolBatch()
        func commit() throws {
            guard !batch.isEmpty else { return }
            try spool.commit(batch)
            outcome.messages += batch.messages.count
            outcome.bytes += batch.messages.reduce(0) { $0 + $1.content.size }
            batch = SpoolBatch()
            progress(outcome.messages)
        }
        for name in names {
            do throws(RecordFault) {
                let (message, state) = try read(directory + "/" + name)
                if try isThere(message.id, spool) {
                    outcome.faults.append("\(name): message \(message.id) is in the spool already")
                    continue
                }
                batch.messages.append(message)
                if let state { batch.states.append((message.id, state)) }
            } catch {
                outcome.faults.append(error.description)
            }
            if batch.messages.count >= batchMessages { try commit() }
        }
        try commit()
        return outcome
    }

    private static func isThere(_ id: MessageID, _ spool: any Spool) throws(RecordFault) -> Bool {
        do throws(SpoolFault) { return try spool.load(id) != nil } catch {
            throw RecordFault("\(id): \(error)")
        }
    }

    private static func read(_ path: String) throws(RecordFault) -> (SpoolMessage, DeliveryState?) {
        let exported: ExportedEnvelope
        do { exported = try RecordFile.read(ExportedEnvelope.self, from: path) } catch {
            throw RecordFault("\(error)")
        }
        guard let id = MessageID(exported.id) else {
            throw RecordFault("\(path): key 'id': '\(exported.id)': expected 32 hexadecimal digits")
        }
        let file = String(path.dropLast(5)) + ".eml"
        guard let data = FileManager.default.contents(atPath: file) else {
            throw RecordFault("\(file): cannot be read")
        }
        let message = SpoolMessage(
            id: id, envelope: try exported.envelope(path), acceptedMilliseconds: exported.acceptedUnixMilliseconds,
            content: MessageText.content(Array(data)))
        return (message, try exported.state(path))
    }
}
