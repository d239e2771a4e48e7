import CLinux
import Foundation
import Glibc
import Measures
import RunRecords

/// One program of a run: started, watched, ended by id; never anybody else's process. It has a process group of its own,
/// so that Ctrl-C on a terminal ends the harness, which then ends it in its own way.
final class ChildProgram {
    /// How it ended, and what the kernel counted for it and for the children that it waited for.
    struct End {
        /// 128 + signal if it was killed.
        var status: Int32
        var usage: rusage
        var io: ProcessIO
    }

    let name: String
    let pid: Int32
    private let outputFile: String
    private let errorFile: String
    private(set) var end: End?

    /// - Parameters:
    ///   - command: the program by its path or, found in PATH, by its name; and its arguments.
    ///   - logs: standard output and error go to `logs.stdout` and `logs.stderr`, which is quoted when it fails.
    ///   - directory: where it runs; nil: where the harness does.
    init(
        name: String, command: [String], logs: String, directory: String? = nil, environment: [String: String] = [:]
    ) throws(RecordFault) {
        self.name = name
        (outputFile, errorFile) = (logs + ".stdout", logs + ".stderr")
        if command[0].hasPrefix("/"), access(command[0], X_OK) != 0 {
            throw RecordFault("\(command[0]) is missing: build or install it")
        }
        pid = try Self.spawn(command, outputFile, errorFile, directory, environment)
        Children.add(pid)
    }

    private static func spawn(
        _ command: [String], _ output: String, _ errors: String, _ directory: String?, _ changes: [String: String]
    ) throws(RecordFault) -> Int32 {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, output, O_WRONLY | O_CREAT | O_TRUNC, 0o644)
        posix_spawn_file_actions_addopen(&actions, 2, errors, O_WRONLY | O_CREAT | O_TRUNC, 0o644)
        if let directory { mr_spawn_in_directory(&actions, directory) }
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // The harness ignores some signals and may block others; its children begin afresh.
        var all = sigset_t()
        var none = sigset_t()
        sigfillset(&all)
        sigemptyset(&none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setpgroup(&attributes, 0)
        posix_spawnattr_setflags(
            &attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK))
        var words: [UnsafeMutablePointer<CChar>?] = command.map { strdup($0) } + [nil]
        let environment = ProcessInfo.processInfo.environment.merging(changes) { $1 }
        var variables: [UnsafeMutablePointer<CChar>?] = environment.map { strdup("\($0)=\($1)") } + [nil]
        defer { for text in words + variables { free(text) } }
        var pid: Int32 = 0
        let code = posix_spawnp(&pid, command[0], &actions, &attributes, &words, &variables)
        guard code == 0 else {
            throw RecordFault("\(command[0]) cannot be started: \(String(cString: strerror(code)))")
        }
        return pid
    }

    /// Looks whether it has ended, and remembers how.
    var isRunning: Bool {
        if end != nil { return false }
        // What it wrote can be read as long as nobody has waited for it.
        var info = siginfo_t()
        guard waitid(P_PID, id_t(pid), &info, WEXITED | WNOHANG | WNOWAIT) == 0, info.si_signo == SIGCHLD else {
            return true
        }
        let io = ProcessIO(pid: pid)
        var status: Int32 = 0
        var usage = rusage()
        guard wait4(pid, &status, WNOHANG, &usage) == pid else { return true }
        end = End(status: mr_exit_status(status), usage: usage, io: io)
        Children.remove(pid)
        return false
    }

    func signal(_ number: Int32) { if isRunning { kill(pid, number) } }

    /// SIGTERM, then SIGKILL after `limit` seconds.
    /// - Returns: the exit status; 128 + signal if it was killed.
    @discardableResult
    func stop(limit: Double = 60) -> Int32 {
        signal(SIGTERM)
        if !hasEnded(within: limit) { signal(SIGKILL) }
        return waitForExit()
    }

    func hasEnded(within seconds: Double) -> Bool {
        let began = MonotonicInstant.now()
        while isRunning {
            if MonotonicInstant.now().seconds(since: began) > seconds { return false }
            usleep(5_000)
        }
        return true
    }

    func waitForExit() -> Int32 {
        while isRunning { usleep(5_000) }
        return end?.status ?? 0
    }

    /// Waits for the first line of standard output, `listening HOST:PORT`.
    /// - Returns: the address.
    func listeningAddress() throws(RecordFault) -> String {
        while true {
            let running = isRunning
            let text = readSmallFile(outputFile) ?? ""
            if let end = text.firstIndex(of: "\n") {
                let first = text[..<end]
                guard first.hasPrefix("listening ") else {
                    throw RecordFault("\(name) said '\(first)' instead of 'listening …'")
                }
                return String(first.dropFirst("listening ".count))
            }
            guard running else { throw RecordFault("\(name) ended before it was ready: \(errorText)") }
            usleep(5_000)
        }
    }

    /// The last lines of standard error, or else of standard output.
    var errorText: String {
        for file in [errorFile, outputFile] {
            let text = Self.lastLines(file)
            if !text.isEmpty { return text }
        }
        return "it said nothing (exit code \(end.map { "\($0.status)" } ?? "none"))"
    }

    static func lastLines(_ file: String) -> String {
        let text = FileManager.default.contents(atPath: file).map { String(decoding: $0.suffix(4096), as: UTF8.self) }
        return (text ?? "").split(separator: "\n").filter { !isOfCounter($0) }.suffix(5).joined(separator: " / ")
    }

    /// What perf says of itself beside what the program says.
    private static func isOfCounter(_ line: Substring) -> Bool { line == "Events disabled" || line == "Events enabled" }

    /// Removes what it printed where that is of no use.
    func removeOutput(keepErrors: Bool) {
        unlink(outputFile)
        if !keepErrors || Self.lastLines(errorFile).isEmpty { unlink(errorFile) }
    }

    /// User and system seconds of one that has ended, with its children.
    static func seconds(_ usage: rusage) -> (user: Double, system: Double) {
        func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }
        return (seconds(usage.ru_utime), seconds(usage.ru_stime))
    }
}
