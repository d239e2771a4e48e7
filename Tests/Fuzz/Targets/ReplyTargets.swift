import MailTypes
import ReplyClassification
import ReportParsing
import RunRecords

/// A message to an address for reports.
func fuzzReports(_ input: [UInt8]) {
    let report = MailReport(input)
    if let returned = report.returned {
        require(returned.bytes.count <= ReportLimits.returnedBytes, "more came back than there was")
        _ = (returned.messageID, returned.trace.count)
        if let json = returned.supplementalTrace() {
            require(json.hasPrefix("{") && !json.utf8.contains { $0 < 0x20 }, "a reference that breaks a line")
        }
    }
    switch report.kind {
    case .bounce(let bounce):
        require(bounce.recipients.count <= ReportLimits.recipients, "too many recipients")
        for recipient in bounce.recipients {
            require((200...599).contains(recipient.reply.code), "a reply that is none")
            _ = recipient.address
        }
    case .complaint(let complaint):
        require(!complaint.feedbackType.isEmpty, "a complaint of no kind")
        require(complaint.extensions.allSatisfy { !$0.values.isEmpty }, "a field without a value")
    case .automaticReply, .unrecognized: break
    }
}

private let rules: ReplyClassifier = {
    let text = """
        rules:
          - {category: InvalidRecipient, enhanced: [x.1.1]}
          - {category: SpamBlock, text: ["|rbl|", "listed * 17", "s3150"], unless: [white]}
          - {category: QuotaIssues, text: ["mailbox full", "full*box"]}
          - {category: TransientFailure, code: [4xx]}
        """
    do { return try ReplyClassifier([ClassificationFile(text: text, file: "rules")]) } catch { complain("\(error)") }
}()

/// Lines: replies; or, behind a zero, a file of rules.
func fuzzReplies(_ input: [UInt8]) {
    guard input.first != 0 else {
        let (file, faults) = ClassificationFile.read(
            text: String(decoding: input.dropFirst(), as: UTF8.self), file: "f")
        guard faults.isEmpty, let classifier = try? ReplyClassifier([file]) else { return }
        _ = RuleCheck(classifier)
        return
    }
    var remembered = RememberedVerdicts(rules, limit: 2)
    for line in input.split(separator: 0x0A) {
        guard let reply = SMTPReply(written: String(decoding: line, as: UTF8.self)) else { continue }
        let verdict = rules.classify(reply)
        require(remembered.classify(reply) == verdict, "remembered otherwise")
        require(remembered.classify(reply) == verdict, "remembered otherwise the second time")
        require(UInt16(verdict.enhanced.code.statusClass) == reply.code / 100, "a class that is not the reply's")
    }
}
