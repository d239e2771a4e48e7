import Foundation
import MailTypes
import SpoolContract
import SpoolLocalDisk
import Testing

@Suite struct PowerCutTests {
    /// On a journaled ext4 of its own that stops as if the power were gone.
    @Test func whatWasAcknowledgedIsThereAfterwards() throws {
        let home = try DiskHome()
        guard try home.mountJournaled() else {
            return withKnownIssue("NOT TESTED: only root may mount a file") { Issue.record("no loop device") }
        }
        var spool = try home.open()
        try spool.commit(batch(1...30))
        try spool.commit(deferrals(1, 2, 3))
        try spool.commit(completions(4, 5, 6))
        for number in 31...40 as ClosedRange<UInt64> { try spool.commit(batch(number...number, size: 20_000)) }
        try spool.commit(completions(7, 8, 9))
        try home.cutPower()
        let failure = #expect(throws: SpoolFault.self) { try spool.commit(batch(41...60)) }
        let fault = try #require(failure)
        #expect(fault.description.hasPrefix("I/O error"), "\(fault)")
        #expect(throws: fault, "it does not try again") { try spool.commit(batch(61...61)) }
        spool.close(clean: true)

        #expect(try home.remount())
        spool = try home.open()
        #expect(!spool.wasCleanlyClosed)
        let (ids, unreadable) = try list(spool)
        #expect(unreadable == UnreadableRecords())
        #expect(Set<UInt64>(1...3).union(10...40).subtracting(ids).isEmpty, "acknowledged, and gone: only \(ids)")
        #expect(Set(ids).isSubset(of: Set(1...40)), "a finished one may come back, a refused one not: \(ids)")
        for id in ids {
            let loaded = try #require(try spool.load(MessageID(milliseconds: 5, salt: 1, sequence: id)))
            #expect(loaded.message.content.size == (id <= 30 ? 100 : 20_000) + "Subject: \(id)\r\n\r\n".utf8.count)
        }
        #expect(home.files().allSatisfy { !$0.contains("/.") })
        spool.close(clean: true)
    }
}
