import Foundation
import Glibc
package import RunRecords

/// A short command whose output is wanted.
package enum Command {
    /// What came of it.
    package struct Outcome {
        /// 128 + signal if it was killed; it is after the limit.
        package var status: Int32
        package var output: String
        package var errors: String
    }

    /// - Returns: standard output without its last line end; nil if it could not run or failed.
    static func output(_ words: [String]) -> String? {
        guard let outcome = try? run(words), outcome.status == 0 else { return nil }
        return outcome.output
    }

    /// - Parameter limit: seconds until it is killed.
    package static func run(_ words: [String], directory: String? = nil, limit: Double = 60) throws(RecordFault)
        -> Outcome
    {
        let folder = NSTemporaryDirectory() + "/millrace-command-" + UUID().uuidString
        try HarnessPaths.make(folder)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let logs = folder + "/output"
        let program = try ChildProgram(name: words[0], command: words, logs: logs, directory: directory)
        if !program.hasEnded(within: limit) { program.signal(SIGKILL) }
        let status = program.waitForExit()
        func text(_ suffix: String) -> String {
            FileManager.default.contents(atPath: logs + suffix)
                .map { String(decoding: $0, as: UTF8.self).trimmingCharacters(in: .newlines) } ?? ""
        }
        return Outcome(status: status, output: text(".stdout"), errors: text(".stderr"))
    }
}
