import ArgumentParser
import MTAConfiguration
import MailTypes
import Measures
import PolicyRules
import ProgramSupport

/// `mta policy`: what rules say, without a message.
struct PolicyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "policy", abstract: "What rules would make of a message.", subcommands: [Test.self])

    struct Test: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Say which rules match a message and what is decided for each recipient.",
            discussion: "Nothing is sent, and no mta has to run. Exit code 2 if the rules are wrong.")

        @Option(help: "Configuration file of the mta.") var config: String
        @Option(help: "Address in MAIL FROM; '<>' is the null sender.") var sender = "<>"
        @Option(help: "Address in RCPT TO, repeatable.") var recipient: [String] = []
        @Option(help: "Field of the header, 'Name: text', repeatable.") var header: [String] = []
        @Option(help: "Address of the client.") var client = "127.0.0.1"
        @Option(help: "Name of the listener, or http. Default: the first one.") var listener: String?
        @Option(help: "Who has authenticated.") var user: String?
        @Flag(help: "The client speaks TLS.") var tls = false
        @Option(help: "Octets of content, such as 2MB.") var size = "1000"
        @Option(help: "Result of a verification, such as spf=fail or dnsbl=ZONE, repeatable.") var result: [String] = []
        @Option(help: "text or json.") var format = "text"

        func run() async throws {
            guard let format = PolicySheet.Format(rawValue: format) else {
                throw UsageFault("--format '\(format)': expected text or json")
            }
            guard !recipient.isEmpty else { throw UsageFault("--recipient: at least one is needed") }
            let settings = try ServeSettings(file: config).values
            let machine = try RelayAssembly(settings: settings).mailPolicy() ?? PolicyMachine(rules: [])
            let facts = try facts(settings)
            let entries = try recipient.map { text in
                var own = facts
                own.recipient = try Self.address(text, "--recipient")
                return PolicySheet.Entry(machine, own)
            }
            print(try PolicySheet(entries).render(format), terminator: "")
        }

        private func facts(_ settings: MTASettings) throws -> PolicyFacts {
            guard let address = NetworkAddress(client) else {
                throw UsageFault("--client '\(client)': expected an IP address")
            }
            let (name, channel) = try place(settings)
            var facts = PolicyFacts(.content, listener: name, channel: channel, client: address)
            facts.user = user
            facts.isTLS = tls
            facts.sender = sender == "<>" || sender.isEmpty ? .null : try Self.address(sender, "--sender")
            do throws(UnitFault) { facts.size = try ByteCount(parsing: size).bytes } catch {
                throw UsageFault("--size '\(size)': \(error)")
            }
            facts.verdicts = try verdicts()
            facts.header = PolicyHeader(try header.map(Self.field))
            return facts
        }

        private func verdicts() throws -> PolicyVerdicts? {
            guard !result.isEmpty else { return nil }
            var verdicts = PolicyVerdicts()
            for text in result {
                let parts = text.split(separator: "=", maxSplits: 1).map(String.init)
                if parts.count == 2, parts[0] == "dnsbl" {
                    verdicts.listed.append(parts[1])
                    continue
                }
                guard parts.count == 2, let method = PolicyMethod(rawValue: parts[0]),
                    let word = VerificationWord(rawValue: parts[1])
                else {
                    throw UsageFault(
                        "--result '\(text)': expected METHOD=RESULT, such as spf=fail, dmarc=pass or dnsbl=ZONE")
                }
                verdicts[method] = word
            }
            return verdicts
        }

        private func place(_ settings: MTASettings) throws -> (String, PolicyChannel) {
            if listener == "http" { return ("http", .http) }
            guard !settings.listeners.isEmpty else {
                guard listener ?? "smtp" == "smtp" else {
                    throw UsageFault("--listener '\(listener ?? "")': there are smtp, http")
                }
                return ("smtp", .smtp)
            }
            guard let section = settings.listeners.first(where: { $0.name == listener ?? $0.name }) else {
                let names = (settings.listeners.map(\.name) + ["http"]).joined(separator: ", ")
                throw UsageFault("--listener '\(listener ?? "")': there are \(names)")
            }
            return (section.name, PolicyChannel(rawValue: section.service.rawValue) ?? .submission)
        }

        private static func address(_ text: String, _ flag: String) throws -> MailAddress {
            let address = MailAddress(text)
            guard !address.localPart.isEmpty, !address.domain.isEmpty, !text.contains(where: { "<> \r\n".contains($0) })
            else { throw UsageFault("\(flag) '\(text)': expected an address such as ann@example.org") }
            return address
        }

        private static func field(_ text: String) throws -> (name: String, value: String) {
            let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            guard parts.count == 2, FieldText.isName(parts[0]) else {
                throw UsageFault("--header '\(text)': expected 'Name: text'")
            }
            return (parts[0], FieldText.line(parts[1], most: PolicyHeader.longestValue))
        }
    }
}
