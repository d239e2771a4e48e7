package import MailRouting
import Measures
import RunRecords

/// What connections of all event loops share to be secured: the name service, policies of domains, reports.
package final class NextHopSecurity: Sendable {
    /// TLSA records; nil where nobody asks for them.
    let names: MailRouter?
    let policies: StrictTransportService?
    let reports: TLSReportService?
    /// Nil: reports stay here.
    let sender: TLSReportSender?

    package init(
        names: MailRouter?, policies: StrictTransportService?, reports: TLSReportService?,
        sender: TLSReportSender? = nil
    ) {
        self.names = names
        self.policies = policies
        self.reports = reports
        self.sender = sender
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
        await sender?.close()
        await policies?.close()
        await reports?.close()
    }

    /// What an operator should know.
    var faults: [String] { (policies?.faults ?? []) + (reports?.faults ?? []) + (sender?.faults ?? []) }
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
        if let sent = security.sender?.counts {
            text.add(
                RelayMetrics.tlsReports,
                [
                    (["mailed"], Double(sent.mailed)), (["posted"], Double(sent.posted)),
                    (["unwanted"], Double(sent.unwanted)), (["abandoned"], Double(sent.abandoned)),
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
    /// Yesterday's TLS reports go out from now on, those by mail through this shard's queue.
    func sendReports(by shard: RelayShard) {
        guard let security, let sender = security.sender, let names = security.names else { return }
        sender.start(names) { report, recipient in
            let answer = shard.context.eventLoop.flatSubmit { shard.send(report, to: recipient) }
            return (try? await answer.get()) ?? false
        }
    }

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
