import Foundation
import Glibc
import Measures
package import RunRecords

/// Runs a profile once: starts sink, MTA and generator, waits for the last message, gathers and judges.
package struct BenchRun {
    private let profile: RunProfile
    private let profileText: String
    private let paths: HarnessPaths
    private let progress: (String) -> Void

    /// - Parameter progress: told what goes on, about once a second.
    package init(
        profile: RunProfile, profileText: String, paths: HarnessPaths, progress: @escaping (String) -> Void
    ) {
        self.profile = profile
        self.profileText = profileText
        self.paths = paths
        self.progress = progress
    }

    /// - Parameters:
    ///   - repeatIndex: 1-based.
    ///   - order: the run's place among the variants of the repeat.
    /// - Returns: the record, and the directory it was written to.
    package func perform(
        repeatIndex: Int, repeats: Int, order: RunPosition?
    ) throws -> (record: RunRecord, directory: String) {
        let started = WallInstant.now()
        try HarnessPaths.make(paths.spools)
        let machine = try MachineProbe.facts(spoolDirectory: paths.spools, repository: paths.repository)
        let directory = try resultDirectory(started, machine)
        let spool = paths.spools + "/" + Self.spoolPrefix + "\(repeatIndex)-\(profile.system)"
        try? FileManager.default.removeItem(atPath: spool)
        defer { try? FileManager.default.removeItem(atPath: spool) }
        try HarnessPaths.make(spool)
        var warnings: [String] = []
        // What earlier runs left to the kernel is written now, and not at the expense of this one.
        sync()
        let writtenBefore = MachineProbe.deviceWrittenBytes(holding: spool)
        try runPrograms(directory, spool, &warnings)
        let writtenAfter = MachineProbe.deviceWrittenBytes(holding: spool)
        var record = try gather(directory, started, machine, repeatIndex, repeats, warnings)
        record.order = order
        if let writtenBefore, let writtenAfter { record.takeDeviceWrites(bytes: writtenAfter - writtenBefore) }
        record = try ResultDirectory(directory, paths: paths).write(record)
        return (record, directory)
    }

    private static var spoolPrefix: String { "spool-\(getpid())-" }

    /// Removes what an interrupted run of this process would leave: gigabytes, perhaps.
    package static func removeSpools(_ paths: HarnessPaths) {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: paths.spools)) ?? []
        for name in names where name.hasPrefix(spoolPrefix) {
            try? FileManager.default.removeItem(atPath: paths.spools + "/" + name)
        }
    }

    // MARK: Running

    private func runPrograms(_ directory: String, _ spool: String, _ warnings: inout [String]) throws {
        let sink = try start(
            "sink-mta",
            [
                "--listen", "127.0.0.1:0", "--threads", "\(profile.sinkThreads)",
                "--ledger", directory + "/sink.ledger", "--record", directory + "/sink.json",
            ], directory)
        defer { sink.stop() }
        let sinkAddress = try sink.listeningAddress()
        let mta = try start("mta", mtaArguments(directory, spool, sinkAddress), directory)
        defer { mta.stop() }
        let mtaAddress = try mta.listeningAddress()
        let generator = try start("traffic-gen", generatorArguments(directory, mtaAddress), directory)
        defer { generator.stop(limit: 1) }
        try waitForGenerator(generator, directory)
        let status = generator.waitForExit()
        guard status == 0 || status == 1 else {
            throw RecordFault("traffic-gen failed (\(status)): \(generator.errorText)")
        }
        try waitForDelivery(directory, sink, mta)
        let seen = (mta.cpuSeconds, sink.cpuSeconds)
        for program in [mta, sink] {
            let status = program.stop()
            guard status == 0 else { throw RecordFault("\(program.name) ended with \(status): \(program.errorText)") }
        }
        crossCheck("mta", seen.0, directory + "/mta.json", MTARecord.self, \.header, &warnings)
        crossCheck("sink-mta", seen.1, directory + "/sink.json", SinkRecord.self, \.header, &warnings)
    }

    private func start(_ name: String, _ arguments: [String], _ directory: String) throws -> ChildProgram {
        try ChildProgram(
            name: name, executable: paths.programs + "/" + name, arguments: arguments,
            errorFile: directory + "/\(name).stderr")
    }

    private func mtaArguments(_ directory: String, _ spool: String, _ sink: String) -> [String] {
        [
            "serve", "--listen", "127.0.0.1:0", "--smart-host", sink, "--hostname", "mta.test",
            "--threads", "\(profile.mtaThreads)", "--smart-host-connections", "\(profile.smartHostConnections)",
            "--record", directory + "/mta.json",
        ] + Self.spoolArguments(profile, spool)
    }

    /// What `mta serve` is told of its spool; of a durability only where there is one.
    package static func spoolArguments(_ profile: RunProfile, _ directory: String) -> [String] {
        var arguments = ["--spool", profile.spool, "--spool-dir", directory]
        if SpoolPromise(spool: profile.spool, durability: profile.durability) != .none {
            arguments += ["--durability", profile.durability]
        }
        for (name, value) in profile.rocksdbOptions.sorted(by: { $0.key < $1.key }) {
            arguments += ["--rocksdb-option", "\(name)=\(value)"]
        }
        return arguments
    }

    private func generatorArguments(_ directory: String, _ target: String) -> [String] {
        [
            "--target", target, "--concurrency", "\(profile.connections)", "--message-count", "\(profile.messages)",
            "--body-size", "\(profile.messageSizeBytes)", "--threads", "\(profile.generatorThreads)",
            "--record", directory + "/generator.json", "--ledger", directory + "/generator.ledger", "--quiet",
        ] + profile.domains.flatMap { ["--domain", $0] } + (profile.pipelining ? [] : ["--no-pipelining"])
            + (profile.chunking ? ["--chunking"] : [])
    }

    private func waitForGenerator(_ generator: ChildProgram, _ directory: String) throws {
        try wait(directory, until: { _ in !generator.isRunning }, stalled: "traffic-gen")
    }

    private func waitForDelivery(_ directory: String, _ sink: ChildProgram, _ mta: ChildProgram) throws {
        let generator = try RecordFile.read(GeneratorRecord.self, from: directory + "/generator.json")
        try wait(
            directory,
            until: { received in
                for program in [sink, mta] where !program.isRunning {
                    throw RecordFault("\(program.name) ended during the run: \(program.errorText)")
                }
                // The MTA must have heard of it too, or it would call a delivery unfinished.
                return received >= generator.accepted && messages(directory + "/mta.json") >= generator.accepted
            }, stalled: nil)
    }

    /// Polls until `done` or, without a message more for the profile's stall limit, gives up.
    /// - Parameter stalled: who is to blame in the fault; nil: what did not arrive is lost, and the record will say so.
    private func wait(_ directory: String, until done: (UInt64) throws -> Bool, stalled: String?) throws {
        var last = (received: UInt64(0), at: MonotonicInstant.now())
        var shown = (received: UInt64(0), at: MonotonicInstant.now())
        while true {
            let received = messages(directory + "/sink.json")
            let now = MonotonicInstant.now()
            if try done(received) { return }
            if received != last.received { last = (received, now) }
            if now.seconds(since: last.at) > profile.stallSeconds {
                guard let stalled else { return }
                throw RecordFault("\(stalled): no message more for \(fixed(profile.stallSeconds, 0)) s")
            }
            let elapsed = now.seconds(since: shown.at)
            if elapsed >= 1 {
                let rate = Double(received - shown.received) / elapsed
                progress(
                    "\(profile.name) \(profile.system): \(grouped(received)) of \(grouped(profile.messages)) received, \(fixed(rate, 0)) msg/s"
                )
                shown = (received, now)
            }
            usleep(20_000)
        }
    }

    /// What a program's live file says.
    private func messages(_ record: String) -> UInt64 {
        guard let text = readSmallFile(record + ".live"), let colon = text.firstIndex(of: ":") else { return 0 }
        return UInt64(text[text.index(after: colon)...].prefix { $0.isNumber }) ?? 0
    }

    /// The kernel's account from outside must not exceed the program's own.
    private func crossCheck<Record: Decodable>(
        _ name: String, _ seen: Double?, _ path: String, _ type: Record.Type, _ header: KeyPath<Record, RecordHeader>,
        _ warnings: inout [String]
    ) {
        guard let seen, let own = (try? RecordFile.read(type, from: path))?[keyPath: header].usage.cpuSeconds else {
            return
        }
        if seen > own * 1.05 + 0.05 {
            warnings.append("\(name) reports \(fixed(own, 2)) s of CPU, the kernel counted \(fixed(seen, 2)) s")
        }
    }

    // MARK: Gathering

    private func gather(
        _ directory: String, _ started: WallInstant, _ machine: MachineFacts, _ repeatIndex: Int, _ repeats: Int,
        _ warnings: [String]
    ) throws -> RunRecord {
        var record = RunRecord(
            profile: profile, profileText: profileText, repeatIndex: repeatIndex, repeats: repeats,
            startedUnixSeconds: started.seconds, machine: machine,
            generator: try RecordFile.read(GeneratorRecord.self, from: directory + "/generator.json"),
            mta: try RecordFile.read(MTARecord.self, from: directory + "/mta.json"),
            sink: try RecordFile.read(SinkRecord.self, from: directory + "/sink.json"),
            audit: try LedgerComparison.audit(
                generator: directory + "/generator.ledger", sink: directory + "/sink.ledger"))
        record.warnings += warnings
        return record
    }

    private func resultDirectory(_ started: WallInstant, _ machine: MachineFacts) throws -> String {
        try paths.newDirectory("\(profile.name)_\(profile.system)_\(machine.commit)", started)
    }
}
