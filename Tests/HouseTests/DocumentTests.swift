import Foundation
import Testing

/// What the documents say exists, and what exists is in the documents.
@Suite struct DocumentTests {
    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path

    /// Every flag of `mta serve` is a key of the file, and explained.
    @Test func everySettingOfTheMTAIsExplained() throws {
        let options = try String(contentsOfFile: Self.root + "/Sources/mta/ServeOptions.swift", encoding: .utf8)
        let document = try String(contentsOfFile: Self.root + "/docs/MTA.md", encoding: .utf8)
        let settings = try String(contentsOfFile: Self.root + "/Sources/mta/ServeSettings.swift", encoding: .utf8)
        let names = options.matches(of: /\n    var ([a-zA-Z]+):/).map { String($0.1) }
        #expect(names.count > 15)
        for name in names where name != "config" && name != "rocksdbOption" {
            let key = name.replacing(/[A-Z]/) { "_" + $0.0.lowercased() }
            #expect(document.contains("`\(key)`"), "docs/MTA.md does not explain '\(key)'")
            #expect(settings.contains("\"\(key)\""), "'\(key)' is no key of the file")
        }
    }

    @Test func linksLeadSomewhere() throws {
        let documents = ["README.md", "docs/ARCHITECTURE.md", "docs/MTA.md", "docs/SPOOL.md", "docs/RESULTS.md"]
        for document in documents {
            let path = Self.root + "/" + document
            let text = try String(contentsOfFile: path, encoding: .utf8)
            let folder = (path as NSString).deletingLastPathComponent
            for match in text.matches(of: /\]\(([^)#:]+)(#[a-z-]+)?\)/) {
                #expect(
                    FileManager.default.fileExists(atPath: folder + "/" + match.1), "\(document) links to \(match.1)")
            }
        }
    }
}
