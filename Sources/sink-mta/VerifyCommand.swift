import ArgumentParser
import MailTypes
import Measures
import ProgramSupport
import RunRecords
import SinkService

struct VerifyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Holds a sink's ledger against what a generator sent: names what was lost, doubled or changed.",
        discussion: "Exits with 1 if anything was.")

    @Argument(help: "The sink's ledger (--ledger of sink-mta).")
    var ledger: String
    @Argument(help: "The generator's ledger or its record (--ledger or --record of traffic-gen).")
    var sent: String
    @Option(help: "Ids named on standard output; the counts are always whole.")
    var most = 1000
    @Flag(help: "The result as JSON on standard output instead.")
    var json = false

    func run() async throws {
        var named: [String] = []
        let found: LedgerVerification
        do throws(RecordFault) {
            found = try LedgerVerification(sink: ledger, sent: sent) { what, id in
                if named.count < most { named.append("\(what) \(id)") }
            }
        } catch {
            throw RunFault(error.description)
        }
        if json { printJSON(found, named) } else { printText(found, named) }
        guard found.isClean else {
            flushStandardOutput()
            throw ExitCode(1)
        }
    }

    private func printText(_ found: LedgerVerification, _ named: [String]) {
        for line in named { print(line) }
        let audit = found.audit
        print(
            "\(grouped(audit.acknowledged)) acknowledged, \(grouped(found.received)) received: "
                + "\(grouped(audit.lost)) lost, \(grouped(audit.doubled)) doubled, \(grouped(audit.changed)) changed, "
                + "\(grouped(found.unacknowledged)) received without being acknowledged")
    }

    private func printJSON(_ found: LedgerVerification, _ named: [String]) {
        let audit = found.audit
        let names = named.map { "\"\($0)\"" }.joined(separator: ",")
        print(
            "{\"acknowledged\":\(audit.acknowledged),\"received\":\(found.received),\"lost\":\(audit.lost),"
                + "\"doubled\":\(audit.doubled),\"changed\":\(audit.changed),"
                + "\"unacknowledged\":\(found.unacknowledged),\"named\":[\(names)]}")
    }
}
