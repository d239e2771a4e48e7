import Foundation
import LoadGeneration
import MessageBuilding
import Measures
import Testing

@Suite struct SizeTests {
    private func sizes(_ text: String) throws -> [Int] {
        let made = try MadeMessages { $0.content.size = try SizeDistribution(parsing: text) }
        return (1...600).map { made.bytes($0).count }
    }

    @Test func rangesAreEven() throws {
        let sizes = try sizes("10kb..20kb")
        #expect(sizes.allSatisfy { (10_000...21_000).contains($0) })
        #expect((200...400).contains(sizes.count { $0 < 15_500 }))
    }

    /// The median and the 95th percentile are those asked for; the header is 400 bytes.
    @Test func logNormalSizesHaveTheirPercentiles() throws {
        let sizes = try sizes("lognormal:20kb:200kb").sorted()
        #expect((15_000...26_000).contains(sizes[300]))
        #expect((120_000...330_000).contains(sizes[570]))
    }

    @Test func filesGiveSizesAndWeights() throws {
        let made = try MadeMessages {
            $0.content.size = try SizeDistribution(lines: "# ours\n1kb 3\n50kb\n", file: "sizes")
        }
        let large = (1...400).count { made.bytes($0).count > 40_000 }
        #expect((60...140).contains(large), "a quarter")
        #expect(throws: (any Error).self) { try SizeDistribution(lines: "1kb x", file: "sizes") }
        #expect(throws: (any Error).self) { try SizeDistribution(lines: "", file: "sizes") }
    }

    @Test(arguments: ["", "x", "20kb..10kb", "lognormal:20kb", "lognormal:20kb:10kb", "0", "2GB", "lognormal:1:2:1"])
    func whatIsNoSizeIsRefused(text: String) {
        #expect(throws: (any Error).self) { try SizeDistribution(parsing: text) }
    }

    @Test func checksumsOfCutTextsAreRight() throws {
        let made = try MadeMessages { $0.content.size = try SizeDistribution(parsing: "1..40kb") }
        for sequence in 1...50 as ClosedRange<UInt64> { try made.expectStampCovers(sequence) }
        let large = try MadeMessages {
            $0.content.size = .fixed(9_500_000)
            $0.content.isUnique = true
        }
        try large.expectStampCovers(1)
        #expect(large.bytes(1).count > 9_500_000)
    }

    @Test func uniqueBodiesDiffer() throws {
        let made = try MadeMessages { $0.content.isUnique = true }
        func text(_ sequence: UInt64) -> String {
            String(decoding: made.bytes(sequence), as: UTF8.self).components(separatedBy: "\r\n\r\n").dropFirst()
                .joined()
        }
        #expect(Set((1...100).map(text)).count == 100)
        let shared = try MadeMessages()
        #expect(shared.message(1).content.buffers[1] == shared.message(2).content.buffers[1])
    }
}

@Suite struct PartTests {
    /// What Python's parser makes of text, HTML and files: types, no defects, sizes, and HTML that it reads to the end.
    @Test func pythonTakesThePartsApart() throws {
        let made = try MadeMessages { configuration in
            configuration.content.hasHTML = true
            configuration.content.attachments = 2
            configuration.content.attachmentSize = .fixed(10_000)
        }
        try made.expectStampCovers(1)
        let said = try pythonParses(
            made.bytes(1),
            """
            import html.parser
            parts = list(m.walk())
            print([p.get_content_type() for p in parts], [d for p in parts for d in p.defects])
            print([p.get_filename() for p in m.iter_attachments()])
            print([10000 <= len(p.get_content()) < 10100 for p in m.iter_attachments()])
            print(len(m.get_body(('plain',)).get_content()) >= 1250, len(m.get_body(('html',)).get_content()) >= 3700)
            class H(html.parser.HTMLParser):
                depth = 0
                def handle_starttag(self, tag, attrs): self.depth += tag in ('p', 'a', 'body', 'html', 'head', 'title')
                def handle_endtag(self, tag): self.depth -= 1
            h = H(); h.feed(m.get_body(('html',)).get_content()); print(h.depth)
            """)
        #expect(
            said == """
                ['multipart/mixed', 'multipart/alternative', 'text/plain', 'text/html', 'application/octet-stream', 'application/octet-stream'] []
                ['file-1.bin', 'file-2.bin']
                [True, True]
                True True
                0

                """)
    }

    @Test(arguments: ["transactional", "marketing"]) func profilesAreValidMail(name: String) throws {
        let made = try MadeMessages { configuration in
            let isKnown = configuration.content.apply(profile: name)
            #expect(isKnown)
        }
        for sequence in 1...12 as ClosedRange<UInt64> {
            try made.expectStampCovers(sequence)
            let said = try pythonParses(
                made.bytes(sequence),
                """
                parts = list(m.walk())
                print([d for p in parts for d in p.defects], m.get_body(('html',)) is not None,
                      max(len(l) for l in bytes(m).split(b'\\n')) < 200)
                """)
            #expect(said == "[] True True\n")
        }
    }

    @Test func templatesAreFilled() throws {
        let made = try MadeMessages {
            $0.content.template = try Template(
                "From: {{ sender }}\nTo: {{ recipient }}\nSubject: {{ sequence }} {{ domain }}\n\n.{{ tenant }}\n",
                .jinja)
            $0.content.tenants = 2
        }
        try made.expectStampCovers(2)
        let recipient = made.message(2).envelope.recipients[0]
        let text = String(decoding: made.bytes(2, chunked: false), as: UTF8.self)
        #expect(text.contains("\r\nTo: \(recipient)\r\n") && text.hasSuffix("\r\n\r\n..tenant-2\r\n"))
    }
}

@Suite struct ReplayTests {
    private func folder(_ body: (String) throws -> Void) throws {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("replay-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: path) }
        try body(path)
    }

    private func write(_ text: String, _ path: String) throws {
        try FileManager.default.createDirectory(
            atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
        try text.write(toFile: path, atomically: true, encoding: .utf8)
    }

    @Test func mboxesAreTakenApart() throws {
        try folder { path in
            try write(
                """
                From a@x Thu Nov 26 00:00:00 2026
                Subject: one

                >From the start
                From here it goes on
                >>From me

                From b@x Thu Nov 26 00:00:00 2026
                Subject: two

                text
                """, path + "/box")
            let messages = try MailReplay.read(path + "/box").map { String(decoding: $0, as: UTF8.self) }
            #expect(
                messages == [
                    "Subject: one\n\nFrom the start\nFrom here it goes on\n>From me\n", "Subject: two\n\ntext\n",
                ])
        }
    }

    @Test func foldersAreReadInOrder() throws {
        try folder { path in
            try write("Subject: b\n\n", path + "/eml/b.eml")
            try write("Subject: a\n\n", path + "/eml/a.EML")
            try write("no mail", path + "/eml/readme.txt")
            let names = try MailReplay.read(path + "/eml").map { String(decoding: $0, as: UTF8.self).prefix(10) }
            #expect(names == ["Subject: a", "Subject: b"])
            try write("Subject: new\n\n", path + "/maildir/new/1")
            try write("Subject: cur\n\n", path + "/maildir/cur/2:2,S")
            try write("Subject: tmp\n\n", path + "/maildir/tmp/3")
            #expect(try MailReplay.read(path + "/maildir").count == 2)
            #expect(throws: (any Error).self) { try MailReplay.read(path + "/nothing") }
        }
    }

    @Test func replayedMailComesInTurn() throws {
        let made = try MadeMessages { $0.content.replayed = ["one", "two"].map { Array("Subject: \($0)\n\nü".utf8) } }
        let ends = (1...4).map { String(decoding: made.bytes($0), as: UTF8.self).components(separatedBy: "\r\n")[1] }
        #expect(ends == ["Subject: one", "Subject: two", "Subject: one", "Subject: two"])
        #expect(made.message(1).envelope.bodyType == .eightBitMIME)
    }
}
