import EventLog

/// What one shard counts, in recipients unless said otherwise. Confined to its event loop.
struct RelayCounts: Sendable {
    var recovered: UInt64 = 0
    var accepted: UInt64 = 0
    var acceptedMessages: UInt64 = 0
    var acceptedBytes: UInt64 = 0
    /// Of those accepted and delivered, the ones that did not come and go by SMTP.
    var injected: UInt64 = 0
    var acceptedByLMTP: UInt64 = 0
    var deliveredByLMTP: UInt64 = 0
    var generated: UInt64 = 0
    var refused: UInt64 = 0
    /// Messages and clients sent away while something was short.
    var shed: UInt64 = 0
    /// Messages refused because a signature could not be made.
    var unsigned: UInt64 = 0
    /// Accepted from clients and dropped, as a rule said.
    var discarded: UInt64 = 0
    var delivered: UInt64 = 0
    var bounced: UInt64 = 0
    var queued: UInt64 = 0
    /// Could not be read, put aside for an operator.
    var quarantined: UInt64 = 0
    /// Taken out by an operator.
    var removed: UInt64 = 0
    var deferrals: UInt64 = 0
    var possibleDuplicates: UInt64 = 0
    var clients = 0
    /// Recipients of failures by event and category; the categories are bounded by the rules' own bound.
    var categories: [MailEvent.Kind: [String: UInt64]] = [:]
    /// Reports by kind, and those that were dropped once they were in the log.
    var reports: [String: UInt64] = [:]
    var droppedReports: UInt64 = 0
    /// Clients admitted, those with TLS, AUTH by result.
    var connections: UInt64 = 0
    var tlsSessions: UInt64 = 0
    var authenticated: UInt64 = 0
    var authenticationFailures: UInt64 = 0
    /// What verifications came to.
    var verifications: [Verification: UInt64] = [:]
    struct Verification: Hashable, Sendable {
        var method: String
        var result: String
    }
    /// Things that next hops failed at and are not asked for again for a while.
    var hostFaults: [HostMemory.Fault: UInt64] = [:]

    mutating func add(_ other: RelayCounts) {
        recovered += other.recovered
        accepted += other.accepted
        acceptedMessages += other.acceptedMessages
        acceptedBytes += other.acceptedBytes
        injected += other.injected
        acceptedByLMTP += other.acceptedByLMTP
        deliveredByLMTP += other.deliveredByLMTP
        generated += other.generated
        refused += other.refused
        shed += other.shed
        unsigned += other.unsigned
        discarded += other.discarded
        delivered += other.delivered
        bounced += other.bounced
        queued += other.queued
        quarantined += other.quarantined
        removed += other.removed
        deferrals += other.deferrals
        possibleDuplicates += other.possibleDuplicates
        clients += other.clients
        connections += other.connections
        for (kind, found) in other.categories { categories[kind, default: [:]].merge(found, uniquingKeysWith: +) }
        reports.merge(other.reports, uniquingKeysWith: +)
        droppedReports += other.droppedReports
        tlsSessions += other.tlsSessions
        authenticated += other.authenticated
        authenticationFailures += other.authenticationFailures
        verifications.merge(other.verifications, uniquingKeysWith: +)
        hostFaults.merge(other.hostFaults, uniquingKeysWith: +)
    }
}
