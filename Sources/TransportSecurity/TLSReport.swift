/// A day's report about the TLS of one domain's hosts, in the form of RFC 8460 §4.4.
package struct TLSReport: Sendable, Hashable, Codable {
    package struct DateRange: Sendable, Hashable, Codable {
        package var start: String
        package var end: String
        private enum CodingKeys: String, CodingKey {
            case start = "start-datetime"
            case end = "end-datetime"
        }
    }

    package struct Policy: Sendable, Hashable, Codable {
        package var kind: TLSPolicyKind
        package var strings: [String]
        package var domain: String
        /// Patterns of an MTA-STS policy, or the TLSA base domain.
        package var hosts: [String]
        private enum CodingKeys: String, CodingKey {
            case kind = "policy-type"
            case strings = "policy-string"
            case domain = "policy-domain"
            case hosts = "mx-host"
        }
    }

    package struct Summary: Sendable, Hashable, Codable {
        package var successes = 0
        package var failures = 0
        private enum CodingKeys: String, CodingKey {
            case successes = "total-successful-session-count"
            case failures = "total-failure-session-count"
        }
    }

    package struct Detail: Sendable, Hashable, Codable {
        package var result: TLSFailure
        package var sendingIP: String?
        package var receivingHost: String?
        package var receivingIP: String?
        package var count: Int
        package var reason: String?
        private enum CodingKeys: String, CodingKey {
            case result = "result-type"
            case sendingIP = "sending-mta-ip"
            case receivingHost = "receiving-mx-hostname"
            case receivingIP = "receiving-ip"
            case count = "failed-session-count"
            case reason = "failure-reason-code"
        }
    }

    package struct PolicyResult: Sendable, Hashable, Codable {
        package var policy: Policy
        package var summary: Summary
        package var details: [Detail]
        private enum CodingKeys: String, CodingKey {
            case policy, summary
            case details = "failure-details"
        }
    }

    package var organization: String
    package var dates: DateRange
    package var contact: String
    package var id: String
    package var policies: [PolicyResult]
    private enum CodingKeys: String, CodingKey {
        case organization = "organization-name"
        case dates = "date-range"
        case contact = "contact-info"
        case id = "report-id"
        case policies
    }
}

/// Which policy a session was held to (RFC 8460 §4.2).
package enum TLSPolicyKind: String, Sendable, Hashable, Codable {
    case tlsa, sts
    case none = "no-policy-found"
}

/// How one connection's TLS went, for the reports.
package struct TLSSessionResult: Sendable, Hashable {
    /// Whose mail it was for.
    package var domain: String
    package var kind: TLSPolicyKind
    /// The policy's lines or TLSA records.
    package var strings: [String]
    /// As in ``TLSReport/Policy/hosts``.
    package var hosts: [String]
    /// Nil: it was as the policy wants it.
    package var failure: TLSFailure?
    package var sendingIP: String?
    package var receivingHost: String?
    package var receivingIP: String?
    /// In words; cut after ``TLSReportBook/longestReason``.
    package var reason: String?

    package init(domain: String, kind: TLSPolicyKind, strings: [String] = [], hosts: [String] = []) {
        self.domain = domain
        self.kind = kind
        self.strings = strings
        self.hosts = hosts
    }
}

/// Results of sessions as they come, by day, domain and policy. A value; bounded.
package struct TLSReportBook: Sendable {
    /// Domains of a day; results of more are counted in ``dropped`` only.
    package static let mostDomains = 10_000
    /// Policies of a domain and a day: each change of its TLSA records or its policy is one.
    package static let mostPolicies = 16
    /// Kinds of failures of one policy that are told apart; further ones are in its total only.
    package static let mostDetails = 100
    package static let longestReason = 200

    package struct Key: Sendable, Hashable {
        package var day: ReportDay
        package var domain: String
        package init(day: ReportDay, domain: String) {
            self.day = day
            self.domain = domain
        }
    }

    private var results: [Key: [TLSReport.PolicyResult]] = [:]
    private var changed: Set<Key> = []
    /// Results that are in no report.
    package private(set) var dropped: UInt64 = 0
    /// Sessions since the start, by whether they were as they should be.
    package private(set) var successes: UInt64 = 0
    package private(set) var failures: UInt64 = 0

    package init() {}

    package mutating func note(_ result: TLSSessionResult, day: ReportDay) {
        if result.failure == nil { successes += 1 } else { failures += 1 }
        let key = Key(day: day, domain: result.domain)
        if results[key] == nil, results.count >= Self.mostDomains {
            dropped += 1
            return
        }
        let policy = TLSReport.Policy(
            kind: result.kind, strings: result.strings, domain: result.domain, hosts: result.hosts)
        var policies = results[key] ?? []
        let place: Int
        if let known = policies.firstIndex(where: { $0.policy == policy }) {
            place = known
        } else {
            guard policies.count < Self.mostPolicies else {
                dropped += 1
                return
            }
            policies.append(.init(policy: policy, summary: .init(), details: []))
            place = policies.count - 1
        }
        policies[place].add(result)
        results[key] = policies
        changed.insert(key)
    }

    /// Reports that have something new since the last time.
    package mutating func takeChanged() -> [Key] {
        defer { changed = [] }
        return changed.sorted { ($0.day, $0.domain) < ($1.day, $1.domain) }
    }

    package func report(_ key: Key, organization: String, contact: String) -> TLSReport? {
        guard let policies = results[key] else { return nil }
        return TLSReport(
            organization: organization, dates: .init(start: key.day.firstSecond, end: key.day.lastSecond),
            contact: contact, id: "\(key.day.firstSecond)_\(key.domain)", policies: policies)
    }

    /// What a report of the same day said before a restart.
    package mutating func restore(_ report: TLSReport, _ key: Key) {
        guard results[key] == nil, results.count < Self.mostDomains else { return }
        results[key] = Array(report.policies.prefix(Self.mostPolicies))
    }

    /// Lets go of days before this one.
    package mutating func forget(before day: ReportDay) {
        results = results.filter { $0.key.day >= day }
        changed = changed.filter { $0.day >= day }
    }
}

extension TLSReport.PolicyResult {
    fileprivate mutating func add(_ result: TLSSessionResult) {
        guard let failure = result.failure else {
            summary.successes += 1
            return
        }
        summary.failures += 1
        let reason = result.reason.map { String($0.prefix(TLSReportBook.longestReason)) }
        let place = details.firstIndex { detail in
            detail.result == failure && detail.receivingHost == result.receivingHost
                && detail.receivingIP == result.receivingIP && detail.sendingIP == result.sendingIP
                && detail.reason == reason
        }
        if let place {
            details[place].count += 1
        } else if details.count < TLSReportBook.mostDetails {
            details.append(
                .init(
                    result: failure, sendingIP: result.sendingIP, receivingHost: result.receivingHost,
                    receivingIP: result.receivingIP, count: 1, reason: reason))
        }
    }
}
