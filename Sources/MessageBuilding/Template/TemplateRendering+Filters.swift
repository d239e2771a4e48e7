/// Filters of texts and numbers.
extension TemplateRendering {
    mutating func apply(
        _ filter: TemplateFilter, _ value: TemplateValue, _ given: [TemplateValue]
    ) throws(Fault) -> TemplateValue {
        func argument(_ place: Int) -> TemplateValue { place < given.count ? given[place] : .undefined }
        switch filter {
        case .upper: return try mapped(value) { $0.uppercased() }
        case .lower: return try mapped(value) { $0.lowercased() }
        case .title: return try mapped(value, Self.title)
        case .capitalize: return try mapped(value) { $0.prefix(1).uppercased() + $0.dropFirst().lowercased() }
        case .trim:
            let characters = argument(0).isUndefined ? nil : Set(try text(argument(0)).unicodeScalars)
            return try mapped(value) { Self.trimmed($0, characters) }
        case .escape: return value.isSafe ? value : .safe(HTMLText.escaped(try text(value)))
        case .safe: return .safe(try text(value))
        case .string: return value.isSafe ? value : .text(try text(value))
        case .default:
            let isMissing = value.isUndefined || (argument(1).isTrue && !value.isTrue)
            return !isMissing ? value : argument(0).isUndefined ? .text("") : argument(0)
        case .replace: return try replaced(value, argument(0), argument(1))
        case .truncate: return try truncated(value, given)
        case .urlencode: return .text(try urlEncoded(value))
        case .tojson: return .safe(try json(value, argument(0)))
        case .abs, .int, .float, .round: return try number(filter, value, argument(0), argument(1))
        case .length: return try length(value)
        case .pluralize:
            let count = value.number == nil ? try length(value).number : value.number
            let isOne = count.map { $0.double == 1 } ?? false
            return !argument(isOne ? 0 : 1).isUndefined ? argument(isOne ? 0 : 1) : .text(isOne ? "" : "s")
        default: return try applyToList(filter, value, given)
        }
    }

    /// What was safe stays so.
    private mutating func mapped(
        _ value: TemplateValue, _ change: (String) -> String
    ) throws(Fault) -> TemplateValue {
        if value.isUndefined { return .text("") }
        let text = change(try text(value))
        try charge(text.utf8.count)
        return value.isSafe ? .safe(text) : .text(text)
    }

    /// A capital behind whatever is no letter and no digit.
    private static func title(_ text: String) -> String {
        var out = ""
        var isFirst = true
        for character in text {
            out += isFirst ? character.uppercased() : character.lowercased()
            isFirst = !(character.isLetter || character.isNumber)
        }
        return out
    }

    private static func trimmed(_ text: String, _ characters: Set<Unicode.Scalar>?) -> String {
        func goes(_ scalar: Unicode.Scalar) -> Bool {
            characters?.contains(scalar) ?? scalar.properties.isWhitespace
        }
        var scalars = text.unicodeScalars.drop(while: goes)
        while let last = scalars.last, goes(last) { scalars.removeLast() }
        return String(scalars)
    }

    private mutating func replaced(
        _ value: TemplateValue, _ old: TemplateValue, _ new: TemplateValue
    ) throws(Fault) -> TemplateValue {
        let (source, pattern) = (try text(value), try text(old))
        var other = try text(new)
        if value.isSafe, !new.isSafe, style.isHTML { other = HTMLText.escaped(other) }
        let bytes = Array(source.utf8)
        // Nothing is between all characters.
        let places =
            pattern.isEmpty
            ? bytes.indices.filter { bytes[$0] & 0xC0 != 0x80 } + [bytes.count] : ByteSearch(pattern).places(in: bytes)
        let (grown, isTooMuch) = places.count.multipliedReportingOverflow(by: other.utf8.count)
        try charge(isTooMuch ? .max : grown)
        try charge(bytes.count)
        var out: [UInt8] = []
        var start = 0
        for place in places {
            out += bytes[start..<place]
            out += other.utf8
            start = place + pattern.utf8.count
        }
        out += bytes[start...]
        let text = String(decoding: out, as: UTF8.self)
        return value.isSafe ? .safe(text) : .text(text)
    }

    /// As Jinja does it: a few characters too many are let through, words stay whole.
    private mutating func truncated(_ value: TemplateValue, _ given: [TemplateValue]) throws(Fault) -> TemplateValue {
        func argument(_ place: Int) -> TemplateValue { place < given.count ? given[place] : .undefined }
        let source = try text(value)
        let wanted = max(0, argument(0).number?.int ?? 255)
        let leeway = min(max(0, argument(3).number?.int ?? 5), 1 << 20)
        let end = argument(2).isUndefined ? "..." : try text(argument(2))
        let scalars = source.unicodeScalars
        guard scalars.count > min(wanted, .max - leeway) + leeway else {
            return value.isSafe ? value : .text(source)
        }
        var short = scalars.prefix(max(0, wanted - end.unicodeScalars.count))
        if !argument(1).isTrue, let blank = short.lastIndex(of: " ") { short = short[..<blank] }
        return .text(String(short) + end)
    }

    private mutating func urlEncoded(_ value: TemplateValue) throws(Fault) -> String {
        if value.rank <= 1 { return "" }
        guard case .json(.object(let members)) = value else { return Self.percent(try text(value)) }
        var parts: [String] = []
        for member in members {
            parts.append(Self.percent(member.key) + "=" + Self.percent(try text(.json(member.value))))
        }
        let joined = parts.joined(separator: "&")
        try charge(joined.utf8.count)
        return joined
    }

    private static func percent(_ text: String) -> String {
        let hex = Array("0123456789ABCDEF".utf8)
        var out: [UInt8] = []
        for byte in text.utf8 {
            let isPlain =
                (0x30...0x39).contains(byte) || (byte < 0x80 && (0x61...0x7A).contains(byte | 0x20))
                || byte == 0x2D || byte == 0x2E || byte == 0x2F || byte == 0x5F
            if isPlain { out.append(byte) } else { out += [0x25, hex[Int(byte >> 4)], hex[Int(byte & 15)]] }
        }
        return String(decoding: out, as: UTF8.self)
    }

    private mutating func json(_ value: TemplateValue, _ indent: TemplateValue) throws(Fault) -> String {
        var width = indent.number?.int.map { min(max($0, 0), 16) }
        if case .json(.bool(let flag)) = indent { width = flag ? 2 : nil }
        var writer = TemplateWriter(limit: Template.Limit.renderedBytes, line: line)
        try writer.write(value.json ?? .null, .json(indent: width))
        try charge(writer.size)
        return writer.text
    }

    private mutating func length(_ value: TemplateValue) throws(Fault) -> TemplateValue {
        switch value {
        case .undefined: return .number(.integer(0))
        case .safe(let text), .json(.string(let text)):
            try charge(text.utf8.count)
            return .number(.integer(Int128(text.unicodeScalars.count)))
        case .json(.array(let items)): return .number(.integer(Int128(items.count)))
        case .json(.object(let members)): return .number(.integer(Int128(members.count)))
        default: throw fault("filter 'length': expected a text, a list or an object, found \(value.kind)")
        }
    }

    // MARK: Numbers

    private mutating func number(
        _ filter: TemplateFilter, _ value: TemplateValue, _ first: TemplateValue, _ second: TemplateValue
    ) throws(Fault) -> TemplateValue {
        var number = value.number
        if filter == .int || filter == .float {
            if value.rank <= 1 { number = .integer(0) }
            if let text = value.string { number = TemplateNumber(Self.trimmed(text, nil)) }
            if number == nil, !first.isUndefined { return first }
        }
        guard let number, let result = try changed(filter, number, first, second) else {
            throw fault("filter '\(filter)': expected a number, found \(value.kind)")
        }
        return .number(result)
    }

    private mutating func changed(
        _ filter: TemplateFilter, _ number: TemplateNumber, _ first: TemplateValue, _ second: TemplateValue
    ) throws(Fault) -> TemplateNumber? {
        switch (filter, number) {
        case (.float, _): return .real(number.double)
        case (.int, .integer), (.round, .integer): return number
        case (.int, .real(let real)): return Int128(exactly: real.rounded(.towardZero)).map { .integer($0) }
        case (.round, .real(let real)): return .real(try rounded(real, first, second))
        case (_, .real(let real)): return .real(real.magnitude)
        case (_, .integer(let whole)):
            return whole < 0 ? TemplateNumber.result(.subtract, .integer(0), number) : number
        }
    }

    private mutating func rounded(
        _ real: Double, _ precision: TemplateValue, _ method: TemplateValue
    ) throws(Fault) -> Double {
        let rules: [String: FloatingPointRoundingRule] = [
            "common": .toNearestOrAwayFromZero, "floor": .down, "ceil": .up,
        ]
        guard let rule = rules[method.isUndefined ? "common" : try text(method)] else {
            throw fault("filter 'round': expected the method common, floor or ceil")
        }
        let places = min(max(precision.number?.int ?? 0, -300), 300)
        let scale = Double("1e\(places.magnitude)") ?? 1
        let scaled = places < 0 ? real / scale : real * scale
        guard scaled.isFinite else { return real }
        let whole = scaled.rounded(rule)
        return places < 0 ? whole * scale : whole / scale
    }
}
