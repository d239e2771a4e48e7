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
