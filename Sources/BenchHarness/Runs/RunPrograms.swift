import Foundation
import Glibc
import Measures
import RunRecords

/// The programs of one run, from the first start to the last end.
final class RunPrograms {
    /// What was seen besides the programs' own records.
    struct Outcome {
        var warnings: [String] = []
        var resources = ResourceRecord(method: "")
        var phases: [RunPhase]?
        var scenario: ScenarioRecord?
        /// Messages that went through the system before what is measured.
        var before: UInt64 = 0
        /// Messages in the system's queue at the end; nil where it was not asked.
        var queued: UInt64?
        /// The system's files as they were made.
        var files: [String: String] = [:]
    }

    let setup: RunSetup
    private let paths: HarnessPaths
    let directory: String
    private let work: String
    private let conditions: any RunConditions
    let progress: (String) -> Void
    private let meter: ResourceMeter
    private let accounting: AccountingGroup?
    private var groups: [AccountingGroup] = []
    private var counter: PerfCounter?
    private var system: RunningSystem?
    private let crash: CrashCourse?
    private var started: [ChildProgram] = []
    var outcome = Outcome()
    private var settling: (received: UInt64, at: MonotonicInstant)?

    var profile: RunProfile { setup.profile }

    init(
        _ setup: RunSetup, paths: HarnessPaths, directory: String, work: String, conditions: any RunConditions,
        accounting: AccountingGroup?, progress: @escaping (String) -> Void
    ) {
        (self.setup, self.paths, self.directory, self.work) = (setup, paths, directory, work)
        (self.conditions, self.accounting, self.progress) = (conditions, accounting, progress)
        meter = ResourceMeter(deviceOf: work)
        crash = CrashCourse(setup.profile)
    }

    /// Runs all of it.
    func run() throws -> Outcome {
        Children.adoptOrphans()
        let port = try SMTPProbe.freePort()
        var sink = try startSink(port, name: setup.warmUpMessages > 0 ? "warm-up" : "sink")
        let system = try startSystem(sinkPort: port)
        self.system = system
        if setup.warmUpMessages > 0 {
            try warmUp(system, sink)
            sink = try startSink(port, name: "sink")
        }
        let search = try profile.findMax.map { try findMax($0, system, &sink, port) }
        meter.watch(.system, system.program, accounting, skipsRoot: counter != nil)
        meter.start()
        let counts = counter?.start() ?? false
        let generator = try startGenerator(
            "generator", messages: profile.messages, target: target(system), load: search?.load)
        try waitForGenerator(generator, "generator")
        try waitForDelivery(sink, system)
        if counts, counter?.stop() == false { counter = nil }
        var resources = meter.finish()
        outcome.queued = system.queued()
        try stop(system, sink)
        meter.complete(&resources)
        if counts { take(counter?.counts(), &resources) }
        outcome.resources = resources
        outcome.files = system.files
        try takeScenario(search, crash)
        return outcome
    }

    private func take(_ counts: (syncs: SyncCounts, processor: [String: UInt64])?, _ resources: inout ResourceRecord) {
        guard let counts else { return }
        resources[.system]?.syncs = counts.syncs
        resources.counters = counts.processor
    }

    private func stop(_ system: RunningSystem, _ sink: ChildProgram) throws(RecordFault) {
        let status = system.stop()
        system.keepLogs(in: directory + "/logs")
        // Whoever ends on a signal need not say 0; one that keeps a record of its own has to.
        if setup.choice.definition.record != nil, status != 0 {
            throw RecordFault("\(system.program.name) ended with \(status): \(system.errorText)")
        }
        let sinkStatus = sink.stop()
        guard sinkStatus == 0 else { throw RecordFault("\(sink.name) ended with \(sinkStatus): \(sink.errorText)") }
    }

    /// Ends what still runs, whatever happened.
    func end() {
        if let system {
            if system.program?.isRunning == true {
                system.crash()
                system.keepLogs(in: directory + "/logs")
            }
            system.killRest()
        }
        for program in started where program.isRunning { program.stop(limit: 1) }
        meter.collect()
        for group in groups { group.remove() }
        counter?.removeFiles()
    }

    func removeOutput(keepErrors: Bool) {
        for program in started + [system?.program].compactMap({ $0 }) { program.removeOutput(keepErrors: keepErrors) }
    }

    // MARK: Starting

    private func start(
        _ name: String, _ arguments: [String], as label: String, prefix: [String], _ group: ResourceRecord.Group?
    ) throws(RecordFault) -> ChildProgram {
        let accounting = group.flatMap { AccountingGroup.make($0.rawValue) }
        if let accounting { groups.append(accounting) }
        let program = try ChildProgram(
            name: name, command: (accounting?.prefix ?? []) + prefix + [paths.programs + "/" + name] + arguments,
            logs: directory + "/" + label)
        started.append(program)
        if let group { meter.watch(group, program, accounting) }
        return program
    }

    func startSink(_ port: Int, name: String) throws -> ChildProgram {
        var arguments = [
            "--listen", "\(conditions.sinkAddress):\(port)", "--threads", "\(profile.sinkThreads)",
            "--record", "\(directory)/\(name).json",
        ]
        if name != "warm-up" {
            arguments += ["--ledger", "\(directory)/\(name).ledger"]
            if let behaviour = try SinkRuleText.joined(conditions.sinkRules, profile.sink) {
                let file = directory + "/sink-behaviour.yaml"
                try behaviour.write(toFile: file, atomically: true, encoding: .utf8)
                arguments += ["--behaviour", file]
            }
        }
        let sink = try start(
            "sink-mta", arguments, as: name == "sink" ? "sink-mta" : name, prefix: conditions.sinkPrefix,
            name == "sink" ? .sink : nil)
        _ = try sink.listeningAddress()
        return sink
    }

    private func startSystem(sinkPort: Int) throws(RecordFault) -> RunningSystem {
        var scene = SystemScene(
            programs: paths.programs, work: work,
            record: setup.choice.definition.record.map { "\(directory)/\($0)" } ?? "",
            hostname: setup.choice.definition.name + ".test", listenPort: try SMTPProbe.freePort(),
            httpPort: try SMTPProbe.freePort(), sinkPort: sinkPort, threads: profile.mtaThreads,
            connections: profile.connections, messageSizeBytes: profile.messageSizeBytes)
        (scene.listenHost, scene.sinkHost) = (conditions.systemAddress, conditions.sinkAddress)
        scene.injection = profile.injection ?? "smtp"
        scene.tls = profile.tls ?? .none
        if scene.tls != .none { try KeyMaterial.makeCertificate(&scene) }
        if let algorithm = profile.dkim { try KeyMaterial.makeSigningKey(algorithm, &scene) }
        // Of a system that is killed perf would say nothing.
        if setup.countsSyncs, crash == nil { counter = PerfCounter(in: work) }
        let system = try RunningSystem(
            setup.choice, scene: scene, systems: paths.systems, logs: directory + "/" + setup.choice.definition.name,
            wrapping: .init(
                prefix: (accounting?.prefix ?? []) + conditions.systemPrefix, counter: counter?.command ?? []))
        self.system = system
        try system.start()
        return system
    }

    func target(_ system: RunningSystem) -> String {
        profile.injection == "http"
            ? "http://\(system.scene.listenHost):\(system.scene.httpPort)"
            : "\(system.scene.listenHost):\(system.scene.listenPort)"
    }

    /// - Parameter load: instead of the profile's.
    func startGenerator(
        _ name: String, messages: Int, target: String, load: LoadPlan? = nil
    ) throws(RecordFault) -> ChildProgram {
        var asked = profile
        if let load { asked.load = load }
        return try start(
            "traffic-gen",
            GeneratorArguments(asked, isWarmUp: name == "warm-up-generator").words(target: target, messages: messages)
                + [
                    "--record", "\(directory)/\(name).json", "--ledger", "\(directory)/\(name).ledger", "--quiet",
                ], as: name == "generator" ? "traffic-gen" : name, prefix: conditions.generatorPrefix,
            name == "generator" ? .generator : nil)
    }

    // MARK: Waiting

    /// Messages through the whole system that are not counted: its processes are there, its files are known, its
    /// connections were made.
    private func warmUp(_ system: RunningSystem, _ sink: ChildProgram) throws {
        let record = directory + "/warm-up-generator.json"
        let generator = try startGenerator(
            "warm-up-generator", messages: setup.warmUpMessages, target: target(system))
        try waitForGenerator(generator, "warm-up-generator")
        let accepted = try RecordFile.read(GeneratorRecord.self, from: record).accepted
        guard accepted == UInt64(setup.warmUpMessages) else {
            throw RecordFault("warm-up: \(accepted) of \(setup.warmUpMessages) messages were acknowledged")
        }
        let drained = try wait(
            counting: "\(directory)/warm-up.json",
            until: { received in
                try expectRunning(sink, system)
                return received >= accepted && own >= accepted && (system.queued() ?? 0) == 0
            })
        guard drained else { throw RecordFault("warm-up: not all messages arrived, or the queue did not empty") }
        sink.stop()
        for name in ["warm-up.json", "warm-up.json.live", "warm-up-generator.json", "warm-up-generator.ledger"] {
            unlink(directory + "/" + name)
        }
        unlink(record + ".live")
    }

    /// Messages that the system's own record says were delivered; without one nothing has to be waited for.
    var own: UInt64 {
        guard let record = setup.choice.definition.record else { return .max }
        return LiveCount.messages("\(directory)/\(record)")
    }

    func expectRunning(_ sink: ChildProgram, _ system: RunningSystem) throws(RecordFault) {
        guard sink.isRunning else { throw RecordFault("\(sink.name) ended during the run: \(sink.errorText)") }
        guard system.program.isRunning else {
            throw RecordFault("\(system.program.name) ended during the run: \(system.errorText)")
        }
    }

    private func waitForGenerator(_ generator: ChildProgram, _ name: String) throws {
        let sink = name == "generator" ? "sink" : "warm-up"
        let done = try wait(counting: "\(directory)/\(sink).json") { received in
            if name == "generator" { try crashWhenDue(received) }
            return !generator.isRunning
        }
        guard done else {
            throw RecordFault("traffic-gen: no message more for \(fixed(profile.stallSeconds, 0)) s")
        }
        let status = generator.waitForExit()
        guard status == 0 || status == 1 else {
            throw RecordFault("traffic-gen failed (\(status)): \(generator.errorText)")
        }
        guard FileManager.default.fileExists(atPath: "\(directory)/\(name).json") else {
            // What it said of a full disk may have had no room there itself.
            var space = statvfs()
            let isFull = statvfs(directory, &space) == 0 && space.f_bavail == 0
            throw RecordFault(
                "traffic-gen wrote no record: \(isFull ? "no space is left in \(directory)" : generator.errorText)")
        }
    }

    /// Until the sink has all that was acknowledged; what does not come within the stall limit is lost or queued, and the
    /// record will say so.
    private func waitForDelivery(_ sink: ChildProgram, _ system: RunningSystem) throws {
        let accepted = try RecordFile.read(GeneratorRecord.self, from: directory + "/generator.json").accepted
        let expected = accepted * UInt64(profile.recipients ?? 1)
        _ = try wait(counting: directory + "/sink.json") { received in
            try expectRunning(sink, system)
            if crash != nil { return try hasSettled(received, of: expected, system) }
            // The MTA must have heard of it too, or it would call a delivery unfinished.
            return received >= accepted
                && own >= expected + UInt64(setup.warmUpMessages) + outcome.before * UInt64(profile.recipients ?? 1)
        }
    }

    /// The load is under way: the system may have to die.
    private func crashWhenDue(_ received: UInt64) throws {
        guard let crash, let system, try crash.tick(received: received, system) else { return }
        meter.follow(.system, system.program)
    }

    /// After a crash some arrive twice, and the system's own account began anew: all is over when as many as were
    /// acknowledged have come and then none for a while.
    private func hasSettled(_ received: UInt64, of expected: UInt64, _ system: RunningSystem) throws -> Bool {
        let now = MonotonicInstant.now()
        if settling?.received != received { settling = (received, now) }
        guard let settling, received >= expected, now.seconds(since: settling.at) > Self.settledSeconds else {
            return false
        }
        return (system.queued() ?? 0) == 0
    }

    private static let settledSeconds = 2.0

    /// Polls until `done`, or without a message more for the profile's stall limit gives up and returns false.
    func wait(counting record: String, until done: (UInt64) throws -> Bool) throws -> Bool {
        var last = (received: UInt64(0), at: MonotonicInstant.now())
        var shown = (received: UInt64(0), at: MonotonicInstant.now())
        while true {
            let received = LiveCount.messages(record)
            let now = MonotonicInstant.now()
            if try done(received) { return true }
            if received != last.received { last = (received, now) }
            if now.seconds(since: last.at) > profile.stallSeconds { return false }
            let elapsed = now.seconds(since: shown.at)
            if elapsed >= 1 {
                let rate = Double(received - min(received, shown.received)) / elapsed
                let total = profile.messages > 0 ? " of \(grouped(profile.messages))" : ""
                progress(
                    "\(profile.name) \(setup.choice.label): \(grouped(received))\(total) received, \(fixed(rate, 0)) msg/s"
                )
                shown = (received, now)
            }
            meter.tick()
            usleep(20_000)
        }
    }
}
