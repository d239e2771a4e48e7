import Foundation
import ResultStore
import RunRecords
import RunReporting

/// The results below one directory. What is asked for by name is looked up among what was found there: no name ever
/// becomes a path, and links to elsewhere are not followed.
actor ResultCatalogue {
    /// A run, or the runs of one system in a comparison.
    struct Entry: Encodable, Sendable {
        /// `DIRECTORY` or `DIRECTORY/SYSTEM`.
        var id: String
        var profile: String
        var system: String
        var promise: String
        var startedUnixSeconds: Double
        var commit: String
        var runs: Int
        var isValid: Bool
        /// Why it is no result, the first reason.
        var reason: String?
        /// Median, million messages an hour; nil where it is withheld.
        var deliveredMMH: Double?
        /// Of the final reply, milliseconds.
        var replyP99Milliseconds: Double?
        /// Directories of the runs, below that of the catalogue.
        var directories: [String]

        enum CodingKeys: String, CodingKey {
            case id, profile, system, promise, commit, runs, reason, directories
            case startedUnixSeconds = "started_unix_s"
            case isValid = "valid"
            case deliveredMMH = "delivered_mmh"
            case replyP99Milliseconds = "reply_ms_p99"
        }
    }

    private struct Remembered {
        var changed: Date
        var size: Int
        /// Nil: it cannot be read.
        var record: RunRecord?
    }

    private let root: String
    private var remembered: [String: Remembered] = [:]
    /// Entries by id, with when their records were changed.
    private var made: [String: (changes: [Date], entry: Entry)] = [:]

    init(_ root: String) { self.root = root }

    /// All there is now, the newest first.
    func entries() -> [Entry] {
        var found: [Entry] = []
        for name in directories("") {
            let inner = runs(in: name)
            for group in grouped(inner) {
                let isAlone = inner.count == 1 && inner[0] == name
                found.append(entry(isAlone ? name : "\(name)/\(group.runs[0].systemLabel)", group))
            }
        }
        return found.sorted { $0.startedUnixSeconds > $1.startedUnixSeconds }
    }

    /// - Returns: the whole path of a run's directory, if it is one of those that were found.
    func path(ofRun directory: String) -> String? {
        let isThere = directories("").contains { runs(in: $0).contains(directory) } && record(directory) != nil
        return isThere ? root + "/" + directory : nil
    }

    /// Paths of the runs of entries, in the order in which they are named; nil if one is unknown.
    func paths(of ids: [String]) -> [String]? {
        let known = Dictionary(entries().map { ($0.id, $0.directories) }, uniquingKeysWith: { first, _ in first })
        var found: [String] = []
        for id in ids {
            guard let directories = known[id] else { return nil }
            found += directories.filter { !found.contains($0) }
        }
        return found
    }

    var rootPath: String { root }

    // MARK: The disk

    /// Names of directories, neither hidden nor links.
    private func directories(_ below: String) -> [String] {
        let path = below.isEmpty ? root : root + "/" + below
        let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
        return names.filter { !$0.hasPrefix(".") && type(path + "/" + $0) == .typeDirectory }.sorted()
    }

    /// A directory that is a run, or runs that lie in it.
    private func runs(in name: String) -> [String] {
        isRun(name) ? [name] : directories(name).map { name + "/" + $0 }.filter(isRun)
    }

    private func isRun(_ directory: String) -> Bool {
        type("\(root)/\(directory)/\(ResultBundle.recordName)") == .typeRegular
    }

    /// Of the name itself, not of what a link leads to.
    private func type(_ path: String) -> FileAttributeType? {
        (try? FileManager.default.attributesOfItem(atPath: path))?[.type] as? FileAttributeType
    }

    /// Read once, and again when the file has changed.
    private func record(_ directory: String) -> RunRecord? {
        let file = "\(root)/\(directory)/\(ResultBundle.recordName)"
        guard let attributes = try? FileManager.default.attributesOfItem(atPath: file),
            let changed = attributes[.modificationDate] as? Date, let size = attributes[.size] as? Int
        else { return nil }
        if let known = remembered[file], known.changed == changed, known.size == size { return known.record }
        let record = try? RecordFile.read(RunRecord.self, from: file)
        let isReadable = record.map { RunRecord.readableSchemas.contains($0.schema) } ?? false
        remembered[file] = Remembered(changed: changed, size: size, record: isReadable ? record : nil)
        return isReadable ? record : nil
    }

    // MARK: Entries

    private struct Group {
        var runs: [RunRecord] = []
        var directories: [String] = []
    }

    /// By system, in the order in which they began.
    private func grouped(_ directories: [String]) -> [Group] {
        var groups: [(label: String, group: Group)] = []
        for directory in directories {
            guard let record = record(directory) else { continue }
            let label = record.systemLabel
            let index = groups.firstIndex { $0.label == label } ?? groups.endIndex
            if index == groups.endIndex { groups.append((label, Group())) }
            groups[index].group.runs.append(record)
            groups[index].group.directories.append(directory)
        }
        return groups.map(\.group)
    }

    private func entry(_ id: String, _ group: Group) -> Entry {
        let changes = group.directories.compactMap { remembered["\(root)/\($0)/\(ResultBundle.recordName)"]?.changed }
        if let known = made[id], known.changes == changes, known.entry.directories == group.directories {
            return known.entry
        }
        let entry = newEntry(id, group)
        made[id] = (changes, entry)
        return entry
    }

    private func newEntry(_ id: String, _ group: Group) -> Entry {
        let run = group.runs[0]
        let report = try? ComparisonReport(group.runs)
        let row = report?.rows.first
        let reply = report?.columns.first { $0.section == .reply && $0.key.hasSuffix("p99") }
        return Entry(
            id: id, profile: run.profile.name, system: run.systemLabel, promise: run.promise.label,
            startedUnixSeconds: group.runs.map(\.startedUnixSeconds).min() ?? 0, commit: run.machine.commit,
            runs: group.runs.count, isValid: row?.withheld == nil, reason: row?.withheld,
            deliveredMMH: row?.cells["delivered_mmh"]?.value,
            replyP99Milliseconds: reply.flatMap { row?[$0].value }, directories: group.directories)
    }
}
