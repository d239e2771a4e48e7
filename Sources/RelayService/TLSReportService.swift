import Foundation
import Measures
import RunRecords
import Synchronization
package import TransportSecurity

/// Results of TLS sessions as daily reports in files (RFC 8460 §4): one a day and domain, written again while the day
/// lasts, read again after a restart.
package final class TLSReportService: Sendable {
    package struct Settings: Sendable {
        package var directory: String
        package var organization: String
        /// Mail address, or what else leads to somebody.
        package var contact: String
        /// Days that files are kept.
        package var keptDays: Int
        package init(directory: String, organization: String, contact: String, keptDays: Int) {
            self.directory = directory
            self.organization = organization
            self.contact = contact
            self.keptDays = keptDays
        }
    }

    private struct State {
        var book = TLSReportBook()
        var day: ReportDay
        var lastFault: String?
        var task: Task<Void, Never>?
    }

    private static let pauseNanoseconds: UInt64 = 5_000_000_000

    private let settings: Settings
    private let state: Mutex<State>

    package init(_ settings: Settings) {
        self.settings = settings
        state = Mutex(State(day: Self.today()))
    }

    /// Reads what today's files say.
    private func restore() throws(RecordFault) {
        let today = Self.today()
        do {
            try FileManager.default.createDirectory(atPath: settings.directory, withIntermediateDirectories: true)
            for name in try FileManager.default.contentsOfDirectory(atPath: settings.directory).sorted() {
                guard name.hasSuffix(".json"), let day = Self.day(name), day == today else { continue }
                do {
                    let report = try RecordFile.read(TLSReport.self, from: settings.directory + "/" + name)
                    guard let domain = report.policies.first?.policy.domain else { continue }
                    state.withLock { $0.book.restore(report, .init(day: today, domain: domain)) }
                } catch {
                    // The day goes on in a new one.
                    state.withLock { $0.lastFault = "\(error)" }
                }
            }
        } catch {
            throw RecordFault("\(settings.directory): \(error)")
        }
    }

    private static func today() -> ReportDay { ReportDay(seconds: Int(WallInstant.now().milliseconds / 1000)) }

    /// One session's result, on any thread.
    package func note(_ result: TLSSessionResult) {
        let today = Self.today()
        state.withLock { $0.book.note(result, day: today) }
    }

    /// Sessions since the start that were as they should be, that were not, and that are in no report.
    package var counts: (successes: UInt64, failures: UInt64, dropped: UInt64) {
        state.withLock { ($0.book.successes, $0.book.failures, $0.book.dropped) }
    }

    var faults: [String] { state.withLock { $0.lastFault.map { ["TLS reports: \($0)"] } ?? [] } }

    // MARK: Files

    /// `2026-11-26_example.org.json`
    static func file(_ key: TLSReportBook.Key) -> String {
        let name = key.domain.map { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "." || $0 == "-") ? $0 : "_" }
        return "\(key.day.text)_\(String(name).prefix(200)).json"
    }

    private static func day(_ file: String) -> ReportDay? {
        guard file.hasSuffix(".json") || file.hasSuffix(TLSReportSender.suffix), let mark = file.firstIndex(of: "_")
        else {
            return nil
        }
        return ReportDay(file[..<mark])
    }

    /// - Throws: ``RecordFault`` that names the directory.
    package func start() throws {
        try restore()
        let task = Task { [weak self] in
            while !Task.isCancelled {
                try? await Task.sleep(nanoseconds: Self.pauseNanoseconds)
                guard !Task.isCancelled, let self else { return }
                write()
            }
        }
        state.withLock { $0.task = task }
    }

    /// Writes what is new; when a day is over, its reports are complete and too old ones go.
    func write() {
        let today = Self.today()
        let reports = state.withLock { state in
            let reports = state.book.takeChanged().compactMap { key in
                state.book.report(key, organization: settings.organization, contact: settings.contact)
                    .map { (key, $0) }
            }
            // Yesterday's last results may still be on their way.
            state.book.forget(before: ReportDay(number: today.number - 1))
            return reports
        }
        do {
            for (key, report) in reports {
                try RecordFile.write(report, to: settings.directory + "/" + Self.file(key))
            }
            if state.withLock({ $0.day }) != today { try removeOld(today) }
            state.withLock { $0.day = today }
        } catch {
            state.withLock { $0.lastFault = "\(error)" }
        }
    }

    private func removeOld(_ today: ReportDay) throws {
        for name in try FileManager.default.contentsOfDirectory(atPath: settings.directory) {
            guard let day = Self.day(name), day.number < today.number - settings.keptDays else { continue }
            try FileManager.default.removeItem(atPath: settings.directory + "/" + name)
        }
    }

    package func close() async {
        let task = state.withLock { $0.task }
        task?.cancel()
        await task?.value
        write()
    }
}
