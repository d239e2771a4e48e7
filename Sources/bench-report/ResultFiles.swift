import ArgumentParser
import Foundation
import ProgramSupport
import ResultChecks
import ResultStore
import RunRecords

/// How results are taken in by whatever shows them.
struct ReadingOptions: ParsableArguments {
    @Flag(help: "Show results that 'bench-report check' refuses all the same, marked as such.")
    var unchecked = false
}

/// Results as commands name them.
enum ResultFiles {
    /// The records of results, and those in the directory of a comparison, oldest first; each checked.
    /// - Throws: ``UsageFault`` for what cannot be read or is there twice, ``RunFault`` for what is refused.
    static func read(_ paths: [String], _ options: ReadingOptions = ReadingOptions()) throws -> [RunRecord] {
        var seen: [String: String] = [:]
        return try paths.flatMap { path in
            let check = try check(path)
            for run in check.records { try count(run.generator.runID, path, &seen) }
            // What could not be read at all has nothing to show.
            if check.records.isEmpty {
                throw UsageFault("\(path): \(check.failures.first?.detail ?? "no result")")
            }
            guard let first = check.failures.first else { return check.records }
            let reason = "\(first.result): \(first.check): \(first.detail)"
            guard options.unchecked else {
                throw RunFault(
                    "refused: \(reason) ('bench-report check \(path)' says it all, '--unchecked' shows it all the same)"
                )
            }
            return check.records.map { marked($0, "UNCHECKED: refused by \(check.failures.count) checks, \(reason)") }
        }
    }

    /// Repeats are runs of their own: one that counts twice would make intervals narrow that nothing made narrow.
    private static func count(_ runID: String, _ path: String, _ seen: inout [String: String]) throws(UsageFault) {
        if let before = seen.updateValue(path, forKey: runID) {
            throw UsageFault(
                "\(path): run \(runID) is there twice, \(before == path ? "both times here" : "also in \(before)"): "
                    + "expected each result once")
        }
    }

    private static func marked(_ record: RunRecord, _ text: String) -> RunRecord {
        var record = record
        record.warnings.insert(text, at: 0)
        return record
    }

    /// - Throws: ``UsageFault`` for what cannot be read.
    static func check(_ path: String) throws -> ResultCheck {
        do throws(RecordFault) {
            guard path.hasSuffix(".json") else { return ResultCheck(try ResultBundle.read(path)) }
            let url = URL(fileURLWithPath: path)
            let directory = url.deletingLastPathComponent().path
            if url.lastPathComponent == ResultBundle.recordName,
                FileManager.default.fileExists(atPath: directory + "/" + ResultManifest.fileName)
            {
                return ResultCheck(try ResultBundle.read(directory))
            }
            guard let data = FileManager.default.contents(atPath: path) else {
                throw RecordFault("\(path): cannot be read")
            }
            return ResultCheck(record: [UInt8](data), name: url.lastPathComponent)
        } catch {
            throw UsageFault(error.description)
        }
    }

    /// The results in a path: itself, or where it is a directory of many, each of them.
    static func results(_ path: String) -> [String] {
        func has(_ directory: String, _ isWanted: (String) -> Bool) -> Bool {
            ((try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []).contains(where: isWanted)
        }
        guard !path.hasSuffix(".json"), !has(path, { $0 == ResultBundle.recordName || $0.hasPrefix("comparison.") })
        else { return [path] }
        let inner = ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted()
            .filter { !$0.hasPrefix(".") }.map { path + "/" + $0 }
            .filter { has($0) { _ in true } }.flatMap(results)
        let found = inner.filter { has($0) { $0 == ResultBundle.recordName || $0.hasPrefix("comparison.") } }
        return found.isEmpty ? [path] : found
    }
}
