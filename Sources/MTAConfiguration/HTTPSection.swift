package import DeliveryQueue
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
    package var maxConnections = 1_024
    package var honoursDeferredSpool = false
    package var requestTimeout = HumanDuration(seconds: 60)
    package var recipientRate: DeliveryRate?
    package var recipientRatePerCaller: DeliveryRate?
    package var offersAdmin = false
    package var adminNetworks: [NetworkPrefix] = [NetworkPrefix("127.0.0.0/8")!, NetworkPrefix("::1")!]
    package var adminKeys: [String] = []

    package init() {}

    package static var keys: [ConfigurationKey<HTTPSection>] {
        [
            .value("address", \.address, "where it listens"),
            .optional("tls", \.tls, "name of a certificate under `tls`", shown: "none"),
            .list("trusted_networks", \.trustedNetworks, "clients that need no key"),
            .optional("api_keys", \.apiKeys, "file of keys' salted hashes", shown: "none"),
            .value(
                "deferred_spool", \.honoursDeferredSpool,
                "requests may ask for it: their mail is lost with the process until its first attempt has failed; false: everything is as safe as `durability` says"
            ),
            .value("max_request_size", \.maxRequestSize, "after decompression; 413 beyond", check: atLeast(65_536)),
            .value("max_connections", \.maxConnections, "in all; 503 beyond", check: atLeastOne),
            .value(
                "request_timeout", \.requestTimeout,
                "the next header has to come within it, then its body, with a second more for each KB; 408 beyond",
                check: positive),
            .optional(
                "recipient_rate", \.recipientRate,
                "recipients that are injected in a span of time, by all callers together; 429 beyond", shown: "none"),
            .optional(
                "recipient_rate_per_caller", \.recipientRatePerCaller,
                "the same for each API key, and for each address that shows none", shown: "none"),
        ] + adminKeysOfFile
    }
}
