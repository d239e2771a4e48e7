import CostModel
import Foundation
import PublishedBenchmarks
import Testing

/// What the repository ships.
enum Shipped {
    static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path

    static func library() throws -> PublishedLibrary { try PublishedLibrary(directory: root + "/profiles/published") }
    static func book() throws -> PriceBook { try PriceBook(directory: root + "/profiles/prices") }

    static func work(_ id: String = "kumomta-2023") throws -> Reproduction {
        let library = try library()
        return Reproduction(try #require(library.table(id)), library: library, book: try book())
    }
}
