import ArgumentParser
import MailTypes
import Measures
import ProgramSupport
import RunRecords
import SinkService

struct VerifyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Holds a sink's ledger against what generators sent, and names what is not as it should be.",
        discussion: """
            Names what was lost, doubled, changed, or arrived although it was refused or not sent to its end, and exits \
            with 1 if anything was. What was in doubt and what is of another run is named, too, and is no fault.
            """)

    enum Format: String, ExpressibleByArgument, CaseIterable { case text, json, csv }

    @Argument(help: "The sink's ledger (--ledger of sink-mta).")
    var ledger: String
    @Argument(help: "The generators' ledgers or records (--ledger or --record of traffic-gen).")
    var sent: [String]
    @Option(help: "Ids named of each finding; the counts are always whole.")
    var most = 20
    @Option(help: "text, json or csv.")
    var format = Format.text
    @Flag(help: "The same as --format json.")
    var json = false

    func validate() throws {
        guard (0...1_000_000).contains(most) else { throw ValidationError("--most \(most): expected 0 to 1000000") }
    }

    func run() async throws {
        let found: LedgerVerification
        let line = ProgressLine()
        do throws(RecordFault) {
            found = try LedgerVerification(sink: ledger, sent: sent, most: most) { lines in
                if lines % 500_000 == 0 { line.show("\(grouped(lines)) lines read") }
            }
        } catch {
            line.clear()
            throw RunFault(error.description)
        }
        line.clear()
        switch json ? .json : format {
        case .text: printText(found)
        case .json: printJSON(found)
        case .csv: printCSV(found)
        }
        guard !found.isClean else { return }
        flushStandardOutput()
        if found[.undecided].count > 0 {
            writeError(
                "sink-mta: \(grouped(found[.undecided].count)) messages are missing, and which of them were acknowledged "
                    + "is not in the record: give the generator's ledger\n")
        }
        throw ExitCode(1)
    }

    private func printText(_ found: LedgerVerification) {
        for finding in LedgerVerification.Finding.allCases {
            for id in found[finding].first { print("\(finding.rawValue) \(id)") }
            let more = found[finding].count - UInt64(found[finding].first.count)
            if more > 0, most > 0 { print("\(finding.rawValue): \(grouped(more)) more") }
        }
        let sent = found.sent
        print(
            "sent: \(grouped(sent.acknowledged)) acknowledged, \(grouped(sent.refused)) refused, "
                + "\(grouped(sent.failed)) failed, \(grouped(sent.inDoubt)) in doubt")
        print("received: \(grouped(found.received)), \(grouped(found.unidentified)) of them without an id")
        let counts = LedgerVerification.Finding.allCases.map { "\(grouped(found[$0].count)) \(Self.words($0))" }
        print("found: " + counts.joined(separator: ", "))
        print(found.isClean ? "nothing was lost, doubled or changed" : "NOT AS IT SHOULD BE")
    }

    private static func words(_ finding: LedgerVerification.Finding) -> String {
        switch finding {
        case .refusedArrived: "arrived although refused"
        case .failedArrived: "arrived although failed"
        case .inDoubtArrived: "arrived of those in doubt"
        case .inDoubtMissing: "did not arrive of those in doubt"
        default: finding.rawValue
        }
    }

    private func printJSON(_ found: LedgerVerification) {
        let all = LedgerVerification.Finding.allCases
        let counts = all.map { "\"\($0.rawValue)\":\(found[$0].count)" }.joined(separator: ",")
        let named = all.filter { !found[$0].first.isEmpty }.map { finding in
            "\"\(finding.rawValue)\":[\(found[finding].first.map { "\"\($0)\"" }.joined(separator: ","))]"
        }
        let sent = found.sent
        print(
            "{\"acknowledged\":\(sent.acknowledged),\"refused\":\(sent.refused),\"failed\":\(sent.failed),"
                + "\"in_doubt\":\(sent.inDoubt),\"received\":\(found.received),\"unidentified\":\(found.unidentified),"
                + "\(counts),\"clean\":\(found.isClean),\"first_ids\":{\(named.joined(separator: ","))}}")
    }

    private func printCSV(_ found: LedgerVerification) {
        print("finding,messages,is_fault,first_ids")
        for finding in LedgerVerification.Finding.allCases {
            let ids = found[finding].first.map(\.description).joined(separator: " ")
            print("\(finding.rawValue),\(found[finding].count),\(finding.isFault),\(ids)")
        }
    }
}
