import Foundation
import MailTypes
import Measures
import Synchronization

/// Where messages are put to look at them. Called on event loops, with the content without stuffing dots.
protocol MessageStore: Sendable {
    /// - Returns: the refusal if the message could not be stored.
    func store(_ content: [UInt8], _ envelope: Envelope) -> SMTPReply?
}

/// Several stores at once: the first that cannot take a message refuses it.
struct StoreList: MessageStore {
    let stores: [any MessageStore]

    func store(_ content: [UInt8], _ envelope: Envelope) -> SMTPReply? {
        for store in stores {
            if let refusal = store.store(content, envelope) { return refusal }
        }
        return nil
    }
}

extension SMTPReply {
    fileprivate static func cannotStore(_ error: any Error) -> SMTPReply {
        let text = error.localizedDescription.unicodeScalars.filter { $0.value >= 0x20 && $0.value != 0x7F }.prefix(200)
        return SMTPReply(452, .init(4, 3, 1), "Cannot keep the message: " + String(String.UnicodeScalarView(text)))
    }
}

/// `N.eml` with `N.envelope` beside it (reverse-path, then a recipient a line).
final class MessageKeeper: MessageStore {
    private let directory: String
    private let next = Atomic<Int>(1)

    init(directory: String) throws {
        self.directory = directory
        try makeDirectory(directory)
        try checkOutput(directory + "/millrace-check")
    }

    func store(_ content: [UInt8], _ envelope: Envelope) -> SMTPReply? {
        let number = next.add(1, ordering: .relaxed).oldValue
        let lines = ([envelope.reversePath] + envelope.recipients).map { $0.description + "\n" }
        let base = URL(fileURLWithPath: directory).appendingPathComponent(String(number))
        do {
            try Data(content).write(to: base.appendingPathExtension("eml"), options: .atomic)
            try Data(lines.joined().utf8).write(to: base.appendingPathExtension("envelope"), options: .atomic)
            return nil
        } catch {
            return .cannotStore(error)
        }
    }
}

/// A Maildir: written in `tmp`, moved to `new`, as mail readers expect. Lines end with LF; in front stand Return-Path and
/// X-Original-To fields.
final class MaildirStore: MessageStore {
    private let directory: String
    private let next = Atomic<Int>(1)

    init(directory: String) throws {
        self.directory = directory
        for name in ["tmp", "new", "cur"] {
            try makeDirectory(directory + "/" + name)
        }
        try checkOutput(directory + "/tmp/millrace-check")
    }

    func store(_ content: [UInt8], _ envelope: Envelope) -> SMTPReply? {
        let number = next.add(1, ordering: .relaxed).oldValue
        let seconds = Int(WallInstant.now().seconds)
        let name = "\(seconds).M\(number)P\(getpid()).sink"
        do {
            try Data(StoredForm.fields(envelope) + StoredForm.lines(content))
                .write(to: URL(fileURLWithPath: directory + "/tmp/" + name))
            try FileManager.default.moveItem(atPath: directory + "/tmp/" + name, toPath: directory + "/new/" + name)
            return nil
        } catch {
            return .cannotStore(error)
        }
    }
}

/// One file in the mboxrd form: `From ` lines in front, `>` before each that content has. Appended to.
final class MboxStore: MessageStore {
    private let path: String
    private let file: Mutex<FileHandle>

    init(path: String) throws {
        self.path = path
        if !FileManager.default.fileExists(atPath: path) {
            _ = FileManager.default.createFile(atPath: path, contents: nil)
        }
        guard let handle = FileHandle(forWritingAtPath: path) else { throw SinkFault("\(path): cannot be written") }
        try handle.seekToEnd()
        file = Mutex(handle)
    }

    func store(_ content: [UInt8], _ envelope: Envelope) -> SMTPReply? {
        let sender = envelope.reversePath.isNull ? "MAILER-DAEMON" : envelope.reversePath.description
        let words = MailDate.text(unixSeconds: Int(WallInstant.now().seconds)).split(separator: " ")
        // `Thu Nov 26 02:10:46 2026`, as asctime writes it.
        let day = words[1].count == 1 ? " " + words[1] : String(words[1])
        let date = "\(words[0].dropLast()) \(words[2]) \(day) \(words[4]) \(words[3])"
        var out = Array("From \(sender.split(separator: " ").joined(separator: "_")) \(date)\n".utf8)
        out += StoredForm.fields(envelope)
        out += StoredForm.quoted(StoredForm.lines(content))
        out.append(0x0A)
        do {
            try file.withLock { try Self.append(out, to: $0) }
            return nil
        } catch {
            return .cannotStore(error)
        }
    }
}

extension MboxStore {
    /// All of it or nothing: half a message would be read as the begin of the next.
    fileprivate static func append(_ bytes: [UInt8], to file: FileHandle) throws {
        let end = try file.offset()
        do {
            try file.write(contentsOf: Data(bytes))
        } catch {
            try? file.truncate(atOffset: end)
            throw error
        }
    }
}

/// Content as mail readers on a disk want it.
enum StoredForm {
    /// Who sent it and to whom it went, which the content itself need not say.
    static func fields(_ envelope: Envelope) -> [UInt8] {
        var out = Array("Return-Path: <\(envelope.reversePath)>\n".utf8)
        for recipient in envelope.recipients { out += Array("X-Original-To: \(recipient)\n".utf8) }
        return out
    }

    /// CRLF becomes LF; a last line without an end gets one.
    static func lines(_ content: [UInt8]) -> [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(content.count + 1)
        for (index, byte) in content.enumerated() {
            if byte == 0x0D, index + 1 < content.count, content[index + 1] == 0x0A { continue }
            out.append(byte)
        }
        if out.last != 0x0A { out.append(0x0A) }
        return out
    }

    /// mboxrd: one more `>` before every line that reads as `From ` behind any number of them.
    static func quoted(_ content: [UInt8]) -> [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(content.count + 16)
        for line in content.split(separator: 0x0A, omittingEmptySubsequences: false).dropLast() {
            if line.drop(while: { $0 == UInt8(ascii: ">") }).starts(with: "From ".utf8) {
                out.append(UInt8(ascii: ">"))
            }
            out += line
            out.append(0x0A)
        }
        return out
    }
}
