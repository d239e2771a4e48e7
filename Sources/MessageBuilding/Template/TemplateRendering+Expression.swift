/// What expressions come to.
extension TemplateRendering {
    mutating func value(_ expression: TemplateExpression) throws(Fault) -> TemplateValue {
        try charge(1)
        switch expression {
        case .literal(let value): return value
        case .path(let names): return try path(names)
        case .local(let slot, let name):
            if let value = local(slot) { return value }
            return try path([name])
        case .handlebars(let path): return try value(path)
        case .list(let items): return try listed(items)
        case .not(let inner): return .bool(!(try value(inner).isTrue))
        case .negative(let inner): return try negative(try value(inner))
        case .choice(let chosen, let condition, let otherwise):
            if try value(condition).isTrue { return try value(chosen) }
            if let otherwise { return try value(otherwise) }
            return .undefined
        case .operations(let first, let operations):
            return try apply(operations, try value(first))
        case .steps(let base, let steps):
            var result = try value(base)
            for step in steps { result = try apply(step, result) }
            return result
        }
    }

    private mutating func listed(_ items: [TemplateExpression]) throws(Fault) -> TemplateValue {
        var values: [JSONValue] = []
        for item in items {
            let value = try value(item).json ?? .null
            try measure(value, 1)
            values.append(value)
        }
        return .json(.array(values))
    }

    /// Lists in lists in lists, put together in a loop, get no deeper than can be walked.
    private mutating func measure(_ value: JSONValue, _ depth: Int) throws(Fault) {
        guard depth < Template.Limit.valueDepth else {
            throw fault("values nested deeper than \(Template.Limit.valueDepth)")
        }
        try charge(1)
        switch value {
        case .array(let items): for item in items { try measure(item, depth + 1) }
        case .object(let members): for member in members { try measure(member.value, depth + 1) }
        default: break
        }
    }

    private func negative(_ value: TemplateValue) throws(Fault) -> TemplateValue {
        guard let number = value.number else { throw fault("'-': expected a number, found \(value.kind)") }
        if case .real(let real) = number { return .number(.real(-real)) }
        guard let result = TemplateNumber.result(.subtract, .integer(0), number) else {
            throw fault("'-': a number too large")
        }
        return .number(result)
    }

    /// As it is put out, before it is escaped.
    func plain(_ value: TemplateValue) throws(Fault) -> String {
        switch value {
        case .undefined: return ""
        case .safe(let text), .json(.string(let text)): return text
        case .json(.number(let text)): return TemplateWriter.number(text)
        case .json(let json):
            var writer = TemplateWriter(limit: Template.Limit.renderedBytes, line: line)
            try writer.write(json, style.isHandlebars ? .handlebars : .jinja)
            return writer.text
        }
    }

    /// ``plain(_:)`` for texts that go on being worked with.
    mutating func text(_ value: TemplateValue) throws(Fault) -> String {
        let text = try plain(value)
        try charge(text.utf8.count)
        return text
    }

    // MARK: Steps

    private mutating func apply(_ step: TemplateStep, _ value: TemplateValue) throws(Fault) -> TemplateValue {
        switch step {
        case .member(let name): return try member(value, name)
        case .index(let expression):
            let index = try self.value(expression)
            if let name = index.string { return try member(value, name) }
            guard let place = index.number?.int, let items = try self.list(value), !value.isUndefined else {
                return .undefined
            }
            let wanted = place < 0 ? place + items.count : place
            return items.indices.contains(wanted) ? .json(items[wanted]) : .undefined
        case .filter(let filter, let given):
            var arguments: [TemplateValue] = []
            for argument in given {
                if let argument { arguments.append(try self.value(argument)) } else { arguments.append(.undefined) }
            }
            return try apply(filter, value, arguments)
        case .test(let test, let argument, let isNegated):
            var other = TemplateValue.undefined
            if let argument { other = try self.value(argument) }
            return .bool(try holds(test, value, other) != isNegated)
        }
    }

    private mutating func holds(
        _ test: TemplateTest, _ value: TemplateValue, _ other: TemplateValue
    ) throws(Fault) -> Bool {
        switch test {
        case .defined: return !value.isUndefined
        case .undefined: return value.isUndefined
        case .none: return value.rank == 1
        case .string: return value.string != nil
        case .number: return value.rank == 3
        case .boolean: return value.rank == 2
        case .sequence: return value.rank == 5
        case .mapping: return value.rank == 6
        case .iterable: return value.rank >= 4
        case .true: if case .json(.bool(true)) = value { return true } else { return false }
        case .false: if case .json(.bool(false)) = value { return true } else { return false }
        case .equal, .equalto: return try isEqual(value.json, other.json)
        case .unequal: return !(try isEqual(value.json, other.json))
        case .integer: if value.rank == 3, case .integer? = value.number { return true } else { return false }
        case .float: if value.rank == 3, case .real? = value.number { return true } else { return false }
        case .isIn: return try isContained(value, other)
        case .odd, .even, .divisibleby:
            let by = test == .divisibleby ? other.number : .integer(2)
            guard let number = value.number, let by, let rest = TemplateNumber.result(.remainder, number, by) else {
                return false
            }
            return (rest.double == 0) != (test == .odd)
        }
    }

    // MARK: Operators

    private mutating func apply(_ operations: [TemplateOperation], _ first: TemplateValue) throws(Fault)
        -> TemplateValue
    {
        var result = first
        // The middle of a < b < c, which means a < b and b < c.
        var middle: TemplateValue?
        for operation in operations {
            if operation.kind == .and ? !result.isTrue : operation.kind == .or && result.isTrue { continue }
            if middle != nil, operation.kind.isComparison, !result.isTrue { continue }
            let right = try value(operation.right)
            let left = operation.kind.isComparison ? middle ?? result : result
            result = try calculated(operation.kind, left, right)
            middle = operation.kind.isComparison ? right : nil
        }
        return result
    }

    private mutating func calculated(
        _ kind: TemplateOperation.Operator, _ left: TemplateValue, _ right: TemplateValue
    ) throws(Fault) -> TemplateValue {
        switch kind {
        case .and, .or: return right
        case .equal: return .bool(try isEqual(left.json, right.json))
        case .unequal: return .bool(!(try isEqual(left.json, right.json)))
        case .less: return .bool(try order(left, right) < 0)
        case .lessOrEqual: return .bool(try order(left, right) <= 0)
        case .greater: return .bool(try order(left, right) > 0)
        case .greaterOrEqual: return .bool(try order(left, right) >= 0)
        case .isIn: return .bool(try isContained(left, right))
        case .isNotIn: return .bool(!(try isContained(left, right)))
        case .join: return try joined(left, right)
        default: return try number(kind, left, right)
        }
    }

    /// `~`: where one side needs no escaping, the other one gets it now.
    private mutating func joined(_ left: TemplateValue, _ right: TemplateValue) throws(Fault) -> TemplateValue {
        let (one, other) = (try text(left), try text(right))
        guard left.isSafe || right.isSafe, style.isHTML else { return .text(one + other) }
        return .safe(
            (left.isSafe ? one : HTMLText.escaped(one)) + (right.isSafe ? other : HTMLText.escaped(other)))
    }

    private mutating func number(
        _ kind: TemplateOperation.Operator, _ left: TemplateValue, _ right: TemplateValue
    ) throws(Fault) -> TemplateValue {
        if let one = left.number, let other = right.number {
            guard let result = TemplateNumber.result(kind, one, other) else {
                throw fault("a calculation without a result: division by 0, or a number too large")
            }
            return .number(result)
        }
        switch (kind, left.json, right.json) {
        case (.add, .string(let one)?, .string(let other)?):
            try charge(one.utf8.count + other.utf8.count)
            return .text(one + other)
        case (.add, .array(let one)?, .array(let other)?):
            try charge(one.count + other.count)
            return .json(.array(one + other))
        case (.multiply, .string(let text)?, .number?), (.multiply, .number?, .string(let text)?):
            let count = max(0, (left.number ?? right.number)?.int ?? 0)
            let (size, isTooMuch) = count.multipliedReportingOverflow(by: text.utf8.count + 1)
            try charge(isTooMuch ? .max : size)
            return .text(String(repeating: text, count: count))
        default: throw fault("calculation with \(left.kind) and \(right.kind): expected numbers")
        }
    }
}
