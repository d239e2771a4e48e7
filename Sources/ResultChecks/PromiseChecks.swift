import Measures
import RunRecords

/// What a 250 of the system means: asked for, reported by itself, and seen.
enum PromiseChecks {
    static func add(_ run: RunRecord, to findings: inout Findings) {
        findings.add(
            "durability", durability(run) + syncs(run), "\(run.promise.rawValue), by all that say something of it")
        findings.add("arguments", arguments(run), "the programs ran with what the profile asks for")
    }

    private static func durability(_ run: RunRecord) -> [String] {
        var problems = Problems()
        if let mta = run.mta {
            let own = SpoolPromise(spool: mta.spool, durability: mta.durability)
            if let system = run.system {
                problems.expect(
                    system.promise == own,
                    "system.promise is \(system.promise.rawValue), the mta's own record says \(own.rawValue)")
            }
            if let told = Self.value("--durability", mta.header.arguments) {
                problems.expectEqual("mta.durability", mta.durability, told, "the program was started with")
            }
            if let told = Self.value("--spool", mta.header.arguments) {
                problems.expectEqual("mta.spool", mta.spool, told, "the program was started with")
            }
        }
        guard let evidence = run.evidence else { return problems.list }
        switch evidence.verdict {
        case .syncsEachMessage:
            problems.expect(
                evidence.messages > 0 && evidence.syncs.total >= evidence.messages,
                "the evidence is called \(evidence.verdict.rawValue), but \(evidence.syncs.total) syncs were seen for "
                    + "\(evidence.messages) messages")
        case .doesNotSync:
            problems.expect(
                evidence.syncs.total < evidence.messages,
                "the evidence is called \(evidence.verdict.rawValue), but \(evidence.syncs.total) syncs were seen for "
                    + "\(evidence.messages) messages")
        case .notChecked: break
        }
        if evidence.confirms(run.promise) == false {
            problems.expect(
                !run.invalid.isEmpty || !run.warnings.isEmpty,
                "\(run.promise.rawValue) is promised, \(evidence.syncs.total) syncs were seen for \(evidence.messages) "
                    + "messages, and nothing says so")
        }
        return problems.list
    }

    /// One sync covers what is under way at most: what all connections have sent and not yet got their 250 for. Half of
    /// that will do: a counter may lose some.
    private static func syncs(_ run: RunRecord) -> [String] {
        guard run.promise == .fsync, run.invalid.isEmpty, run.profile.crashAfterSeconds == nil,
            let syncs = run.resources?[.system]?.syncs
        else { return [] }
        let least = UInt64(Double(run.generator.accepted) / (2 * run.messagesUnderWay))
        guard syncs.total < least else { return [] }
        return [
            "\(run.promise.rawValue) is promised, \(syncs.total) syncs were counted in the run: \(run.generator.accepted) "
                + "messages, \(fixed(run.messagesUnderWay, 0)) under way at once, need \(least) at least"
        ]
    }

    /// Command lines are noted by the programs themselves.
    private static func arguments(_ run: RunRecord) -> [String] {
        var problems = Problems()
        let (generator, profile) = (run.generator, run.profile)
        for (flags, name, told) in [
            (["--concurrency", "--connections", "-c"], "connections", profile.connections),
            (["--message-count", "--messages", "-n"], "messages", profile.messages),
            (["--body-size"], "message_size_bytes", profile.messageSizeBytes),
        ] {
            guard let text = flags.lazy.compactMap({ Self.value($0, generator.header.arguments) }).first,
                let value = Int(text)
            else { continue }
            problems.expectEqual("profile.\(name)", told, value, "the generator was started with")
        }
        problems.expectEqual(
            "generator.concurrency", generator.concurrency, profile.connections, "the profile asks for")
        problems.expectEqual(
            // No thread without a connection.
            "generator.header.threads", generator.header.threads, min(profile.generatorThreads, profile.connections),
            "the profile asks for")
        problems.expectEqual(
            "sink.header.threads", run.sink.header.threads, profile.sinkThreads, "the profile asks for")
        return problems.list
    }

    /// The word behind a flag, or behind its `=`.
    static func value(_ flag: String, _ arguments: [String]) -> String? {
        for (index, word) in arguments.enumerated() {
            if word.hasPrefix(flag + "=") { return String(word.dropFirst(flag.count + 1)) }
            if word == flag, index + 1 < arguments.count { return arguments[index + 1] }
        }
        return nil
    }
}

extension RunRecord {
    /// Messages that can be without their answer at the same time, at most.
    var messagesUnderWay: Double {
        let depth = max(generator.pipelining ? 2 : 1, generator.transport?.batchSize ?? 1)
        return max(1, Double(generator.concurrency) * Double(depth) * Double(max(1, profile.recipients ?? 1)))
    }
}
