import MessageBuilding

/// What comes out of a template, or the text of its fault.
func rendered(
    _ source: String, _ values: String = "{}", _ dialect: Template.Dialect = .jinja, isHTML: Bool = false
) -> String {
    do {
        var budget = TemplateBudget.whole
        return try Template(source, dialect, isHTML: isHTML).render([try JSONValue.parse(values)], &budget)
    } catch let fault as Template.Fault {
        return "fault: " + fault.text
    } catch {
        return "\(error)"
    }
}

/// Numbers that look random and are the same in each run.
struct Dice {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed }

    mutating func next(_ count: Int) -> Int {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Int(state >> 33) % count
    }

    mutating func pick<Item>(_ items: [Item]) -> Item { items[next(items.count)] }
}
