import Foundation
import Testing

/// What the pages of features and RFCs claim: each yes names a test that exists.
@Suite struct FeatureTests {
    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path

    private static let tests: Set<String> = {
        var names: Set<String> = []
        let files = FileManager.default.enumerator(atPath: root + "/Tests")
        while let file = files?.nextObject() as? String {
            guard file.hasSuffix(".swift"),
                let text = try? String(contentsOfFile: root + "/Tests/" + file, encoding: .utf8)
            else { continue }
            for match in text.matches(of: /func (\w+)\(/) { names.insert(String(match.1)) }
        }
        return names
    }()

    @Test(arguments: [("docs/FEATURES.md", 2), ("Sources/SMTPProtocol/SMTPProtocol.docc/RFCs.md", 3)])
    func eachYesHasItsTest(_ page: String, _ column: Int) throws {
        let text = try String(contentsOfFile: Self.root + "/" + page, encoding: .utf8)
        let rows = text.split(separator: "\n").filter { $0.hasPrefix("| ") }.map {
            $0.split(separator: "|", omittingEmptySubsequences: false).map { $0.trimmingCharacters(in: .whitespaces) }
        }.filter { $0.count > column + 2 && !["state"].contains($0[column]) }
        #expect(rows.count > 30)
        for row in rows {
            let state = row[column].lowercased()
            #expect(["yes", "partial", "no"].contains(state), "\(page): \(row)")
            let named = row[column + 1].matches(of: /`([a-z]\w+)`/).map { String($0.1) }
            if state == "yes" { #expect(!named.isEmpty, "\(page): no test for \(row[1])") }
            for name in named where !["deferred_spool"].contains(name) {
                #expect(Self.tests.contains(name), "\(page): there is no test \(name)")
            }
        }
    }
}
