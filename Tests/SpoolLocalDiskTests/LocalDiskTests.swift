import Foundation
import Glibc
import MailTypes
import SpoolContract
import SpoolLocalDisk
import Testing

@Suite struct LocalDiskTests {
    @Test func oneFileAMessageInFewDirectories() throws {
        let home = try DiskHome()
        let spool = try home.open(.exclusive, .os)
        try spool.commit(batch(1...2000))
        #expect(home.files().count == 2000)
        let directories = try FileManager.default.contentsOfDirectory(atPath: home.directory + "/queue")
        #expect(directories.count == 256)
        let counts = try directories.map {
            try FileManager.default.contentsOfDirectory(atPath: home.directory + "/queue/" + $0).count
        }
        #expect(counts.max()! < 40, "spread evenly: \(counts.max()!)")
        #expect(spool.report.messages == 2000)
        var done = SpoolBatch()
        done.completions = (1...2000).map { id($0) }
        try spool.commit(done)
        #expect(home.files().isEmpty)
        #expect(spool.report.messages == 0 && spool.report.liveBytes == 0 && spool.report.diskBytes == 0)
        spool.close(clean: true)
    }

    @Test func theReportCountsFilesAndTheirBlocks() throws {
        let home = try DiskHome()
        var spool = try home.open()
        try spool.commit(batch(1...3, size: 5000))
        try spool.commit(deferrals(1, 2))
        try spool.commit(deferrals(2))
        let sizes = try (1...3).map { try home.content(home.path($0)).count }
        var blocks = statvfs()
        #expect(statvfs(home.root, &blocks) == 0)
        let block = Int(blocks.f_frsize)
        let expected = sizes.reduce(0) { $0 + ($1 + block - 1) / block * block } + 2 * block
        for _ in 1...2 {
            #expect(spool.report.messages == 3 && spool.report.liveBytes == sizes.reduce(0, +))
            #expect(spool.report.diskBytes == expected)
            #expect(spool.report.details == [.init("states", 2, "count")])
            spool.close(clean: true)
            spool = try home.open()
            #expect(try list(spool).ids == [1, 2, 3])
        }
        try spool.commit(completions(1, 2, 3, 9))
        #expect(spool.report.messages == 0 && spool.report.diskBytes == 0)
        spool.close(clean: true)
    }

    @Test func aHeadLongerThanOneReadIsListed() throws {
        let home = try DiskHome()
        let spool = try home.open(.exclusive, .os)
        var all = SpoolBatch()
        all.messages = [message(1), message(2, recipients: 2000), message(3)]
        try spool.commit(all)
        var recipients: [Int] = []
        let unreadable = try spool.enumerate { recipients.append($0.envelope.recipients.count) }
        #expect(recipients == [1, 2000, 1] && unreadable.count == 0)
        spool.close(clean: true)
    }

    @Test func moreMessagesThanAreOpenAtOnce() throws {
        let home = try DiskHome()
        let spool = try home.open()
        try spool.commit(batch(1...600))
        #expect(try list(spool).ids == Array(1...600))
        #expect(home.files().count == 600)
        spool.close(clean: true)
    }

    @Test func aSecondProcessIsRefusedAndReadersAreNot() throws {
        let home = try DiskHome()
        #expect(throws: SpoolFault.self) { _ = try home.open(.readOnly) }
        #expect(!FileManager.default.fileExists(atPath: home.directory), "a reader makes nothing")
        var spool = try home.open()
        try spool.commit(batch(1...3))
        #expect(throws: SpoolFault.self) { _ = try home.open() }
        // What the first process may be writing, and a file that cannot be read, are nobody else's business.
        let temporary = try home.path(1).replacingOccurrences(of: "/\(id(1))", with: "/.\(id(9))")
        try home.write([1], to: temporary)
        try home.write([1], to: home.path(2))
        let before = home.files()
        let reader = try home.open(.readOnly)
        let (ids, unreadable) = try list(reader)
        #expect(ids == [1, 3] && unreadable.count == 1)
        #expect(throws: SpoolFault.closed) { try reader.commit(batch(4...4)) }
        #expect(throws: SpoolFault.closed) { try reader.quarantine(id(2)) }
        reader.close(clean: true)
        #expect(home.files() == before && !FileManager.default.fileExists(atPath: home.quarantine))
        spool.close(clean: false)
        spool = try home.open()
        #expect(!spool.wasCleanlyClosed, "the reader left no mark")
        spool.close(clean: true)
    }

    /// A copy of the files of an open spool is what a killed process leaves behind.
    @Test func aCopyOfAnOpenSpoolOpens() throws {
        let home = try DiskHome()
        let spool = try home.open()
        try spool.commit(batch(1...20))
        try spool.commit(deferrals(3))
        try spool.commit(completions(1, 2))
        try FileManager.default.moveItem(atPath: home.directory, toPath: home.root + "/open")
        try FileManager.default.copyItem(atPath: home.root + "/open", toPath: home.directory)
        let copy = try home.open()
        #expect(!copy.wasCleanlyClosed)
        #expect(try list(copy).ids == Array(3...20))
        #expect(try copy.load(id(3))?.state?.attempts == 1)
        copy.close(clean: true)
        spool.close(clean: true)
    }
}
