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

    /// As KumoMTA's /metrics.json: by name, a number, an object of one label, a list of several, a histogram.
    @Test func theSameAsJSON() throws {
        var text = MetricText(form: .json)
        text.add(MetricFamily("x", .gauge, "An \"x\"."), 1.5)
        text.add(MetricFamily("y_total", .counter, "Y.", labels: ["a"]), [(["q\"\n"], 2), (["z"], 3)])
        text.add(MetricFamily("z_total", .counter, "Z.", labels: ["a", "b"]), [(["1", "2"], 4)])
        var histogram = LatencyHistogram()
        for milliseconds in [3, 700] { histogram.record(nanoseconds: UInt64(milliseconds) * 1_000_000) }
        text.add(MetricFamily("h_seconds", .histogram, "H."), histogram)
        let whole = try #require(
            try JSONSerialization.jsonObject(with: Data(text.text.utf8)) as? [String: [String: Any]])
        #expect(
            whole.mapValues { $0["type"] as? String } == [
                "x": "gauge", "y_total": "counter", "z_total": "counter", "h_seconds": "histogram",
            ])
        #expect(whole["x"]?["help"] as? String == "An \"x\"." && whole["x"]?["value"] as? Double == 1.5)
        #expect(whole["y_total"]?["value"] as? [String: [String: Int]] == ["a": ["q\"\n": 2, "z": 3]])
        let rows = try #require(whole["z_total"]?["value"] as? [[String: Any]])
        #expect(rows.count == 1 && rows[0]["a"] as? String == "1" && rows[0]["@"] as? Int == 4)
        let value = try #require(whole["h_seconds"]?["value"] as? [String: Any])
        #expect(value["count"] as? Int == 2 && abs((value["sum"] as? Double ?? 0) - 0.703) < 0.001)
        let buckets = try #require(value["bucket"] as? [[Double]])
        #expect(buckets.count == MetricText.bounds.count && buckets.contains([0.005, 1]) && buckets.last == [3600, 2])
        var none = MetricText(prefix: "nothing", form: .json)
        none.add(MetricFamily("x", .gauge, "X."), 1)
        #expect(none.text == "{}\n")
    }

    /// With RocksDB's own names and units; other spools have none of them.
    @Test func rocksDBsFiguresAreMetrics() {
        var text = MetricText()
        let details = [
            "cur-size-all-mem-tables": 1, "block-cache-usage": 2, "estimate-table-readers-mem": 3,
            "num-files-at-level0": 4, "num-files-at-level6": 5, "num-running-flushes": 6, "num-running-compactions": 7,
            "estimate-pending-compaction-bytes": 8, "is-write-stopped": 1, "actual-delayed-write-rate": 9,
            "stall.micros": 2_500_000, "background-errors": 10,
        ]
        RelayMetrics.addRocksDB(
            Dictionary(uniqueKeysWithValues: details.map { ("rocksdb." + $0.key, $0.value) }), &text)
        let lines = text.text.split(separator: "\n").filter { !$0.hasPrefix("#") }
            .map { $0.replacing("millrace_rocksdb_", with: "") }
        #expect(
            lines == [
                "memory_bytes{kind=\"memtables\"} 1", "memory_bytes{kind=\"block_cache\"} 2",
                "memory_bytes{kind=\"table_readers\"} 3", "level_files{level=\"0\"} 4", "level_files{level=\"6\"} 5",
                "running_jobs{job=\"flush\"} 6", "running_jobs{job=\"compaction\"} 7", "pending_compaction_bytes 8",
                "write_stopped 1", "delayed_write_bytes_per_second 9", "stall_seconds_total 2.5",
                "background_errors_total 10",
            ])
        var none = MetricText()
        RelayMetrics.addRocksDB(["states": 1], &none)
        #expect(none.text.isEmpty)
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
