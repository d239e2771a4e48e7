import Foundation
import Measures
import RelayService
import Testing

@Suite struct MetricsTests {
    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path

    /// docs/METRICS.md is made from the declarations.
    @Test func thePageIsTheDeclarations() throws {
        let page = try String(contentsOfFile: Self.root + "/docs/METRICS.md", encoding: .utf8)
        #expect(page == RelayMetrics.page)
    }

    @Test func namesKeepToTheConventions() {
        for family in RelayMetrics.families {
            #expect(family.name.wholeMatch(of: /millrace_[a-z_]+/) != nil)
            #expect((family.kind == .counter) == family.name.hasSuffix("_total"), "\(family.name)")
            #expect(family.help.hasSuffix("."))
            if family.kind == .histogram { #expect(family.name.hasSuffix("_seconds")) }
        }
        #expect(Set(RelayMetrics.families.map(\.name)).count == RelayMetrics.families.count)
    }

    /// The dashboard asks only for what there is, and its panels do not overlap.
    @Test func theDashboardFits() throws {
        let data = try Data(contentsOf: URL(fileURLWithPath: Self.root + "/docs/grafana/millrace-mta.json"))
        let board = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
        let panels = try #require(board["panels"] as? [[String: Any]])
        #expect(panels.count >= 10)
        #expect(Set(panels.compactMap { $0["id"] as? Int }).count == panels.count)
        let names = Set(
            RelayMetrics.families.flatMap {
                $0.kind == .histogram ? [$0.name + "_bucket", $0.name + "_sum", $0.name + "_count"] : [$0.name]
            })
        var cells: Set<[Int]> = []
        for panel in panels {
            let place = try #require(panel["gridPos"] as? [String: Int])
            for x in place["x"]!..<(place["x"]! + place["w"]!) {
                for y in place["y"]!..<(place["y"]! + place["h"]!) { #expect(cells.insert([x, y]).inserted) }
            }
            for target in try #require(panel["targets"] as? [[String: Any]]) {
                let used = try #require(target["expr"] as? String).matches(of: /millrace_[a-z_]+/)
                #expect(!used.isEmpty)
                for name in used { #expect(names.contains(String(name.0)), "\(name.0)") }
            }
        }
    }

    @Test func histogramsAreCumulative() {
        var histogram = LatencyHistogram()
        for milliseconds in [0.4, 3, 3, 700, 5_000_000] { histogram.record(nanoseconds: UInt64(milliseconds * 1e6)) }
        var text = MetricText()
        text.add(MetricFamily("x_seconds", .histogram, "Help \\ me."), histogram)
        let lines = text.text.split(separator: "\n").map(String.init)
        #expect(lines[0] == "# HELP x_seconds Help \\\\ me." && lines[1] == "# TYPE x_seconds histogram")
        for line in [
            "x_seconds_bucket{le=\"0.0005\"} 1", "x_seconds_bucket{le=\"0.0025\"} 1",
            "x_seconds_bucket{le=\"0.005\"} 3",
            "x_seconds_bucket{le=\"1\"} 4", "x_seconds_bucket{le=\"3600\"} 4", "x_seconds_bucket{le=\"+Inf\"} 5",
            "x_seconds_count 5",
        ] { #expect(lines.contains(line), "\(line) in \(text.text)") }
    }

    @Test func labelsAreEscaped() {
        var text = MetricText()
        text.add(MetricFamily("x", .gauge, "X.", labels: ["a", "b"]), [(["q\"\\\n", "z"], 1.5)])
        #expect(text.text.hasSuffix("x{a=\"q\\\"\\\\\\n\",b=\"z\"} 1.5\n"))
        var part = MetricText(prefix: "y")
        part.add(MetricFamily("x", .gauge, "X."), 1)
        #expect(part.text.isEmpty)
    }
}
