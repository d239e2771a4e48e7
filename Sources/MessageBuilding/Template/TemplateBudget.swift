/// What the templates of one request may cost together, for all its recipients: each rendering takes its part of it.
package struct TemplateBudget: Sendable {
    /// Passes of loops.
    private(set) var passes: Int
    /// Values looked at and bytes touched by expressions.
    private(set) var work: Int
    /// Bytes that come out of templates.
    private(set) var rendered: Int
    /// Octets of messages.
    private(set) var built: Int
    /// Something was asked for that is not there.
    package private(set) var isExhausted = false

    /// What a request may cost.
    package static let whole = TemplateBudget(
        passes: Template.Limit.loopPasses, work: Template.Limit.work, rendered: Template.Limit.requestBytes,
        built: MessageBuilder.sizeLimit)
    /// What takes a few milliseconds.
    package static let quick = TemplateBudget(passes: 2_000, work: 50_000, rendered: 256 << 10, built: 256 << 10)

    /// Each of these takes its part, and is false if there is not so much left.
    mutating func takePass() -> Bool { noted(Self.take(1, &passes)) }
    mutating func takeWork(_ amount: Int) -> Bool { noted(Self.take(amount, &work)) }
    mutating func takeRendered(_ bytes: Int) -> Bool { noted(Self.take(bytes, &rendered)) }
    mutating func takeBuilt(_ octets: Int) -> Bool { noted(Self.take(octets, &built)) }

    private static func take(_ amount: Int, _ left: inout Int) -> Bool {
        guard amount <= left else { return false }
        left -= amount
        return true
    }

    private mutating func noted(_ isThere: Bool) -> Bool {
        if !isThere { isExhausted = true }
        return isThere
    }
}
