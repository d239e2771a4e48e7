import Foundation
import Testing

/// The house rules that a machine can see.
@Suite struct HouseTests {
    private static let root = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    private struct Source {
        var path: String
        var lines: [String]
    }

    private static func swiftSources(_ directories: [String]) throws -> [Source] {
        try directories.flatMap { directory -> [Source] in
            let base = root.appendingPathComponent(directory)
            let names = try FileManager.default.subpathsOfDirectory(atPath: base.path).filter { $0.hasSuffix(".swift") }
            return try names.map { name in
                let text = try String(contentsOf: base.appendingPathComponent(name), encoding: .utf8)
                return Source(path: directory + "/" + name, lines: text.components(separatedBy: "\n"))
            }
        }
    }

    @Test func noFileIsLongerThan400Lines() throws {
        let sources = try Self.swiftSources(["Sources", "Tests"])
        #expect(sources.count > 60)
        let long = sources.filter { $0.lines.count > 401 }.map { "\($0.path): \($0.lines.count)" }
        #expect(long.isEmpty, "\(long)")
    }

    @Test func noFunctionIsLongerThan70Lines() throws {
        let long = try Self.swiftSources(["Sources"]).flatMap { source in
            Self.functions(source.lines).filter { $0.length > 70 }.map {
                "\(source.path):\($0.line): \($0.length) lines"
            }
        }
        #expect(long.isEmpty, "\(long)")
    }

    /// Functions by brace depth: good enough for code that a formatter has seen.
    private static func functions(_ lines: [String]) -> [(line: Int, length: Int)] {
        var found: [(line: Int, length: Int)] = []
        for (index, line) in lines.enumerated() {
            let words = line.trimmingCharacters(in: .whitespaces)
            guard words.contains("func ") || words.hasPrefix("init(") || words.contains(" init("),
                !words.hasPrefix("//")
            else { continue }
            let indent = line.prefix { $0 == " " }
            guard let end = lines[index...].firstIndex(where: { $0 == indent + "}" }) else { continue }
            // A declaration without a body ends before the next blank line.
            if lines[index...end].prefix(6).contains(where: { $0.hasSuffix("{") || $0.contains("{ ") }) {
                found.append((index + 1, end - index + 1))
            }
        }
        return found
    }

    @Test(arguments: ["MailTypes", "SMTPProtocol", "DeliveryQueue"])
    func pureTargetsImportNoSystem(target: String) throws {
        let sources = try Self.swiftSources(["Sources/" + target])
        #expect(!sources.isEmpty)
        for source in sources {
            for line in source.lines where line.hasPrefix("import ") || line.contains(" import ") {
                let module = line.split(separator: " ").last.map(String.init) ?? ""
                #expect(
                    !["Foundation", "Glibc", "NIOCore", "NIOPosix", "Dispatch"].contains(module),
                    "\(source.path): \(line)")
            }
        }
    }

    @Test func nothingIsLeftForLater() throws {
        let marks = ["TO" + "DO", "FIX" + "ME", "XX" + "X:"]
        for source in try Self.swiftSources(["Sources", "Tests"]) {
            for (number, line) in source.lines.enumerated() {
                #expect(!marks.contains { line.contains($0) }, "\(source.path):\(number + 1): \(line)")
            }
        }
    }

    /// Only the program that wires things up may name a concrete spool.
    @Test func onlyTheProgramNamesASpool() throws {
        for source in try Self.swiftSources(["Sources"]) where !source.path.hasPrefix("Sources/mta/") {
            guard !source.path.hasPrefix("Sources/Spool") else { continue }
            #expect(
                !source.lines.contains { $0.contains("RocksDBSpool") || $0.contains("import SpoolRocksDB") },
                "\(source.path)")
        }
    }
}
