import Foundation
import Measures
import RunRecords
import RunReporting
import Testing

/// Charts drawn by the real gnuplot.
@Suite struct RunChartTests {
    @Test func anSVGWithItsPanelsAndSeries() throws {
        let svg = try draw([try RunFixture.run()])
        #expect(svg.hasPrefix("<?xml"))
        #expect(svg.contains("</svg>"))
        for text in [
            "1,000 messages of 10 KB over 20 connections, rocksdb fsync, Test CPU 9000, 2 cores",
            "Throughput", "messages per second", "seconds since the first message", "accepted", "received by the sink",
            "Latency by percentile", "milliseconds", "99.9", "transaction", "accepted to delivered",
        ] { #expect(svg.contains(">\(text)<"), "\(text) is not drawn") }
        #expect(!svg.contains("INVALID"))
    }

    /// gnuplot names a curve in `<title>` and draws it behind: each has points of its own.
    @Test func everySeriesHasPoints() throws {
        let svg = try draw([try RunFixture.run()])
        let plots = svg.components(separatedBy: "<g id=\"gnuplot_plot_").dropFirst()
        #expect(plots.count == 4)
        for plot in plots { #expect(plot.contains("<path"), "\(plot.prefix(200))") }
    }

    @Test func severalRunsAreToldApart() throws {
        let text = RunFixture.profileText.replacingOccurrences(of: "rocksdb}", with: "rocksdb, durability: os}")
        let other = try RunFixture.run(text: text, name: "other") { mta, _ in mta.durability = "os" }
        let svg = try draw([try RunFixture.run(), other])
        #expect(svg.contains("fixture mta-rocksdb-fsync: accepted<"))
        #expect(svg.contains("other mta-rocksdb-os: accepted<"))
        #expect(svg.contains("other mta-rocksdb-os: accepted to delivered<"))
        #expect(svg.contains(">2 runs of different loads, Test CPU 9000, 2 cores<"))
    }

    /// The samples end long after the last message: the throughput is that of the time until then.
    @Test func waitingAfterTheLastMessageIsNoSlowness() throws {
        var run = try RunFixture.run(lastAccepted: 1001.5, lastReceived: 1001.5)
        run.generator.series[1].unixSeconds = 1009
        run.sink.series[1].unixSeconds = 1009
        let ticks = try xTicks(draw([run]))
        #expect(ticks.contains(1))
        #expect(ticks.allSatisfy { $0 < 2 }, "\(ticks)")
    }

    /// A link to a device stays one, and the device takes what it is given.
    @Test func aDeviceTakesTheDrawing() throws {
        let path = NSTemporaryDirectory() + "/millrace-\(UUID().uuidString).svg"
        try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: "/dev/null")
        defer { try? FileManager.default.removeItem(atPath: path) }
        try RunChart([try RunFixture.run()]).write(to: path)
        #expect(try FileManager.default.destinationOfSymbolicLink(atPath: path) == "/dev/null")
    }

    @Test func anInvalidRunSaysSoInTheTitle() throws {
        let svg = try draw([try RunFixture.run { _, audit in audit.lost = 1 }])
        #expect(svg.contains(">INVALID: 1,000 messages"))
        #expect(!svg.contains(">accepted<") && svg.contains(">transaction<"), "its rates are withheld")
    }

    @Test func theThroughputOfNoResultIsNotDrawn() throws {
        let run = try RunFixture.run { _, audit in audit.lost = 1 }
        let path = NSTemporaryDirectory() + "/millrace-\(UUID().uuidString).svg"
        #expect { try RunChart([run], [.time]).write(to: path) } throws: { "\($0)".contains("is withheld: ") }
        #expect(!FileManager.default.fileExists(atPath: path))
    }

    /// Letters that mean something to gnuplot or to XML come out as letters.
    @Test func namesAreNotReadAsMarkup() throws {
        var run = try RunFixture.run()
        run.machine.cpu = #"A_1^2 "B" {C} \D @E $F `ls` & <G>"#
        let svg = try draw([run])
        #expect(svg.contains(#"A_1^2 "B" {C} \D @E $F `ls` &amp; &lt;G>"#))
    }

    @Test func aPNGBySuffix() throws {
        try withTemporaryDirectory { directory in
            try RunChart([try RunFixture.run()]).write(to: directory + "/chart.png")
            let data = try #require(FileManager.default.contents(atPath: directory + "/chart.png"))
            #expect(data.starts(with: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]))
            #expect(data.count > 5000)
        }
    }

    @Test func anEarlierChartIsReplaced() throws {
        try withTemporaryDirectory { directory in
            let path = directory + "/it's a chart.svg"
            try "old".write(toFile: path, atomically: true, encoding: .utf8)
            try RunChart([try RunFixture.run()]).write(to: path)
            #expect(try String(contentsOfFile: path, encoding: .utf8).contains("<svg"))
        }
    }

    @Test func refusesWhatItCannotWrite() throws {
        let chart = RunChart([try RunFixture.run()])
        try withTemporaryDirectory { directory in
            let suffix = #expect(throws: RecordFault.self) { try chart.write(to: directory + "/chart.pdf") }
            #expect(suffix?.description == "\(directory)/chart.pdf: the name must end with .svg or .png")
            let missing = #expect(throws: RecordFault.self) { try chart.write(to: directory + "/no/chart.svg") }
            #expect(missing?.description == "\(directory)/no/chart.svg: cannot be written: No such file or directory")
        }
    }

    @Test func aRunWithoutMessagesHasNothingToDraw() throws {
        var run = try RunFixture.run()
        (run.generator.series, run.sink.series) = ([], [])
        (run.generator.transactionLatency, run.mta!.deliveryLatency) = (LatencyHistogram(), LatencyHistogram())
        try withTemporaryDirectory { directory in
            let fault = #expect(throws: RecordFault.self) { try RunChart([run]).write(to: directory + "/chart.svg") }
            #expect(fault?.description == "\(directory)/chart.svg: there is nothing to draw")
        }
    }

    /// The numbers below the throughput panel: everything written before the label of that axis.
    private func xTicks(_ svg: String) throws -> [Double] {
        let panel = try #require(svg.components(separatedBy: ">seconds since the first message<").first)
        return panel.matches(of: #/<text>(?:<tspan[^>]*>)?\s*([0-9.]+)\s*</#).compactMap { Double($0.1) }
            .filter { $0 < 100 }
    }

    private func draw(_ runs: [RunRecord]) throws -> String {
        var svg = ""
        try withTemporaryDirectory { directory in
            try RunChart(runs).write(to: directory + "/chart.svg")
            svg = try String(contentsOfFile: directory + "/chart.svg", encoding: .utf8)
        }
        return svg
    }

    private func withTemporaryDirectory(_ body: (String) throws -> Void) throws {
        let url = FileManager.default.temporaryDirectory.appendingPathComponent("charts-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: url) }
        try body(url.path)
    }
}
