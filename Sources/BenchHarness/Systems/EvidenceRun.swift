import Foundation
import Glibc
import Measures
package import RunRecords

/// Finds out whether a system syncs before it answers 250, instead of believing it: messages one after the other over one
/// connection, with every sync call of the system and its children traced. Only calls count that began after a message's
/// begin and had returned without an error by its 250, and between two messages there is time for what the one before
/// still causes.
package struct EvidenceRun {
    private let choice: SystemChoice
    private let paths: HarnessPaths
    private let messages: Int

    /// Between two messages, microseconds.
    private static let pause: UInt32 = 50_000

    package init(_ choice: SystemChoice, paths: HarnessPaths, messages: Int = 50) {
        (self.choice, self.paths, self.messages) = (choice, paths, messages)
    }

    /// - Throws: ``RecordFault`` if the system cannot be run; where only the looking is impossible, the evidence says so.
    package func gather() throws(RecordFault) -> DurabilityEvidence {
        guard let version = Self.straceVersion else {
            return DurabilityEvidence(
                method: "strace is not installed", messages: 0, syncs: SyncCounts(), verdict: .notChecked)
        }
        try HarnessPaths.make(paths.spools)
        let base = URL(fileURLWithPath: paths.spools).standardizedFileURL.path
        let work = "\(base)/spool-\(getpid())-evidence-\(choice.label)"
        try? FileManager.default.removeItem(atPath: work)
        defer { try? FileManager.default.removeItem(atPath: work) }
        try HarnessPaths.make(work + "/evidence")
        Children.adoptOrphans()
        let trace = work + "/evidence/strace"
        let spans = try observe(work, trace)
        let text = FileManager.default.contents(atPath: trace).map { String(decoding: $0, as: UTF8.self) } ?? ""
        return Self.judge(SyncCall.parse(text), spans, method: version)
    }

    private static let straceVersion = Command.output(["strace", "--version"])?.split(separator: "\n").first
        .map { "strace " + ($0.split(separator: " ").last ?? "") }

    /// Sends the messages; each one's begin and 250, Unix seconds.
    private func observe(_ work: String, _ trace: String) throws(RecordFault) -> [ClosedRange<Double>] {
        let port = try SMTPProbe.freePort()
        let folder = work + "/evidence"
        let sink = try ChildProgram(
            name: "sink-mta",
            command: [paths.programs + "/sink-mta", "--listen", "127.0.0.1:\(port)", "--threads", "1"],
            logs: folder + "/sink")
        defer { sink.stop(limit: 5) }
        _ = try sink.listeningAddress()
        let scene = SystemScene(
            programs: paths.programs, work: work, record: folder + "/record.json",
            hostname: choice.definition.name + ".test", listenPort: try SMTPProbe.freePort(),
            httpPort: try SMTPProbe.freePort(), sinkPort: port, threads: processorCount(), connections: 1,
            messageSizeBytes: 1000)
        let calls = SyncCounts.names.joined(separator: ",")
        let system = try RunningSystem(
            choice, scene: scene, systems: paths.systems, logs: folder + "/system",
            wrapping: .init(counter: ["strace", "-f", "-qq", "-ttt", "-T", "-e", "trace=" + calls, "-o", trace]))
        defer {
            system.stop()
            system.killRest()
        }
        try system.start()
        do { return try send(to: scene) } catch {
            throw RecordFault(
                "\(choice.label), while its syncs were counted: \(error.description); \(system.errorText)")
        }
    }

    private func send(to scene: SystemScene) throws(RecordFault) -> [ClosedRange<Double>] {
        guard let client = SMTPProbe(host: scene.listenHost, port: scene.listenPort) else {
            throw RecordFault("no connection")
        }
        try client.begin()
        var spans: [ClosedRange<Double>] = []
        for number in 1...messages {
            usleep(Self.pause)
            let began = WallInstant.now().seconds
            try client.sendMessage(number: number)
            spans.append(began...max(began, WallInstant.now().seconds))
        }
        _ = client.ask("QUIT\r\n")
        return spans
    }

    /// - Parameter spans: of each message.
    package static func judge(_ calls: [SyncCall], _ spans: [ClosedRange<Double>], method: String) -> DurabilityEvidence
    {
        var counts = SyncCounts()
        var synced = 0
        for span in spans {
            // A sync that is still under way at the 250, or that failed, has promised nothing.
            let within = calls.filter { call in
                span.contains(call.unixSeconds) && (call.endedUnixSeconds.map { span.contains($0) } ?? false)
            }
            for call in within { counts.calls[call.name, default: 0] += 1 }
            // Writing back a range says nothing about metadata or the disk's cache.
            if within.contains(where: { $0.name != "sync_file_range" }) { synced += 1 }
        }
        return DurabilityEvidence(
            method: "\(method): \(synced) of \(spans.count) messages had a sync between begin and 250",
            messages: UInt64(spans.count), syncs: counts,
            verdict: !spans.isEmpty && synced == spans.count ? .syncsEachMessage : .doesNotSync)
    }
}

/// A call that `strace -f -ttt -T` saw begin.
package struct SyncCall {
    package var name: String
    package var unixSeconds: Double
    /// When it returned 0; nil: it failed, or its end was not seen.
    package var endedUnixSeconds: Double?

    /// Lines such as `4711  1795657227.715123 fdatasync(7) = 0 <0.000812>`. Of an interrupted call the rest stands in a
    /// later line of the same thread, `4711  1795657227.716001 <... fdatasync resumed>) = 0 <0.000878>`: not another call.
    package static func parse(_ text: String) -> [SyncCall] {
        var calls: [SyncCall] = []
        var unfinished: [Substring: Int] = [:]
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ", maxSplits: 2)
            guard words.count == 3, let time = Double(words[1]) else { continue }
            if words[2].hasPrefix("<... ") {
                guard let index = unfinished.removeValue(forKey: words[0]) else { continue }
                let began = calls[index].unixSeconds
                calls[index].endedUnixSeconds = duration(words[2]).map { began + $0 }
                continue
            }
            let name = String(words[2].prefix { $0.isLetter || $0 == "_" })
            guard SyncCounts.names.contains(name), words[2].dropFirst(name.count).first == "(" else { continue }
            if words[2].hasSuffix("<unfinished ...>") { unfinished[words[0]] = calls.count }
            calls.append(
                SyncCall(name: name, unixSeconds: time, endedUnixSeconds: duration(words[2]).map { time + $0 }))
        }
        return calls
    }

    /// Seconds that a call took which returned 0; nil of any other.
    private static func duration(_ call: Substring) -> Double? {
        let words = call.split(separator: " ").suffix(3)
        guard words.count == 3, words.dropLast().joined(separator: " ") == "= 0", let last = words.last,
            last.first == "<", last.last == ">"
        else { return nil }
        return Double(last.dropFirst().dropLast())
    }
}
