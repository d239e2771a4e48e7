package import Measures
package import SinkBehaviour

/// What a sink was asked for cannot be had; the text names the option.
package struct SinkFault: Error, CustomStringConvertible {
    package let description: String
    init(_ description: String) { self.description = description }
}

/// What `sink-mta` was asked to do.
package struct SinkConfiguration: Sendable {
    /// Port 0 picks a free one. At least one.
    package var listen: [Endpoint]
    package var threads: Int
    package var hostname: String
    package var rules = SinkRules.none
    /// Notes each message id and verifies its checksum; nil for neither.
    package var ledgerPath: String?
    package var recordPath: String?
    /// Stores each message's content here, for tests; nil throws it away.
    package var keepDirectory: String?
    package var store: Store?
    /// The last so many messages are kept in memory and shown by ``http``; nil: none.
    package var inbox: Int?
    /// Serves counters here, and the inbox.
    package var http: Endpoint?
    package var ranges: [ListenRange] = []
    /// LMTP instead of SMTP (RFC 2033).
    package var speaksLMTP = false
    /// Makes an authority, a certificate and a key here at start, and offers STARTTLS with them; nil: no TLS.
    package var tlsDirectory: String?
    /// TLS from the first octet on instead of STARTTLS (RFC 8314 §3.3).
    package var isImplicitTLS = false
    /// Answers questions about the zone here; nil: no name server.
    package var dns: Endpoint?
    package var zone = TestZone()
    package var arguments: [String] = []

    /// Where messages are put for mail readers.
    package enum Store: Sendable, Hashable {
        case maildir(String)
        case mbox(String)

        /// `maildir:DIRECTORY` or `mbox:FILE`.
        package init(parsing text: String) throws(UnitFault) {
            let sides = text.split(separator: ":", maxSplits: 1).map(String.init)
            switch (sides.first, sides.count) {
            case ("maildir", 2): self = .maildir(sides[1])
            case ("mbox", 2): self = .mbox(sides[1])
            default: throw UnitFault("--store '\(text)': expected maildir:DIRECTORY or mbox:FILE")
            }
        }
    }

    package init(listen: [Endpoint], threads: Int, hostname: String) {
        self.listen = listen
        self.threads = threads
        self.hostname = hostname
    }
}
