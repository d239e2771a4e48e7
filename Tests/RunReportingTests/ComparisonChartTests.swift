import Foundation
import RunRecords
import RunReporting
import Testing

/// Bars drawn by the real gnuplot.
@Suite struct ComparisonChartTests {
    private func draw(_ runs: [RunRecord]) throws -> String {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("bars-\(UUID().uuidString).svg").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        try ComparisonChart(runs).write(to: path)
        return try String(contentsOfFile: path, encoding: .utf8)
    }

    @Test func fourPanelsWithANameAndANoteForEachSystem() throws {
        let svg = try draw(try (0..<4).map { try RunFixture.variant($0) })
        for text in [
            "1,000 messages of 10 KB over 20 connections, Test CPU 9000, 2 cores",
            "Delivered", "million messages an hour", "CPU of the mta", "µs a message", "Written to the device",
            "bytes a message", "Final reply, p99", "ms from MAIL to the final reply", "mta-segment-fsync",
            "survives power cut", "mta-segment-os", "survives mta crash", "mta-segment-deferred",
            "not durable at first",
            "mta-memory", "not durable", "1.44", "600.0", "12,000", "8.0",
        ] { #expect(svg.contains(">\(text)<"), "\(text) is not drawn") }
        #expect(!svg.contains("INVALID"))
        #expect(!svg.contains("median"))
    }

    /// In each of the panels: plain colours for what is durable, patterns for what is not.
    @Test func whatIsNotDurableIsHatched() throws {
        let (durable, not) = (try draw([try RunFixture.variant(0)]), try draw([try RunFixture.variant(3)]))
        #expect(!durable.contains("url(#gpPat"))
        #expect(not.components(separatedBy: "url(#gpPat").count - 1 == 4)
        #expect(try draw([try RunFixture.variant(2)]).contains("url(#gpPat"))
        #expect(try !draw([try RunFixture.variant(1)]).contains("url(#gpPat"))
    }

    /// A bar for each system and panel, and whiskers only where repeats differ.
    @Test func rangesAreWhiskers() throws {
        func plots(_ svg: String) -> Int { svg.components(separatedBy: "<g id=\"gnuplot_plot_").count - 1 }
        let single = try draw([try RunFixture.variant(0), try RunFixture.variant(3)])
        #expect(plots(single) == 8)
        let repeated = try draw([
            try RunFixture.variant(0, repeats: 2), try RunFixture.variant(3),
            try RunFixture.variant(0, lastReceived: 1004, repeatIndex: 2, repeats: 2),
        ])
        // The rate alone differs.
        #expect(plots(repeated) == 9)
        #expect(repeated.contains(">1.17<"))
        #expect(repeated.contains(", median and range of 2 runs<"))
    }

    @Test func withoutADeviceTheWritesAreTheMTAsOwn() throws {
        let svg = try draw([try RunFixture.variant(0), try RunFixture.variant(1, deviceWriteBytes: nil)])
        #expect(svg.contains(">Written by the mta<"))
        #expect(svg.contains(">21,000<"))
    }

    @Test func anInvalidSystemSaysSo() throws {
        let bad = try RunFixture.variant(0) { _, audit in audit.lost = 1 }
        let svg = try draw([bad, try RunFixture.variant(3)])
        #expect(svg.contains(">INVALID: 1,000 messages"))
        #expect(svg.contains(">INVALID, survives power cut<"))
        #expect(svg.contains(">not durable<"))
    }

    @Test func loadsAndMachinesThatDifferAreNotNamed() throws {
        var other = try RunFixture.variant(3)
        (other.profile.messages, other.machine.cpu) = (2000, "Other CPU")
        let svg = try draw([try RunFixture.variant(0), other])
        #expect(svg.contains(">INVALID") == false)
        #expect(svg.contains(">different loads, on different machines<"))
    }

    @Test func aPNGBySuffix() throws {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("bars-\(UUID().uuidString).png").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        try ComparisonChart([try RunFixture.variant(0), try RunFixture.variant(3)]).write(to: path)
        let data = try #require(FileManager.default.contents(atPath: path))
        #expect(data.starts(with: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]))
        #expect(data.count > 5000)
    }

    @Test func refusesWhatItCannotWrite() throws {
        let fault = #expect(throws: RecordFault.self) {
            try ComparisonChart([try RunFixture.variant(0)]).write(to: "/nonexistent/bars.svg")
        }
        #expect(fault?.description == "/nonexistent/bars.svg: cannot be written: No such file or directory")
        let none = #expect(throws: RecordFault.self) { try ComparisonChart([]).write(to: "/tmp/none.svg") }
        #expect(none?.description == "there is no run to report")
    }

    @Test func barsAreForSeveralSystems() throws {
        #expect(ComparisonChart.suits([try RunFixture.variant(0), try RunFixture.variant(3)]))
        #expect(
            !ComparisonChart.suits([
                try RunFixture.variant(0, repeats: 2), try RunFixture.variant(0, repeatIndex: 2, repeats: 2),
            ]))
    }
}
