import Foundation
import Glibc

/// A check of the stage itself that failed: a program did not start, did not end, or said something else.
struct StageFault: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

/// A running program, its output in files; it is killed when its ``Stage`` closes.
final class ProgramUnderTest {
    let name: String
    private let process = Process()
    private let outputPath: String
    private let errorPath: String

    /// - Parameters:
    ///   - executable: a path, or a name that is looked up in `PATH` and `/usr/sbin`.
    ///   - input: its standard input; nil: nothing.
    init(_ executable: String, _ arguments: [String], logs: String, input: String? = nil) throws {
        name = URL(fileURLWithPath: executable).lastPathComponent
        outputPath = logs + ".out"
        errorPath = logs + ".err"
        process.executableURL = URL(fileURLWithPath: executable)
        process.arguments = arguments
        if let input {
            try input.write(toFile: logs + ".in", atomically: true, encoding: .utf8)
            process.standardInput = FileHandle(forReadingAtPath: logs + ".in")
        } else {
            process.standardInput = FileHandle.nullDevice
        }
        process.standardOutput = try Self.emptyFile(outputPath)
        process.standardError = try Self.emptyFile(errorPath)
        try process.run()
    }

    private static func emptyFile(_ path: String) throws -> FileHandle {
        guard FileManager.default.createFile(atPath: path, contents: nil),
            let handle = FileHandle(forWritingAtPath: path)
        else { throw StageFault("cannot create \(path)") }
        return handle
    }

    var pid: Int32 { process.processIdentifier }
    var isRunning: Bool { process.isRunning }
    var output: String { Self.text(outputPath) }
    var errorOutput: String { Self.text(errorPath) }

    private static func text(_ path: String) -> String {
        String(decoding: FileManager.default.contents(atPath: path) ?? Data(), as: UTF8.self)
    }

    /// Waits for the line `listening HOST:PORT` and returns the port.
    func listeningPort() async throws -> Int {
        try await eventually("\(name) to listen") {
            guard self.isRunning else {
                throw StageFault("\(self.name) ended with \(self.process.terminationStatus): \(self.errorOutput)")
            }
            let line = self.output.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
                .first { $0.hasPrefix("listening ") }
            return line?.split(separator: ":").last.flatMap { Int($0) }
        }
    }

    /// - Returns: the exit code, or minus the signal's number.
    @discardableResult
    func waitForExit(seconds: Double = 30) async throws -> Int32 {
        do {
            try await eventually("\(name) to end", seconds: seconds) { self.isRunning ? nil : () }
        } catch {
            kill()
            throw StageFault("\(error); it said: \(output.suffix(500)) \(errorOutput.suffix(500))")
        }
        return process.terminationReason == .uncaughtSignal ? -process.terminationStatus : process.terminationStatus
    }

    /// SIGTERM, then the exit code.
    @discardableResult
    func terminate() async throws -> Int32 {
        process.terminate()
        return try await waitForExit()
    }

    /// SIGTERM and some time to clean up.
    func end(seconds: Double = 30) {
        guard isRunning else { return }
        process.terminate()
        let deadline = Date().addingTimeInterval(seconds)
        while isRunning, Date() < deadline { usleep(10_000) }
    }

    /// SIGKILL, returning when the process is gone.
    func kill() {
        guard isRunning else { return }
        Glibc.kill(pid, SIGKILL)
        process.waitUntilExit()
    }

    /// VmRSS.
    func residentBytes() throws -> Int { try status("VmRSS:") }

    /// VmHWM.
    func peakResidentBytes() throws -> Int { try status("VmHWM:") }

    private func status(_ name: String) throws -> Int {
        let status = Self.text("/proc/\(pid)/status")
        guard let line = status.split(separator: "\n").first(where: { $0.hasPrefix(name) }),
            let kilobytes = line.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap({ Int($0) })
        else { throw StageFault("no \(name) of \(name)") }
        return kilobytes * 1024
    }
}

/// Asks again until there is an answer.
@discardableResult
func eventually<Answer>(
    _ what: String, seconds: Double = 30, every: Double = 0.02, _ ask: () throws -> Answer?
) async throws -> Answer {
    let deadline = Date().addingTimeInterval(seconds)
    while true {
        if let answer = try ask() { return answer }
        if Date() > deadline { throw StageFault("waited \(seconds) s in vain for \(what)") }
        try await Task.sleep(nanoseconds: UInt64(every * 1e9))
    }
}
