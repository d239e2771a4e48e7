import Foundation
import Glibc
import ResultStore
package import RunRecords

/// Writes a result's directory: the one place that knows what lies in it (`docs/RESULTS.md`).
package struct ResultDirectory {
    private let path: String
    private let paths: HarnessPaths

    /// Records that the programs leave and that go into `run.json`.
    private static let spentRecords = ["generator.json", "mta.json", "sink.json"]
    private static let ledgers = (generator: "generator.ledger", sink: "sink.ledger")

    /// - Parameter paths: of the repository, whose commit the environment names, and of the spools.
    package init(_ path: String, paths: HarnessPaths) {
        self.path = path
        self.paths = paths
    }

    /// Writes the record and all that follows from it, compresses the ledgers, and removes what has gone into them.
    /// - Returns: the record as it was written, with what was kept.
    package func write(_ record: RunRecord) throws -> RunRecord {
        var record = record
        let packed = try packLedgers(isValid: record.invalid.isEmpty)
        record.ledgers = packed?.facts
        try RecordFile.write(record, to: path + "/" + ResultBundle.recordName)
        for (name, bytes) in DerivedFiles.of(record) { try put(bytes, name) }
        for (name, bytes) in packed?.files ?? [:] { try put(bytes, name) }
        try put(environment(), "environment.json")
        for name in Self.spentRecords {
            unlink(path + "/" + name)
            unlink(path + "/" + name + ".live")
        }
        for name in [Self.ledgers.generator, Self.ledgers.sink] { unlink(path + "/" + name) }
        removeEmptyLogs()
        return record
    }

    /// Lists the digests of all files: the last thing that is done to a result, or to a comparison of several.
    package static func seal(_ directory: String) throws {
        let manifest = ResultManifest(try ResultBundle.read(directory).files)
        try Data(manifest.text.utf8).write(
            to: URL(fileURLWithPath: directory + "/" + ResultManifest.fileName), options: .atomic)
    }

    /// Nil where a run has no ledgers.
    private func packLedgers(isValid: Bool) throws -> LedgerStore.Packed? {
        let (generator, sink) = (path + "/" + Self.ledgers.generator, path + "/" + Self.ledgers.sink)
        guard FileManager.default.fileExists(atPath: generator), FileManager.default.fileExists(atPath: sink) else {
            return nil
        }
        return try LedgerStore.pack(
            generator: try LedgerComparison.read(generator), sink: try LedgerComparison.read(sink), isValid: isValid)
    }

    private func environment() throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        let facts = EnvironmentProbe.facts(repository: paths.repository, directories: [path, paths.spools])
        return [UInt8](try encoder.encode(facts)) + [0x0A]
    }

    private func put(_ bytes: [UInt8], _ name: String) throws {
        let url = URL(fileURLWithPath: path + "/" + name)
        try HarnessPaths.make(url.deletingLastPathComponent().path)
        do { try Data(bytes).write(to: url, options: .atomic) } catch {
            throw RecordFault("\(url.path): cannot be written: \(error.localizedDescription)")
        }
    }

    /// A program that had nothing to complain of has no log.
    private func removeEmptyLogs() {
        for name in (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? [] {
            guard name.hasSuffix(".stderr") || name.hasSuffix(".log") else { continue }
            let size = (try? FileManager.default.attributesOfItem(atPath: path + "/" + name))?[.size] as? Int
            if size == 0 { unlink(path + "/" + name) }
        }
    }
}
