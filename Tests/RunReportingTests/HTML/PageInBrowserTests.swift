import Foundation
import RunReporting
import Testing

/// The page of a comparison and of an invalid run as Chromium shows them.
@Suite(.timeLimit(.minutes(2))) struct PageInBrowserTests {
    private struct Seen: Decodable {
        struct View: Decodable {
            var width, room, height: Double
            var wide: [String]
            var title: String
            var sections: [String]
            var charts: Int
            var smallest_chart_text_px: Double
            var cut: [String]
            var background, colour: String
            var buttons: Int
            var colours: Int
            var commonest_share: Double
        }
        var views: [String: View]
        var pdf_pages: Int
        var requests: [String]
        var complaints: [String]
        var value: [String]?
    }

    /// Sorts the first table by its third column, twice, and tells the names of its rows each time.
    private static let sorting = """
        (() => {
          const table = document.querySelector("table.sortable");
          const names = () => Array.from(table.tBodies[0].rows, (row) => row.cells[2].dataset.value);
          const button = table.tHead.rows[0].cells[2].querySelector("button");
          button.click();
          const down = names().join(" ");
          button.click();
          return [down, names().join(" ")];
        })()
        """

    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().path

    private func look(at html: String) async throws -> Seen? {
        let directory = FileManager.default.temporaryDirectory.appendingPathComponent(
            "millrace-page-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        let file = directory.appendingPathComponent("page.html")
        try html.write(to: file, atomically: true, encoding: .utf8)
        guard FileManager.default.isExecutableFile(atPath: "/usr/bin/chromium") else {
            Issue.record("NOT TESTED: chromium is not installed; 'make setup' installs it")
            return nil
        }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/python3")
        process.arguments = [
            "-B", Self.root + "/Tests/ProgramTests/Support/browser.py", directory.path, "file://" + file.path,
            Self.sorting,
        ]
        let (status, data) = try await Self.output(of: process)
        try #require(status == 0)
        return try JSONDecoder().decode(Seen.self, from: data)
    }

    /// Waited for away from the threads that tests share.
    private static func output(of process: sending Process) async throws -> (status: Int32, data: Data) {
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let reader = output.fileHandleForReading
        let data = await withCheckedContinuation { continuation in
            DispatchQueue.global().async { continuation.resume(returning: reader.readDataToEndOfFile()) }
        }
        process.waitUntilExit()
        return (process.terminationStatus, data)
    }

    private func expectReadable(_ seen: Seen) {
        #expect(seen.views.count == 4)
        for (name, view) in seen.views {
            #expect(
                view.width <= view.room, "\(name) is \(view.width) wide and has room for \(view.room): \(view.wide)")
            #expect(view.wide.isEmpty, "\(name)")
            #expect(view.cut.isEmpty, "\(name): text of a chart is cut off: \(view.cut)")
            // Not blank, and not a wall of one colour.
            #expect(
                view.colours > 30 && view.commonest_share < 0.985, "\(name): \(view.colours) \(view.commonest_share)")
            #expect(view.buttons > 0, "\(name): the script did not run")
            if view.charts > 0 { #expect(view.smallest_chart_text_px >= 10, "\(name): \(view.smallest_chart_text_px)") }
            let isDark = name.hasSuffix("dark")
            #expect((view.background == "rgb(20, 23, 27)") == isDark, "\(name): \(view.background)")
            #expect((view.colour == "rgb(233, 236, 239)") == isDark, "\(name): \(view.colour)")
        }
        #expect(seen.complaints.isEmpty, "\(seen.complaints)")
        #expect(seen.requests.count == 1 && seen.requests[0].hasPrefix("file://"), "\(seen.requests)")
        #expect(seen.pdf_pages > 1)
    }

    @Test func aComparisonIsReadable() async throws {
        let runs = try PageFixture.comparison()
        guard let seen = try await look(at: try HTMLReport(runs).page.html) else { return }
        expectReadable(seen)
        let phone = try #require(seen.views["phone-light"])
        #expect(phone.room == 390)
        #expect(phone.sections.contains("latency") && phone.sections.contains("durability"))
        #expect(phone.charts == 5 + 4 + 4 + 3)
        // The columns of runs are all alike; the next one is sorted by its values.
        let sorted = try #require(seen.value).map { $0.split(separator: " ").compactMap { Double($0) } }
        #expect(sorted.count == 2 && sorted[0].count == 4)
        #expect(sorted[0] == sorted[0].sorted(by: >) && sorted[1] == sorted[1].sorted())
    }

    @Test func whatIsInvalidIsReadable() async throws {
        var runs = try PageFixture.comparison(systems: 0..<2, repeats: 1)
        runs[0].invalid = (0..<30).map { "reason \($0): " + String(repeating: "long", count: 60) }
        runs[0].generator.replies = [
            .init(stage: "final", code: 451, count: 7, firstText: String(repeating: "unbreakable", count: 40))
        ]
        guard let seen = try await look(at: try HTMLReport(runs).page.html) else { return }
        expectReadable(seen)
    }
}
