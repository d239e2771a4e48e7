import TransportSecurity

/// The name of a set of exchangers: domains that have the same ones share it, and with it a queue, connections and
/// limits. Two sets have the same name only if they are the same, in the same order of preference:
///
///     mx1.example.org and mx2.example.org, equally good      (mx1|mx2).example.org
///     mx1.example.org, then backup.example.org                (mx1>backup).example.org
///     example.org, then mx.example.org                        (@>mx).example.org
package enum SiteName {
    /// In front of a site's name where domains and hosts have names, too: no domain begins so, and of HOST:PORT only a
    /// host called mx, with digits behind. What a stranger's MX says is never the name of a configured domain.
    package static let prefix = "mx:"

    /// In front of the site of domains that let mail go to their hosts with verified certificates only (MTA-STS): what
    /// goes to the same hosts otherwise has connections of its own.
    static let strict = "sts="

    /// Behind ``prefix`` where one domain's mail has a queue of its own, since a host's certificate is for the domain and not
    /// for the host (RFC 7672 §3.2.2).
    private static let single = "for="

    /// The name of a site's queue for one domain alone.
    package static func own(_ site: String, of domain: String) -> String {
        prefix + single + domain + "=" + site.dropFirst(prefix.count)
    }

    /// ``own(_:of:)`` made it.
    package static func isOwn(_ name: String) -> Bool { name.hasPrefix(prefix + single) }

    /// The queue of a plan: with the mark of ``strict`` where a policy is enforced, and where it does not cover all hosts
    /// also with those that it covers, behind `~`.
    static func text(_ plan: ExchangerPlan, _ policy: StrictTransportPolicy?) -> String {
        guard let policy, policy.mode == .enforce else { return prefix + plan.site }
        let covered = plan.hosts.filter { policy.covers($0) }
        let mark = covered.count == plan.hosts.count ? "" : "~" + text([covered.sorted()])
        return prefix + strict + plan.site + mark
    }

    /// - Parameter groups: hosts by preference, the best first, sorted within.
    package static func text(_ groups: [[String]]) -> String {
        let all = groups.joined().map { $0.split(separator: ".", omittingEmptySubsequences: false) }
        guard let first = all.first else { return "" }
        if all.count == 1 { return first.joined(separator: ".") }
        var common = 0
        while all.allSatisfy({ $0.count > common && $0[$0.count - 1 - common] == first[first.count - 1 - common] }) {
            common += 1
        }
        let parts = groups.map { group in
            group.map { host in
                let rest = host.split(separator: ".", omittingEmptySubsequences: false).dropLast(common)
                return rest.isEmpty ? "@" : rest.joined(separator: ".")
            }.joined(separator: "|")
        }.joined(separator: ">")
        return "(\(parts))" + (common > 0 ? "." + first.suffix(common).joined(separator: ".") : "")
    }
}
