import ArgumentParser
import DKIMSigning
import Foundation
import MTAConfiguration
import MailAuthentication
import MailRouting
import MailTypes
import ProgramSupport
import RelayService

/// `mta verify-message`: what a listener would find out about a message.
struct VerifyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify-message",
        abstract: "Verify a message in a file: SPF, DKIM, DMARC, ARC, reverse name, lists.",
        discussion: """
            Everything is checked, whatever listeners want, with the name service and the lists of the configuration. \
            Nothing is sent, and no mta has to run. Exit code 1 if a listener that enforces all of it would refuse the \
            message.
            """)

    @Argument(help: "The message, with CRLF or LF at the ends of its lines; '-' reads standard input.") var file: String
    @Option(help: "Configuration file of the mta.") var config: String?
    @Option(help: "Address of the client; without it neither SPF nor lists are asked.") var client: String?
    @Option(help: "What the client says in EHLO.") var helo = "localhost"
    @Option(help: "Address in MAIL FROM; '<>' is the null sender.") var from = "<>"
    @Option(help: "text or json.") var format = "text"

    func run() async throws {
        let isJSON = try wantsJSON(format)
        let settings = try config.map { try ServeSettings(file: $0).values } ?? MTASettings()
        let assembly = RelayAssembly(settings: settings)
        let plan = Self.everything(assembly.verificationPlan())
        let verifier = try assembly.verifier()
        let message = try read(plan)
        let address = try client.map { text in
            guard let address = NetworkAddress(text) else {
                throw UsageFault("--client '\(text)': expected an IP address")
            }
            return address
        }
        var findings = ClientFindings()
        if let address {
            let path = from == "<>" ? MailAddress.null : MailAddress(from)
            findings = await ClientFindings.client(address, plan, verifier.lookups).with(
                MailVerifier.identity(path, hello: helo, address), plan, verifier.lookups)
        }
        let now = Int(Date().timeIntervalSince1970)
        let sheet = VerificationSheet(
            findings: await verifier.verify(message, findings, plan, now: now), plan: plan, client: address)
        print(isJSON ? try sheet.json() : sheet.text(), terminator: "")
        if sheet.refusal != nil { throw ExitCode(1) }
    }

    private static func everything(_ base: VerificationPlan) -> VerificationPlan {
        var plan = base
        (plan.spf, plan.dkim, plan.dmarc, plan.arc) = (.enforce, .enforce, .enforce, .enforce)
        plan.reverseName = .enforce
        plan.blockLists = plan.lists.isEmpty ? .off : .enforce
        return plan
    }

    private func read(_ plan: VerificationPlan) throws -> HashedMessage {
        guard
            let data = file == "-"
                ? FileHandle.standardInput.readDataToEndOfFile() : FileManager.default.contents(atPath: file)
        else { throw UsageFault("\(file): cannot be read") }
        var hash = MessageHash(.raw) { fields, _ in ContentVerifier.bodyKinds(fields, plan) }
        Self.withLineEnds(Array(data)).withUnsafeBytes { hash.feed($0) }
        guard let message = hash.finish() else { throw UsageFault("\(file): its header is too long") }
        return message
    }

    /// Files of mail have LF alone; a message that has CRLF somewhere is left as it is.
    private static func withLineEnds(_ bytes: [UInt8]) -> [UInt8] {
        guard !bytes.contains(0x0D) else { return bytes }
        return bytes.flatMap { $0 == 0x0A ? [0x0D, 0x0A] : [$0] }
    }
}

/// Findings as they are printed.
struct VerificationSheet {
    let findings: MessageFindings
    let plan: VerificationPlan
    let client: NetworkAddress?

    /// What a client would be told if all was enforced.
    var refusal: SMTPReply? {
        client.flatMap { plan.refusal(ofListed: findings.client, $0) } ?? plan.refusal(of: findings.client)
            ?? plan.refusal(of: findings)
    }

    func text() -> String {
        var lines = findings.entries.map { entry in
            let properties = entry.properties.map { " \($0.name)=\($0.value)" }.joined()
            return Self.row(
                entry.method, entry.outcome.rawValue + properties + (entry.comment.isEmpty ? "" : " (\(entry.comment))")
            )
        }
        if let lists = findings.client.lists {
            lines += lists.listed.map { Self.row("dnsbl", "listed at \($0.zone): \($0.answer)") }
            if let allowed = lists.allowed { lines.append(Self.row("dnsbl", "allowed by \(allowed.zone)")) }
            lines += lists.faults.map { Self.row("dnsbl", $0) }
        }
        if let dmarc = findings.dmarc, dmarc.outcome == .fail {
            lines.append(
                Self.row("asked for", findings.isVouchedFor ? "none, vouched for by ARC" : dmarc.disposition.rawValue))
        }
        lines.append(Self.row("enforced", refusal.map { "\($0)" } ?? "accepted"))
        return lines.joined(separator: "\n") + "\n"
    }

    /// Strangers' text makes no lines of its own.
    private static func row(_ name: String, _ text: String) -> String {
        name.padding(toLength: 12, withPad: " ", startingAt: 0) + Terminal.printable(text)
    }

    private struct Entry: Encodable {
        var method: String
        var result: String
        var reason: String?
        var properties: [String: String]
    }
    private struct Listed: Encodable {
        var zone: String
        var answer: String
    }
    private struct Sheet: Encodable {
        var results: [Entry]
        var listed: [Listed]?
        var disposition: String?
        var refusal: String?
    }

    func json() throws -> String {
        let sheet = Sheet(
            results: findings.entries.map { entry in
                Entry(
                    method: entry.method, result: entry.outcome.rawValue,
                    reason: entry.comment.isEmpty ? nil : entry.comment,
                    properties: Dictionary(entry.properties.map { ($0.name, $0.value) }) { $1 })
            },
            listed: findings.client.lists?.listed.map { Listed(zone: $0.zone, answer: "\($0.answer)") },
            disposition: findings.dmarc.map { findings.isVouchedFor ? "none" : $0.disposition.rawValue },
            refusal: refusal.map { "\($0)" })
        return try prettyJSON(sheet)
    }
}
