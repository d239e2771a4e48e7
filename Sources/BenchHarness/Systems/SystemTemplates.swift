import Foundation
import Measures
import MessageBuilding
package import RunRecords

/// Where a system is to run and what it is to do: what templates can name.
package struct SystemScene {
    /// Directory of this project's programs.
    package var programs: String
    /// The run's work directory.
    package var work: String
    /// Path of the system's own record; empty without one.
    package var record: String
    package var hostname: String
    package var listenHost = "127.0.0.1"
    package var listenPort: Int
    package var httpPort: Int
    package var sinkHost = "127.0.0.1"
    package var sinkPort: Int
    package var threads: Int
    package var connections: Int
    package var messageSizeBytes: Int
    package var tls = TLSPlan.none
    package var certificate = ""
    package var certificateKey = ""
    /// Empty: nothing is signed.
    package var dkimKey = ""
    /// `smtp`, `lmtp` or `http`.
    package var injection = "smtp"

    /// Something of each kind, to try templates with.
    package static let example = SystemScene(
        programs: "/programs", work: "/work", record: "/result/mta.json", hostname: "system.test", listenPort: 2525,
        httpPort: 8025, sinkPort: 2526, threads: 2, connections: 100, messageSizeBytes: 10_000, tls: .starttls,
        certificate: "/work/certificate.pem", certificateKey: "/work/certificate.key", dkimKey: "/work/dkim.pem",
        injection: "http")
}

/// Makes a definition's files and commands out of its templates.
package struct SystemTemplates {
    private let choice: SystemChoice
    private let values: [JSONValue]
    private let names: Set<String>

    package init(_ choice: SystemChoice, _ scene: SystemScene) {
        self.choice = choice
        var members: [String: JSONValue] = [
            "programs": .string(scene.programs), "work": .string(scene.work), "record": .string(scene.record),
            "hostname": .string(scene.hostname), "listen_host": .string(scene.listenHost),
            "listen_port": .number("\(scene.listenPort)"), "http_port": .number("\(scene.httpPort)"),
            "sink_host": .string(scene.sinkHost), "sink_port": .number("\(scene.sinkPort)"),
            "threads": .number("\(scene.threads)"), "connections": .number("\(scene.connections)"),
            "message_size_bytes": .number("\(scene.messageSizeBytes)"), "tls": .string(scene.tls.rawValue),
            "certificate": .string(scene.certificate), "certificate_key": .string(scene.certificateKey),
            "dkim_key": .string(scene.dkimKey), "injection": .string(scene.injection),
            "variant": .string(choice.variant.name),
            "options": .object(
                choice.options.sorted { $0.key < $1.key }.map { JSONValue.Member($0.key, .string($0.value)) }),
        ]
        for parameters in [choice.definition.parameters, choice.variant.parameters, choice.parameters] {
            for (name, value) in parameters { members[name] = .string(value) }
        }
        names = Set(members.keys)
        values = [.object(members.sorted { $0.key < $1.key }.map { JSONValue.Member($0.key, $0.value) })]
    }

    /// Tries every template there is.
    /// - Throws: ``RecordFault`` with file, line and key.
    package func checkAll() throws(RecordFault) {
        let definition = choice.definition
        _ = try files()
        _ = try command(definition.start, "start")
        for command in definition.prepare { _ = try self.command(command, "prepare") }
        if let version = definition.version { _ = try command(version, "version") }
        if let stop = definition.stop.command { _ = try command(stop, "stop.command") }
        if case .command(let command)? = definition.queue { _ = try self.command(command, "queue.command") }
        _ = try environment()
        _ = try executables()
    }

    /// The texts of the files by path.
    package func files() throws(RecordFault) -> [String: String] {
        var found: [String: String] = [:]
        for file in choice.definition.files {
            found[file.path] = try render(file.text, "files.\(file.path)", file.line)
        }
        return found
    }

    func command(_ command: SystemDefinition.Command, _ key: String) throws(RecordFault) -> [String] {
        var words: [String] = []
        for word in command.words { words.append(try render(word, key, command.line)) }
        return words
    }

    func environment() throws(RecordFault) -> [String: String] {
        var found: [String: String] = [:]
        for (name, text) in choice.definition.environment { found[name] = try render(text, "environment.\(name)", 1) }
        return found
    }

    func executables() throws(RecordFault) -> [String] {
        var found: [String] = []
        for text in choice.definition.executables { found.append(try render(text, "executables", 1)) }
        return found
    }

    private func render(_ text: String, _ key: String, _ line: Int) throws(RecordFault) -> String {
        for name in Self.namesRead(text) where !names.contains(name) {
            throw RecordFault(
                "\(choice.definition.file):\(line): key '\(key)': '\(name)' is no name that a template can use"
                    + StrictMapping.suggestion(name, Array(names)))
        }
        do {
            var budget = TemplateBudget.whole
            return try Template(text, .jinja).render(values, &budget)
        } catch { throw RecordFault("\(choice.definition.file):\(line): key '\(key)': \(error.text)") }
    }

    /// The first name within each `{{ … }}` that is not a loop's own: a misspelt one would be rendered as nothing.
    static func namesRead(_ text: String) -> [String] {
        var own: Set<String> = []
        for part in text.components(separatedBy: "{%").dropFirst() {
            let words = part.prefix { $0 != "%" }.split { " ,-".contains($0) }.map(String.init)
            guard words.first == "for" || words.first == "set" else { continue }
            own.formUnion(words.dropFirst().prefix { $0 != "in" && $0 != "=" })
        }
        return text.components(separatedBy: "{{").dropFirst().compactMap { part in
            let inside = part.drop { " -".contains($0) }
            let name = String(inside.prefix { $0.isLetter || $0.isNumber || $0 == "_" })
            return name.isEmpty || own.contains(name) || name.first!.isNumber ? nil : name
        }
    }
}
