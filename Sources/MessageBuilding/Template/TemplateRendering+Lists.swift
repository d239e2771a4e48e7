/// Filters of lists and objects.
extension TemplateRendering {
    /// What there is to go through: items, keys, characters; nothing in what is not there. Nil for other values.
    mutating func list(_ value: TemplateValue) throws(Fault) -> [JSONValue]? {
        switch value {
        case .undefined, .json(.null): return []
        case .json(.array(let items)): return items
        case .json(.object(let members)):
            try charge(members.count)
            return members.map { .string($0.key) }
        case .safe(let text), .json(.string(let text)):
            try charge(text.utf8.count)
            return text.unicodeScalars.map { .string(String(Character($0))) }
        default: return nil
        }
    }

    mutating func applyToList(
        _ filter: TemplateFilter, _ value: TemplateValue, _ given: [TemplateValue]
    ) throws(Fault) -> TemplateValue {
        func argument(_ place: Int) -> TemplateValue { place < given.count ? given[place] : .undefined }
        if filter == .items || filter == .dictsort || filter == .values { return try pairs(filter, value) }
        guard let items = try list(value) else {
            throw fault("filter '\(filter)': expected a list, found \(value.kind)")
        }
        switch filter {
        case .first: return items.first.map { .json($0) } ?? .undefined
        case .last: return items.last.map { .json($0) } ?? .undefined
        case .join: return try joined(items, argument(0))
        case .sort: return try sorted(items, argument(0).isTrue, argument(1).isTrue, argument(2))
        case .unique: return try unique(items, argument(0).isTrue, argument(1))
        case .reverse:
            try charge(items.count)
            let turned = Array(items.reversed())
            return value.string == nil ? .json(.array(turned)) : try joined(turned, .undefined)
        case .min, .max, .sum: return try folded(filter, items)
        default: return .json(.array(items))
        }
    }

    private mutating func pairs(_ filter: TemplateFilter, _ value: TemplateValue) throws(Fault) -> TemplateValue {
        if value.isUndefined { return .json(.array([])) }
        guard case .json(.object(var members)) = value else {
            throw fault("filter '\(filter)': expected an object, found \(value.kind)")
        }
        try charge(members.count)
        if filter == .values { return .json(.array(members.map(\.value))) }
        if filter == .dictsort {
            let order = try places(members.map { .string($0.key) }, false)
            members = order.map { members[$0] }
        }
        return .json(.array(members.map { .array([.string($0.key), $0.value]) }))
    }

    private mutating func joined(_ items: [JSONValue], _ separator: TemplateValue) throws(Fault) -> TemplateValue {
        let separator = separator.rank <= 1 ? "" : try text(separator)
        var parts: [String] = []
        for item in items {
            parts.append(try text(.json(item)))
            try charge(separator.utf8.count + 1)
        }
        return .text(parts.joined(separator: separator))
    }

    private mutating func folded(_ filter: TemplateFilter, _ items: [JSONValue]) throws(Fault) -> TemplateValue {
        guard filter == .sum else {
            var best = items.first.map { TemplateValue.json($0) } ?? .undefined
            for item in items.dropFirst() {
                let order = try order(.json(item), best)
                if filter == .min ? order < 0 : order > 0 { best = .json(item) }
            }
            return best
        }
        var sum = TemplateNumber.integer(0)
        for item in items {
            try charge(1)
            guard let number = TemplateValue.json(item).number, let next = TemplateNumber.result(.add, sum, number)
            else { throw fault("filter 'sum': expected numbers, found \(item.kind)") }
            sum = next
        }
        return .number(sum)
    }

    // MARK: Order

    /// What items are compared by.
    private struct Key {
        var rank: Int
        var number: TemplateNumber?
        var text: String

        static func isLess(_ left: Key, _ right: Key) -> Bool {
            guard left.rank == right.rank else { return left.rank < right.rank }
            if let one = left.number, let other = right.number { return TemplateNumber.isLess(one, other) }
            return left.text < right.text
        }
    }

    private mutating func key(_ item: JSONValue, _ isExact: Bool, _ attribute: TemplateValue) throws(Fault) -> Key {
        var value = TemplateValue.json(item)
        if !attribute.isUndefined {
            for name in try text(attribute).split(separator: ".") { value = try member(value, String(name)) }
        }
        let text = try text(value)
        return Key(
            rank: value.rank, number: value.number, text: isExact || value.string == nil ? text : text.lowercased())
    }

    /// The places of items in their order; of equal ones, the first comes first.
    private mutating func places(
        _ items: [JSONValue], _ isExact: Bool, _ attribute: TemplateValue = .undefined, isReversed: Bool = false
    ) throws(Fault) -> [Int] {
        var keys: [Key] = []
        for item in items { keys.append(try key(item, isExact, attribute)) }
        // Each comparison looks at no more than the shorter text; there are about n log n of them.
        let rounds = Int.bitWidth - items.count.leadingZeroBitCount
        let total = keys.reduce(0) { $0 + $1.text.utf8.count + 1 }
        try charge(min(total, .max / 64) * rounds)
        return keys.indices.sorted { one, other in
            if Key.isLess(keys[one], keys[other]) { return !isReversed }
            if Key.isLess(keys[other], keys[one]) { return isReversed }
            return one < other
        }
    }

    private mutating func sorted(
        _ items: [JSONValue], _ isReversed: Bool, _ isExact: Bool, _ attribute: TemplateValue
    ) throws(Fault) -> TemplateValue {
        .json(.array(try places(items, isExact, attribute, isReversed: isReversed).map { items[$0] }))
    }

    private mutating func unique(
        _ items: [JSONValue], _ isExact: Bool, _ attribute: TemplateValue
    ) throws(Fault) -> TemplateValue {
        var seen: Set<String> = []
        var kept: [JSONValue] = []
        for item in items {
            let key = try key(item, isExact, attribute)
            if seen.insert("\(key.rank) \(key.number?.double.description ?? key.text)").inserted { kept.append(item) }
        }
        return .json(.array(kept))
    }
}
