import MailTypes
import Testing

@Suite struct QueueNameTests {
    @Test(arguments: [
        ("example.org", nil, "example.org"),
        ("127.0.0.1:2525", nil, "127.0.0.1:2525"),
        ("[::1]:25", nil, "[::1]:25"),
        ("bulk>example.org", "bulk", "example.org"),
        ("mx:(mx1>backup).example.org", nil, "mx:(mx1>backup).example.org"),
        ("bulk>mx:(mx1>backup).example.org", "bulk", "mx:(mx1>backup).example.org"),
        ("a_B-1.c>[::1]:25", "a_B-1.c", "[::1]:25"),
        (">example.org", nil, ">example.org"),
        ("", nil, ""),
    ]) func namesAreReadAndWritten(text: String, pool: String?, destination: String) {
        let name = QueueName(text)
        #expect(name == QueueName(pool: pool, destination: destination))
        #expect(name.text == text)
        #expect(QueueName.destination(of: text) == destination)
    }

    /// Senders stand in front, whatever they are called.
    @Test(
        arguments: [
            ("acme@example.org", nil, "acme", nil, "example.org"),
            ("spring:acme@bulk>mx:(a>b).c", "spring", "acme", "bulk", "mx:(a>b).c"),
            ("spring:@[::1]:25", "spring", nil, nil, "[::1]:25"),
            ("a%40b%3Ac%3Ed%25@x.test", nil, "a@b:c>d%", nil, "x.test"),
            ("%D1%8F:%20@bulk>x.test", "я", " ", "bulk", "x.test"),
        ] as [(String, String?, String?, String?, String)]) func sendersStandInFront(
            text: String, campaign: String?, tenant: String?, pool: String?, destination: String
        )
    {
        let name = QueueName(tenant: tenant, campaign: campaign, pool: pool, destination: destination)
        #expect(name.text == text && QueueName(text) == name && name.hasOwner)
        #expect(QueueName.destination(of: text) == destination)
        #expect(QueueName.parts(of: text).pool.map { String($0) } == pool)
        #expect(!name.ofEverybody.hasOwner && name.ofEverybody.destination == destination)
        #expect(MailSelection(destination: destination, pool: pool ?? "").fits(queue: text))
        #expect(MailSelection(destination: text).fits(queue: text))
    }

    /// Each text is one queue's name: what nobody would write so belongs to the destination.
    @Test(arguments: ["@x.test", "%41@x.test", "a%4@x.test", "a%3a@x.test", "a:b:c@x.test", ":@x.test", ":a@x.test"])
    func whatIsNotWrittenSoIsNoSender(text: String) {
        let name = QueueName(text)
        #expect(!name.hasOwner && name.destination == text && name.text == text)
    }

    /// Mail that need not be encrypted has the rules of its destination, and a queue of its own.
    @Test(arguments: ["x.test", "bulk>x.test", "spring:acme@bulk>mx:(mx1>backup).example.org", "mx:sts=mx.x.test"])
    func mailInTheClearHasAQueueOfItsOwn(text: String) {
        let optional = QueueName(text + ";tls=no")
        var usual = QueueName(text)
        #expect(optional.isTLSOptional && !usual.isTLSOptional && optional.text == text + ";tls=no")
        #expect(optional.ofEverybody.isTLSOptional)
        #expect(QueueName.destination(of: optional.text) == usual.destination)
        #expect(MailSelection(destination: usual.destination).fits(queue: optional.text))
        usual.isTLSOptional = true
        #expect(usual == optional)
    }

    /// Selections read the same names: what has `>` in a site's name is no pool.
    @Test func selectionsKnowSitesFromPools() {
        let site = "mx:(mx1>backup).example.org"
        #expect(MailSelection(pool: "").fits(queue: site))
        #expect(!MailSelection(pool: "mx:(mx1").fits(queue: site))
        #expect(!MailSelection(destination: "backup).example.org").fits(queue: site))
        #expect(MailSelection(destination: site).fits(queue: site))
        #expect(MailSelection(destination: site, pool: "bulk").fits(queue: "bulk>" + site))
        #expect(MailSelection(destination: "bulk>" + site).fits(queue: "bulk>" + site))
    }
}
