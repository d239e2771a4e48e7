import MailTypes

/// The labels of what is queued, each kept once however many deliveries have it. As many as deliveries at most; one that
/// no delivery has is forgotten.
struct LabelTable: Sendable {
    /// No label at all; never counted.
    static let none: UInt32 = 0

    private struct Entry: Sendable {
        var label: DeliveryLabel
        var uses = 0
    }
    private var entries = [Entry(label: .none)]
    private var free: [UInt32] = []
    private var numbers: [DeliveryLabel: UInt32] = [:]
    /// Mail often comes with the label of the mail before it.
    private var last = Self.none

    /// Labels in use.
    var count: Int { numbers.count }

    subscript(number: UInt32) -> DeliveryLabel { entries[Int(number)].label }

    func fits(_ number: UInt32, _ selection: MailSelection) -> Bool { entries[Int(number)].label.fits(selection) }

    /// The label's number; it has one use more.
    mutating func use(_ label: DeliveryLabel) -> UInt32 {
        let number = number(of: label)
        if number != Self.none { entries[Int(number)].uses += 1 }
        last = number
        return number
    }

    private mutating func number(of label: DeliveryLabel) -> UInt32 {
        if entries[Int(last)].label == label { return last }
        if label == .none { return Self.none }
        if let known = numbers[label] { return known }
        let number: UInt32
        if let old = free.popLast() {
            entries[Int(old)] = Entry(label: label)
            number = old
        } else {
            number = UInt32(entries.count)
            entries.append(Entry(label: label))
        }
        numbers[label] = number
        return number
    }

    /// A delivery has another one.
    mutating func exchange(_ old: UInt32, for fresh: UInt32) {
        if fresh != Self.none { entries[Int(fresh)].uses += 1 }
        release(old)
    }

    /// One delivery less has it.
    mutating func release(_ number: UInt32) {
        guard number != Self.none else { return }
        entries[Int(number)].uses -= 1
        guard entries[Int(number)].uses == 0 else { return }
        numbers[entries[Int(number)].label] = nil
        entries[Int(number)].label = .none
        free.append(number)
        if last == number { last = Self.none }
    }
}
