import Foundation
import ResultStore
import RunRecords
import Testing

/// `SHA256SUMS` as the tool of that name writes and reads it.
@Suite struct ResultManifestTests {
    @Test func digestsAreThoseOfTheStandard() {
        #expect(
            ContentDigest.sha256([]) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
        // FIPS 180-2, B.1.
        #expect(
            ContentDigest.sha256(Array("abc".utf8))
                == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    }

    @Test func writtenAndReadAgain() throws {
        let files: [String: [UInt8]] = ["run.json": [1], "system/a b": [2, 3], "SHA256SUMS": [9]]
        let manifest = ResultManifest(files)
        #expect(manifest.entries.map(\.path) == ["run.json", "system/a b"])
        let read = try ResultManifest(parsing: manifest.text)
        #expect(read.entries == manifest.entries)
        #expect(read.problems(files) == [])
    }

    @Test func whatDoesNotAgreeIsNamed() throws {
        let manifest = ResultManifest(["run.json": [1], "report.md": [2]])
        let problems = manifest.problems(["run.json": [7], "series.csv": [3], "chart.svg": [4]])
        #expect(problems.count == 3)
        #expect(problems[0] == "report.md is listed, but is not there")
        #expect(problems[1].hasPrefix("run.json has the digest ca358758f6d27e6c…, listed is 4bf5122f344554c5…"))
        #expect(problems[2] == "series.csv is there, but is not listed")
        // What somebody draws beside a result is no part of it.
        #expect(manifest.unlisted(["chart.svg": [4]]) == ["chart.svg"])
    }

    private static let digest = String(repeating: "ab", count: 32)

    @Test(arguments: [
        "nonsense", digest, "\(digest) run.json", "\(digest)  /etc/passwd", "\(digest)  ../run.json",
        "\(digest)  a/../../b", "\(digest)  ", "\(digest.uppercased())  run.json",
        "\(digest)  run.json\n\(digest)  run.json",
    ]) func whatIsNoManifestIsRefused(text: String) {
        #expect(throws: RecordFault.self) { try ResultManifest(parsing: text) }
    }

    /// The tool itself has the last word.
    @Test func sha256sumAgrees() throws {
        let directory = FileManager.default.temporaryDirectory.appendingPathComponent("sums-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: directory) }
        try FileManager.default.createDirectory(
            at: directory.appendingPathComponent("system"), withIntermediateDirectories: true)
        let files: [String: [UInt8]] = ["run.json": Array("{}".utf8), "system/definition.yaml": Array("title: x".utf8)]
        for (name, bytes) in files { try Data(bytes).write(to: directory.appendingPathComponent(name)) }
        try ResultManifest(files).text.write(
            to: directory.appendingPathComponent("SHA256SUMS"), atomically: true, encoding: .utf8)
        let tool = Process()
        tool.executableURL = URL(fileURLWithPath: "/usr/bin/sha256sum")
        tool.arguments = ["--check", "--strict", "--quiet", "SHA256SUMS"]
        tool.currentDirectoryURL = directory
        try tool.run()
        tool.waitUntilExit()
        #expect(tool.terminationStatus == 0)
        #expect(try ResultBundle.read(directory.path).files.keys.sorted() == ["SHA256SUMS"] + files.keys.sorted())
    }
}
