import Measures
import ResultStore
import RunRecords

/// What the counts of a record have to do with each other, whoever wrote them.
enum CountChecks {
    static func add(_ run: RunRecord, to findings: inout Findings) {
        let violations = ConservationLaw.violations(of: run)
        findings.add(
            "balance", violations.filter { !run.invalid.contains($0) },
            violations.isEmpty
                ? "every message is somewhere: \(run.generator.offered) offered, \(run.generator.accepted) accepted, "
                    + "\(run.sink.received) received" : "does not balance, and says so")
        let unsaid = run.faults.filter { !run.invalid.contains($0) }
        findings.add(
            "invalid", unsaid.map { "'invalid' does not say: \($0)" } + saturation(run),
            run.invalid.isEmpty
                ? "a result by the rules" : "\(CheckFinding.notAResult), for \(run.invalid.count) reasons that it says")
        findings.add("warnings", warnings(run), "nothing that the generator warns of is left out")
        findings.add("series", series(run), "the seconds sum to the totals")
        findings.add("replies", ReplyChecks.problems(run), "replies add up to what became of messages")
        findings.add("sizes", sizes(run), "bytes are messages times their size")
        findings.add("histograms", histograms(run), "every accepted message has its latency")
    }

    /// A generator that was its own limit has to say so.
    private static func saturation(_ run: RunRecord) -> [String] {
        let generator = run.generator
        let available = generator.elapsedSeconds * Double(generator.header.threads)
        let share = available > 0 ? generator.header.usage.cpuSeconds / available : 0
        let isSaid = (run.invalid + run.warnings + generator.warnings).contains { $0.contains("saturated") }
        guard share > 0.91, !isSaid else { return [] }
        return ["the generator used \(fixed(share * 100, 0)) % of its threads, and nothing says that it was saturated"]
    }

    /// What the generator warns of the run warns of, and what its counts make it warn of it does.
    private static func warnings(_ run: RunRecord) -> [String] {
        guard run.schema == RunRecord.schema else { return [] }
        let generator = run.generator
        let own = generator.warnings.filter { !$0.hasPrefix("generator saturated") }
        var found = own.filter { !run.warnings.contains($0) }.map { "'warnings' does not say: \($0)" }
        func expect(_ isSaid: Bool, _ text: String) {
            if !isSaid { found.append("'generator.warnings' does not say: \(text)") }
        }
        expect(
            generator.elapsedSeconds >= 1 || own.contains { $0.hasPrefix("run too short") },
            "run too short: \(fixed(generator.elapsedSeconds, 3)) s")
        let dropped = generator.droppedStarts ?? 0
        expect(
            dropped == 0 || own.contains { $0.hasPrefix(grouped(dropped) + " messages were due") },
            "\(dropped) messages were due and never began")
        return found
    }

    // MARK: Seconds

    private static func series(_ run: RunRecord) -> [String] {
        var problems = Problems()
        let (generator, sink) = (run.generator, run.sink)
        func sums(_ name: String, _ series: [IntervalSample], _ totals: (UInt64, UInt64, UInt64)) {
            guard !series.isEmpty else {
                problems.expect(totals.0 == 0, "\(name): no series, but \(totals.0) messages")
                return
            }
            let source = "the total is"
            problems.expectEqual("\(name): sum of messages", series.map(\.messages).reduce(0, +), totals.0, source)
            problems.expectEqual("\(name): sum of bytes", series.map(\.bytes).reduce(0, +), totals.1, source)
            problems.expectEqual("\(name): sum of failed", series.map(\.failed).reduce(0, +), totals.2, source)
        }
        sums(
            "generator.series", generator.series,
            (generator.accepted, generator.acceptedBytes, generator.refused + generator.failed + generator.inDoubt))
        sums("sink.series", sink.series, (sink.received, sink.receivedBytes, sink.refused))
        if let mta = run.mta { sums("mta.series", mta.series, (mta.delivered, mta.acceptedBytes, mta.bounced)) }
        return problems.list
    }

    private static func isSMTP(_ run: RunRecord) -> Bool {
        run.generator.transport.map { $0.protocolName == "smtp" } ?? true
    }

    // MARK: Bytes

    /// Ids and dates make sizes differ by a few bytes; a relay adds its header fields.
    private static func sizes(_ run: RunRecord) -> [String] {
        var problems = Problems()
        func bounds(_ name: String, _ bytes: UInt64, _ messages: UInt64, _ range: ClosedRange<Double>) {
            let size = Double(run.generator.messageSizeBytes)
            let (low, high) = (size * range.lowerBound - 128, size * range.upperBound + 4096)
            let mean = messages > 0 ? Double(bytes) / Double(messages) : 0
            problems.expect(
                messages == 0 ? bytes == 0 : mean >= low && mean <= high,
                "\(name): \(bytes) bytes in \(messages) messages, one has \(run.generator.messageSizeBytes)")
        }
        if hasContentOfManySizes(run) { return [] }
        bounds("generator", run.generator.acceptedBytes, run.generator.accepted, 0.98...1.02)
        if isSMTP(run), run.generator.refused + run.generator.failed + run.generator.inDoubt == 0 {
            bounds("sink", run.sink.receivedBytes, run.sink.received, 0.98...1.1)
        }
        problems.expect(
            run.generator.messageSizeBytes + 256 >= run.generator.bodySizeBytes,
            "generator.message_size_bytes is \(run.generator.messageSizeBytes), asked for were "
                + "\(run.generator.bodySizeBytes)")
        problems.expectEqual(
            "generator.body_size_bytes", run.generator.bodySizeBytes, run.profile.messageSizeBytes,
            "the profile asks for")
        return problems.list
    }

    /// Whether the generator was told of other content than text of one size.
    private static func hasContentOfManySizes(_ run: RunRecord) -> Bool {
        let flags = ["--size-profile", "--html", "--attachment", "--body-file", "--replay", "--template", "--tenants"]
        return run.generator.header.arguments.contains { word in flags.contains { word.hasPrefix($0) } }
    }

    // MARK: Latencies

    private static func histograms(_ run: RunRecord) -> [String] {
        var problems = Problems()
        let generator = run.generator
        let warm = generator.warmUp?.accepted ?? 0
        func counts(_ name: String, _ histogram: LatencyHistogram?, _ expected: UInt64) {
            guard let histogram else { return }
            problems.expectEqual(name + " count", histogram.count, expected, "accepted messages are")
        }
        let measured = generator.accepted >= warm ? generator.accepted - warm : 0
        problems.expect(generator.accepted >= warm, "warm_up.accepted is \(warm) of \(generator.accepted)")
        counts("generator.transaction_latency", generator.transactionLatency, measured)
        counts("generator.intended_latency", generator.intendedLatency, measured)
        counts("generator.warm_up.transaction_latency", generator.warmUp?.transactionLatency, warm)
        if let ledger = run.sink.ledger, let endToEnd = run.sink.endToEndLatency {
            problems.expect(
                endToEnd.count <= ledger.unique,
                "sink.end_to_end_latency has \(endToEnd.count) values, \(ledger.unique) messages arrived")
        }
        if let mta = run.mta {
            problems.expect(
                mta.deliveryLatency.count <= mta.delivered,
                "mta.delivery_latency has \(mta.deliveryLatency.count) values, delivered were \(mta.delivered)")
            problems.expect(
                mta.deliveryLatency.count + mta.recovered >= min(mta.delivered, generator.accepted)
                    || mta.delivered == 0
                    || mta.accepted != mta.acceptedMessages,
                "mta.delivery_latency has \(mta.deliveryLatency.count) values, delivered were \(mta.delivered)")
            // Each message that was taken in, and each notification that was made, is committed once.
            problems.expect(
                mta.commitMessages >= mta.acceptedMessages
                    && mta.commitMessages <= mta.acceptedMessages + mta.generated,
                "mta.commit_messages is \(mta.commitMessages), accepted were \(mta.acceptedMessages) and made here "
                    + "\(mta.generated)")
            problems.expect(
                mta.commitLatency.count >= mta.commits,
                "mta.commit_latency has \(mta.commitLatency.count) values for \(mta.commits) commits")
        }
        return problems.list + ends(run)
    }
}

extension CountChecks {
    /// The smallest and the largest value fall into the first and the last bucket.
    static func ends(_ run: RunRecord) -> [String] {
        RecordHistograms.all(run).filter { !$0.histogram.isConsistent }.map {
            "\($0.name): min \($0.histogram.min_ns) ns and max \($0.histogram.max_ns) ns are not the ends of its buckets"
        }
    }
}
