import DeliveryQueue
import Dispatch
import EventLog
import Foundation
import MailTypes
import RelayService
import RunRecords
import SpoolContract
import TestSupport
import Testing

/// Mail with several destinations that an operator gave other labels when the relay was killed: what was not written to the
/// spool is made up for by the next start.
@Suite(.serialized, .timeLimit(.minutes(1))) struct PendingRebindTests {
    private static func writeOrder(_ change: LabelChange, _ path: String) throws {
        var order = StandingOrder(.rebind, id: "1", selection: .all, reason: "x", created: now())
        (order.isPending, order.change) = (true, StandingOrder.Change(change))
        try Data(StandingOrders([order]).text()).write(to: URL(fileURLWithPath: path))
    }

    /// Both destinations' mail goes where the labels have it go, and none is lost.
    @Test func bothDestinationsGoTheNewWay() async throws {
        let (directory, spool, kept) = (TemporaryDirectory(), MemorySpool(), MemorySpool())
        defer { withExtendedLifetime(directory) {} }
        let hop = try await startRelay(kept, to: nil)
        var batch = SpoolBatch()
        batch.messages = [message(1, to: ["one@a.test", "two@b.test"])]
        try spool.commit(batch)
        let orders = directory.path + "/orders.json"
        try Self.writeOrder(LabelChange(routingDomain: "near.test"), orders)
        let relay = try await startRelay(spool, to: hop.address) { $0.ordersPath = orders }
        try await until { spool.report.messages == 0 }
        var found: [MailAddress] = []
        _ = try kept.enumerate { found += $0.envelope.recipients }
        #expect(Set(found.map(\.description)) == ["one@a.test", "two@b.test"])
        _ = try await relay.stop()
        _ = try await hop.stop()
    }

    /// Each delivery's new labels are an event, also where it goes out before they are written down.
    @Test func eachDestinationIsInTheLog() async throws {
        let (directory, spool, kept) = (TemporaryDirectory(), GatedSpool(), MemorySpool())
        defer { withExtendedLifetime(directory) {} }
        let hop = try await startRelay(kept, to: nil)
        // So many completions stand in line before a closed gate that labels have to wait.
        var batch = SpoolBatch()
        batch.messages = [message(1, to: ["one@a.test", "two@b.test"])]
        for number in 2...6_000 as ClosedRange<UInt64> {
            batch.messages.append(message(number, to: ["done@a.test"]))
            let state = DeliveryState(attempts: 1, nextDueMilliseconds: 0, recipients: [.delivered], lastReply: "")
            batch.states.append((id(number), state))
        }
        try spool.commit(batch)
        spool.shut()
        let (orders, log) = (directory.path + "/orders.json", directory.path + "/log")
        try Self.writeOrder(LabelChange(tenant: "acme"), orders)
        let relay = try await startRelay(spool, to: hop.address) {
            ($0.ordersPath, $0.events) = (orders, EventConfiguration(log: EventLogSettings(directory: log)))
            $0.outboundConnections = 1
        }
        try await until { kept.report.messages == 2 }
        spool.open()
        _ = try await relay.stop()
        _ = try await hop.stop()
        var rebinds: [Substring] = []
        for name in try FileManager.default.contentsOfDirectory(atPath: log) {
            let text = (try? String(contentsOfFile: log + "/" + name, encoding: .utf8)) ?? ""
            rebinds += text.split(separator: "\n").filter { $0.contains("AdminRebind") }
        }
        #expect(rebinds.count == 2 && rebinds.allSatisfy { $0.contains("acme") }, "\(rebinds)")
        #expect(rebinds.contains { $0.contains("a.test") } && rebinds.contains { $0.contains("b.test") })
    }
}

/// A spool in memory that commits nothing while its gate is shut.
private final class GatedSpool: Spool {
    private let memory = MemorySpool()
    private let gate = DispatchSemaphore(value: 1)

    func shut() { gate.wait() }
    func open() { gate.signal() }

    func commit(_ batch: SpoolBatch) throws(SpoolFault) {
        gate.wait()
        defer { gate.signal() }
        try memory.commit(batch)
    }

    func load(_ id: MessageID) throws(SpoolFault) -> StoredMessage? { try memory.load(id) }
    func quarantine(_ id: MessageID) throws(SpoolFault) -> String? { nil }
    func enumerate(_ body: (SpoolEntry) -> Void) throws(SpoolFault) -> UnreadableRecords { try memory.enumerate(body) }
    var report: SpoolReport { memory.report }
    var freeBytes: Int? { nil }
    var wasCleanlyClosed: Bool { true }
    func close(clean: Bool) {}
}
