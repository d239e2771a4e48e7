import Foundation
import RunRecords
import Testing

/// All tests here run programs that load the machine: one at a time.
@Suite(.serialized) struct ProgramTests {}

/// A temporary directory and the programs that run in it; `close()` ends them and removes it.
final class Stage {
    private let directory: URL
    private var programs: [ProgramUnderTest] = []
    /// Those that have others to end before they end.
    private var wardens: [ProgramUnderTest] = []

    init() throws {
        directory = URL(fileURLWithPath: NSTemporaryDirectory())
            .appendingPathComponent("millrace-" + UUID().uuidString.prefix(8))
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
    }

    func close() {
        for program in wardens { program.end() }
        for program in programs { program.kill() }
        try? FileManager.default.removeItem(at: directory)
    }

    func path(_ name: String) -> String { directory.appendingPathComponent(name).path }

    /// An empty directory that every user may write into: some peers give up root.
    func openDirectory(_ name: String) throws -> String {
        try FileManager.default.createDirectory(atPath: path(name), withIntermediateDirectories: true)
        try FileManager.default.setAttributes([.posixPermissions: 0o777], ofItemAtPath: path(name))
        return path(name)
    }

    // MARK: our programs, beside the test bundle

    static let binaries = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        .deletingLastPathComponent()

    /// One of our programs, started with these words.
    func program(_ name: String, _ arguments: [String], input: String? = nil) throws -> ProgramUnderTest {
        try start(Self.binaries.appendingPathComponent(name).path, arguments, input: input)
    }

    func sink(_ arguments: [String] = [], port: Int = 0) async throws -> Server {
        let record = path("sink-\(programs.count).json")
        let program = try program(
            "sink-mta", ["--listen", "127.0.0.1:\(port)", "--threads", "1", "--record", record] + arguments)
        return Server(program: program, port: try await program.listeningPort(), recordPath: record)
    }

    /// A relay to `smartHost` with its spool in `spool`, so that a later one can take the spool over.
    func mta(to smartHost: Int, port: Int = 0, spool: String = "spool", _ arguments: [String] = []) async throws
        -> Server
    {
        let record = path("mta-\(programs.count).json")
        let program = try program(
            "mta",
            [
                "serve", "--listen", "127.0.0.1:\(port)", "--smart-host", "127.0.0.1:\(smartHost)",
                "--spool", "rocksdb", "--spool-dir", path(spool), "--durability", "fsync", "--hostname", "mta.test",
                "--threads", "2", "--retry-first", "1s", "--record", record,
            ] + arguments)
        return Server(program: program, port: try await program.listeningPort(), recordPath: record)
    }

    /// A relay with this configuration file; its host name is `NAME.test`, its spool and record are named after it.
    func mta(configured text: String, name: String = "mta", threads: Int = 2) async throws -> Server {
        let record = path(name + ".json")
        try """
        hostname: \(name).test
        spool_dir: \(path(name + "-spool"))
        record: \(record)
        threads: \(threads)
        \(text)
        """.write(toFile: path(name + ".yaml"), atomically: true, encoding: .utf8)
        let program = try program("mta", ["serve", "--config", path(name + ".yaml")])
        return Server(program: program, port: try await program.listeningPort(), recordPath: record)
    }

    /// Runs traffic-gen to its end; its ledger and record are in `name.ledger` and `name.json`.
    func generator(to port: Int, name: String = "generator", _ arguments: [String]) throws -> ProgramUnderTest {
        try program(
            "traffic-gen",
            [
                "--target", "127.0.0.1:\(port)", "--threads", "1", "--quiet",
                "--record", path(name + ".json"), "--ledger", path(name + ".ledger"),
            ] + arguments)
    }

    /// One message, tried now, and what traffic-gen noted of it; nil: nothing.
    func probe(_ port: Int) throws -> GeneratorRecord? {
        let probe = try generator(to: port, name: "probe", ["--concurrency", "1", "--message-count", "1"])
        while probe.isRunning { usleep(10_000) }
        return try? RecordFile.read(GeneratorRecord.self, from: path("probe.json"))
    }

    /// A message for a relay once it takes mail again.
    func mailIsTaken(_ port: Int) async throws {
        try await eventually("mail to be taken") { try probe(port)?.accepted == 1 ? () : nil }
    }

    /// What `mta queue list` says of the relay whose spool is in this directory.
    func queue(_ spool: String = "mta-spool", _ words: [String] = []) async throws -> ControlResponse {
        let list = try program(
            "mta", ["queue", "list", "--control", path(spool + "/control"), "--format", "json"] + words)
        guard try await list.waitForExit() == 0 else { throw StageFault("queue list: \(list.errorOutput)") }
        return try ControlLine.decode(ControlResponse.self, Array(list.output.utf8))
    }

    // MARK: peers and scripts

    /// A program of somebody else's; nil, with a recorded issue, if it is not installed.
    func peer(_ name: String, _ arguments: [String], input: String? = nil) throws -> ProgramUnderTest? {
        guard let executable = Self.find(name) else {
            Issue.record("NOT TESTED: \(name) is not installed; 'make setup' installs it")
            return nil
        }
        return try start(executable, arguments, input: input)
    }

    /// A script of `Support/`, run by the python3 that `make setup` gave its packages.
    func script(_ name: String, _ arguments: [String]) throws -> ProgramUnderTest {
        try start(Self.python, ["-B", Self.root + "/Tests/ProgramTests/Support/\(name)"] + arguments)
    }

    static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path
    private static let python =
        [root + "/.build/python/bin/python3", "/usr/bin/python3"]
        .first { FileManager.default.isExecutableFile(atPath: $0) } ?? "/usr/bin/python3"

    /// Runs a script to its end and expects success.
    @discardableResult
    func runScript(_ name: String, _ arguments: [String], seconds: Double = 60) async throws -> String {
        let program = try script(name, arguments)
        let code = try await program.waitForExit(seconds: seconds)
        guard code == 0 else { throw StageFault("\(name) ended with \(code): \(program.errorOutput)") }
        return program.output
    }

    /// A private Postfix that sends everything on to `relay`; nil, with a recorded issue, where it cannot run.
    func postfix(_ name: String, to relay: Int, _ settings: [String: String] = [:]) async throws -> Server? {
        guard Self.find("postfix") != nil, geteuid() == 0 else {
            Issue.record("NOT TESTED: Postfix is not installed, or this is not root; 'make setup' installs it")
            return nil
        }
        let words = settings.map { "\($0.key)=\($0.value)" }
        let program = try script("postfix.py", [path(name), String(relay)] + words)
        wardens.append(program)
        return Server(program: program, port: try await program.listeningPort(), recordPath: "")
    }

    private static func find(_ name: String) -> String? {
        let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
        return (path.split(separator: ":").map(String.init) + ["/usr/sbin"])
            .map { "\($0)/\(name)" }.first { FileManager.default.isExecutableFile(atPath: $0) }
    }

    private func start(_ executable: String, _ arguments: [String], input: String? = nil) throws -> ProgramUnderTest {
        guard FileManager.default.isExecutableFile(atPath: executable) else {
            throw StageFault("\(executable) is not there: build the whole package first")
        }
        let program = try ProgramUnderTest(executable, arguments, logs: path("log-\(programs.count)"), input: input)
        programs.append(program)
        return program
    }
}

/// A sink or a relay that listens.
struct Server {
    let program: ProgramUnderTest
    let port: Int
    let recordPath: String

    /// Messages received (sink) or finished (relay) so far, a fifth of a second old at most.
    var messagesSoFar: Int {
        guard let data = FileManager.default.contents(atPath: recordPath + ".live") else { return 0 }
        return (try? JSONDecoder().decode(Live.self, from: data))?.messages ?? 0
    }

    private struct Live: Decodable { var messages: Int }

    func wait(for messages: Int, seconds: Double = 30) async throws {
        try await eventually("\(messages) messages at \(program.name), which has \(messagesSoFar)", seconds: seconds) {
            messagesSoFar >= messages ? () : nil
        }
    }

    /// Stops it with SIGTERM, which has to end it with 0, and reads what it wrote.
    func stop<Record: Decodable>(_ record: Record.Type) async throws -> Record {
        let code = try await program.terminate()
        guard code == 0 else { throw StageFault("\(program.name) ended with \(code): \(program.errorOutput)") }
        return try RecordFile.read(record, from: recordPath)
    }
}
