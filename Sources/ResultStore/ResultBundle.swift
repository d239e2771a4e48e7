import Foundation
package import RunRecords

/// The files of a result's directory, read whole: what a check is made of.
package struct ResultBundle: Sendable {
    package static let recordName = "run.json"
    /// Bytes of one file at most; larger ones are no part of a result.
    package static let fileLimit = 2 << 30

    /// The directory's own name.
    package var name: String
    /// By path below the directory. Files of ``runs`` are not among them, but for the manifest of each.
    package var files: [String: [UInt8]]
    /// Directories of runs in it: a comparison has several, a run none.
    package var runs: [ResultBundle]

    package init(name: String, files: [String: [UInt8]], runs: [ResultBundle] = []) {
        self.name = name
        self.files = files
        self.runs = runs
    }

    /// Whether it is one run.
    package var isRun: Bool { files[Self.recordName] != nil }

    package func text(_ path: String) -> String? { files[path].map { String(decoding: $0, as: UTF8.self) } }

    /// - Parameter directory: of a run or of a comparison.
    /// - Throws: ``RecordFault`` that names what cannot be read.
    package static func read(_ directory: String) throws(RecordFault) -> ResultBundle {
        var bundle = ResultBundle(name: baseName(directory), files: [:])
        for name in try list(directory) {
            let path = directory + "/" + name
            guard isDirectory(path) else {
                bundle.files[name] = try contents(path)
                continue
            }
            guard FileManager.default.fileExists(atPath: path + "/" + recordName) else {
                try addFiles(path, name, &bundle.files)
                continue
            }
            let run = try read(path)
            bundle.runs.append(run)
            if let manifest = run.files[ResultManifest.fileName] {
                bundle.files[name + "/" + ResultManifest.fileName] = manifest
            }
        }
        return bundle
    }

    private static func addFiles(
        _ directory: String, _ prefix: String, _ files: inout [String: [UInt8]]
    ) throws(RecordFault) {
        for name in try list(directory) {
            let path = directory + "/" + name
            if isDirectory(path) {
                try addFiles(path, prefix + "/" + name, &files)
            } else {
                files[prefix + "/" + name] = try contents(path)
            }
        }
    }

    private static func baseName(_ path: String) -> String {
        URL(fileURLWithPath: path).standardizedFileURL.resolvingSymlinksInPath().lastPathComponent
    }

    private static func isDirectory(_ path: String) -> Bool {
        var isDirectory: ObjCBool = false
        return FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) && isDirectory.boolValue
    }

    /// Without hidden names, sorted.
    private static func list(_ directory: String) throws(RecordFault) -> [String] {
        guard let names = try? FileManager.default.contentsOfDirectory(atPath: directory) else {
            throw RecordFault("\(directory): cannot be read")
        }
        return names.filter { !$0.hasPrefix(".") }.sorted()
    }

    private static func contents(_ path: String) throws(RecordFault) -> [UInt8] {
        let size = ((try? FileManager.default.attributesOfItem(atPath: path))?[.size] as? Int) ?? 0
        guard size <= fileLimit else { throw RecordFault("\(path): \(size) bytes are no part of a result") }
        guard let data = FileManager.default.contents(atPath: path) else {
            throw RecordFault("\(path): cannot be read")
        }
        return [UInt8](data)
    }
}
