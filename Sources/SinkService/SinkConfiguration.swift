/// What `sink-mta` was asked to do.
package struct SinkConfiguration: Sendable {
    package var host: String
    /// 0 picks a free port.
    package var port: Int
    package var threads: Int
    package var hostname: String
    /// Notes each message id and verifies its checksum; nil for neither.
    package var ledgerPath: String?
    package var recordPath: String?
    /// Stores each message's content here, for tests; nil throws it away.
    package var keepDirectory: String?
    package var arguments: [String]

    package init(
        host: String, port: Int, threads: Int, hostname: String, ledgerPath: String? = nil, recordPath: String? = nil,
        keepDirectory: String? = nil, arguments: [String] = []
    ) {
        self.host = host
        self.port = port
        self.threads = threads
        self.hostname = hostname
        self.ledgerPath = ledgerPath
        self.recordPath = recordPath
        self.keepDirectory = keepDirectory
        self.arguments = arguments
    }
}
