/// Which names a template sets itself, and whether it reads others. Shared by the parsers of one template.
final class JinjaScope {
    private var slots: [String: Int] = [:]
    /// Names that are certainly set here, in order, and how often each.
    private var bound: [String] = []
    private var counts: [String: Int] = [:]
    /// For each loop around: whether someone asked for `loop`.
    private var loops: [Bool] = []
    private(set) var readsValues = false

    var slotCount: Int { slots.count }

    private func slot(_ name: String) -> Int {
        if let known = slots[name] { return known }
        slots[name] = slots.count
        return slots.count - 1
    }

    func bind(_ name: String) -> Int {
        bound.append(name)
        counts[name, default: 0] += 1
        return slot(name)
    }

    /// What is bound from now on ends with the block.
    func mark() -> Int { bound.count }
    func end(_ mark: Int) {
        while bound.count > mark { counts[bound.removeLast(), default: 1] -= 1 }
    }

    func beginLoop() {
        loops.append(false)
        bound.append("loop")
        counts["loop", default: 0] += 1
    }

    /// The slot of `loop`, if it was asked for.
    func endLoop() -> Int? { loops.removeLast() ? slot("loop") : nil }

    func read(_ name: String) -> TemplateExpression {
        if name == "loop", !loops.isEmpty {
            loops[loops.count - 1] = true
            return .local(slot(name), name)
        }
        if counts[name, default: 0] == 0 { readsValues = true }
        return slots[name].map { .local($0, name) } ?? .path([name])
    }
}
