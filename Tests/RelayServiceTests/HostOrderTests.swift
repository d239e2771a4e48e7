import NIOCore
import RelayService
import Testing

@Suite struct HostOrderTests {
    private func address(_ number: Int) -> SocketAddress {
        try! SocketAddress(ipAddress: "192.0.2.\(number)", port: 25)
    }

    private func order(_ order: HostOrder, _ destination: String = "a.test", now: UInt64) -> [Int] {
        order.sorted([1, 2, 3, 4], of: destination, now: now) { address($0) }
    }

    /// What broke off is tried last, the one that broke off longest ago before the others; or first, where that is wanted.
    @Test func whatBrokeOffChangesItsPlaceForAWhile() {
        var memory = HostOrder()
        #expect(order(memory, now: 0) == [1, 2, 3, 4])
        memory.note(address(1), of: "a.test", isFirst: false, now: 1_000)
        #expect(order(memory, now: 1_000) == [2, 3, 4, 1])
        memory.note(address(2), of: "a.test", isFirst: false, now: 2_000)
        #expect(order(memory, now: 2_000) == [3, 4, 1, 2])
        memory.note(address(4), of: "a.test", isFirst: true, now: 3_000)
        #expect(order(memory, now: 3_000) == [4, 3, 1, 2])
        #expect(memory.isLast(address(1), of: "a.test", now: 3_000))
        #expect(!memory.isLast(address(4), of: "a.test", now: 3_000))
        // Another destination's hosts are another matter, and a minute later all is as before.
        #expect(order(memory, "b.test", now: 3_000) == [1, 2, 3, 4])
        #expect(order(memory, now: 1_000 + HostOrder.milliseconds) == [4, 1, 3, 2])
        #expect(order(memory, now: 3_000 + HostOrder.milliseconds) == [1, 2, 3, 4])
    }

    @Test func itIsBounded() {
        var memory = HostOrder()
        for number in 0...HostOrder.most {
            memory.note(address(1), of: "\(number).test", isFirst: false, now: 0)
        }
        #expect(memory.isLast(address(1), of: "0.test", now: 1))
        #expect(!memory.isLast(address(1), of: "\(HostOrder.most).test", now: 1))
        // What has run out makes room.
        memory.note(address(1), of: "late.test", isFirst: false, now: HostOrder.milliseconds)
        #expect(memory.isLast(address(1), of: "late.test", now: HostOrder.milliseconds + 1))
    }
}
