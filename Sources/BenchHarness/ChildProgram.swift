import Foundation
import Glibc
import Measures
import RunRecords
import Synchronization

/// One program of a run: started, watched, ended by id; never anybody else's process.
final class ChildProgram {
    let name: String
    private let process = Process()
    private let output = Pipe()
    private let errors: String

    /// - Parameter errorFile: standard error goes here, and is quoted when the program fails.
    init(name: String, executable: String, arguments: [String], errorFile: String) throws(RecordFault) {
        self.name = name
        errors = errorFile
        guard FileManager.default.isExecutableFile(atPath: executable) else {
            throw RecordFault("\(executable) is missing: build it with 'make build'")
        }
        process.executableURL = URL(fileURLWithPath: executable)
        process.arguments = arguments
        process.standardOutput = output
        process.standardInput = FileHandle.nullDevice
        guard FileManager.default.createFile(atPath: errorFile, contents: nil) else {
            throw RecordFault("\(errorFile): cannot be created")
        }
        process.standardError = FileHandle(forWritingAtPath: errorFile)
        do { try process.run() } catch { throw RecordFault("\(name) cannot be started: \(error)") }
        Children.add(process.processIdentifier)
    }

    var isRunning: Bool { process.isRunning }
    var pid: Int32 { process.processIdentifier }

    /// Waits for the first line, `listening HOST:PORT`.
    /// - Returns: the address.
    func listeningAddress() throws(RecordFault) -> String {
        var line: [UInt8] = []
        while line.last != 0x0A {
            let data = output.fileHandleForReading.availableData
            guard !data.isEmpty else {
                process.waitUntilExit()
                throw RecordFault("\(name) ended before it was ready: \(errorText)")
            }
            line += data
        }
        let first = String(decoding: line, as: UTF8.self).split(separator: "\n").first ?? ""
        guard first.hasPrefix("listening ") else {
            throw RecordFault("\(name) said '\(first)' instead of 'listening …'")
        }
        return String(first.dropFirst("listening ".count))
    }

    /// User and system CPU so far, from outside.
    var cpuSeconds: Double? {
        guard let stat = readSmallFile("/proc/\(pid)/stat"), let end = stat.lastIndex(of: ")") else { return nil }
        let fields = stat[end...].split(separator: " ")
        guard fields.count > 13, let user = Double(fields[12]), let system = Double(fields[13]) else { return nil }
        return (user + system) / Double(sysconf(Int32(_SC_CLK_TCK)))
    }

    /// SIGTERM, then SIGKILL after `limit` seconds.
    /// - Returns: the exit status; 128 + signal if it was killed.
    @discardableResult
    func stop(limit: Double = 60) -> Int32 {
        if process.isRunning { process.terminate() }
        let deadline = MonotonicInstant.now().nanoseconds + UInt64(limit * 1e9)
        while process.isRunning, MonotonicInstant.now().nanoseconds < deadline { usleep(10_000) }
        if process.isRunning { kill(pid, SIGKILL) }
        return waitForExit()
    }

    func waitForExit() -> Int32 {
        // A full pipe would keep the program from ending.
        _ = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        Children.remove(pid)
        return process.terminationReason == .uncaughtSignal
            ? 128 + process.terminationStatus : process.terminationStatus
    }

    /// The last lines of standard error.
    var errorText: String {
        let text = FileManager.default.contents(atPath: errors).map { String(decoding: $0, as: UTF8.self) } ?? ""
        return text.split(separator: "\n").suffix(5).joined(separator: " / ")
    }
}

/// The processes this one started and has not seen end: Ctrl-C ends them too.
package enum Children {
    private static let pids = Mutex(Set<Int32>())

    static func add(_ pid: Int32) { _ = pids.withLock { $0.insert(pid) } }
    static func remove(_ pid: Int32) { _ = pids.withLock { $0.remove(pid) } }

    /// Ends them at once; their records are not wanted any more.
    package static func killAll() { pids.withLock { for pid in $0 { kill(pid, SIGKILL) } } }
}
