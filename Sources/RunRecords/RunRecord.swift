package import Measures

/// What a result was measured on.
package struct MachineFacts: Codable, Hashable, Sendable {
    package var cpu: String
    package var cores: Int
    package var memoryBytes: UInt64
    package var kernel: String
    /// Of the spool's directory: `ext4 on /dev/vda`.
    package var fileSystem: String
    /// Write 4 KiB and fdatasync, in the spool's directory, one at a time.
    package var syncLatency: LatencyHistogram
    /// Commit of this repository; `-dirty` behind it if the tree had changes.
    package var commit: String
    package var sysctls: [String: String]
    package var descriptorLimit: Int

    enum CodingKeys: String, CodingKey {
        case cpu, cores, kernel, commit, sysctls
        case memoryBytes = "memory_bytes"
        case fileSystem = "file_system"
        case syncLatency = "sync_latency"
        case descriptorLimit = "descriptor_limit"
    }

    package init(
        cpu: String, cores: Int, memoryBytes: UInt64, kernel: String, fileSystem: String, syncLatency: LatencyHistogram,
        commit: String, sysctls: [String: String], descriptorLimit: Int
    ) {
        self.cpu = cpu
        self.cores = cores
        self.memoryBytes = memoryBytes
        self.kernel = kernel
        self.fileSystem = fileSystem
        self.syncLatency = syncLatency
        self.commit = commit
        self.sysctls = sysctls
        self.descriptorLimit = descriptorLimit
    }

    package static func == (a: Self, b: Self) -> Bool {
        (a.cpu, a.cores, a.kernel, a.fileSystem, a.commit) == (b.cpu, b.cores, b.kernel, b.fileSystem, b.commit)
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(cpu)
        hasher.combine(commit)
    }
}

/// What the two ledgers say of each acknowledged message.
package struct LedgerAudit: Codable, Hashable, Sendable {
    package var acknowledged: UInt64 = 0
    package var lost: UInt64 = 0
    package var doubled: UInt64 = 0
    package var changed: UInt64 = 0
    /// The first of each kind by name: `lost 0193…`.
    package var named: [String] = []

    package static let namedLimit = 100

    enum CodingKeys: String, CodingKey { case acknowledged, lost, doubled, changed, named }

    package init() {}

    package mutating func name(_ what: String, _ id: String) {
        if named.count < Self.namedLimit { named.append("\(what) \(id)") }
    }
}

/// The place of a run among those of the same repeat.
package struct RunPosition: Codable, Hashable, Sendable {
    /// 1-based.
    package var position: Int
    /// Runs of the repeat: one a variant.
    package var of: Int

    package init(_ position: Int, of: Int) {
        self.position = position
        self.of = of
    }
}

/// One run: what was asked, on what, what each program recorded, and whether it may be called a result.
package struct RunRecord: Codable, Sendable {
    package static let schema = "millrace.run/2"
    /// Those that are read; what an older one did not have is nil or made up from what it had.
    package static let readableSchemas = ["millrace.run/1", schema]

    package var schema: String
    package var profile: RunProfile
    /// The profile as it was written.
    package var profileText: String
    /// 1-based number of this run among its repeats.
    package var repeatIndex: Int
    package var repeats: Int
    /// Nil where a profile has no variants.
    package var order: RunPosition?
    package var startedUnixSeconds: Double
    package var machine: MachineFacts
    package var generator: GeneratorRecord
    /// Nil if the system under test keeps no record of its own.
    package var mta: MTARecord?
    package var sink: SinkRecord
    package var audit: LedgerAudit
    /// Written to the spool's device by anybody, until the system had stopped and a sync(2) after it; nil where that
    /// cannot be counted.
    package var deviceWriteBytes: UInt64?
    /// Nil in records of schema 1, whose system was always this project's `mta`.
    package var system: SystemFacts?
    package var resources: ResourceRecord?
    package var evidence: DurabilityEvidence?
    /// Recipients that the system said were still in its queue at the end; nil where it was not asked.
    package var queuedAtEnd: UInt64?
    /// Messages that went through the system before, on which nothing here is counted but the MTA's own record.
    package var warmUpMessages: UInt64?
    /// Due to received of the messages that were due after the load's own warm-up, by the ledgers; nil without a warm-up,
    /// and in records of before it was kept.
    package var measuredEndToEndLatency: LatencyHistogram?
    /// In order of time.
    package var phases: [RunPhase]?
    /// Nil of runs without a course of their own, and in records of before there were any.
    package var scenario: ScenarioRecord?
    /// What the machine was made to be, a line each: `disk limited to 120 writes a second (blkio cgroup)`.
    package var conditions: [String]?
    /// Nil in records of before ledgers were kept.
    package var ledgers: LedgerFacts?
    /// Why this is no result; empty for a valid run.
    package var invalid: [String]
    package var warnings: [String]

    enum CodingKeys: String, CodingKey {
        case schema, profile, machine, generator, mta, sink, audit, invalid, warnings, repeats, order
        case system, resources, evidence, phases, scenario, conditions, ledgers
        case queuedAtEnd = "queued_at_end"
        case warmUpMessages = "warm_up_messages"
        case measuredEndToEndLatency = "measured_end_to_end_latency"
        case profileText = "profile_text"
        case repeatIndex = "repeat_index"
        case startedUnixSeconds = "started_unix_s"
        case deviceWriteBytes = "device_write_bytes"
    }

    package init(
        profile: RunProfile, profileText: String, repeatIndex: Int, repeats: Int, startedUnixSeconds: Double,
        machine: MachineFacts, generator: GeneratorRecord, mta: MTARecord?, sink: SinkRecord, audit: LedgerAudit,
        system: SystemFacts? = nil, queuedAtEnd: UInt64? = nil, warmUpMessages: UInt64? = nil,
        evidence: DurabilityEvidence? = nil
    ) {
        schema = Self.schema
        self.profile = profile
        self.profileText = profileText
        self.repeatIndex = repeatIndex
        self.repeats = repeats
        self.startedUnixSeconds = startedUnixSeconds
        self.machine = machine
        self.generator = generator
        self.mta = mta
        self.sink = sink
        self.audit = audit
        self.system = system
        self.queuedAtEnd = queuedAtEnd
        self.warmUpMessages = warmUpMessages
        self.evidence = evidence
        warnings = generator.warnings.filter { !$0.hasPrefix("generator saturated") }
        invalid = []
        invalid = faults
    }

    /// Everything that keeps this from being a result, judged from what the record holds: empty for a valid run.
    package var faults: [String] { ConservationLaw.violations(of: self) + disqualifications }

    /// Bytes that may reach a device in a run without anybody else's doing, beyond what the programs wrote.
    private static let deviceNoiseBytes: UInt64 = 64 << 20

    /// Takes what was written to the spool's device during the run. A spool without files writes nothing to it: where
    /// one is charged with much all the same, somebody else was writing, and no system's device writes can be trusted.
    package mutating func takeDeviceWrites(bytes: UInt64) {
        deviceWriteBytes = bytes
        let own = [generator.header, mta?.header, sink.header].compactMap { $0?.usage.diskWriteBytes }.reduce(0, +)
        guard promise == .none, bytes > own + Self.deviceNoiseBytes else { return }
        warnings.append(
            "other programs wrote \(grouped((bytes - own) >> 20)) MiB to the spool's device meanwhile: "
                + "device writes say little")
    }

    /// What the MTA had done with a message by its 250.
    package var promise: SpoolPromise {
        if let mta { return SpoolPromise(spool: mta.spool, durability: mta.durability) }
        return system?.promise ?? .none
    }

    /// Names the system in tables and directories: `mta-segment-fsync`, `postfix`.
    package var systemLabel: String { system?.label ?? profile.system }

    /// For people: what accepted mail is kept in.
    package var spoolName: String { mta?.spool ?? system?.spool ?? "unknown" }

    /// The MTA's record is of this run's mail and no other's: not of what went through it before to warm up or to look
    /// for a rate, nor of its second life alone.
    package var mtaAccountsForRun: Bool {
        (warmUpMessages ?? 0) == 0 && scenario?.rateSearch == nil && !wasKilled
    }

    /// The system was killed under way and started again.
    package var wasKilled: Bool {
        profile.crashAfterSeconds != nil || scenario?.crash != nil
            || (phases ?? []).contains { $0.name == "killed" }
    }

    /// File systems that a power cut leaves nothing of.
    private static let fileSystemsInMemory = ["tmpfs", "ramfs", "devtmpfs"]

    /// A sync reaches no disk where there is none; nil where the promise can be kept.
    private var promiseWithoutDisk: String? {
        guard promise == .fsync, let kind = machine.fileSystem.split(separator: " ").first.map(String.init),
            Self.fileSystemsInMemory.contains(kind)
        else { return nil }
        return "\(systemLabel) promises fsync, but its spool was on \(kind), which is memory: a power cut loses it"
    }

    /// Reasons besides the conservation law.
    private var disqualifications: [String] {
        var reasons: [String] = []
        let builds = [("traffic-gen", generator.header), ("mta", mta?.header), ("sink-mta", sink.header)]
        for (name, header) in builds {
            guard let header, header.build != "release" else { continue }
            reasons.append("\(name) is a \(header.build) build")
        }
        reasons += generator.warnings.filter { $0.hasPrefix("generator saturated") }
        if let mta { reasons += disqualifications(of: mta) }
        // A load for a time offers what it can.
        let wanted = profile.messages > 0 ? UInt64(profile.messages) : generator.offered
        // What is under way when a system is killed has no answer, and what comes meanwhile no listener.
        if generator.accepted != wanted, profile.crashAfterSeconds == nil {
            reasons.append("\(generator.accepted) of \(wanted) messages were acknowledged")
        }
        if let contradiction { reasons.append(contradiction) }
        if let promiseWithoutDisk { reasons.append(promiseWithoutDisk) }
        return reasons
    }

    /// What was seen of the system's syncs against what it promises; nil where they agree, or nothing was seen.
    private var contradiction: String? {
        guard let evidence, evidence.confirms(promise) == false else { return nil }
        return "\(systemLabel) promises \(promise.rawValue), but \(evidence.messages) messages one after the other were"
            + " answered 250 with \(evidence.syncs.total) syncs before it (\(evidence.method))"
    }

    /// Acknowledged messages that did not arrive, told apart.
    package var missing: (lost: UInt64, queued: UInt64, returned: UInt64) {
        let queued = min(audit.lost, queuedAtEnd ?? mta?.queued ?? 0)
        let returned = min(audit.lost - queued, mta?.bounced ?? 0)
        return (audit.lost - queued - returned, queued, returned)
    }

    /// What our own MTA says of itself.
    private func disqualifications(of mta: MTARecord) -> [String] {
        var reasons: [String] = []
        if mta.spool != profile.spool { reasons.append("spool \(mta.spool) instead of \(profile.spool)") }
        if mta.durability != profile.durability {
            reasons.append("durability \(mta.durability) instead of \(profile.durability)")
        }
        return reasons + mta.faults.map { "mta: \($0)" }
    }
}

/// Every message must be somewhere: the equations that a run has to satisfy.
package enum ConservationLaw {
    /// - Returns: one line for each equation that does not hold; empty if the run balances.
    package static func violations(of run: RunRecord) -> [String] {
        var found: [String] = []
        func expect(_ holds: Bool, _ text: @autoclosure () -> String) { if !holds { found.append(text()) } }
        let (generator, sink) = (run.generator, run.sink)
        expect(
            generator.offered == generator.accepted + generator.refused + generator.failed + generator.inDoubt,
            "offered \(generator.offered) ≠ accepted \(generator.accepted) + refused \(generator.refused)"
                + " + failed \(generator.failed) + in doubt \(generator.inDoubt)")
        if let mta = run.mta {
            found += violations(
                of: mta, generator, warmUp: run.warmUpMessages ?? 0, wasKilled: run.profile.crashAfterSeconds != nil)
        }
        if let ledger = sink.ledger {
            expect(
                sink.received == ledger.unique + ledger.duplicates + ledger.unidentified,
                "sink: received \(sink.received) ≠ unique \(ledger.unique) + duplicates \(ledger.duplicates)"
                    + " + without id \(ledger.unidentified)")
            if let mta = run.mta {
                // The MTA counts recipients; a notification has one.
                let each = UInt64(max(1, min(run.profile.recipients ?? 1, 1000)))
                expect(
                    (ledger.unique + (run.warmUpMessages ?? 0)) * each + ledger.unidentified >= mta.delivered,
                    "sink: unique \(ledger.unique)" + (each > 1 ? " × \(each) recipients" : "")
                        + " < delivered \(mta.delivered)")
            }
        }
        expect(
            run.audit.acknowledged == generator.accepted,
            "ledger names \(run.audit.acknowledged) acknowledged messages, the record \(generator.accepted)")
        let missing = run.missing
        expect(missing.lost == 0, lostText(run, missing.lost))
        expect(missing.queued == 0, "\(missing.queued) acknowledged messages were still in the queue at the end")
        expect(missing.returned == 0, "\(missing.returned) acknowledged messages were returned to their sender")
        // A receiver's last answers die with the system: sent again is what the standard asks for (RFC 5321 §6.1).
        let wasKilled = run.profile.crashAfterSeconds != nil
        expect(wasKilled || run.audit.doubled == 0, "\(run.audit.doubled) messages arrived more than once")
        expect(run.audit.changed == 0, "\(run.audit.changed) messages were changed on the way")
        return found
    }

    /// A system without a record does not say what it returned, and what it returned comes to the sink without an id.
    private static func lostText(_ run: RunRecord, _ lost: UInt64) -> String {
        guard run.mta == nil, let others = run.sink.ledger?.unidentified, others > 0 else {
            return "\(lost) acknowledged messages were lost"
        }
        return "\(lost) acknowledged messages were lost or returned to their sender: "
            + "\(others) messages without an id arrived"
    }

    private static func violations(
        of mta: MTARecord, _ generator: GeneratorRecord, warmUp: UInt64, wasKilled: Bool
    ) -> [String] {
        var found: [String] = []
        func expect(_ holds: Bool, _ text: @autoclosure () -> String) { if !holds { found.append(text()) } }
        let aside = (mta.quarantined ?? 0) + (mta.removed ?? 0)
        expect(
            mta.recovered + mta.accepted + mta.generated == mta.delivered + mta.bounced + mta.queued + aside,
            "mta: recovered \(mta.recovered) + accepted \(mta.accepted) + notifications \(mta.generated)"
                + " ≠ delivered \(mta.delivered) + bounced \(mta.bounced) + queued \(mta.queued)"
                + (aside > 0 ? " + put aside or removed \(aside)" : ""))
        // Of one that was killed this is the account of its second life alone.
        if wasKilled { return found }
        expect(
            mta.acceptedMessages >= generator.accepted + warmUp
                && mta.acceptedMessages <= generator.accepted + warmUp + generator.inDoubt,
            "mta accepted \(mta.acceptedMessages), traffic-gen counts \(generator.accepted) acknowledged"
                + " and \(generator.inDoubt) in doubt" + (warmUp > 0 ? ", after \(warmUp) to warm up" : ""))
        return found
    }
}
