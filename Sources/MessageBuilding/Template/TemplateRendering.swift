/// One rendering: what was made so far, what is set, and what is left of the bounds.
struct TemplateRendering {
    typealias Fault = Template.Fault

    let style: TemplateStyle
    let sources: [JSONValue]
    private(set) var text = ""
    private var size = 0
    private(set) var budget: TemplateBudget
    /// Of the tag that is being rendered, for faults.
    private(set) var line = 1
    private var slots: [TemplateValue?]
    /// What slots held before: the end of a pass takes back what was set in it.
    private var undo: [(slot: Int, value: TemplateValue?)] = []
    private(set) var frames: [HandlebarsFrame] = []

    init(_ sources: [JSONValue], _ style: TemplateStyle, slotCount: Int, _ budget: TemplateBudget) {
        self.budget = budget
        self.sources = sources
        self.style = style
        slots = Array(repeating: nil, count: slotCount)
    }

    func fault(_ text: String) -> Fault { JinjaLexer.fault(line, text) }

    // MARK: Bounds

    mutating func charge(_ amount: Int) throws(Fault) {
        guard budget.takeWork(amount) else {
            throw fault("more than \(Template.Limit.work) steps of work in one request")
        }
    }

    private mutating func countPass() throws(Fault) {
        guard budget.takePass() else {
            throw fault("more than \(Template.Limit.loopPasses) passes of loops in one request")
        }
    }

    private mutating func write(_ more: String) throws(Fault) {
        size += more.utf8.count
        guard size <= Template.Limit.renderedBytes else {
            throw fault("more than \(Template.Limit.renderedBytes) bytes come out")
        }
        guard budget.takeRendered(more.utf8.count) else {
            throw fault("more than \(Template.Limit.requestBytes) bytes come out for all recipients")
        }
        text += more
    }

    // MARK: Nodes

    mutating func run(_ nodes: [TemplateNode]) throws(Fault) {
        for node in nodes {
            switch node {
            case .text(let text): try write(text)
            case .output(let expression, let isEscaped, let line):
                self.line = line
                let value = try value(expression)
                let text = try plain(value)
                let needsEscape = isEscaped && !value.isSafe
                try write(needsEscape ? HTMLText.escaped(text, isHandlebars: style.isHandlebars) : text)
            case .branches(let branches, let otherwise): try run(branches, otherwise)
            case .loop(let loop): try run(loop)
            case .assign(let slots, let expression, let line):
                self.line = line
                let value = try value(expression)
                try bind(slots, value)
            case .context(let block): try run(block)
            }
        }
    }

    private mutating func run(_ branches: [TemplateBranch], _ otherwise: [TemplateNode]) throws(Fault) {
        for branch in branches {
            line = branch.line
            if try value(branch.condition).isTrue { return try run(branch.body) }
        }
        try run(otherwise)
    }

    // MARK: Names that the template sets

    func local(_ slot: Int) -> TemplateValue? { slots[slot] }

    private mutating func set(_ slot: Int, _ value: TemplateValue) {
        undo.append((slot, slots[slot]))
        slots[slot] = value
    }

    private mutating func unwind(_ mark: Int) {
        while undo.count > mark {
            let last = undo.removeLast()
            slots[last.slot] = last.value
        }
    }

    private mutating func bind(_ targets: [Int], _ value: TemplateValue) throws(Fault) {
        guard targets.count > 1 else { return set(targets[0], value) }
        guard case .json(.array(let parts)) = value, parts.count == targets.count else {
            throw fault("expected a list of \(targets.count), found \(value.kind)")
        }
        for (slot, part) in zip(targets, parts) { set(slot, .json(part)) }
    }

    // MARK: Loops

    private mutating func run(_ loop: TemplateLoop) throws(Fault) {
        line = loop.line
        var items = try items(of: try value(loop.list), inPairs: loop.targets.count == 2)
        if let condition = loop.condition { items = try chosen(items, condition, loop.targets) }
        guard !items.isEmpty else { return try run(loop.otherwise) }
        for (index, item) in items.enumerated() {
            line = loop.line
            try countPass()
            let mark = undo.count
            try bind(loop.targets, .json(item))
            if let slot = loop.loopSlot { set(slot, .json(Self.loopObject(index, items.count))) }
            try run(loop.body)
            unwind(mark)
        }
    }

    private mutating func items(of value: TemplateValue, inPairs: Bool) throws(Fault) -> [JSONValue] {
        if inPairs, case .json(.object(let members)) = value {
            try charge(members.count)
            return members.map { .array([.string($0.key), $0.value]) }
        }
        guard let items = try list(value) else {
            throw fault("'for': expected a list or an object, found \(value.kind)")
        }
        return items
    }

    private mutating func chosen(
        _ items: [JSONValue], _ condition: TemplateExpression, _ targets: [Int]
    ) throws(Fault) -> [JSONValue] {
        var chosen: [JSONValue] = []
        for item in items {
            try countPass()
            let mark = undo.count
            try bind(targets, .json(item))
            if try value(condition).isTrue { chosen.append(item) }
            unwind(mark)
        }
        return chosen
    }

    private static func loopObject(_ index: Int, _ count: Int) -> JSONValue {
        func number(_ number: Int) -> JSONValue { .number(String(number)) }
        return .object([
            .init("index", number(index + 1)), .init("index0", number(index)), .init("first", .bool(index == 0)),
            .init("last", .bool(index + 1 == count)), .init("length", number(count)),
            .init("revindex", number(count - index)), .init("revindex0", number(count - index - 1)),
        ])
    }

    // MARK: Blocks of Handlebars

    private mutating func run(_ block: HandlebarsBlock) throws(Fault) {
        line = block.line
        let value = try value(block.value)
        switch (block.kind, value) {
        case (.inverse, _): try run(value.isTrue ? block.otherwise : block.body)
        case (.each, .json(.array(let items))), (.section, .json(.array(let items))):
            try run(block, items.count) { (.number(String($0)), items[$0]) }
        case (.each, .json(.object(let members))):
            try run(block, members.count) { (.string(members[$0].key), members[$0].value) }
        case (.each, _): try run(block.otherwise)
        case (.section, .json(.bool(true))): try run(block.body)
        case (.with, _), (.section, _):
            guard value.isTrue else { return try run(block.otherwise) }
            frames.append(HandlebarsFrame(value: value, place: nil))
            try run(block.body)
            frames.removeLast()
        }
    }

    private mutating func run(
        _ block: HandlebarsBlock, _ count: Int, _ item: (Int) -> (key: JSONValue, value: JSONValue)
    ) throws(Fault) {
        guard count > 0 else { return try run(block.otherwise) }
        for index in 0..<count {
            line = block.line
            try countPass()
            let (key, value) = item(index)
            frames.append(
                HandlebarsFrame(value: .json(value), place: .init(index: index, key: key, isLast: index + 1 == count)))
            try run(block.body)
            frames.removeLast()
        }
    }
}

/// What `this` is, and where in a list or an object.
struct HandlebarsFrame {
    struct Place {
        var index: Int
        var key: JSONValue
        var isLast: Bool
    }
    var value: TemplateValue
    var place: Place?
}
