/// What names stand for.
extension TemplateRendering {
    mutating func path(_ names: [String]) throws(Fault) -> TemplateValue {
        for source in sources {
            guard case .object(let given) = source else { continue }
            try charge(given.count)
            if let found = source[names[0]] { return try members(.json(found), names.dropFirst()) }
        }
        return .undefined
    }

    private mutating func members(_ value: TemplateValue, _ names: ArraySlice<String>) throws(Fault) -> TemplateValue {
        var value = value
        for name in names { value = try member(value, name) }
        return value
    }

    mutating func member(_ value: TemplateValue, _ name: String) throws(Fault) -> TemplateValue {
        if case .json(.object(let members)) = value { try charge(members.count) }
        return value.member(name)
    }

    // MARK: Handlebars

    mutating func value(_ path: HandlebarsPath) throws(Fault) -> TemplateValue {
        let names = path.names[...]
        switch path.start {
        case .anywhere:
            for frame in frames.reversed() {
                let found = try member(frame.value, path.names[0])
                if !found.isUndefined { return try members(found, names.dropFirst()) }
            }
            return try self.path(path.names)
        case .this(let up):
            guard up <= frames.count else { return .undefined }
            guard up == frames.count else { return try members(frames[frames.count - 1 - up].value, names) }
            return names.isEmpty ? try root() : try self.path(path.names)
        case .root: return names.isEmpty ? try root() : try self.path(path.names)
        case .data(let name, let up):
            let places = frames.compactMap(\.place)
            guard up < places.count else { return .undefined }
            return try members(Self.data(name, places[places.count - 1 - up]), names)
        }
    }

    private static func data(_ name: String, _ place: HandlebarsFrame.Place) -> TemplateValue {
        switch name {
        case "index": .json(.number(String(place.index)))
        case "key": .json(place.key)
        case "first": .bool(place.index == 0)
        case "last": .bool(place.isLast)
        default: .undefined
        }
    }

    /// All values there are, as one object.
    private mutating func root() throws(Fault) -> TemplateValue {
        var all: [JSONValue.Member] = []
        var seen: Set<String> = []
        for source in sources {
            guard case .object(let members) = source else { continue }
            try charge(members.count)
            for member in members where seen.insert(member.key).inserted { all.append(member) }
        }
        return .json(.object(all))
    }
}
