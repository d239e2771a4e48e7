import ArgumentParser
import DKIMSigning
import MTAConfiguration
import MailTypes
import Measures
import ProgramSupport

/// `mta dkim`: what verifiers have to find in the DNS.
struct DKIMCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dkim", abstract: "Keys for DKIM signatures.", subcommands: [Record.self])

    struct Record: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print the DNS record of a key as a line for a zone file.",
            discussion: "A key is made with 'openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out FILE', "
                + "or '-algorithm ed25519'.")
        @Option(help: "The private key, PEM.") var key: String
        @Option(help: "d= of the signatures.") var domain: String
        @Option(help: "s= of the signatures.") var selector: String

        func run() async throws {
            let name = "\(selector)._domainkey.\(domain)"
            guard (try? DomainName(written: domain)) != nil else {
                throw UsageFault("--domain '\(domain)': expected a domain name")
            }
            guard let pem = SystemFiles().text(key) else { throw UsageFault("\(key): cannot be read") }
            let found: DKIMKey
            do { found = try DKIMKey(pem: pem, file: key) } catch { throw UsageFault(error.description) }
            print("\(name). IN TXT ( \(Self.strings(found.publicRecord)) )")
            if let warning = found.warning(file: key) { writeError("mta: \(warning)\n") }
        }

        /// A character string of the DNS has at most 255 octets (RFC 1035 §3.3); verifiers join them (RFC 6376 §3.6.2.2).
        private static func strings(_ record: String) -> String {
            var rest = record[...]
            var parts: [String] = []
            while !rest.isEmpty {
                parts.append("\"\(rest.prefix(255))\"")
                rest = rest.dropFirst(255)
            }
            return parts.joined(separator: " ")
        }
    }
}

extension DKIMKey {
    /// What is weak about it; nil: nothing.
    func warning(file: String) -> String? {
        guard algorithm == .rsa, bits < Self.goodBits else { return nil }
        return "\(file): an RSA key of \(bits) bits: receivers want at least \(Self.goodBits) (RFC 8301)"
    }
}
