import RunRecords

/// Replies and what became of messages add up: the equations of docs/TRAFFIC-GEN.md and docs/SINK.md.
enum ReplyChecks {
    static func problems(_ run: RunRecord) -> [String] {
        var problems = Problems()
        ofGenerator(run.generator, &problems)
        if let replies = run.sink.replies { ofSink(run.sink, ReplySums(replies), &problems) }
        return problems.list
    }

    // MARK: At the generator

    private static func ofGenerator(_ generator: GeneratorRecord, _ problems: inout Problems) {
        let kind = generator.transport?.protocolName ?? "smtp"
        var sums = ReplySums(generator.replies)
        if let refusedAt = generator.refusedAt, let unansweredAt = generator.unansweredAt {
            (sums.refusedAt, sums.unansweredAt) = (refusedAt, unansweredAt)
            outcomes(generator, sums, kind, &problems)
            // A request over HTTP has one answer for all its messages, and several recipients have several.
            if kind != "http", generator.transport?.recipients ?? 1 == 1 { stages(generator, sums, &problems) }
        }
        guard kind == "smtp" else { return }
        if !generator.replies.isEmpty {
            problems.expectEqual(
                "generator.accepted", generator.accepted, sums.count("final", .taken), "final replies 2yz are")
        }
        let refusals = ["mail", "rcpt", "data", "final"].map { sums.count($0, .refused) }.reduce(0, +)
        problems.expect(
            refusals >= generator.refused, "generator.refused is \(generator.refused), replies 4yz and 5yz \(refusals)")
    }

    private static func outcomes(
        _ generator: GeneratorRecord, _ sums: ReplySums, _ kind: String, _ problems: inout Problems
    ) {
        let (refused, unanswered) = (
            sums.refusedAt.values.reduce(0, +), sums.unansweredAt.values.reduce(0, +)
        )
        problems.expectEqual("generator.refused", generator.refused, refused, "refused_at sums to")
        problems.expectEqual(
            "generator.failed and in_doubt", generator.failed + generator.inDoubt, unanswered, "unanswered_at sums to")
        guard kind != "http" else { return }
        // BDAT goes out with the envelope, so that a message may be in doubt before its last reply is due.
        let last = sums.unanswered("final")
        problems.expect(
            generator.chunking ? generator.inDoubt >= last : generator.inDoubt == last,
            "generator.in_doubt is \(generator.inDoubt), unanswered_at final is \(last)")
    }

    /// From stage to stage, of messages with one recipient.
    private static func stages(_ generator: GeneratorRecord, _ sums: ReplySums, _ problems: inout Problems) {
        func equal(_ name: String, _ written: UInt64, _ follows: UInt64, _ source: String) {
            problems.expectEqual("generator.replies: \(name)", written, follows, source)
        }
        let again = generator.offeredAgain ?? 0
        equal("mail", sums.all("mail"), generator.offered + again, "offered messages, one each time, are")
        equal("mail 2yz", sums.count("mail", .taken), sums.all("rcpt"), "replies to RCPT, or none, are")
        equal("mail 4yz and 5yz", sums.count("mail", .refused), sums.refused("mail") + again, "refused there were")
        for stage in ["rcpt", "data", "final"] {
            equal("\(stage) 4yz and 5yz", sums.count(stage, .refused), sums.refused(stage), "refused there were")
        }
        let taken = sums.count("rcpt", .taken)
        guard !generator.chunking else {
            // Where the target does not offer it, there is DATA all the same.
            let refused = sums.count("data", .refused) + sums.unanswered("data")
            return equal("rcpt 2yz", taken, refused + sums.all("final"), "what came of them is")
        }
        equal("rcpt 2yz", taken, sums.all("data"), "replies to DATA, or none, are")
        equal("data 354", sums.count("data", .goOn), sums.all("final"), "replies to the content, or none, are")
    }

    // MARK: At the sink

    private static func ofSink(_ sink: SinkRecord, _ sums: ReplySums, _ problems: inout Problems) {
        // What a client had begun when the record was written is answered by nothing yet.
        let open = UInt64(max(0, sink.connectionsPeak))
        let greeted = sums.count("greeting")
        problems.expect(
            greeted <= sink.connections && sink.connections - greeted <= open,
            "sink.connections is \(sink.connections), greeted were \(greeted)")
        problems.expectEqual("sink.received", sink.received, sums.count("final", .taken), "final replies 2yz are")
        let refused = sums.count("final") - sums.count("final", .taken) + sums.count("content")
        problems.expectEqual("sink.refused", sink.refused, refused, "final 0, 4yz and 5yz, and content, are")
        guard let begun = sink.begun else { return }
        let ended = sink.received + sink.refused
        problems.expect(
            ended <= begun && begun - ended <= open,
            "sink.begun is \(begun), received and refused were \(sink.received) and \(sink.refused)")
    }
}

/// Replies by stage, and the messages that ended at each.
private struct ReplySums {
    enum Kind { case taken, goOn, refused }

    private let replies: [ReplyCount]
    var refusedAt: [String: UInt64] = [:]
    var unansweredAt: [String: UInt64] = [:]

    init(_ replies: [ReplyCount]) { self.replies = replies }

    /// - Parameter kind: nil: all, also the end without a reply (0).
    func count(_ stage: String, _ kind: Kind? = nil) -> UInt64 {
        replies.filter { $0.stage == stage && (kind == nil || Self.kind($0.code) == kind) }.map(\.count).reduce(0, +)
    }

    private static func kind(_ code: Int) -> Kind? {
        switch code {
        case 200..<300: .taken
        case 300..<400: .goOn
        case 400...: .refused
        default: nil
        }
    }

    func refused(_ stage: String) -> UInt64 { refusedAt[stage] ?? 0 }
    func unanswered(_ stage: String) -> UInt64 { unansweredAt[stage] ?? 0 }

    /// Replies of the stage, and those that did not come.
    func all(_ stage: String) -> UInt64 { count(stage) + unanswered(stage) }
}
