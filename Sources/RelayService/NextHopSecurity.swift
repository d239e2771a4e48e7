package import MailRouting

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

    /// Begins to keep policies fresh and reports written.
    func start() {
        if let names { policies?.start(names) }
        reports?.start()
    }

    /// Everything known is written.
    func close() async {
        await policies?.close()
        await reports?.close()
    }

    /// What an operator should know.
    var faults: [String] { (policies?.faults ?? []) + (reports?.faults ?? []) }
}
