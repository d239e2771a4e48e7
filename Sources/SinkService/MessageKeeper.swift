import Foundation
import MailTypes
import Synchronization

/// Stores messages as `N.eml` with `N.envelope` beside it (reverse-path, then a recipient a line): for looking at
/// mail and for tests, not for speed.
final class MessageKeeper: Sendable {
    private let directory: String
    private let next = Atomic<Int>(1)

    init(directory: String) throws {
        self.directory = directory
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    }

    /// - Returns: the refusal if the file could not be written.
    func keep(_ content: [UInt8], _ envelope: Envelope) -> SMTPReply? {
        let number = next.add(1, ordering: .relaxed).oldValue
        let lines = ([envelope.reversePath] + envelope.recipients).map { $0.description + "\n" }
        let base = URL(fileURLWithPath: directory).appendingPathComponent(String(number))
        do {
            try Data(content).write(to: base.appendingPathExtension("eml"), options: .atomic)
            try Data(lines.joined().utf8).write(to: base.appendingPathExtension("envelope"), options: .atomic)
            return nil
        } catch {
            return SMTPReply(452, .init(4, 3, 1), "Cannot keep the message: \(error.localizedDescription)")
        }
    }
}
