package import RunRecords

/// `SHA256SUMS` of a result's directory: a digest and a path on each line, as `sha256sum` writes and checks them.
package struct ResultManifest: Sendable {
    package static let fileName = "SHA256SUMS"

    package struct Entry: Hashable, Sendable {
        /// 64 lower-case hexadecimal digits.
        package var digest: String
        /// Below the directory, with `/` between its parts.
        package var path: String
    }

    /// Sorted by path.
    package private(set) var entries: [Entry]

    /// The manifest of these files; itself is left out.
    package init(_ files: [String: [UInt8]]) {
        entries = files.filter { $0.key != Self.fileName }
            .map { Entry(digest: ContentDigest.sha256($0.value), path: $0.key) }
            .sorted { $0.path < $1.path }
    }

    /// - Throws: ``RecordFault`` with the number of the line that is none.
    package init(parsing text: String) throws(RecordFault) {
        entries = []
        var paths: Set<String> = []
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: true).enumerated() {
            let digest = line.prefix(ContentDigest.textLength)
            let rest = line.dropFirst(ContentDigest.textLength)
            guard digest.count == ContentDigest.textLength, digest.allSatisfy({ $0.isHexDigit && !$0.isUppercase }),
                rest.hasPrefix("  ") || rest.hasPrefix(" *"), Self.isBelow(rest.dropFirst(2))
            else { throw RecordFault("\(Self.fileName):\(index + 1): expected 'DIGEST  PATH' of a file below") }
            let path = String(rest.dropFirst(2))
            guard paths.insert(path).inserted else {
                throw RecordFault("\(Self.fileName):\(index + 1): '\(path)' is listed twice")
            }
            entries.append(Entry(digest: String(digest), path: path))
        }
    }

    package var text: String { entries.map { "\($0.digest)  \($0.path)\n" }.joined() }

    /// No file outside of the directory has a place in its manifest.
    private static func isBelow(_ path: Substring) -> Bool {
        !path.isEmpty && !path.hasPrefix("/")
            && !path.split(separator: "/", omittingEmptySubsequences: false).contains { ["", ".", ".."].contains($0) }
    }

    /// What does not agree between the list and the files.
    package func problems(_ files: [String: [UInt8]]) -> [String] {
        var found: [String] = []
        for entry in entries {
            guard let bytes = files[entry.path] else {
                found.append("\(entry.path) is listed, but is not there")
                continue
            }
            let digest = ContentDigest.sha256(bytes)
            if digest != entry.digest {
                found.append(
                    "\(entry.path) has the digest \(digest.prefix(16))…, listed is \(entry.digest.prefix(16))…")
            }
        }
        for path in unlisted(files) where Self.isOfResult(path) { found.append("\(path) is there, but is not listed") }
        return found
    }

    /// Files that were put beside a result later, a chart perhaps, or that somebody left out of the list.
    package func unlisted(_ files: [String: [UInt8]]) -> [String] {
        let listed = Set(entries.map(\.path))
        return files.keys.sorted().filter { $0 != Self.fileName && !listed.contains($0) }
    }

    /// What `bench-report run` writes, and nobody else.
    private static func isOfResult(_ path: String) -> Bool {
        [".json", ".csv", ".hgrm", ".zst", ".stderr", ".yaml", ResultManifest.fileName].contains { path.hasSuffix($0) }
            || ["report.md", "comparison.md", "comparison.txt", "comparison.svg"].contains(path)
            || path.hasPrefix("system/")
    }
}
