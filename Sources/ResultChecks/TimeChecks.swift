import Foundation
import Measures
import RunRecords

/// Whether the times of a record can have been: one clock, one order, and the seconds in which things were counted.
enum TimeChecks {
    /// Seconds by which two readings of the same moment may differ: a busy machine reads its counts late.
    private static let slack = 0.5

    static func add(_ run: RunRecord, _ name: String, to findings: inout Findings) {
        findings.add("times", order(run) + series(run), "in order, and where the seconds count them")
        let started = directoryTime(name)
        guard let started else { return findings.skip("name", "the directory's name begins with no time") }
        var problems = Problems()
        problems.expect(
            started.rounded(.down) == run.startedUnixSeconds.rounded(.down),
            "the directory's name says \(Self.text(started)), started_unix_s is \(Self.text(run.startedUnixSeconds))")
        let expected = "_\(run.profile.name)_\(run.systemLabel)_\(run.machine.commit)"
        let rest = name.dropFirst(16)
        // A second one of the same second has its number behind it.
        let isOwn = rest.hasPrefix(expected) && rest.dropFirst(expected.count).allSatisfy { $0 == "_" || $0.isNumber }
        problems.expect(isOwn, "the directory's name is \(name), the record makes it …\(expected)")
        findings.add("name", problems.list, "the directory's name is the record's")
    }

    /// Every duration is said twice in a record: by the clock of the day, and by the seconds that passed.
    private static func order(_ run: RunRecord) -> [String] {
        var problems = Problems()
        let (generator, sink) = (run.generator, run.sink)
        func inOrder(_ names: (String, String), _ first: Double, _ second: Double) {
            problems.expect(
                first <= second + slack,
                "\(names.0) \(fixed(first, 3)) is later than \(names.1) \(fixed(second, 3))")
        }
        for (name, header) in RecordForm.headers(run) {
            inOrder(("started_unix_s", "\(name)'s start"), run.startedUnixSeconds, header.startedUnixSeconds)
            inOrder(("\(name)'s start", "\(name)'s end"), header.startedUnixSeconds, header.endedUnixSeconds)
        }
        guard generator.accepted > 0 else { return problems.list }
        let (first, last) = (generator.firstOfferedUnixSeconds, generator.lastAcceptedUnixSeconds)
        inOrder(("the generator's start", "its first message"), generator.header.startedUnixSeconds, first)
        inOrder(("the first message", "the last acceptance"), first, last)
        inOrder(("the last acceptance", "the generator's end"), last, generator.header.endedUnixSeconds)
        // It begins with the first connect: after the program's start, before the first message.
        let (least, most) = (last - first, last - generator.header.startedUnixSeconds)
        problems.expect(
            generator.elapsedSeconds > least - 0.05 && generator.elapsedSeconds < most + 0.05,
            "generator.elapsed_s is \(fixed(generator.elapsedSeconds, 3)), from its start to the last acceptance are "
                + "\(fixed(most, 3)) s, from the first message \(fixed(least, 3)) s")
        // One clock, read at the same two moments.
        if let offered = generator.firstOfferedSeconds {
            problems.expect(
                abs(generator.elapsedSeconds - offered - least) < 0.001,
                "generator.elapsed_s is \(fixed(generator.elapsedSeconds, 4)) and generator.first_offered_s "
                    + "\(fixed(offered, 4)), from the first message to the last acceptance are \(fixed(least, 4)) s")
        }
        guard sink.received > 0 else { return problems.list }
        if sink.firstReceivedUnixSeconds > 0 {
            inOrder(("the first message", "the first at the sink"), first, sink.firstReceivedUnixSeconds)
            inOrder(
                ("the first at the sink", "the last at the sink"), sink.firstReceivedUnixSeconds,
                sink.lastReceivedUnixSeconds)
        }
        inOrder(("the first message", "the last at the sink"), first, sink.lastReceivedUnixSeconds)
        inOrder(("the last at the sink", "the sink's end"), sink.lastReceivedUnixSeconds, sink.header.endedUnixSeconds)
        for phase in run.phases ?? [] {
            inOrder(("started_unix_s", "the phase '\(phase.name)'"), run.startedUnixSeconds, phase.unixSeconds)
        }
        return problems.list
    }

    /// The first and the last message lie in the first and the last second that counted any.
    private static func series(_ run: RunRecord) -> [String] {
        var found = within(
            "generator.series", run.generator.series, run.generator.header,
            run.generator.firstOfferedUnixSeconds, run.generator.lastAcceptedUnixSeconds)
        found += within(
            "sink.series", run.sink.series, run.sink.header, run.sink.firstReceivedUnixSeconds,
            run.sink.lastReceivedUnixSeconds)
        if let mta = run.mta { found += within("mta.series", mta.series, mta.header, 0, 0) }
        return found
    }

    private static func within(
        _ name: String, _ series: [IntervalSample], _ header: RecordHeader, _ first: Double, _ last: Double
    ) -> [String] {
        var problems = Problems()
        for (before, after) in zip(series, series.dropFirst()) {
            problems.expect(
                before.unixSeconds <= after.unixSeconds,
                "\(name): \(fixed(before.unixSeconds, 3)) stands before \(fixed(after.unixSeconds, 3))")
        }
        if let end = series.last?.unixSeconds {
            problems.expect(
                end <= header.endedUnixSeconds + slack && series[0].unixSeconds + slack >= header.startedUnixSeconds,
                "\(name) goes from \(fixed(series[0].unixSeconds, 3)) to \(fixed(end, 3)), its program ran from "
                    + "\(fixed(header.startedUnixSeconds, 3)) to \(fixed(header.endedUnixSeconds, 3))")
        }
        if last > 0, let index = series.lastIndex(where: { $0.messages > 0 }) {
            let start = index > 0 ? series[index - 1].unixSeconds : header.startedUnixSeconds
            let end = series[index].unixSeconds
            problems.expect(
                last >= start - slack && last <= end + slack,
                "\(name) counts the last messages from \(fixed(start, 3)) to \(fixed(end, 3)), the last one is said to "
                    + "have been at \(fixed(last, 3))")
        }
        if first > 0, let sample = series.first(where: { $0.messages > 0 }) {
            problems.expect(
                first <= sample.unixSeconds + slack,
                "\(name) counts messages by \(fixed(sample.unixSeconds, 3)), the first one is said to have been at "
                    + "\(fixed(first, 3))")
        }
        return problems.list
    }

    // MARK: The directory's name

    /// `20261123T212952Z_…`.
    private static func directoryTime(_ name: String) -> Double? {
        let text = name.prefix(16)
        guard text.count == 16, name.dropFirst(16).first == "_" else { return nil }
        return formatter().date(from: String(text))?.timeIntervalSince1970
    }

    private static func text(_ time: Double) -> String {
        formatter().string(from: Date(timeIntervalSince1970: time))
    }

    private static func formatter() -> ISO8601DateFormatter {
        let formatter = ISO8601DateFormatter()
        formatter.formatOptions = [.withYear, .withMonth, .withDay, .withTime, .withTimeZone]
        return formatter
    }
}
