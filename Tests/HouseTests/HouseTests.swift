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
            let base = root.appendingPathComponent(directory).resolvingSymlinksInPath()
            let names = try FileManager.default.subpathsOfDirectory(atPath: base.path).filter { $0.hasSuffix(".swift") }
            // An empty list would let every rule pass.
            try #require(!names.isEmpty, "no Swift sources under \(base.path)")
            return try names.map { name in
                let text = try String(contentsOf: base.appendingPathComponent(name), encoding: .utf8)
                return Source(path: directory + "/" + name, lines: text.components(separatedBy: "\n"))
            }
        }
    }

    @Test func noFileIsLongerThan400Lines() throws {
        let sources = try Self.swiftSources(["Sources", "Tests", "Benchmarks"])
        #expect(sources.count > 60)
        let long = sources.filter { $0.lines.count > 401 }.map { "\($0.path): \($0.lines.count)" }
        #expect(long.isEmpty, "\(long)")
    }

    @Test func noFunctionIsLongerThan70Lines() throws {
        let long = try Self.swiftSources(["Sources", "Benchmarks"]).flatMap { source in
            Self.functions(source.lines).filter { $0.length > 70 }.map {
                "\(source.path):\($0.line): \($0.length) lines"
            }
        }
        #expect(long.isEmpty, "\(long)")
    }

    /// Bodies of functions, initialisers, subscripts and computed properties: from the declaration to the first line
    /// that is its closing brace, good enough for code that a formatter has seen.
    private static func functions(_ lines: [String]) -> [(line: Int, length: Int)] {
        let modifiers = "(@\\w+(\\(.*\\))? )*((package|private|fileprivate|static|mutating|nonisolated|override) )*"
        let begins = try! Regex(modifiers + "(func |init[?(<]|deinit|subscript|var [^=]*\\{$)")
        var found: [(line: Int, length: Int)] = []
        for (index, line) in lines.enumerated() {
            let indent = line.prefix { $0 == " " }
            guard line.dropFirst(indent.count).prefixMatch(of: begins) != nil else { continue }
            // A body opens at the end of the declaration, before anything else stands at its level.
            guard let opening = lines[index...].firstIndex(where: { $0.hasSuffix("{") || $0.hasSuffix("}") }),
                lines[opening].hasSuffix("{"),
                let end = lines[opening...].firstIndex(where: { $0 == indent + "}" })
            else { continue }
            found.append((index + 1, end - index + 1))
        }
        return found
    }

    /// The rule above has teeth: it sees the declarations that the sources are made of.
    @Test(arguments: [
        "func a() {", "package static func a() -> Int {", "    mutating func a(", "init(_ a: Int) {",
        "package init?(a: Int) {",
        "private var a: Int {", "subscript(a: Int) -> Int {", "    @Test func a() {", "@inline(__always) func a() {",
        "deinit {",
    ])
    func longFunctionsAreFound(declaration: String) {
        let indent = String(declaration.prefix { $0 == " " })
        var lines = ["", declaration]
        if declaration.hasSuffix("(") { lines.append(indent + ") {") }
        lines += Array(repeating: indent + "    if x { y() }", count: 70) + [indent + "}"]
        #expect(Self.functions(lines).map(\.line) == [2])
        #expect(Self.functions(lines).first.map { $0.length > 70 } == true)
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
        for source in try Self.swiftSources(["Sources", "Tests", "Benchmarks"]) {
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
