extension HandlebarsPath {
    /// A text in quotes, a number, true, false, null, undefined.
    static func literal(_ word: String) -> TemplateValue? {
        switch word {
        case "true": return .bool(true)
        case "false": return .bool(false)
        case "null": return .json(.null)
        case "undefined": return .undefined
        default: break
        }
        if let quote = word.utf8.first, quote == 0x22 || quote == 0x27 {
            return word.utf8.count > 1 && word.utf8.last == quote ? .text(String(word.dropFirst().dropLast())) : nil
        }
        let digits = word.utf8.drop { $0 == 0x2D }
        guard digits.first.map({ (0x30...0x39).contains($0) }) == true,
            word.utf8.allSatisfy({ (0x30...0x39).contains($0) || $0 == 0x2D || $0 == 0x2E })
        else { return nil }
        return TemplateNumber(word).map { .number($0) }
    }

    init(_ word: String, _ line: Int) throws(Template.Fault) {
        var rest = word.utf8[...]
        func take(_ text: String) -> Bool {
            guard rest.starts(with: text.utf8) else { return false }
            rest = rest.dropFirst(text.utf8.count)
            return true
        }
        let fault = JinjaLexer.fault(line, "'\(word.prefix(40))': expected a name such as name, user.name or ../name")
        if take("@") {
            var up = 0
            while take("../") { up += 1 }
            let names = try Self.names(rest, fault)
            guard let name = names.first else { throw fault }
            start = name == "root" ? .root : .data(name, up: up)
            self.names = Array(names.dropFirst())
            return
        }
        var up = 0
        while take("../") { up += 1 }
        if rest.elementsEqual("..".utf8) {
            (start, names) = (.this(up: up + 1), [])
        } else if rest.elementsEqual("this".utf8) || rest.elementsEqual(".".utf8) || (up > 0 && rest.isEmpty) {
            (start, names) = (.this(up: up), [])
        } else if take("this.") || take("this/") || take("./") {
            (start, names) = (.this(up: up), try Self.names(rest, fault))
        } else {
            names = try Self.names(rest, fault)
            start = up == 0 ? .anywhere : .this(up: up)
        }
    }

    /// `a.b/[c d]`.
    private static func names(
        _ text: Substring.UTF8View, _ fault: Template.Fault
    ) throws(Template.Fault) -> [String] {
        var names: [String] = []
        var rest = text
        while true {
            let name: Substring.UTF8View
            if rest.first == 0x5B {
                guard let end = rest.firstIndex(of: 0x5D) else { throw fault }
                name = rest[rest.index(after: rest.startIndex)..<end]
                rest = rest[rest.index(after: end)...]
            } else {
                name = rest.prefix { !"!\"#%&'()*+,./;<=>@[\\]^`{|}~".utf8.contains($0) }
                rest = rest.dropFirst(name.count)
            }
            guard !name.isEmpty else { throw fault }
            names.append(String(Substring(name)))
            guard let separator = rest.first else { return names }
            guard separator == 0x2E || separator == 0x2F else { throw fault }
            rest = rest.dropFirst()
        }
    }
}
