/// A queue of at most two, without storage of its own: of transactions that overlap, one has its content on the way while
/// the next one's envelope is sent (RFC 2920 §3.1), and no more. What an array costs here, and what goes out of it and
/// into it with its references counted, is paid for every message.
///
/// Public, since what `package` declares is not specialised or inlined in other targets.
@frozen public struct PairQueue<Element> {
    /// Oldest first; nil from the end on.
    public var first: Element?
    public var second: Element?

    @inlinable public init() {}

    @inlinable public var isEmpty: Bool { first == nil }
    @inlinable public var count: Int { first == nil ? 0 : second == nil ? 1 : 2 }

    /// There must be room: ``count`` is 0 or 1.
    @inlinable public mutating func append(_ element: consuming Element) {
        precondition(second == nil, "a third one of two")
        if first == nil { first = consume element } else { second = consume element }
    }

    @inlinable public mutating func popFirst() -> Element? {
        let oldest = first.take()
        first = second.take()
        return oldest
    }

    @inlinable public mutating func removeAll() { (first, second) = (nil, nil) }

    /// Oldest first.
    @inlinable public var elements: [Element] { [first, second].compactMap { $0 } }
}

extension PairQueue: Sendable where Element: Sendable {}
