package import LoadPacing

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

    /// Messages that are due at times of their own.
    package struct OpenLoad: Sendable {
        package var schedule: RateSchedule
        package var arrivals: Arrivals
        /// Nil where stages change it.
        package var rate: MessageRate?
        package var stages: [RateStage]

        /// One rate throughout.
        package init(_ rate: MessageRate, _ arrivals: Arrivals = .constant) {
            schedule = RateSchedule(rate)
            self.arrivals = arrivals
            self.rate = rate
            stages = []
        }

        package init(stages: [RateStage], _ arrivals: Arrivals = .constant) {
            schedule = RateSchedule(stages)
            self.arrivals = arrivals
            self.stages = stages
        }
    }

    package var transport: LoadTransport
    package var concurrency: Int
    /// Nil: until `duration` is over.
    package var messageCount: Int?
    /// Nil: until `messageCount` is reached. In seconds, from when the first message may begin.
    package var duration: Double?
    /// Nil: a closed loop; each connection sends its next message when the last one is over.
    package var open: OpenLoad?
    /// Seconds at the begin that are left out of the latencies.
    package var warmUp = 0.0
    /// Seconds over which the connections are opened; 0: as fast as they come.
    package var rampUp = 0.0
    package var messagesPerConnection = Int.max
    package var content = LoadContent()
    package var domains = defaultDomains
    /// Generated domains instead of those above; nil: none.
    package var domainCount: Int?
    /// How much oftener the first of them come: the k-th as often as 1/k to this power; 0: all alike.
    package var domainSkew = 0.0
    /// Recipients of each message, all of one domain.
    package var recipients = 1
    /// Appended to each domain: `gmail.com` becomes `gmail.com.test`. Empty leaves the names as they are.
    package var domainSuffix = "test"
    /// `Name: value`, as they are.
    package var headers: [String] = []
    package var threads = 1
    package var seed: UInt64 = 1
    /// Message ids come from the seed, too: two runs send the same bytes.
    package var hasFixedIDs = false
    /// Which of several runs of one search it is: ids of the same seed differ by it, and the ledger of the first one goes
    /// on.
    package var trial: UInt64 = 0
    /// The Date field of all messages, seconds since 1970; nil: when each is sent.
    package var date: Int?
    /// Said of the run, for those who read its record.
    package var labels: [String: String] = [:]
    package var recordPath: String?
    package var ledgerPath: String?
    package var arguments: [String] = []
    /// Seconds that open transactions get after the last one began, before they are in doubt.
    package var grace: Double = 60

    package init(transport: LoadTransport, concurrency: Int) {
        self.transport = transport
        self.concurrency = concurrency
    }

    /// Seconds after the begin in which messages of an open load are due, those of the warm-up included; nil of a closed
    /// loop, where that is for the target to decide. Of Poisson arrivals it is what is to be expected.
    package var windowSeconds: Double? {
        guard let open else { return nil }
        var piece = 0
        let ofCount = messageCount.flatMap { open.schedule.second(ofCount: Double($0), hint: &piece) }
        return min(duration ?? .infinity, open.schedule.seconds, ofCount ?? .infinity)
    }
}

extension LoadConfiguration.Domain {
    /// `name` or `name:weight`.
    /// - Returns: nil for an empty name or a weight that is not a positive number of at most 1e15: sums of larger ones
    ///   would be none.
    package init?(parsing text: String) {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        let weight = parts.count == 2 ? Double(parts[1]) : 1
        guard let name = parts.first, !name.isEmpty, Self.isSafe(name), let weight, weight > 0, weight <= 1e15 else {
            return nil
        }
        self.init(name: String(name), weight: weight)
    }

    /// Whether a text can stand behind the `@` of an address: letters (of any script), digits, hyphens, dots, and the
    /// underscores that some names have (RFC 5321 §4.1.2, RFC 6531 §3.3). With anything else each message would be refused.
    package static func isSafe(_ text: some StringProtocol) -> Bool {
        text.utf8.allSatisfy {
            switch $0 {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x80...: true
            default: "-._".utf8.contains($0)
            }
        }
    }
}
