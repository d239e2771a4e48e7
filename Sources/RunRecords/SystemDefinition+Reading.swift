// How a definition is read: everything that is wrong with it is said with file, line and key.
extension SystemDefinition {
    private static let keys = [
        "title", "about", "kind", "packages", "unpack", "install", "executables", "version", "needs_root", "users",
        "binds", "capabilities", "parameters", "directories", "files", "prepare", "start", "environment", "ready",
        "stop", "queue", "logs", "record", "variants",
    ]
    private static let limits = 1.0...3600

    /// - Parameter file: named in faults; its base name becomes the system's name.
    /// - Throws: ``RecordFault`` as `FILE:LINE: key 'x': … expected …`.
    package init(text: String, file: String) throws(RecordFault) {
        let values = try StrictMapping(text: text, file: file, keys: Self.keys)
        let base = file.split(separator: "/").last.map(String.init) ?? file
        name = base.hasSuffix(".yaml") ? String(base.dropLast(5)) : base
        guard Self.isName(name) else {
            throw RecordFault("\(file):1: expected a file name of small letters, digits and hyphens, then .yaml")
        }
        (self.text, self.file) = (text, file)
        title = try values.requiredText("title")
        about = try values.requiredText("about")
        kind = try values.choice("kind", of: Kind.allCases.map(\.rawValue)).map { Kind(rawValue: $0)! } ?? .mta
        packages = try values.list("packages") ?? []
        isUnpacked = try values.flag("unpack") ?? false
        install = try values.text("install")
        executables = try values.list("executables") ?? []
        version = try values.command("version")
        needsRoot = try values.flag("needs_root") ?? false
        users = try values.list("users") ?? []
        binds = try values.texts("binds") ?? [:]
        capabilities = try Self.capabilities(values)
        parameters = try values.texts("parameters") ?? [:]
        directories =
            try values.mappings("directories", keys: ["path", "owner", "mode"])?
            .map { (entry) throws(RecordFault) in try Directory(entry) } ?? []
        files = try Self.files(values, isUnpacked)
        prepare =
            try values.mappings("prepare", keys: ["command"])?.map { (entry) throws(RecordFault) in
                try entry.required("command", try entry.command("command"))
            } ?? []
        start = try values.required("start", try values.command("start"))
        environment = try values.texts("environment") ?? [:]
        readySeconds = try values.seconds("ready", in: Self.limits) ?? 30
        stop = try Stop(values)
        queue = try Queue(values)
        logs = try values.list("logs") ?? []
        record = try values.text("record")
        variants = try Self.variants(values, kind, parameters)
        try check(values)
    }

    /// What can only be seen of several keys together.
    private func check(_ values: StrictMapping) throws(RecordFault) {
        if executables.isEmpty { throw values.fault("executables", "expected the programs that have to be there") }
        if isUnpacked, packages.isEmpty { throw values.fault("unpack", "expected with 'packages' alone") }
        if !isUnpacked, !users.isEmpty { throw values.fault("users", "expected with 'unpack: true' alone") }
        if !isUnpacked, !binds.isEmpty { throw values.fault("binds", "expected with 'unpack: true' alone") }
        for (path, below) in binds where !path.hasPrefix("/") || !Self.isBelow(below) {
            throw values.fault(
                "binds", "'\(path): \(below)': expected a path from / on, and one below the work directory")
        }
        for (index, directory) in directories.enumerated() where !Self.isBelow(directory.path) {
            throw values.fault(
                "directories", item: index, "'\(directory.path)': expected a path below the work directory")
        }
        for (index, log) in logs.enumerated() where !Self.isBelow(log) {
            throw values.fault("logs", item: index, "'\(log)': expected a path below the work directory")
        }
        if let record, record.contains("/") || record.isEmpty {
            throw values.fault("record", "'\(record)': expected a file name")
        }
        if kind != .mta, record != nil { throw values.fault("record", "expected of an MTA alone") }
    }

    private static func capabilities(_ values: StrictMapping) throws(RecordFault) -> Set<Capability> {
        var found: Set<Capability> = []
        for (index, name) in (try values.list("capabilities") ?? []).enumerated() {
            guard let capability = Capability(rawValue: name) else {
                let all = Capability.allCases.map(\.rawValue)
                throw values.fault(
                    "capabilities", item: index,
                    "'\(name)': expected \(all.joined(separator: " or "))\(StrictMapping.suggestion(name, all))")
            }
            found.insert(capability)
        }
        return found
    }

    private static func files(_ values: StrictMapping, _ isUnpacked: Bool) throws(RecordFault) -> [File] {
        guard let mapping = try values.mapping("files", keys: nil) else { return [] }
        var found: [File] = []
        for path in mapping.names {
            let text = try mapping.required(path, try mapping.text(path))
            guard isBelow(path) || isUnpacked && path.hasPrefix("/") && isBelow(String(path.dropFirst())) else {
                throw mapping.fault(
                    path, "expected a path below the work directory, or from / on in an unpacked root ('unpack: true')")
            }
            found.append(File(path: path, text: text, line: mapping.line(path)))
        }
        return found
    }

    private static func variants(
        _ values: StrictMapping, _ kind: Kind, _ parameters: [String: String]
    ) throws(RecordFault) -> [Variant] {
        guard kind == .mta else {
            let line = values.line("kind")
            return [
                Variant(
                    name: SystemFacts.onlyVariant, about: "", spool: "none", promise: .none, parameters: [:], line: line
                )
            ]
        }
        let keys = ["name", "about", "spool", "promise", "parameters"]
        let entries = try values.required("variants", try values.mappings("variants", keys: keys))
        guard !entries.isEmpty else { throw values.fault("variants", "expected at least one variant") }
        var found: [Variant] = []
        for entry in entries {
            let variant = try Variant(entry)
            guard isName(variant.name) else {
                throw entry.fault("name", "'\(variant.name)': expected small letters, digits and hyphens")
            }
            guard !found.contains(where: { $0.name == variant.name }) else {
                throw entry.fault("name", "'\(variant.name)' is the name of another variant")
            }
            for name in variant.parameters.keys.sorted() where parameters[name] == nil {
                throw entry.fault(
                    "parameters",
                    "'\(name)' is not among the definition's parameters"
                        + StrictMapping.suggestion(name, Array(parameters.keys)))
            }
            found.append(variant)
        }
        return found
    }

    /// Small letters, digits and hyphens.
    package static func isName(_ text: String) -> Bool {
        !text.isEmpty
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"):
                    true
                default: false
                }
            }
    }

    /// A relative path that stays where it is.
    private static func isBelow(_ path: String) -> Bool {
        !path.isEmpty && !path.hasPrefix("/")
            && !path.split(separator: "/", omittingEmptySubsequences: false).contains { ["", ".", ".."].contains($0) }
    }
}

extension StrictMapping {
    /// A list of words.
    fileprivate func command(_ key: String) throws(RecordFault) -> SystemDefinition.Command? {
        guard let words = try list(key) else { return nil }
        guard words.first?.isEmpty == false else { throw fault(key, "expected a program and its arguments") }
        return SystemDefinition.Command(words: words, line: line(key))
    }
}

extension SystemDefinition.Directory {
    fileprivate init(_ values: StrictMapping) throws(RecordFault) {
        path = try values.requiredText("path")
        owner = try values.text("owner")
        let text = try values.text("mode") ?? "755"
        guard let mode = UInt32(text, radix: 8), mode <= 0o7777 else {
            throw values.fault("mode", "'\(text)': expected octal digits such as 750")
        }
        self.mode = mode
    }
}

extension SystemDefinition.Stop {
    fileprivate init(_ definition: StrictMapping) throws(RecordFault) {
        guard let values = try definition.mapping("stop", keys: ["signal", "command", "limit"]) else { return }
        command = try values.command("command")
        let names = SystemDefinition.Signal.allCases.map(\.rawValue)
        if let name = try values.choice("signal", of: names) {
            guard command == nil else { throw values.fault("signal", "expected a signal or a command, not both") }
            signal = SystemDefinition.Signal(rawValue: name)
        } else if command != nil {
            signal = nil
        }
        limitSeconds = try values.seconds("limit", in: 1...3600) ?? limitSeconds
    }
}

extension SystemDefinition.Queue {
    fileprivate init?(_ definition: StrictMapping) throws(RecordFault) {
        guard let values = try definition.mapping("queue", keys: ["files_below", "named", "command"]) else {
            return nil
        }
        let below = try values.list("files_below")
        switch (below, try values.command("command")) {
        case (let below?, nil): self = .files(below: below, named: try values.list("named") ?? ["*"])
        case (nil, let command?): self = .command(command)
        default: throw definition.fault("queue", "expected 'files_below' or 'command'")
        }
    }
}

extension SystemDefinition.Variant {
    fileprivate init(_ values: StrictMapping) throws(RecordFault) {
        name = try values.requiredText("name")
        about = try values.text("about") ?? ""
        spool = try values.requiredText("spool")
        let promises = SpoolPromise.allCases.map(\.rawValue)
        let text = try values.required("promise", try values.choice("promise", of: promises))
        promise = SpoolPromise(rawValue: text) ?? .none
        parameters = try values.texts("parameters") ?? [:]
        line = values.line("name")
    }
}
