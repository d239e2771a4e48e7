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

    package init() {}

    package static var keys: [ConfigurationKey<LogSection>] {
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
            .list("events", \.events, "what is written", shown: "all"),
        ]
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

    package init() {}

    package static var keys: [ConfigurationKey<WebHookSection>] {
        [
            .value(
                "name", \.name, "its place in the log is kept under it: letters, digits, - and _", shown: "required"),
            .value("url", \.url, "http:// or https://, where events are posted as JSON arrays", shown: "required"),
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

    /// `http` or `https`, a host, no blanks.
    var hasGoodURL: Bool {
        guard let scheme = ["http://", "https://"].first(where: url.hasPrefix) else { return false }
        let host = url.dropFirst(scheme.count).prefix { $0 != "/" && $0 != "?" }
        return !host.isEmpty && url.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }
    }
}

extension MTASettings {
    func checkEvents(_ probe: any FileProbe, _ faults: inout [RecordFault]) {
        if let log, log.directory.isEmpty { note(&faults, log.mapping, "directory", "is missing") }
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
