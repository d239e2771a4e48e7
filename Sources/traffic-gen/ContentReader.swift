import DKIMSigning
import Foundation
import LoadGeneration
import Measures
import MessageBuilding
import ProgramSupport

/// Turns the flags for content into ``LoadContent``.
struct ContentReader {
    let options: ContentOptions
    let kind: LoadTransport.Kind

    func content() throws -> LoadContent {
        var content = LoadContent()
        let whole = [options.bodyFile, options.replay, options.template].count { $0 != nil }
        guard whole <= 1 else { throw UsageFault("--body-file, --replay and --template: expected one of them") }
        guard whole == 0 || !isGenerated else {
            throw UsageFault("--body-file, --replay and --template bring their own text: no size, HTML or attachments")
        }
        try applySizes(to: &content)
        try applyParts(to: &content)
        try applyWhole(to: &content)
        content.isUnique = options.uniqueBodies
        content.senders = try notNegative(options.senders, "--senders")
        content.tenants = try notNegative(options.tenants, "--tenants")
        content.campaigns = try notNegative(options.campaigns, "--campaigns")
        content.signature = try signature()
        return content
    }

    private var isGenerated: Bool {
        options.bodySize != nil || options.sizeProfile != nil || options.html || options.attachments != nil
            || options.uniqueBodies
    }

    private func applySizes(to content: inout LoadContent) throws {
        guard options.bodySize == nil || options.sizeProfile == nil else {
            throw UsageFault("--body-size and --size-profile: expected one of them")
        }
        if let text = options.bodySize { content.size = try distribution(text, "--body-size") }
        guard let name = options.sizeProfile, !content.apply(profile: name) else { return }
        guard let text = try? String(contentsOfFile: name, encoding: .utf8) else {
            throw UsageFault("--size-profile '\(name)': expected transactional, marketing or a file that can be read")
        }
        do {
            content.size = try SizeDistribution(lines: text, file: name)
        } catch { throw UsageFault("--size-profile \(error)") }
    }

    private func applyParts(to content: inout LoadContent) throws {
        if options.html { content.hasHTML = true }
        if let count = options.attachments {
            guard (0...100).contains(count) else { throw UsageFault("--attachments \(count): expected 0 to 100") }
            (content.attachments, content.attachmentShare) = (count, 1)
        }
        guard let text = options.attachmentSize else { return }
        guard content.attachments > 0 else { throw UsageFault("--attachment-size goes with --attachments") }
        content.attachmentSize = try distribution(text, "--attachment-size")
    }

    private func applyWhole(to content: inout LoadContent) throws {
        if let path = options.bodyFile {
            guard let data = FileManager.default.contents(atPath: path), !data.isEmpty else {
                throw UsageFault("--body-file \(path): cannot be read, or is empty")
            }
            content.replayed = [Array(data)]
        }
        if let path = options.replay {
            do { content.replayed = try MailReplay.read(path) } catch { throw UsageFault("\(error)") }
        }
        try checkForHTTP(content.replayed)
        guard let path = options.template else { return }
        guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
            throw UsageFault("--template \(path): cannot be read, or is no UTF-8")
        }
        do {
            let template = try Template(text, .jinja)
            try TemplateValues.tryOut(template)
            content.template = template
        } catch let fault as Template.Fault {
            throw UsageFault("--template \(path): \(fault.text)")
        } catch let fault as LoadFault { throw UsageFault("--template \(path): \(fault)") }
    }

    /// JSON is text, and batches are templates.
    private func checkForHTTP(_ messages: [[UInt8]]) throws {
        guard kind == .http else { return }
        for message in messages {
            guard let text = String(validating: message, as: UTF8.self) else {
                throw UsageFault("--protocol http: a message that is no UTF-8 cannot go into JSON")
            }
            guard messages.count > 1 || !["{{", "{%", "{#"].contains(where: text.contains) else {
                throw UsageFault("--protocol http: '{{', '{%' and '{#' in the message would be taken for a template")
            }
        }
    }

    private func distribution(_ text: String, _ flag: String) throws -> SizeDistribution {
        do { return try SizeDistribution(parsing: text) } catch { throw UsageFault("\(flag) \(error)") }
    }

    private func notNegative(_ value: Int, _ flag: String) throws -> Int {
        guard value >= 0 else { throw UsageFault("\(flag) \(value): expected 0 or more") }
        return value
    }

    private func signature() throws -> DKIMSignature? {
        guard let path = options.dkimKey else {
            guard options.dkimDomain == nil else { throw UsageFault("--dkim-domain goes with --dkim-key") }
            return nil
        }
        guard let domain = options.dkimDomain, !domain.isEmpty else { throw UsageFault("--dkim-domain is missing") }
        guard let pem = try? String(contentsOfFile: path, encoding: .utf8) else {
            throw UsageFault("--dkim-key \(path): cannot be read")
        }
        do {
            return DKIMSignature(
                domain: domain, selector: options.dkimSelector, key: try DKIMKey(pem: pem, file: path))
        } catch { throw UsageFault("--dkim-key \(error)") }
    }
}
