/// Which reports of one day still have to be sent, and where they are already. A value that outlives the process; `now` is
/// seconds since 1970. At most as many as a day has reports.
package struct TLSReportOutbox: Sendable, Codable, Hashable {
    /// Seconds until a report that could not be sent is tried again, doubling up to the second figure.
    package static let retrySeconds = (first: 300, most: 14_400)
    /// Seconds behind the end of the day: then a report is given up (RFC 8460 §5.3 proposes 24 hours).
    package static let lifeSeconds = 86_400
    /// Seconds behind the end of the day before anything is sent: the last results may still be on their way.
    package static let restSeconds = 60

    package struct Item: Sendable, Codable, Hashable {
        /// Its name, without the directory.
        package var file: String
        /// When it is tried next.
        package var due: Int
        package var tries = 0
        /// Places that have it, as URIs.
        package var sent: [String] = []
    }

    /// What became of reports, by place; those that nobody wanted count once.
    package struct Counts: Sendable, Codable, Hashable {
        package var mailed = 0
        package var posted = 0
        package var unwanted = 0
        package var abandoned = 0
        package init() {}
    }

    /// The day's number, as ``ReportDay/number``.
    package let dayNumber: Int
    package private(set) var items: [Item]
    package private(set) var counts = Counts()

    package var day: ReportDay { ReportDay(number: dayNumber) }

    /// - Parameters:
    ///   - spread: each report waits for a part of so many seconds: receivers are not to be told by everybody at midnight
    ///     (RFC 8460 §4.1).
    ///   - random: 0 to the given number.
    package init(_ day: ReportDay, files: [String], spread: Int, random: (Int) -> Int) {
        dayNumber = day.number
        let begin = day.startSeconds + 86_400 + Self.restSeconds
        items = files.map { Item(file: $0, due: begin + (spread > 0 ? random(spread) : 0)) }
    }

    /// Those whose turn it is, the longest waiting first.
    package func due(now: Int, atMost count: Int) -> [Item] {
        Array(items.filter { $0.due <= now }.sorted { ($0.due, $0.file) < ($1.due, $1.file) }.prefix(count))
    }

    /// What an attempt came to.
    package enum Outcome: Sendable, Hashable {
        /// Nobody wants the report, or there is nothing to report.
        case unwanted
        /// Of all places that it goes to those that have it now.
        case sent(all: [ReportPlace], now: [ReportPlace])
        /// Nothing is known of where it goes.
        case failed
    }

    package mutating func note(_ outcome: Outcome, of file: String, now: Int) {
        guard let index = items.firstIndex(where: { $0.file == file }) else { return }
        switch outcome {
        case .unwanted:
            counts.unwanted += 1
            items.remove(at: index)
        case .sent(let all, let fresh):
            for place in fresh {
                if case .mail = place { counts.mailed += 1 } else { counts.posted += 1 }
                items[index].sent.append(place.text)
            }
            let isDone = all.allSatisfy { items[index].sent.contains($0.text) }
            if isDone { items.remove(at: index) } else { retry(index, now) }
        case .failed: retry(index, now)
        }
    }

    private mutating func retry(_ index: Int, _ now: Int) {
        let shift = min(items[index].tries, 16)
        items[index].tries += 1
        items[index].due = now + min(Self.retrySeconds.first << shift, Self.retrySeconds.most)
        if items[index].due > day.startSeconds + 86_400 + Self.lifeSeconds { abandon(index) }
    }

    private mutating func abandon(_ index: Int) {
        counts.abandoned += 1
        items.remove(at: index)
    }

    /// The next day's reports are in turn: what is left of this one is given up.
    package mutating func end() {
        while !items.isEmpty { abandon(0) }
    }
}

extension TLSReportOutbox {
    /// There is nothing that would have to be known again.
    package var isTrivial: Bool { items.isEmpty && counts == Counts() }
}

extension TLSReportOutbox.Counts {
    package mutating func add(_ other: TLSReportOutbox.Counts) {
        mailed += other.mailed
        posted += other.posted
        unwanted += other.unwanted
        abandoned += other.abandoned
    }
}
