package import DeliveryQueue
package import EventLog
package import Measures
package import RunRecords

extension MailEvent.Kind: ConfigurationChoice {}

/// `log`.
package struct LogSection: ConfigurationSection {
    package enum Compression: String, ConfigurationChoice { case none, zstd }

    package var mapping: StrictMapping?
    package var directory = ""
    package var segmentSize = ByteCount(bytes: 100 << 20)
    package var segmentAge = HumanDuration(seconds: 3600)
    package var compression = Compression.none
    package var keepFor: HumanDuration?
    package var keepSize: ByteCount?
    package var buffer = ByteCount(bytes: 64 << 20)
    package var events: [MailEvent.Kind] = []
    package var except: [LogExceptionSection] = []
    package var headers: [String] = []
    package var metadata: [String] = []
    package var nodeID: String?
    package var minFreeSpace = ByteCount(bytes: 0)
    package var minFreeInodes = 0

    /// Fields that events may have.
    static let mostHeaders = 32

    package init() {}

    package static var keys: [ConfigurationKey<LogSection>] { fileKeys + recordKeys }

    private static var fileKeys: [ConfigurationKey<LogSection>] {
        [
            .value("directory", \.directory, "where segments are written; made if it is not there", shown: "required"),
            .value("segment_size", \.segmentSize, "a segment that has grown to it is closed", check: atLeast(4096)),
            .value("segment_age", \.segmentAge, "and one that is so old", check: positive),
            .value("compression", \.compression, "of closed segments"),
            .optional("keep_for", \.keepFor, "closed segments are removed after", shown: "never", check: positive),
            .optional("keep_size", \.keepSize, "and when all together are larger, the oldest first", shown: "no limit"),
            .value(
                "buffer", \.buffer,
                "events that wait for the disk; beyond it they are dropped and counted: mail does not wait for its log",
                check: atLeast(1 << 20)),
            .value(
                "min_free_space", \.minFreeSpace,
                "with less free on the directory's file system, events are dropped and counted"),
            .value("min_free_inodes", \.minFreeInodes, "the same for inodes", check: notNegative),
        ]
    }

    private static var recordKeys: [ConfigurationKey<LogSection>] {
        [
            .list("events", \.events, "what is written", shown: "all"),
            .sections("except", \.except, "what of it is left out"),
            .list(
                "headers", \.headers,
                "fields of messages' headers that events have, as far as the message is in memory; `X-*`: all that begin so",
                shown: "none"),
            .list("meta", \.metadata, "metadata that events have; `order_*`: all that begin so", shown: "all"),
            .optional("node_id", \.nodeID, "`nodeid` of events: which of several hosts", shown: "none"),
        ]
    }
}

/// One entry of `log.except`: events for which everything holds that is said.
package struct LogExceptionSection: ConfigurationSection {
    package var mapping: StrictMapping?
    package var events: [MailEvent.Kind] = []
    package var tenants: [String] = []
    package var campaigns: [String] = []
    package var listeners: [String] = []
    package var sites: [String] = []

    package init() {}

    package static var keys: [ConfigurationKey<LogExceptionSection>] {
        [
            .list("events", \.events, "of these types", shown: "any"),
            .list("tenants", \.tenants, "of messages of these tenants", shown: "any"),
            .list("campaigns", \.campaigns, "of these campaigns", shown: "any"),
            .list("listeners", \.listeners, "that came by these listeners; `http`: injected", shown: "any"),
            .list("sites", \.sites, "for these destinations: a domain, a next hop, `mx:…`", shown: "any"),
        ]
    }

    /// It would leave out everything.
    var isEmpty: Bool {
        events.isEmpty && tenants.isEmpty && campaigns.isEmpty && listeners.isEmpty && sites.isEmpty
    }
}

/// One entry of `web_hooks`.
package struct WebHookSection: ConfigurationSection {
    package var mapping: StrictMapping?
    package var name = ""
    package var url = ""
    package var events: [MailEvent.Kind] = []
    package var batch = 100
    package var linger = HumanDuration(seconds: 1)
    package var timeout = HumanDuration(seconds: 30)
    package var retryFirst = HumanDuration(seconds: 1)
    package var retryCap = HumanDuration(seconds: 60)
    package var giveUp = HumanDuration(seconds: 86_400)
    package var authorizationFile: String?
    package var format = Format.array
    package var rate: DeliveryRate?

    package enum Format: String, ConfigurationChoice { case array, lines, kafka }

    package init() {}

    package static var keys: [ConfigurationKey<WebHookSection>] {
        [
            .value(
                "name", \.name, "its place in the log is kept under it: letters, digits, - and _", shown: "required"),
            .value(
                "url", \.url,
                "http:// or https://, where events are posted; `http+unix://%2Frun%2Fx.sock/PATH`: over a Unix socket",
                shown: "required"),
            .value(
                "format", \.format,
                "`array`: a JSON array; `lines`: an event a line (NDJSON); `kafka`: what Kafka's REST proxies take"),
            .list("events", \.events, "what is posted", shown: "all that is logged"),
            .value("batch", \.batch, "events in a request, at most", check: atLeastOne),
            .value("linger", \.linger, "what a batch that is not full waits for more"),
            .value("timeout", \.timeout, "of a request", check: positive),
            .value(
                "retry_first", \.retryFirst, "until a request that failed is made again, then doubling", check: positive
            ),
            .value("retry_cap", \.retryCap, "longest delay", check: positive),
            .value(
                "give_up", \.giveUp, "a batch that was not taken for so long is left out and counted", check: positive),
            .optional("rate", \.rate, "events that are posted in a time, `1000/s`", shown: "no limit"),
            .optional(
                "authorization_file", \.authorizationFile, "file with the Authorization field's value", shown: "none"),
        ]
    }

    /// What a name of a file may be.
    var hasGoodName: Bool {
        !name.isEmpty && name.utf8.count <= 64
            && name.utf8.allSatisfy {
                ($0 | 0x20 >= 0x61 && $0 | 0x20 <= 0x7A) || ($0 >= 0x30 && $0 <= 0x39) || $0 == 0x2D || $0 == 0x5F
            }
    }

    /// `http`, `https` or one of them over a Unix socket, a host, no blanks.
    var hasGoodURL: Bool {
        guard let scheme = ["http://", "https://", "http+unix://", "https+unix://"].first(where: url.hasPrefix) else {
            return false
        }
        let host = url.dropFirst(scheme.count).prefix { $0 != "/" && $0 != "?" }
        return !host.isEmpty && url.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }
    }
}

extension MTASettings {
    private func check(_ log: LogSection, _ faults: inout [RecordFault]) {
        if log.directory.isEmpty { note(&faults, log.mapping, "directory", "is missing") }
        if log.headers.count > LogSection.mostHeaders {
            note(&faults, log.mapping, "headers", "expected at most \(LogSection.mostHeaders)")
        }
        if let wrong = log.headers.first(where: { !ListenerSection.isFieldName($0) }) {
            note(&faults, log.mapping, "headers", "'\(wrong)': expected the name of a field")
        }
        for exception in log.except where exception.isEmpty {
            note(&faults, exception.mapping, "events", "leaves out everything: say what of it")
        }
        let names = (listeners.isEmpty ? ["smtp"] : Set(listeners.map(\.name))).union(http == nil ? [] : ["http"])
        for exception in log.except {
            if let wrong = exception.listeners.first(where: { !names.contains($0) }) {
                note(&faults, exception.mapping, "listeners", "no listener is called '\(wrong)'")
            }
        }
    }

    func checkEvents(_ probe: any FileProbe, _ faults: inout [RecordFault]) {
        if let log { check(log, &faults) }
        var seen: Set<String> = []
        for hook in webHooks {
            if log == nil { note(&faults, hook.mapping, "name", "web hooks read the event log: needs `log`") }
            if !hook.hasGoodName {
                note(&faults, hook.mapping, "name", "'\(hook.name)': expected letters, digits, - and _")
            }
            if !seen.insert(hook.name).inserted {
                note(&faults, hook.mapping, "name", "'\(hook.name)' appears twice")
            }
            if !hook.hasGoodURL {
                note(&faults, hook.mapping, "url", "'\(hook.url)': expected http://HOST/… or https://HOST/…")
            }
            if let file = hook.authorizationFile, probe.text(file) == nil {
                note(&faults, hook.mapping, "authorization_file", "'\(file)' \(probe.unreadable(file))")
            }
            if let log, !log.events.isEmpty, let missing = hook.events.first(where: { !log.events.contains($0) }) {
                note(&faults, hook.mapping, "events", "'\(missing.rawValue)' is not among the events of `log`")
            }
        }
    }
}
