import Foundation
import MailTypes
import Testing
import TrafficShaping

@Suite struct ShippedFileTests {
    private static let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("profiles/shaping/default.yaml").path

    private static func reply(_ text: String) -> SMTPReply {
        var words = text.split(separator: " ", omittingEmptySubsequences: false)[...]
        let code = UInt16(words.removeFirst())!
        let parts = words.first?.split(separator: ".").compactMap { UInt16($0) } ?? []
        guard parts.count == 3, words[words.startIndex].allSatisfy({ $0.isNumber || $0 == "." }) else {
            return SMTPReply(code, nil, words.joined(separator: " "))
        }
        words.removeFirst()
        let enhanced = EnhancedStatusCode(UInt8(parts[0]), parts[1], parts[2])
        return SMTPReply(code, enhanced, words.joined(separator: " "))
    }

    /// Each rule finds replies of its kind, and leaves others of the same provider alone.
    @Test func everyRuleKnowsItsReplies() throws {
        let plan = try ShapingPlan.load(files: [Self.file])
        for sample in ShippedReplies.all {
            let rule = try #require(plan.rule(sample.rule), "\(sample.rule)")
            for (texts, isTypical) in [(sample.typical, true), (sample.innocent, false)] {
                for text in texts {
                    let reply = Self.reply(text)
                    #expect(rule.matches(.reply(reply), ReplyText(reply)) == isTypical, "\(sample.rule): \(text)")
                }
            }
        }
        // Only the one about connections has no reply to know.
        let untried = Set(plan.rules.map(\.id)).subtracting(ShippedReplies.all.map(\.rule))
        #expect(untried == ["default/unreachable"])
    }

    @Test(arguments: [
        ("gmail-smtp-in.l.google.com", "google", 20), ("aspmx.l.google.com", "google", 20),
        ("outlook-com.olc.protection.outlook.com", "microsoft", 10),
        ("example-org.mail.protection.outlook.com", "microsoft365", 10), ("mta5.am0.yahoodns.net", "yahoo", 5),
        ("mx01.mail.icloud.com", "apple", 5), ("mx1a1.comcast.net", "comcast", 5), ("mx00.gmx.net", "gmx", 10),
        ("smtp-in.orange.fr", "orange", 2), ("mx1.mail.ovh.net", "ovh", 10), ("mxs.mail.ru", "mail.ru", 10),
        ("mx.yandex.ru", "yandex", 10), ("mx.example.org", nil, 10), ("notgoogle.com", nil, 10),
    ])
    func exchangersBelongToTheirProviders(exchanger: String, provider: String?, connections: Int) throws {
        let plan = try ShapingPlan.load(files: [Self.file])
        let path = ShapingPlanTests.path(plan, "x.test", mx: [exchanger])
        #expect(path.name.provider == provider && path.limits.connections == connections)
        // Nothing of it needs queues of its own, or sources.
        #expect(plan.namedDomains.isEmpty && plan.namedSources.isEmpty)
    }
}
