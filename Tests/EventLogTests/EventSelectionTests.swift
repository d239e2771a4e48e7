import EventLog
import Foundation
import MailTypes
import Testing

@Suite struct EventSelectionTests {
    private func event(_ kind: MailEvent.Kind, tenant: String? = nil, listener: String? = nil) -> MailEvent {
        var event = MailEvent(kind, at: 1)
        (event.tenant, event.listener) = (tenant, listener)
        return event
    }

    /// An exception covers what fits all that it says, and nothing that does not say it.
    @Test func exceptionsCoverWhatTheySay() {
        var exception = EventException()
        exception.kinds = [.reception, .delivery]
        exception.tenants = ["internal"]
        #expect(exception.covers(event(.delivery, tenant: "internal")))
        #expect(!exception.covers(event(.bounce, tenant: "internal")))
        #expect(!exception.covers(event(.delivery, tenant: "acme")) && !exception.covers(event(.delivery)))
        var settings = EventLogSettings(directory: "/nowhere")
        settings.exceptions = [exception]
        settings.exceptions.append(EventException())
        settings.exceptions[1].listeners = ["probe"]
        var (left, kept) = (event(.rejection, listener: "probe"), event(.rejection, listener: "public"))
        #expect(!settings.complete(&left) && settings.complete(&kept))
    }

    @Test func metadataAreChosenAndTheNodeIsNamed() {
        var settings = EventLogSettings(directory: "/nowhere")
        var first = event(.reception)
        first.metadata = ["order_id": "7", "order_item": "x", "secret": "s", "exact": "e"]
        #expect(settings.complete(&first) && first.metadata.count == 4 && first.node == nil)
        settings.metadata = NameList(["order_*", "exact"])
        settings.node = "out-3"
        #expect(settings.complete(&first) && first.metadata == ["order_id": "7", "order_item": "x", "exact": "e"])
        #expect(first.node == "out-3")
    }

    /// The log leaves the disk to others: what it does not write is counted and its fault is said, until there is room.
    @Test(arguments: [true, false])
    func theLogLeavesRoom(bytes: Bool) throws {
        let home = try LogHome()
        var settings = EventLogSettings(directory: home.path)
        if bytes { settings.minimumFreeBytes = .max } else { settings.minimumFreeInodes = .max }
        var status = statvfs()
        // A file system without a number of inodes has nothing to be short of.
        guard bytes || statvfs(home.path, &status) == 0 && status.f_files > 0 else { return }
        let log = try EventLog(settings)
        log.append(line(.bounce, 1), events: 1)
        #expect(eventually { log.counts.dropped == 1 })
        let fault = try #require(log.counts.fault)
        #expect(fault.contains(bytes ? "min_free_space" : "min_free_inodes"), "\(fault)")
        log.close()
        #expect(home.lines.isEmpty && log.counts.events == 0)
    }
}
