package import CostModel
import Measures

/// All that is published, as a list and as one page.
package enum PublishedPage {
    /// What the single figures are called together.
    package static let othersID = "others"

    package static func list(_ library: PublishedLibrary) -> Sheet {
        var sheet = Sheet(title: "Published benchmarks")
        let tables = library.tables.map { table -> [Sheet.Cell] in
            [
                .init(table.id), .init(table.title), .init(table.published), .count(Double(table.rows.count)),
                .count(Double(table.claims.count + table.notes.count)),
            ]
        }
        sheet.tables = [
            Sheet.Table(
                "published", "Tables",
                columns: [
                    .init("id", "id", isNumber: false), .init("title", "title", isNumber: false),
                    .init("published", "published", isNumber: false), .init("rows", "rows"),
                    .init("statements", "statements"),
                ], rows: tables),
            Sheet.Table(
                "figures", "Single figures (\(othersID))",
                columns: [
                    .init("id", "id", isNumber: false), .init("system", "system", isNumber: false),
                    .init("published_mmh", "MMH"), .init("basis", "basis", isNumber: false),
                ],
                rows: library.figures.map { [.init($0.id), .init($0.system), .figure($0.mmh), .init($0.basis)] }),
        ]
        sheet.notes = ["`bench-report published ID` prints one again and works through its statements"]
        return sheet
    }

    /// - Returns: what `docs/PUBLISHED.md` is.
    package static func markdown(_ library: PublishedLibrary, _ book: PriceBook) -> String {
        let works = library.tables.map { Reproduction($0, library: library, book: book) }
        let sheets = works.map { PublishedSheet($0).sheet } + [FigureFindings.sheet(library, book)]
        return head + sheets.map { "\n" + $0.render(.markdown) }.joined()
    }

    private static let head = """
        # Published benchmarks, worked through again

        This page is the output of `bench-report published --page`, from the data in
        [profiles/published](../profiles/published) and [profiles/prices](../profiles/prices); a test compares the two.
        What each verdict means stands below each table; the cost model is explained in [COST.md](COST.md). Nothing here
        was measured by this project: for that see `bench-report published kumomta-2023 --run` and
        [RESULTS.md](RESULTS.md).

        """
}
