package import NIOCore

/// What `traffic-gen` was asked to do.
package struct LoadConfiguration: Sendable {
    /// One of the destination domains, before the suffix.
    package struct Domain: Sendable, Hashable {
        package var name: String
        package var weight: Double
        package init(name: String, weight: Double) {
            self.name = name
            self.weight = weight
        }
    }

    /// KumoMTA's traffic-gen uses these four, equally.
    package static let defaultDomains = ["aol.com", "gmail.com", "hotmail.com", "yahoo.com"]
        .map { Domain(name: $0, weight: 1) }

    package var target: SocketAddress
    package var targetText: String
    package var concurrency: Int
    /// Nil: until `duration` is over.
    package var messageCount: Int?
    /// Nil: until `messageCount` is reached. In seconds.
    package var duration: Double?
    /// Bytes of text, at least.
    package var bodySize: Int
    /// A whole message to send instead of generated text.
    package var bodyFile: [UInt8]?
    package var domains = defaultDomains
    /// Appended to each domain: `gmail.com` becomes `gmail.com.test`. Empty leaves the names as they are.
    package var domainSuffix = "test"
    /// `Name: value`, as they are.
    package var headers: [String] = []
    package var pipelining = true
    package var chunking = false
    package var threads = 1
    package var seed: UInt64 = 1
    package var recordPath: String?
    package var ledgerPath: String?
    package var arguments: [String] = []
    /// Seconds that open transactions get after the last one began, before they are in doubt.
    package var grace: Double = 60

    package init(target: SocketAddress, targetText: String, concurrency: Int, bodySize: Int) {
        self.target = target
        self.targetText = targetText
        self.concurrency = concurrency
        self.bodySize = bodySize
    }
}

extension LoadConfiguration.Domain {
    /// `name` or `name:weight`.
    /// - Returns: nil for an empty name or a weight that is not a positive number.
    package init?(parsing text: String) {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        let weight = parts.count == 2 ? Double(parts[1]) : 1
        guard let name = parts.first, !name.isEmpty, let weight, weight > 0, weight.isFinite else { return nil }
        self.init(name: String(name), weight: weight)
    }
}
