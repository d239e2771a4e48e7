/// A pattern as steps of a machine that is in many places at once (Thompson, 1968).
struct PatternProgram: Sendable {
    private enum Step: Sendable {
        case octet(ByteSet)
        case fork(Int, Int)
        case jump(Int)
        case begin
        case end
        case wordBoundary(isInverted: Bool)
        case found
    }
    private var steps: [Step] = []

    init(_ node: PatternNode) throws(PatternFault) {
        try add(node)
        steps.append(.found)
    }

    private mutating func append(_ step: Step) throws(PatternFault) {
        steps.append(step)
        guard steps.count < ReplyPattern.mostSteps else {
            throw PatternFault("comes to more than \(ReplyPattern.mostSteps) steps")
        }
    }

    private mutating func add(_ node: PatternNode) throws(PatternFault) {
        switch node {
        case .empty: break
        case .set(let set): try append(.octet(set))
        case .begin: try append(.begin)
        case .end: try append(.end)
        case .wordBoundary(let isInverted): try append(.wordBoundary(isInverted: isInverted))
        case .sequence(let nodes): for node in nodes { try add(node) }
        case .choice(let nodes): try addChoice(nodes)
        case .repetition(let node, let least, let most):
            for _ in 0..<least { try add(node) }
            try addRest(node, most.map { $0 - least })
        }
    }

    private mutating func addChoice(_ nodes: [PatternNode]) throws(PatternFault) {
        var exits: [Int] = []
        for (index, node) in nodes.enumerated() {
            let fork = steps.count
            if index + 1 < nodes.count { try append(.jump(0)) }
            try add(node)
            guard index + 1 < nodes.count else { break }
            exits.append(steps.count)
            try append(.jump(0))
            steps[fork] = .fork(fork + 1, steps.count)
        }
        for exit in exits { steps[exit] = .jump(steps.count) }
    }

    /// - Parameter most: so many more; nil: any number.
    private mutating func addRest(_ node: PatternNode, _ most: Int?) throws(PatternFault) {
        var exits: [Int] = []
        for _ in 0..<(most ?? 1) {
            exits.append(steps.count)
            try append(.jump(0))
            try add(node)
        }
        if most == nil { try append(.jump(exits[0])) }
        for exit in exits { steps[exit] = .fork(exit + 1, steps.count) }
    }

    // MARK: Matching

    /// Places the machine is in: each at most once.
    private struct Places {
        var list: [Int] = []
        var isIn: [Bool]
        init(_ count: Int) { isIn = Array(repeating: false, count: count) }
        mutating func clear() {
            for place in list { isIn[place] = false }
            list.removeAll(keepingCapacity: true)
        }
    }

    func matches(_ text: [UInt8]) -> Bool {
        var (now, then) = (Places(steps.count), Places(steps.count))
        for position in 0...text.count {
            // The match may begin anywhere.
            if enter(0, &now, text, position) { return true }
            guard position < text.count else { return false }
            let byte = text[position]
            for place in now.list {
                if case .octet(let set) = steps[place], set.contains(byte) {
                    if enter(place + 1, &then, text, position + 1) { return true }
                }
            }
            swap(&now, &then)
            then.clear()
        }
        return false
    }

    /// Follows what takes no octet.
    /// - Returns: the end was reached.
    private func enter(_ place: Int, _ places: inout Places, _ text: [UInt8], _ position: Int) -> Bool {
        guard !places.isIn[place] else { return false }
        places.isIn[place] = true
        places.list.append(place)
        switch steps[place] {
        case .octet: return false
        case .found: return true
        case .jump(let next): return enter(next, &places, text, position)
        case .fork(let first, let second):
            return enter(first, &places, text, position) || enter(second, &places, text, position)
        case .begin: return position == 0 && enter(place + 1, &places, text, position)
        case .end: return position == text.count && enter(place + 1, &places, text, position)
        case .wordBoundary(let isInverted):
            return Self.isBoundary(text, position) != isInverted && enter(place + 1, &places, text, position)
        }
    }

    private static func isBoundary(_ text: [UInt8], _ position: Int) -> Bool {
        let before = position > 0 && ByteSet.word.contains(text[position - 1])
        let after = position < text.count && ByteSet.word.contains(text[position])
        return before != after
    }
}
