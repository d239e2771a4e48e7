import RunRecords

/// Every key with its form, default and meaning, from the same declarations that read the file.
package enum ConfigurationReference {
    package enum Format: String, CaseIterable, Sendable { case text, markdown, json }

    package static func render(_ format: Format) -> String {
        let keys = MTASettings.keys.map(\.description)
        switch format {
        case .text: return flat(keys, "").map(line).joined(separator: "\n") + "\n"
        case .markdown: return markdown(keys)
        case .json: return "[\n" + flat(keys, "").map { "  " + json($0) }.joined(separator: ",\n") + "\n]\n"
        }
    }

    /// Keys with their whole paths; `[]` for each entry of a list.
    private static func flat(_ keys: [KeyDescription], _ path: String) -> [(path: String, key: KeyDescription)] {
        keys.flatMap { key in
            [(path + key.name, key)]
                + flat(key.inner, path + key.name + (key.form.hasPrefix("list") ? "[]." : "."))
        }
    }

    private static func line(_ entry: (path: String, key: KeyDescription)) -> String {
        let key = entry.key
        let standard = key.standard.isEmpty ? "" : "; default \(key.standard)"
        return
            "\(entry.path)\n    \(key.form)\(standard)\(key.isReloadable ? "" : "; needs a restart")\n    \(key.meaning)"
    }

    private static func json(_ entry: (path: String, key: KeyDescription)) -> String {
        let key = entry.key
        return "{\"key\": \(quoted(entry.path)), \"form\": \(quoted(key.form)), \"default\": \(quoted(key.standard)), "
            + "\"reloadable\": \(key.isReloadable), \"meaning\": \(quoted(key.meaning))}"
    }

    private static func quoted(_ text: String) -> String {
        "\"" + text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
    }

    private static func markdown(_ keys: [KeyDescription]) -> String {
        let head = """
            # The configuration file

            Written by `mta config-reference --format markdown` from the declarations that also read the file. Keys with
            ↻ change with SIGHUP, the others with a restart. `mta check-config FILE` says what is wrong with a file.

            Durations are written `300ms`, `5m`, `4h`, `5d`; sizes `100KB` (100,000) or `64KiB` (65,536).


            """
        return head + table(keys) + sections(keys, "")
    }

    private static func sections(_ keys: [KeyDescription], _ path: String) -> String {
        keys.filter { !$0.inner.isEmpty }.map { key in
            let name = path + key.name
            return "\n## `\(name)`\n\n\(key.meaning).\n\n" + table(key.inner) + sections(key.inner, name + ".")
        }.joined()
    }

    private static func table(_ keys: [KeyDescription]) -> String {
        "| key | form | default | meaning |\n|---|---|---|---|\n"
            + keys.map {
                "| `\($0.name)`\($0.isReloadable ? " ↻" : "") | \($0.form) | \($0.standard.isEmpty ? "–" : $0.standard) | \($0.meaning) |\n"
            }.joined()
    }
}
