import Foundation
import Glibc
import Measures
import RunRecords

/// A system under test: prepared, started, ready, stopped, and nothing of it left.
final class RunningSystem {
    /// What stands before its start command, from the outside inwards.
    struct Wrapping {
        /// Of its control group and of the run's conditions; they end by becoming the next command.
        var prefix: [String] = []
        /// Of a program that starts the rest as its child and counts: perf, strace.
        var counter: [String] = []
    }

    let choice: SystemChoice
    let scene: SystemScene
    /// Files as they were made.
    let files: [String: String]
    private let templates: SystemTemplates
    private let root: SystemRoot?
    private let wrapping: Wrapping
    private(set) var program: ChildProgram!
    private let logs: String

    private var definition: SystemDefinition { choice.definition }
    private var work: String { scene.work }
    private var extraFiles: String { work + "/.files" }

    /// Makes its directories and files and runs what prepares it; nothing runs yet.
    /// - Parameters:
    ///   - systems: where unpacked roots are.
    ///   - logs: its standard output and error go to `logs.stdout` and `logs.stderr`.
    init(
        _ choice: SystemChoice, scene: SystemScene, systems: String, logs: String, wrapping: Wrapping
    ) throws(RecordFault) {
        (self.choice, self.scene, self.logs, self.wrapping) = (choice, scene, logs, wrapping)
        if let missing = SystemInspection(choice.definition, systems: systems, programs: scene.programs).missing {
            throw RecordFault(missing)
        }
        root = choice.definition.isUnpacked ? SystemRoot(choice.definition, below: systems) : nil
        templates = SystemTemplates(choice, scene)
        files = try templates.files()
        try makeDirectories()
        try writeFiles()
        for command in definition.prepare {
            let words = inside(try templates.command(command, "prepare"))
            let outcome = try Command.run(words, directory: work)
            guard outcome.status == 0 else {
                throw RecordFault(
                    "\(definition.name): '\(words.joined(separator: " "))' ended with \(outcome.status): "
                        + (outcome.errors.isEmpty ? outcome.output : outcome.errors))
            }
        }
    }

    private func makeDirectories() throws(RecordFault) {
        // Systems that give up root have to get to their queue.
        chmod(work, 0o755)
        for directory in definition.directories {
            let path = work + "/" + directory.path
            try HarnessPaths.make(path)
            guard chmod(path, directory.mode) == 0 else { throw fault("\(path): cannot be given its mode") }
            guard let name = directory.owner else { continue }
            guard let owner = root?.owner(name) ?? Self.owner(name) else { throw fault("there is no user '\(name)'") }
            guard chown(path, owner.user, owner.group) == 0 else {
                throw fault("\(path): cannot be given to \(name): \(String(cString: strerror(errno)))")
            }
        }
    }

    private static func owner(_ name: String) -> (user: UInt32, group: UInt32)? {
        getpwnam(name).map { ($0.pointee.pw_uid, $0.pointee.pw_gid) }
    }

    private func writeFiles() throws(RecordFault) {
        for (path, text) in files {
            let full = path.hasPrefix("/") ? extraFiles + path : work + "/" + path
            try HarnessPaths.make(URL(fileURLWithPath: full).deletingLastPathComponent().path)
            do { try text.write(toFile: full, atomically: true, encoding: .utf8) } catch {
                throw fault("\(full): cannot be written: \(error.localizedDescription)")
            }
        }
    }

    private func fault(_ text: String) -> RecordFault { RecordFault("\(definition.name): \(text)") }

    /// The words as they are run: in the unpacked root, where there is one.
    private func inside(_ words: [String]) -> [String] {
        guard let root else { return words }
        let binds = definition.binds.mapValues { work + "/" + $0 }
        let files = access(extraFiles, F_OK) == 0 ? extraFiles : nil
        return root.prefix(files: files, work: work, programs: scene.programs, binds: binds) + words
    }

    /// Starts it and waits for its greeting.
    /// - Throws: ``RecordFault`` with what it said instead.
    func start() throws(RecordFault) {
        let words = wrapping.prefix + wrapping.counter + inside(try templates.command(definition.start, "start"))
        program = try ChildProgram(
            name: definition.name, command: words, logs: logs, directory: work,
            environment: try templates.environment())
        let began = MonotonicInstant.now()
        while !isGreeting {
            guard program.isRunning else {
                throw RecordFault("\(definition.name) ended before it was ready: \(errorText)")
            }
            guard MonotonicInstant.now().seconds(since: began) < definition.readySeconds else {
                throw fault("no greeting within \(fixed(definition.readySeconds, 0)) s: \(errorText)")
            }
            usleep(10_000)
        }
    }

    private var isGreeting: Bool {
        guard let probe = SMTPProbe(host: scene.listenHost, port: scene.listenPort, limit: 5) else { return false }
        guard scene.tls != .implicit else { return true }
        guard probe.reply()?.code == 220 else { return false }
        _ = probe.ask("QUIT\r\n")
        return true
    }

    /// What it last said, on standard error and in its logs.
    var errorText: String {
        let texts = [program?.errorText ?? ""] + definition.logs.map { ChildProgram.lastLines(work + "/" + $0) }
        return texts.filter { !$0.isEmpty }.joined(separator: " // ")
    }

    /// Messages that it says are in its queue; nil where it cannot be asked.
    func queued() -> UInt64? {
        switch definition.queue {
        case .files(let below, let patterns)?:
            return below.map { Self.files(below: work + "/" + $0, patterns) }.reduce(0, +)
        case .command(let command)?:
            guard let words = try? templates.command(command, "queue.command"),
                let outcome = try? Command.run(inside(words), directory: work), outcome.status == 0
            else { return nil }
            return outcome.output.split { !$0.isNumber }.last.flatMap { UInt64($0) }
        case nil: return nil
        }
    }

    private static func files(below directory: String, _ patterns: [String]) -> UInt64 {
        var count: UInt64 = 0
        let all = FileManager.default.enumerator(atPath: directory)
        while let path = all?.nextObject() as? String {
            guard all?.fileAttributes?[.type] as? FileAttributeType == .typeRegular else { continue }
            let name = path.split(separator: "/").last.map(String.init) ?? path
            if patterns.contains(where: { fnmatch($0, name, 0) == 0 }) { count += 1 }
        }
        return count
    }

    // MARK: Ending

    /// The process that the start command became: a counter's child.
    private var main: Int32 {
        guard !wrapping.counter.isEmpty else { return program.pid }
        return ProcessTable.read().children(of: program.pid).first?.pid ?? program.pid
    }

    /// Ends it as its definition says, and kills what is left then.
    /// - Returns: the exit status of what was started.
    @discardableResult
    func stop() -> Int32 {
        guard let program else { return 0 }
        let stop = definition.stop
        if program.isRunning {
            if let command = stop.command, let words = try? templates.command(command, "stop.command") {
                _ = try? Command.run(inside(words), directory: work, limit: stop.limitSeconds)
            } else {
                kill(main, stop.signal?.number ?? SIGTERM)
            }
            _ = program.hasEnded(within: stop.limitSeconds)
        }
        killRest()
        return program.waitForExit()
    }

    /// SIGKILL to the whole system at once, as a crash.
    func crash() {
        killRest()
        _ = program.waitForExit()
    }

    /// Until none of its processes is left; only those that it started.
    func killRest() { if let program { Children.killTree(program) } }

    /// Puts what the system wrote of itself into `directory`; its definition and files are in the record.
    func keepLogs(in directory: String) {
        for path in definition.logs {
            guard let data = FileManager.default.contents(atPath: work + "/" + path), !data.isEmpty else { continue }
            try? FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
            let name = path.split(separator: "/").joined(separator: "_")
            try? data.suffix(Self.logLimit).write(to: URL(fileURLWithPath: directory + "/" + name))
        }
    }

    /// Of a log the end is kept.
    private static let logLimit = 1 << 20
}

extension SystemDefinition.Signal {
    var number: Int32 {
        switch self {
        case .terminate: SIGTERM
        case .interrupt: SIGINT
        case .quit: SIGQUIT
        case .hangUp: SIGHUP
        case .kill: SIGKILL
        }
    }
}
