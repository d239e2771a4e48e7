package import MailRouting
import Measures
import RunRecords

/// What connections of all event loops share to be secured: the name service, policies of domains, reports.
package final class NextHopSecurity: Sendable {
    /// TLSA records; nil where nobody asks for them.
    let names: MailRouter?
    let policies: StrictTransportService?
    let reports: TLSReportService?

    package init(names: MailRouter?, policies: StrictTransportService?, reports: TLSReportService?) {
        self.names = names
        self.policies = policies
        self.reports = reports
    }

    /// Reads what was known before, then begins to keep policies fresh and reports written. Not earlier: another process
    /// may have the files until then.
    /// - Throws: ``RecordFault`` that names the file.
    func start() throws {
        if let names { try policies?.start(names) }
        try reports?.start()
    }

    /// Everything known is written.
    func close() async {
        await policies?.close()
        await reports?.close()
    }

    /// What an operator should know.
    var faults: [String] { (policies?.faults ?? []) + (reports?.faults ?? []) }
}

extension RelayServer {
    func addSecurity(_ counts: RelayCounts, _ text: inout MetricText) {
        text.add(
            RelayMetrics.hostFaults,
            HostMemory.Fault.allCases.map { ([$0.rawValue], Double(counts.hostFaults[$0] ?? 0)) })
        guard let security = shards[0].parts.security else { return }
        if let results = security.reports?.counts {
            text.add(
                RelayMetrics.tlsResults,
                [
                    (["success"], Double(results.successes)), (["failure"], Double(results.failures)),
                    (["dropped"], Double(results.dropped)),
                ])
        }
        guard let policies = security.policies?.counts else { return }
        text.add(
            RelayMetrics.policyFetches,
            [(["fetched"], Double(policies.fetched)), (["failed"], Double(policies.failures))])
        text.add(RelayMetrics.policiesKept, policies.kept)
    }
}

extension RelayParts {
    /// For which destinations DANE and MTA-STS are used from now on.
    /// - Throws: ``RecordFault`` where that needs what was not set up at the start.
    func adopt(_ egress: EgressConfiguration) throws(RecordFault) {
        let policies = [egress.standard] + egress.named.values
        if security?.names == nil, policies.contains(where: \.security.dane) {
            throw RecordFault("DANE needs a restart: it was not set up")
        }
        if security?.policies == nil, policies.contains(where: \.security.strictTransport) {
            throw RecordFault("MTA-STS needs a restart: it was not set up")
        }
        security?.policies?.adopt(egress)
    }
}
