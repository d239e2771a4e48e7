import BenchHarness
import Foundation
import Testing

/// Where the harness puts a comparison.
@Suite struct HarnessPathsTests {
    @Test func aComparisonHasADirectoryOfItsOwn() throws {
        let base = FileManager.default.temporaryDirectory.appendingPathComponent("harness-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: base) }
        let paths = HarnessPaths(programs: "/", results: base, spools: base + "/s", repository: "/nonexistent")
        let (one, two) = (try paths.comparisonDirectory("spools"), try paths.comparisonDirectory("spools"))
        #expect(one != two)
        for directory in [one, two] {
            #expect(directory.firstMatch(of: #/\/[0-9]{8}T[0-9]{6}Z_spools_unknown(_2)?$/#) != nil, "\(directory)")
            #expect(FileManager.default.fileExists(atPath: directory))
        }
    }
}
