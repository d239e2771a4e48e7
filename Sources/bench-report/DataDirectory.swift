import CostModel
import Foundation
import ProgramSupport
import RunRecords

/// Where the data lie that come with the programs: `profiles/prices`, `profiles/published`.
enum DataDirectory {
    /// - Parameter given: by a flag; nil: below the current directory, or else below one that holds this program.
    static func path(_ name: String, given: String?) -> String {
        if let given { return given }
        let here = FileManager.default.currentDirectoryPath
        var above = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
        var candidates = [here]
        while above.path != "/" {
            candidates.append(above.path)
            above = above.deletingLastPathComponent()
        }
        let found = candidates.map { "\($0)/\(name)" }.first { FileManager.default.fileExists(atPath: $0) }
        return found ?? name
    }

    /// - Throws: ``UsageFault``.
    static func prices(_ given: String?) throws -> PriceBook {
        do throws(RecordFault) { return try PriceBook(directory: path("profiles/prices", given: given)) } catch {
            throw UsageFault(error.description)
        }
    }
}

extension SheetFormat {
    init(flag: String) throws {
        guard let format = SheetFormat(rawValue: flag) else {
            throw UsageFault("--format '\(flag)': expected text, markdown, csv or json")
        }
        self = format
    }
}

extension PriceBook {
    /// - Throws: ``UsageFault`` with the nearest name.
    func instance(flag name: String) throws -> Instance {
        if let instance = instance(name) { return instance }
        throw UsageFault(Self.unknown("--instance", name, instances.map(\.name)))
    }

    func rentedVolume(flag text: String) throws -> RentedVolume {
        let request: VolumeRequest
        do { request = try VolumeRequest(parsing: text) } catch { throw UsageFault("--storage \(error)") }
        guard let type = volume(request.type) else {
            throw UsageFault(Self.unknown("--storage", request.type, volumes.map(\.name)))
        }
        return RentedVolume(
            type, gigabytes: request.gigabytes, iops: request.iops, mbPerSecond: request.mbPerSecond)
    }

    static func unknown(_ flag: String, _ name: String, _ known: [String]) -> String {
        "\(flag) '\(name)': the prices have no such entry\(StrictMapping.suggestion(name, known)); "
            + "there are \(known.joined(separator: ", "))"
    }
}
