import TextCodecs

/// Text that is being made, with a bound.
struct TemplateWriter {
    typealias Fault = Template.Fault

    private(set) var text = ""
    private(set) var size = 0
    private let limit: Int
    private let line: Int

    init(limit: Int, line: Int) {
        self.limit = limit
        self.line = line
    }

    mutating func write(_ more: String) throws(Fault) {
        size += more.utf8.count
        guard size <= limit else { throw JinjaLexer.fault(line, "more than \(limit) bytes come out") }
        text += more
    }

    /// How values within lists are spelled.
    enum Spelling {
        /// `[1, "a", none]`
        case jinja
        /// `[1, a, ]`, `[object]`
        case handlebars
        /// `[1,"a",null]`, harmless in HTML; by so many blanks a level, if any.
        case json(indent: Int?)
    }

    mutating func write(_ value: JSONValue, _ spelling: Spelling, level: Int = 0) throws(Fault) {
        switch value {
        case .null: try write(Self.null(spelling))
        case .bool(let flag): try write(flag ? "true" : "false")
        case .number(let text): try write(Self.number(text))
        case .string(let text):
            switch spelling {
            case .handlebars: try write(text)
            case .jinja: try write(JSONText.quoted(text))
            case .json: try write(JSONText.quoted(text, isSafeInHTML: true))
            }
        case .array(let items):
            try write("[")
            for (index, item) in items.enumerated() {
                try separate(index, spelling, level + 1)
                try write(item, spelling, level: level + 1)
            }
            try end("]", items.isEmpty, spelling, level)
        case .object(let members):
            if case .handlebars = spelling { return try write("[object]") }
            try write("{")
            for (index, member) in members.enumerated() {
                try separate(index, spelling, level + 1)
                if case .json(let indent) = spelling {
                    try write(JSONText.quoted(member.key, isSafeInHTML: true) + (indent == nil ? ":" : ": "))
                } else {
                    try write(JSONText.quoted(member.key) + ": ")
                }
                try write(member.value, spelling, level: level + 1)
            }
            try end("}", members.isEmpty, spelling, level)
        }
    }

    private mutating func separate(_ index: Int, _ spelling: Spelling, _ level: Int) throws(Fault) {
        guard case .json(let indent) = spelling else {
            if index > 0 { try write(", ") }
            return
        }
        if index > 0 { try write(",") }
        if let indent { try write("\n" + String(repeating: " ", count: indent * level)) }
    }

    private mutating func end(_ end: String, _ isEmpty: Bool, _ spelling: Spelling, _ level: Int) throws(Fault) {
        if case .json(let indent?) = spelling, !isEmpty {
            try write("\n" + String(repeating: " ", count: indent * level))
        }
        try write(end)
    }

    private static func null(_ spelling: Spelling) -> String {
        switch spelling {
        case .jinja: "none"
        case .handlebars: ""
        case .json: "null"
        }
    }

    /// Whole numbers as they were written.
    static func number(_ text: String) -> String {
        if text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) { return text }
        return TemplateNumber(text)?.text ?? text
    }
}

/// Text that is safe in HTML, in elements and between quotes.
enum HTMLText {
    /// - Parameter isHandlebars: harmless without quotes too, as Handlebars does it.
    static func escaped(_ text: String, isHandlebars: Bool = false) -> String {
        func isSpecial(_ byte: UInt8) -> Bool {
            byte == 0x26 || byte == 0x3C || byte == 0x3E || byte == 0x22 || byte == 0x27
                || (isHandlebars && (byte == 0x60 || byte == 0x3D))
        }
        guard text.utf8.contains(where: isSpecial) else { return text }
        var out: [UInt8] = []
        out.reserveCapacity(text.utf8.count + 32)
        for byte in text.utf8 {
            guard isSpecial(byte) else {
                out.append(byte)
                continue
            }
            switch byte {
            case 0x26: out += Array("&amp;".utf8)
            case 0x3C: out += Array("&lt;".utf8)
            case 0x3E: out += Array("&gt;".utf8)
            case 0x22: out += Array("&quot;".utf8)
            case 0x27: out += Array("&#x27;".utf8)
            case 0x60: out += Array("&#x60;".utf8)
            default: out += Array("&#x3D;".utf8)
            }
        }
        return String(decoding: out, as: UTF8.self)
    }
}
