import DequeModule

/// Holds back the 250 of mail that is safe already while mail comes in faster than it goes out: clients then wait a
/// moment before they send more, deliveries keep up, and content goes out from memory instead of being read back.
/// (Postfix's in_flow_delay does the same at the same place.) Never for long: a queue is there to be filled, and
/// after ``delayMilliseconds`` the client is answered whatever the next hop does.
package struct InflowControl<Answer> {
    package let delayMilliseconds: UInt64
    /// Bytes in memory from which on answers wait.
    package let limitBytes: Int
    private var waiting = Deque<(answer: Answer, until: UInt64)>()

    package init(delayMilliseconds: UInt64, limitBytes: Int) {
        self.delayMilliseconds = delayMilliseconds
        self.limitBytes = limitBytes
    }

    package var isEmpty: Bool { waiting.isEmpty }

    /// - Parameters:
    ///   - residentBytes: content in memory that waits for its first attempt.
    ///   - isMoving: deliveries are under way, so that waiting leads to something.
    package func mustWait(residentBytes: Int, isMoving: Bool) -> Bool {
        isMoving && delayMilliseconds > 0 && residentBytes > limitBytes
    }

    package mutating func wait(_ answer: Answer, now: UInt64) { waiting.append((answer, now + delayMilliseconds)) }

    /// The next answer that need not wait any longer.
    package mutating func next(residentBytes: Int, isMoving: Bool, now: UInt64) -> Answer? {
        guard let first = waiting.first,
            first.until <= now || !mustWait(residentBytes: residentBytes, isMoving: isMoving)
        else { return nil }
        return waiting.removeFirst().answer
    }
}
