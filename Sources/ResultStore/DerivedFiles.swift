package import RunRecords

/// The files of a run's directory that follow from its record, letter by letter: written by the harness, made again by
/// the check.
package enum DerivedFiles {
    package static let profileName = "profile.yaml"
    package static let seriesName = "series.csv"
    package static let resourcesName = "resources.csv"
    package static let definitionName = "system/definition.yaml"
    /// Files that were made for the system lie below it.
    package static let systemFilesPrefix = "system/files/"
    package static let histogramsPrefix = "histograms/"
    package static let reportName = "report.md"

    /// By path below the directory; empty histograms have no file. ``reportName`` is not among them.
    package static func of(_ record: RunRecord) -> [String: [UInt8]] {
        var files: [String: [UInt8]] = [:]
        func add(_ path: String, _ text: String?) { if let text { files[path] = Array(text.utf8) } }
        add(profileName, record.profileText)
        add(seriesName, RecordTables.series(record))
        add(resourcesName, RecordTables.resources(record))
        for named in RecordHistograms.all(record) where named.histogram.count > 0 {
            add(histogramsPrefix + named.name + ".csv", HistogramText.csv(named.histogram))
            add(histogramsPrefix + named.name + ".hgrm", named.histogram.percentileDistribution)
        }
        if let system = record.system {
            if !system.definition.isEmpty { add(definitionName, system.definition) }
            for (path, text) in system.files { add(systemFilesPrefix + safe(path), text) }
        }
        return files
    }

    /// No file of a system may leave the directory, whatever it is called.
    private static func safe(_ path: String) -> String {
        path.split(separator: "/").map { $0.allSatisfy { $0 == "." } ? "_" : String($0) }.joined(separator: "/")
    }
}
