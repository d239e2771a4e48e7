import Foundation
import LoadGeneration
import MailTypes
import Measures
import Testing

@Suite struct MessageTests {
    @Test func stampCoversAllThatFollows() throws {
        let made = try MadeMessages()
        for sequence in [1, 2, 1_000_000] as [UInt64] { try made.expectStampCovers(sequence) }
    }

    @Test func pythonReadsIt() throws {
        let made = try MadeMessages { configuration in
            configuration.headers = ["X-Seven: seven"]
            (configuration.content.tenants, configuration.content.campaigns) = (3, 5)
            configuration.recipients = 3
        }
        let said = try pythonParses(
            made.bytes(4),
            """
            print(m['X-Seven'], m['X-Tenant'], m['X-Campaign'], m.get_content_type(), m.get_content_charset(),
                  m['From'].addresses[0].domain.endswith('.test'), len(m['To'].addresses),
                  m['Date'].datetime.year, m['Message-ID'] is not None, m['Subject'],
                  len(m.get_content()) >= 4800, m.defects)
            """)
        #expect(
            said == "seven tenant-1 campaign-4 text/plain us-ascii True 3 2025 True Load message 4 True []\n")
    }

    @Test func sameSeedSameBytes() throws {
        func all(_ seed: UInt64) throws -> [[UInt8]] {
            let made = try MadeMessages { configuration in
                configuration.seed = seed
                configuration.content.size = try SizeDistribution(parsing: "lognormal:2kb:20kb")
                configuration.content.hasHTML = true
                configuration.content.attachments = 1
                configuration.content.attachmentShare = 0.5
            }
            return (1...20).map { made.bytes($0) }
        }
        #expect(try all(5) == all(5))
        #expect(try all(5) != all(6))
    }

    @Test func sameSeedSameAddresses() throws {
        let made = try MadeMessages()
        #expect(made.message(5).envelope == made.message(5).envelope)
        #expect(made.message(5).envelope != made.message(6).envelope)
        #expect(try made.message(5).envelope != MadeMessages { $0.seed = 9 }.message(5).envelope)
    }

    @Test func weightsHold() throws {
        let made = try MadeMessages { configuration in
            configuration.domains = ["a:3", "b:1"].map { LoadConfiguration.Domain(parsing: $0)! }
        }
        var counts: [String: Int] = [:]
        for sequence in 0..<2000 as Range<UInt64> {
            let domain = made.message(sequence).envelope.recipients[0].domain
            counts[String(decoding: domain, as: UTF8.self), default: 0] += 1
        }
        #expect(Set(counts.keys) == ["a.test", "b.test"])
        #expect((1400...1600).contains(counts["a.test"]!), "three quarters of 2,000, give or take")
    }

    @Test(arguments: ["", ":1", "a:", "a:0", "a:-1", "a:x", "a:inf", "a.test=3", "a b", "a>"]) func badDomains(
        text: String
    ) {
        #expect(LoadConfiguration.Domain(parsing: text) == nil)
    }

    @Test func wholeFilesAreSentAsTheyAre() throws {
        let made = try MadeMessages { $0.content.replayed = [Array("Subject: x\n\n.dot\r\nlast".utf8)] }
        let all = made.bytes(chunked: false)
        #expect(String(decoding: all, as: UTF8.self).hasSuffix("\r\nSubject: x\r\n\r\n..dot\r\nlast\r\n"))
        #expect(made.message().content.size == all.count)
        try made.expectStampCovers(1)
    }

    @Test func sendersComeInTurn() throws {
        let made = try MadeMessages { $0.content.senders = 3 }
        let senders = (1...6).map { made.message($0).envelope.reversePath.description }
        #expect(Set(senders).count == 3 && Array(senders[..<3]) == Array(senders[3...]))
    }
}

@Suite struct DomainTests {
    private func counts(_ domains: Int, skew: Double, draws: UInt64) throws -> [String: Int] {
        let made = try MadeMessages {
            $0.domainCount = domains
            $0.domainSkew = skew
        }
        var counts: [String: Int] = [:]
        for sequence in 1...draws {
            let domain = made.message(sequence).envelope.recipients[0].domain
            counts[String(decoding: domain, as: UTF8.self), default: 0] += 1
        }
        return counts
    }

    @Test func generatedDomainsAreAllAlike() throws {
        let counts = try counts(10, skew: 0, draws: 5000)
        #expect(Set(counts.keys) == Set((0..<10).map { "d00000\($0).test" }))
        #expect(counts.values.allSatisfy { (400...600).contains($0) })
    }

    /// With 1/k: the first of 1,000 has a share of 1/7.485, the second half of that.
    @Test func skewedDomainsFollowZipf() throws {
        let counts = try counts(1000, skew: 1, draws: 20_000)
        let expected = [20_000 / 7.4855, 20_000 / 7.4855 / 2, 20_000 / 7.4855 / 10]
        for (name, share) in zip(["d000000.test", "d000001.test", "d000009.test"], expected) {
            #expect(abs(Double(counts[name] ?? 0) - share) < 5 * share.squareRoot(), "\(name)")
        }
    }

    /// A million domains need no table: nearly as many different ones come as must by chance, 1 - 1/e of them.
    @Test func aMillionDomainsCome() throws {
        let made = try MadeMessages {
            $0.domainCount = 1_000_000
            $0.content.size = .fixed(1)
        }
        var seen: Set<[UInt8]> = []
        for sequence in 1...100_000 as ClosedRange<UInt64> {
            seen.insert(Array(made.message(sequence).envelope.recipients[0].domain))
        }
        #expect((94_000...96_500).contains(seen.count))
    }
}
