import Foundation

/// A directory of `*.yaml` files that belong together: prices, published tables.
package enum YAMLDirectory {
    /// Each file's text and path, in the order of their names.
    /// - Parameter kind: what is missing if there is none: `no prices`.
    /// - Throws: ``RecordFault`` that names the directory or the file.
    package static func texts(_ directory: String, missing kind: String) throws(RecordFault) -> [(
        text: String, file: String
    )] {
        let names = ((try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? [])
            .filter { $0.hasSuffix(".yaml") }.sorted()
        guard !names.isEmpty else { throw RecordFault("\(directory): \(kind): expected files *.yaml") }
        var found: [(text: String, file: String)] = []
        for name in names {
            let file = directory + "/" + name
            guard let data = FileManager.default.contents(atPath: file) else {
                throw RecordFault("\(file): cannot be read")
            }
            found.append((String(decoding: data, as: UTF8.self), file))
        }
        return found
    }
}
