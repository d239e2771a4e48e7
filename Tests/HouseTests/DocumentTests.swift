import Foundation
import Testing

/// What the documents say exists, and what exists is in the documents.
@Suite struct DocumentTests {
    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path

    @Test func linksLeadSomewhere() throws {
        let documents = [
            "README.md", "docs/ARCHITECTURE.md", "docs/MTA.md", "docs/SPOOL.md", "docs/RESULTS.md",
            "docs/CONFIGURATION.md", "docs/SINK.md", "docs/TESTING.md", "docs/METRICS.md", "docs/FEATURES.md",
            "docs/COST.md", "docs/TRAFFIC-GEN.md", "docs/TLS.md", "docs/REPLIES.md", "docs/POLICY.md",
            "docs/PUBLISHED.md", "docs/STATISTICS.md", "profiles/prices/README.md", "profiles/published/README.md",
        ]
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
