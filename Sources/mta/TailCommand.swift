import ArgumentParser
import EventLog
import Measures
import MessageBuilding
import ProgramSupport

/// `mta tail`: the event log as it is written.
struct TailCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tail",
        abstract: "Follow the event log, over closed and compressed segments, as it is written.",
        discussion: """
            Shows the newest lines first, then what comes; ends with ctrl-C. --since begins in the past instead, --no-follow \
            ends with what is there. No running relay is needed.
            """,
        aliases: ["tailer"])
    @Option(help: "Configuration file of the mta: its log.directory.") var config: String?
    @Option(help: "Directory of the log.") var directory: String?
    @Option(help: "Only events with this: \(EventFilter.form). Repeatable, all have to fit.") var filter: [String] = []
    @Option(name: [.customShort("n"), .long], help: "So many of the newest events first.") var last = 10
    @Option(help: "From so long ago on: 10m, 2h; all for the whole log.") var since: String?
    @Flag(inversion: .prefixedNo, help: "Go on with what comes.") var follow = true
    @Option(help: "text: a line for people; json: as the log has it.") var format = "text"

    private static let pause: UInt64 = 200_000_000

    func run() async throws {
        let format = try tableFormat(format)
        guard format != .csv else { throw UsageFault("--format 'csv': expected text or json") }
        let directory = try path()
        let filters = try filter.map { text in
            guard let filter = EventFilter(text) else {
                throw UsageFault("--filter '\(text)': expected \(EventFilter.form)")
            }
            return filter
        }
        let begin = try Self.milliseconds(ago: since)
        do throws(EventLogFault) {
            var tail = try LogTail(directory, since: begin ?? (follow ? nil : 0))
            if begin == nil {
                for line in try LogTail.last(max(0, last), in: directory, where: { Self.fits($0, filters, 0) }) {
                    show(line, format)
                }
                flushStandardOutput()
                if !follow { return }
            }
            try await go(&tail, filters, format, from: begin ?? 0)
        } catch { throw RunFault("\(error)") }
    }

    private func go(
        _ tail: inout LogTail, _ filters: [EventFilter], _ format: QueueTable.Format, from begin: UInt64
    ) async throws(EventLogFault) {
        while true {
            while try tail.read({ line in
                if Self.fits(line, filters, begin) { show(line, format) }
                return true
            }) {}
            flushStandardOutput()
            if !follow { return }
            try? await Task.sleep(nanoseconds: Self.pause)
        }
    }

    private func path() throws -> String {
        if let directory { return directory }
        guard let found = try ServeSettings(file: config).values.log?.directory else {
            throw UsageFault("--directory is missing, and there is no log in the configuration: which log?")
        }
        return found
    }

    /// - Returns: nil: nothing was said.
    private static func milliseconds(ago text: String?) throws -> UInt64? {
        guard let text else { return nil }
        if text == "all" { return 0 }
        do throws(UnitFault) {
            let ago = UInt64(try HumanDuration(parsing: text).seconds * 1_000)
            let now = WallInstant.now().milliseconds
            return now > ago ? now - ago : 0
        } catch { throw UsageFault("--since \(error)") }
    }

    private static func fits(_ line: [UInt8], _ filters: [EventFilter], _ begin: UInt64) -> Bool {
        guard !filters.isEmpty || begin > 0 else { return true }
        guard let event = try? JSONValue.parse(String(decoding: line, as: UTF8.self)) else { return false }
        if begin > 0, (event["timestamp"]?.int ?? 0) < Int(begin / 1_000) { return false }
        return filters.allSatisfy { $0.fits(event) }
    }

    private func show(_ line: [UInt8], _ format: QueueTable.Format) {
        let text = String(decoding: line, as: UTF8.self)
        guard format == .text, let event = try? JSONValue.parse(text) else { return print(text) }
        print(Self.sentence(event))
    }

    /// `2026-11-26T09:34:00.331Z Delivery 01a2… <a@x.test> -> b@y.test via mx.y.test: 250 2.0.0 Ok`
    private static func sentence(_ event: JSONValue) -> String {
        func word(_ key: String) -> String? {
            guard let text = event[key]?.plain, !text.isEmpty else { return nil }
            return text
        }
        var parts = [word("event_time") ?? "", word("type") ?? ""]
        if let id = word("id") { parts.append(id) }
        if let sender = event["sender"] { parts.append("<\(sender.plain)>") }
        if let recipient = event["recipient"] {
            let all = recipient.items.isEmpty ? [recipient.plain] : recipient.items.map(\.plain)
            parts.append(
                "-> " + all.prefix(3).joined(separator: ",") + (all.count > 3 ? " and \(all.count - 3) more" : ""))
        }
        if let queue = word("queue") { parts.append("queue \(queue)") }
        if let tenant = word("tenant") { parts.append("tenant \(tenant)") }
        if let response = event["response"], let code = response["code"] {
            let enhanced = response["enhanced_code"].map {
                " \($0["class"]?.plain ?? "").\($0["subject"]?.plain ?? "").\($0["detail"]?.plain ?? "")"
            }
            parts.append("\(code.plain)\(enhanced ?? "") \(response["content"]?.plain ?? "")")
        }
        return Terminal.printable(parts.joined(separator: " "))
    }
}
