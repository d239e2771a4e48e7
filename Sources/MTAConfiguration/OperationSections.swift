package import MailTypes
package import Measures
package import RunRecords

/// `http`.
package struct HTTPSection: ConfigurationSection {
    package var mapping: StrictMapping?
    package var address = Endpoint(host: "127.0.0.1", port: 8000)
    package var tls: String?
    package var trustedNetworks: [NetworkPrefix] = [NetworkPrefix("127.0.0.0/8")!, NetworkPrefix("::1")!]
    package var apiKeys: String?
    package var maxRequestSize = ByteCount(bytes: 32 << 20)

    package init() {}

    package static var keys: [ConfigurationKey<HTTPSection>] {
        [
            .value("address", \.address, "where it listens"),
            .optional("tls", \.tls, "name of a certificate under `tls`", shown: "none"),
            .list("trusted_networks", \.trustedNetworks, "clients that need no key"),
            .optional("api_keys", \.apiKeys, "file of keys' salted hashes", shown: "none"),
            .value("max_request_size", \.maxRequestSize, "after decompression; 413 beyond", check: atLeast(65_536)),
        ]
    }
}

/// `event_log`.
package struct EventLogSection: ConfigurationSection {
    package enum Compression: String, ConfigurationChoice { case none, zstd }
    package enum WhenFull: String, ConfigurationChoice { case drop, `defer` }

    package var mapping: StrictMapping?
    package var directory = ""
    package var maxSegmentSize = ByteCount(bytes: 1 << 30)
    package var maxSegmentDuration = HumanDuration(seconds: 3600)
    package var compression = Compression.none
    package var maxTotalSize: ByteCount?
    package var maxAge: HumanDuration?
    package var events: [String] = []
    package var backlog = ByteCount(bytes: 64 << 20)
    package var whenFull = WhenFull.drop

    package init() {}

    package static var keys: [ConfigurationKey<EventLogSection>] {
        [
            .value("directory", \.directory, "where the segments are", shown: "required"),
            .value("max_segment_size", \.maxSegmentSize, "before compression", check: atLeast(4096)),
            .value(
                "max_segment_duration", \.maxSegmentDuration, "a segment is closed when it is this old", check: positive
            ),
            .value("compression", \.compression, "of segments"),
            .optional("max_total_size", \.maxTotalSize, "older segments are deleted beyond it", shown: "no limit"),
            .optional("max_age", \.maxAge, "older segments are deleted", shown: "no limit", check: positive),
            .list("events", \.events, "types that are logged", shown: "all"),
            .value("backlog", \.backlog, "lines that wait for the disk", check: atLeast(65_536)),
            .value("when_full", \.whenFull, "lines beyond `backlog` are dropped and counted, or new mail is deferred"),
        ]
    }
}

/// One entry of `web_hooks`.
package struct WebHookSection: ConfigurationSection {
    package enum Form: String, ConfigurationChoice { case ndjson, json }

    package var mapping: StrictMapping?
    package var name = ""
    package var url = ""
    package var events: [String] = []
    package var batchSize = 100
    package var maxLatency = HumanDuration(seconds: 1)
    package var concurrency = 2
    package var timeout = HumanDuration(seconds: 30)
    package var giveUpAfter = HumanDuration(seconds: 86_400)
    package var queue = 100_000
    package var form = Form.ndjson
    package var headers: [String: String] = [:]
    package var secretFile: String?

    package init() {}

    package static var keys: [ConfigurationKey<WebHookSection>] {
        [
            .value("name", \.name, "name in metrics", shown: "required"),
            .value("url", \.url, "http: or https: URL that events are posted to", shown: "required"),
            .list("events", \.events, "types that are posted", shown: "all"),
            .value("batch_size", \.batchSize, "events in one post", check: atLeastOne),
            .value("max_latency", \.maxLatency, "an event waits at most so long for others", check: positive),
            .value("concurrency", \.concurrency, "posts at a time", check: atLeastOne),
            .value("timeout", \.timeout, "for one post", check: positive),
            .value(
                "give_up_after", \.giveUpAfter, "a batch is tried again for so long, then dropped and counted",
                check: positive),
            .value(
                "queue", \.queue, "events that wait; beyond it the oldest are dropped and counted", check: atLeastOne),
            .value("format", \.form, "a line an event, or an array"),
            .texts("headers", \.headers, "further HTTP header fields"),
            .optional("secret_file", \.secretFile, "key of the HMAC-SHA256 signature of each post", shown: "none"),
        ]
    }
}
