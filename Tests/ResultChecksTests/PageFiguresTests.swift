import Foundation
import ResultChecks
import ResultStore
import RunReporting
import Testing

/// A page is checked by the figures that it carries, and by those that it shows.
@Suite struct PageFiguresTests {
    private static func page(_ bundle: ResultBundle, shows text: String, value: String = "1.44") throws -> [UInt8] {
        let runs = ResultCheck(bundle).records
        let figures = try ReportTable(runs, layout: .comparison).render(.json)
        return Array(
            """
            <!doctype html><title>x</title>
            <p><b data-figure="delivered_mmh" data-system="mta-loose" data-value="\(value)">\(text)</b></p>
            <script type="application/json" id="millrace-figures">\(figures)</script>
            """.utf8)
    }

    private static func failures(_ edit: (inout ResultBundle) throws -> Void) throws -> [String] {
        var bundle = try GoodResult.comparison()
        try edit(&bundle)
        bundle.seal()
        return ResultCheck(bundle).failures.map(\.detail)
    }

    @Test func aPageThatSaysWhatItCarriesPasses() throws {
        #expect(try Self.failures { $0.files["report.html"] = try Self.page($0, shows: "1.44 MMH") } == [])
    }

    @Test func anEditedHeadlineIsRefused() throws {
        let found = try Self.failures { $0.files["report.html"] = try Self.page($0, shows: "7.44 MMH") }
        #expect(found == ["report.html says '7.44 MMH' for delivered_mmh of mta-loose, it carries 1.44"])
    }

    @Test func anEditedValueIsRefused() throws {
        let found = try Self.failures { $0.files["report.html"] = try Self.page($0, shows: "1.44 MMH", value: "7.44") }
        #expect(found == ["report.html shows delivered_mmh of mta-loose as 7.44, it carries 1.44"])
    }

    @Test func editedFiguresAreRefused() throws {
        let found = try Self.failures {
            $0.files["report.html"] = try Self.page($0, shows: "1.44 MMH")
            $0.tamper("report.html", "\"median\" : 1.44", "\"median\" : 7.44")
        }
        #expect(
            found.contains { $0.hasPrefix("report.html: [0].figures.delivered_mmh.median is 7.44 instead of 1.44") })
    }
}
