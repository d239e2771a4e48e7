import Foundation
import Glibc
import Measures
package import RunRecords

/// Runs any command and counts what it and all that it starts use, in the way in which systems under test are counted.
package struct MeasuredCommand {
    private let words: [String]

    package init(_ words: [String]) { self.words = words }

    /// Until the command has ended; what it left running is killed then.
    /// - Returns: its exit status, what it printed, and what was counted (as the group `system`).
    package func run() throws(RecordFault) -> (status: Int32, output: String, errors: String, resources: ResourceRecord)
    {
        Children.adoptOrphans()
        let folder = NSTemporaryDirectory() + "/millrace-measure-" + UUID().uuidString
        try HarnessPaths.make(folder)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let group = AccountingGroup.make("measure")
        defer { group?.remove() }
        let counter = PerfCounter(in: folder, beginsOff: false)
        let meter = ResourceMeter(deviceOf: ".")
        meter.start()
        let program = try ChildProgram(
            name: words[0], command: (group?.prefix ?? []) + (counter?.command ?? []) + words, logs: folder + "/command"
        )
        meter.watch(.system, program, group, skipsRoot: counter != nil)
        while program.isRunning {
            meter.tick()
            usleep(5_000)
        }
        var resources = meter.finish()
        Children.killTree(program)
        meter.complete(&resources)
        if let found = counter?.counts() {
            resources[.system]?.syncs = found.syncs
            resources.counters = found.processor
        }
        func text(_ suffix: String) -> String {
            String(
                decoding: FileManager.default.contents(atPath: folder + "/command" + suffix) ?? Data(), as: UTF8.self)
        }
        let errors = text(".stderr").split(separator: "\n", omittingEmptySubsequences: false)
            .filter { !$0.hasPrefix("Events ") }.joined(separator: "\n")
        return (program.end?.status ?? 0, text(".stdout"), errors, resources)
    }
}
