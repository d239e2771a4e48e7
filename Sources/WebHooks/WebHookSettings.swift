package import EventLog

/// Where events go, which, and how patiently.
package struct WebHookSettings: Sendable {
    /// Its place in the log is kept under this name.
    package var name: String
    /// `http` or `https`.
    package var url: String
    package var kinds: Set<MailEvent.Kind>
    /// Events in one request, at most.
    package var batchEvents = 100
    /// Seconds that a batch that is not full waits for more.
    package var lingerSeconds = 1.0
    /// Seconds that a request may take.
    package var timeoutSeconds = 30.0
    /// Seconds until a request that failed is made again: at first, doubling, and at most.
    package var retrySeconds = (first: 1.0, most: 60.0)
    /// Seconds after which a batch that is never taken is left out.
    package var giveUpSeconds = 86_400.0
    package var format = WebHookFormat.array
    /// Events that are posted in a second, on average; nil: as many as the receiver takes.
    package var eventsPerSecond: Double?
    /// Value of the Authorization field; nil: none.
    package var authorization: String?

    package init(name: String, url: String, kinds: Set<MailEvent.Kind>) {
        self.name = name
        self.url = url
        self.kinds = kinds
    }
}

/// What a web hook has done so far.
package struct WebHookCounts: Sendable, Hashable {
    /// Events that the receiver took.
    package var delivered: UInt64 = 0
    /// Requests that failed and were made again.
    package var failures: UInt64 = 0
    /// Events that the receiver did not take in time.
    package var skipped: UInt64 = 0
    /// Octets of the log that it is behind.
    package var lag = 0
    /// Why the last request failed, or the hook did not begin where it was, or cannot read on; nil: all is well.
    package var fault: String?
}
