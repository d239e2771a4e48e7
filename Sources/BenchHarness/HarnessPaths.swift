import Foundation
import Measures
package import RunRecords

/// Where things are for a run.
package struct HarnessPaths: Sendable {
    /// Directory of `traffic-gen`, `mta` and `sink-mta`.
    package var programs: String
    /// Results go below this directory.
    package var results: String
    /// Spools go below this directory and are removed afterwards: its file system is what is measured.
    package var spools: String
    package var repository: String
    /// Where systems are unpacked that cannot be installed beside others.
    package var systems: String { repository + "/.build/systems" }

    package init(programs: String, results: String, spools: String, repository: String) {
        self.programs = programs
        self.results = results
        self.spools = spools
        self.repository = repository
    }

    /// A new directory below ``results``, for the runs of a comparison of a profile's variants: `UTC_PROFILE_COMMIT`.
    package func comparisonDirectory(_ profile: String) throws -> String {
        try newDirectory("\(profile)_\(MachineProbe.commit(of: repository))", WallInstant.now())
    }

    /// `UTC_NAME` below ``results``; a second one of the same second gets `_2` behind it.
    func newDirectory(_ name: String, _ started: WallInstant) throws -> String {
        let formatter = ISO8601DateFormatter()
        formatter.formatOptions = [.withYear, .withMonth, .withDay, .withTime, .withTimeZone]
        let time = formatter.string(from: Date(timeIntervalSince1970: started.seconds))
        let base = "\(results)/\(time)_\(name)"
        var directory = base
        var number = 2
        while FileManager.default.fileExists(atPath: directory) {
            directory = "\(base)_\(number)"
            number += 1
        }
        try Self.make(directory)
        return directory
    }

    package static func make(_ path: String) throws(RecordFault) {
        do {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        } catch { throw RecordFault("\(path): cannot be created: \(error.localizedDescription)") }
    }
}
