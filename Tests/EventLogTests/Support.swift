import EventLog
import Foundation
import MailTypes

/// A directory of its own, removed with it.
final class LogHome {
    let path: String

    init() throws {
        path = NSTemporaryDirectory() + "millrace-log-" + UUID().uuidString.prefix(8)
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// Without the lock.
    var files: [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).filter { $0 != "lock" }.sorted()
    }

    func text(_ file: String) -> String {
        String(decoding: FileManager.default.contents(atPath: path + "/" + file) ?? Data(), as: UTF8.self)
    }

    func write(_ file: String, _ text: String) throws {
        try text.write(toFile: path + "/" + file, atomically: false, encoding: .utf8)
    }

    /// All lines of all plain segments, in order.
    var lines: [String] {
        files.filter { $0.contains(".jsonl") }.flatMap { text($0).split(separator: "\n").map(String.init) }
    }
}

extension LogReader {
    init(_ directory: String, name: String, kinds: Set<MailEvent.Kind>) {
        self.init(LogPlace(directory, name: name), kinds: kinds)
    }

    /// What comes next, up to the end of the log; nil: there is nothing new.
    mutating func next(atMost limit: Int) throws -> Batch? {
        var batch = batch
        while try fill(&batch, atMost: limit) == .more {}
        return batch.end == place.cursor ? nil : batch
    }
}

/// A line of an event that can be told from others.
func line(_ kind: MailEvent.Kind, _ number: Int) -> [UInt8] {
    var event = MailEvent(kind, at: 1_764_108_780_123)
    event.size = number
    var out: [UInt8] = []
    event.append(to: &out)
    return out
}

/// The numbers of lines made by ``line(_:_:)``.
func numbers(_ lines: [[UInt8]]) -> [Int] {
    lines.compactMap { line in
        (try? JSONSerialization.jsonObject(with: Data(line)) as? [String: Any])?["size"] as? Int
    }
}

/// Waits until `condition` holds; false after ten seconds.
func eventually(_ condition: () -> Bool) -> Bool {
    for _ in 0..<1000 {
        if condition() { return true }
        usleep(10_000)
    }
    return false
}
