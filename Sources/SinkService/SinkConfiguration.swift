package import Measures
package import SinkBehaviour

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
    /// Serves counters here.
    package var http: Endpoint?
    package var arguments: [String] = []

    package init(listen: [Endpoint], threads: Int, hostname: String) {
        self.listen = listen
        self.threads = threads
        self.hostname = hostname
    }
}
