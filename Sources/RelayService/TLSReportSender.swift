import Foundation
package import MailRouting
package import MailTypes
import Measures
import RunRecords
import Synchronization
package import TransportSecurity

/// Sends yesterday's TLS reports to who wants them (RFC 8460 §3, §5): by mail through our own queue, and over HTTPS. What
/// could not be sent is tried again until a day later; over restarts, too, by a file beside the reports.
package final class TLSReportSender: Sendable {
    package struct Settings: Sendable {
        /// Of the reports.
        package var directory: String
        /// Name of this host.
        package var submitter: String
        /// Who sends reports by mail.
        package var from: MailAddress
        /// Seconds over which a day's reports are spread.
        package var spreadSeconds = 14_400
        package init(directory: String, submitter: String, from: MailAddress) {
            self.directory = directory
            self.submitter = submitter
            self.from = from
        }
    }

    /// Puts a report as a mail into the queue.
    /// - Returns: false: not now.
    package typealias Mail = @Sendable (TLSReportMail, _ recipient: MailAddress) async -> Bool

    /// Reports that are being sent at a time.
    private static let sentAtOnce = 8
    /// Reports whose turn it is that are looked at in one go.
    private static let lookedAt = 32
    private static let pauseNanoseconds: UInt64 = 1_000_000_000

    private struct State {
        var outbox: TLSReportOutbox?
        /// Of days before ``outbox``'s.
        var earlier = TLSReportOutbox.Counts()
        var lastFault: String?
        var task: Task<Void, Never>?
    }

    private let settings: Settings
    private let post: any ReportPost
    private let state = Mutex(State())

    package init(_ settings: Settings, post: any ReportPost) {
        self.settings = settings
        self.post = post
    }

    /// Since the start.
    package var counts: TLSReportOutbox.Counts {
        state.withLock { state in
            var sum = state.earlier
            if let counts = state.outbox?.counts { sum.add(counts) }
            return sum
        }
    }

    var faults: [String] { state.withLock { $0.lastFault.map { ["TLS reports: \($0)"] } ?? [] } }

    // MARK: In the background

    package func start(_ names: any NameLookups, mail: @escaping Mail) {
        let task = Task { [weak self] in
            while !Task.isCancelled {
                guard let self else { return }
                await step(names, mail)
                try? await Task.sleep(nanoseconds: Self.pauseNanoseconds)
            }
        }
        state.withLock { $0.task = task }
    }

    package func close() async {
        let task = state.withLock { $0.task }
        task?.cancel()
        await task?.value
        await post.shutDown()
    }

    private static func now() -> Int { Int(WallInstant.now().milliseconds / 1000) }

    private func step(_ names: any NameLookups, _ mail: @escaping Mail) async {
        open(ReportDay(number: ReportDay(seconds: Self.now()).number - 1))
        let items = state.withLock { $0.outbox?.due(now: Self.now(), atMost: Self.lookedAt) ?? [] }
        guard !items.isEmpty else { return }
        await withTaskGroup(of: (String, TLSReportOutbox.Outcome).self) { group in
            var rest = items[...]
            func begin() {
                guard let item = rest.popFirst() else { return }
                group.addTask { (item.file, await self.send(item, names, mail)) }
            }
            for _ in 0..<Self.sentAtOnce { begin() }
            for await (file, outcome) in group {
                state.withLock { $0.outbox?.note(outcome, of: file, now: Self.now()) }
                if !Task.isCancelled { begin() }
            }
        }
        write()
    }

    // MARK: One report

    private func send(
        _ item: TLSReportOutbox.Item, _ names: any NameLookups, _ mail: Mail
    ) async -> TLSReportOutbox.Outcome {
        let path = settings.directory + "/" + item.file
        guard let data = FileManager.default.contents(atPath: path),
            let report = try? RecordFile.read(TLSReport.self, from: path),
            let domain = report.policies.first?.policy.domain
        else {
            note("\(path): cannot be read")
            return .failed
        }
        let places: [ReportPlace]
        switch await names.texts(at: "_smtp._tls." + domain) {
        case .none: return .unwanted
        case .failed(let text):
            note("_smtp._tls.\(domain): \(text)")
            return .failed
        case .texts(let texts, _): places = PolicyRecord.reportPlaces(texts)
        }
        guard !places.isEmpty else { return .unwanted }
        guard let body = Gzip.compressed(Array(data)), let day = state.withLock({ $0.outbox?.day }) else {
            return .failed
        }
        let message = TLSReportMail(
            submitter: settings.submitter, domain: domain, day: day, reportID: report.id, body: body,
            from: settings.from)
        var sent: [ReportPlace] = []
        for place in places where !item.sent.contains(place.text) {
            if await send(message, to: place, names, mail) { sent.append(place) }
        }
        return .sent(all: places, now: sent)
    }

    private func send(
        _ message: TLSReportMail, to place: ReportPlace, _ names: any NameLookups, _ mail: Mail
    ) async -> Bool {
        switch place {
        case .mail(let address): return await mail(message, MailAddress(address))
        case .web(let url):
            do throws(ReportPostFault) {
                try await post.post(message, to: url, asking: names)
                return true
            } catch {
                note("\(url): \(error)")
                return false
            }
        }
    }

    private func note(_ text: String) { state.withLock { $0.lastFault = text } }

    // MARK: Files

    /// `2026-11-26_.outbox`
    static let suffix = "_.outbox"
    private func path(_ day: ReportDay) -> String { settings.directory + "/" + day.text + Self.suffix }

    /// What is left of this day's reports; those of an earlier day are given up.
    private func open(_ day: ReportDay) {
        guard state.withLock({ $0.outbox?.day }) != day else { return }
        let outbox = outbox(of: day)
        state.withLock { state in
            if var last = state.outbox {
                last.end()
                state.earlier.add(last.counts)
            }
            state.outbox = outbox
        }
        write()
    }

    private func outbox(of day: ReportDay) -> TLSReportOutbox {
        let path = path(day)
        if FileManager.default.fileExists(atPath: path) {
            do { return try RecordFile.read(TLSReportOutbox.self, from: path) } catch { note("\(error)") }
        }
        let names = (try? FileManager.default.contentsOfDirectory(atPath: settings.directory)) ?? []
        let files = names.filter { $0.hasPrefix(day.text + "_") && $0.hasSuffix(".json") }.sorted()
        return TLSReportOutbox(day, files: files, spread: settings.spreadSeconds) { Int.random(in: 0...$0) }
    }

    private func write() {
        guard let outbox = state.withLock({ $0.outbox }), !outbox.isTrivial else { return }
        do { try RecordFile.write(outbox, to: path(outbox.day)) } catch { note("\(error)") }
    }
}
