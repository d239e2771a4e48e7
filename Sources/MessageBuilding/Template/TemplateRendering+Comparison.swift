/// What is equal, what is less, what is in what. Values can be large: each one looked at is counted.
extension TemplateRendering {
    mutating func isEqual(_ left: JSONValue?, _ right: JSONValue?) throws(Fault) -> Bool {
        try charge(1)
        switch (left, right) {
        case (nil, nil), (.null?, .null?): return true
        case (.string(let one)?, .string(let other)?):
            try charge(min(one.utf8.count, other.utf8.count))
            return one == other
        case (.array(let one)?, .array(let other)?):
            guard one.count == other.count else { return false }
            for (item, match) in zip(one, other) where !(try isEqual(item, match)) { return false }
            return true
        case (.object(let one)?, .object(let other)?):
            guard one.count == other.count else { return false }
            for member in one {
                try charge(other.count)
                guard let match = right?[member.key], try isEqual(member.value, match) else { return false }
            }
            return true
        case (let one?, let other?):
            guard let one = TemplateValue.json(one).number, let other = TemplateValue.json(other).number else {
                return false
            }
            return TemplateNumber.isEqual(one, other)
        default: return false
        }
    }

    /// Negative, 0 or positive. Values of different kinds have an order too, as in minijinja.
    mutating func order(_ left: TemplateValue, _ right: TemplateValue) throws(Fault) -> Int {
        try charge(1)
        if let one = left.string, let other = right.string {
            try charge(min(one.utf8.count, other.utf8.count))
            return one == other ? 0 : one < other ? -1 : 1
        }
        guard left.rank == right.rank else { return left.rank < right.rank ? -1 : 1 }
        if let one = left.number, let other = right.number {
            return TemplateNumber.isLess(one, other) ? -1 : TemplateNumber.isLess(other, one) ? 1 : 0
        }
        guard case .json(.array(let one)) = left, case .json(.array(let other)) = right else { return 0 }
        for (item, match) in zip(one, other) {
            let order = try order(.json(item), .json(match))
            if order != 0 { return order }
        }
        return one.count - other.count
    }

    mutating func isContained(_ value: TemplateValue, _ container: TemplateValue) throws(Fault) -> Bool {
        switch container {
        case .undefined, .json(.null): return false
        case .json(.array(let items)):
            for item in items where try isEqual(value.json, item) { return true }
            return false
        case .json(.object(let members)):
            try charge(members.count)
            return value.string.map { name in members.contains { $0.key == name } } ?? false
        case .safe(let text), .json(.string(let text)):
            let part = try self.text(value)
            try charge(text.utf8.count)
            return part.isEmpty || !ByteSearch(part).places(in: Array(text.utf8), limit: 1).isEmpty
        default: throw fault("'in': expected a list, an object or a text, found \(container.kind)")
        }
    }
}

/// Where a text is in another, in time that grows with the sum of both lengths (Knuth, Morris and Pratt).
struct ByteSearch {
    private let pattern: [UInt8]
    /// How much of the pattern stands when the byte behind so much does not fit.
    private var fallback: [Int]

    /// - Parameter text: not empty.
    init(_ text: String) {
        pattern = Array(text.utf8)
        fallback = Array(repeating: 0, count: pattern.count)
        var length = 0
        for index in pattern.indices.dropFirst() {
            while length > 0, pattern[index] != pattern[length] { length = fallback[length - 1] }
            if pattern[index] == pattern[length] { length += 1 }
            fallback[index] = length
        }
    }

    /// The offsets of up to `limit` places that do not overlap.
    func places(in bytes: [UInt8], limit: Int = .max) -> [Int] {
        var places: [Int] = []
        var length = 0
        for (index, byte) in bytes.enumerated() {
            while length > 0, byte != pattern[length] { length = fallback[length - 1] }
            if byte == pattern[length] { length += 1 }
            guard length == pattern.count else { continue }
            places.append(index + 1 - length)
            if places.count == limit { return places }
            length = 0
        }
        return places
    }
}
