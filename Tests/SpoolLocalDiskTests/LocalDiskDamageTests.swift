import Foundation
import Glibc
import MailTypes
import SpoolContract
import SpoolLocalDisk
import Testing

@Suite struct LocalDiskDamageTests {
    @Test func whatACrashLeavesIsClearedAway() throws {
        let home = try DiskHome()
        var spool = try home.open()
        try spool.commit(batch(1...3))
        try spool.commit(deferrals(1, 2, 3))
        spool.close(clean: false)
        // A message and a state that were being written, a state whose message is gone, a state that never got its data.
        let folder = (try home.path(3) as NSString).deletingLastPathComponent
        try home.write(Array("half".utf8), to: folder + "/.\(id(9)).msg")
        try home.write([], to: folder + "/.\(id(3)).state")
        try FileManager.default.removeItem(atPath: try home.path(1))
        try home.write([], to: try home.path(2, "state"))
        spool = try home.open()
        #expect(!spool.wasCleanlyClosed)
        var attempts: [UInt64: UInt32] = [:]
        let unreadable = try spool.enumerate { attempts[$0.id.low] = $0.state?.attempts ?? 0 }
        #expect(attempts == [2: 0, 3: 1] && unreadable.count == 0)
        #expect(home.files().count == 3, "two messages, one state: \(home.files())")
        #expect(spool.report.messages == 2)
        spool.close(clean: true)
        spool = try home.open()
        #expect(spool.wasCleanlyClosed)
        spool.close(clean: true)
    }

    @Test func unreadableFilesGoToQuarantineAndTheRestIsListed() throws {
        let home = try DiskHome()
        var spool = try home.open()
        try spool.commit(batch(1...4))
        try spool.commit(deferrals(2, 4))
        spool.close(clean: true)
        let short = Array(try home.content(home.path(2)).prefix(60))
        try home.write(short, to: home.path(2))
        let flipped = try home.damage(home.path(3))
        let state = try home.damage(home.path(4, "state"))
        spool = try home.open()
        let (ids, unreadable) = try list(spool)
        #expect(ids == [1, 3, 4], "content is checked when it is loaded")
        #expect(unreadable.count == 2)
        #expect(unreadable.first?.contains("\(home.quarantine)/\(id(2)).record") ?? false, "\(unreadable)")
        #expect(try home.content("\(home.quarantine)/\(id(2)).record") == short)
        #expect(try home.content("\(home.quarantine)/\(id(4)).state") == state)
        #expect(try spool.load(id(4))?.state == nil, "it starts afresh")
        #expect {
            try spool.load(id(3))
        } throws: {
            guard case .corrupt = $0 as? SpoolFault else { return false }
            return true
        }
        let kept = try #require(try spool.quarantine(id(3)))
        #expect(try home.content(kept) == flipped)
        #expect(try spool.quarantine(id(3)) == nil && spool.load(id(3)) == nil)
        try spool.commit(completions(3))
        #expect(spool.report.messages == 2)
        #expect(home.files().count == 2)
        spool.close(clean: true)
        spool = try home.open()
        #expect(try list(spool) == ([1, 4], UnreadableRecords()))
        spool.close(clean: true)
    }

    /// A file that is in the quarantine already is never written over.
    @Test func theQuarantineKeepsEverything() throws {
        let home = try DiskHome()
        let spool = try home.open()
        var kept: [String] = []
        for size in [10, 20, 30] {
            try spool.commit(batch(1...1, size: size))
            kept.append(try #require(try spool.quarantine(id(1))))
        }
        #expect(Set(kept).count == 3)
        let sizes = try kept.map { try home.content($0).count }
        #expect(sizes == [sizes[0], sizes[0] + 10, sizes[0] + 20])
        #expect(spool.report.messages == 0)
        spool.close(clean: true)
    }

    /// A relay that could not put a message aside finishes it all the same.
    @Test func whatCannotBeReadIsNotRemoved() throws {
        let home = try DiskHome()
        let spool = try home.open()
        try spool.commit(batch(1...2))
        for number in [1, 2] as [UInt64] {
            try home.damage(home.path(number))
            #expect(throws: SpoolFault.self) { try spool.load(id(number)) }
        }
        // No directory: nothing can be moved there.
        try home.write([], to: home.quarantine)
        try spool.commit(completions(1))
        #expect(home.files().count == 2, "it stays in the queue")
        try FileManager.default.removeItem(atPath: home.quarantine)
        let damaged = try home.content(home.path(2))
        try spool.commit(completions(2))
        #expect(try home.content("\(home.quarantine)/\(id(2)).record") == damaged)
        #expect(home.files().count == 1 && spool.report.messages == 1)
        spool.close(clean: true)
    }

    @Test func aFailedWriteLatches() throws {
        let home = try DiskHome()
        var spool = try home.open()
        try spool.commit(batch(1...1))
        let before = home.files()
        // A directory of the queue is gone: files can no longer be made in it, others could.
        let directories = try FileManager.default.contentsOfDirectory(atPath: home.directory + "/queue")
        let victim = try #require(
            try directories.first {
                try FileManager.default.contentsOfDirectory(atPath: home.directory + "/queue/" + $0).isEmpty
            })
        #expect(rmdir(home.directory + "/queue/" + victim) == 0)
        let failure = #expect(throws: SpoolFault.self) { try spool.commit(batch(2...2001)) }
        let fault = try #require(failure)
        #expect(fault.description.hasPrefix("I/O error"), "\(fault)")
        #expect(home.files() == before, "nothing of the batch is left")
        #expect(mkdir(home.directory + "/queue/" + victim, 0o700) == 0)
        #expect(throws: fault) { try spool.commit(completions(1)) }
        #expect(spool.report.fault == fault)
        #expect(try spool.load(id(1)) != nil)
        spool.close(clean: true)
        spool = try home.open()
        #expect(!spool.wasCleanlyClosed, "a spool that failed was not left clean")
        #expect(try list(spool).ids == [1])
        spool.close(clean: true)
    }

    /// On a file system of 2 MiB of its own.
    @Test func aFullDiskRefusesTheBatchWhole() throws {
        let home = try DiskHome()
        guard home.mountMemory("2m") else {
            return withKnownIssue("NOT TESTED: only root may mount a tmpfs") { Issue.record("no tmpfs") }
        }
        let spool = try home.open()
        try spool.commit(batch(1...2, size: 100_000))
        let before = home.files()
        #expect { try spool.commit(batch(10...40, size: 100_000)) } throws: { isNoSpace($0) }
        #expect(home.files() == before, "nothing of it is left")
        #expect(spool.report.messages == 2 && spool.report.fault == nil)
        // Not even a state fits: what it would have replaced is there, what it would have been is not.
        try spool.commit(deferrals(1))
        let withState = home.files()
        try fill(home.root + "/filler")
        #expect { try spool.commit(deferrals(1, 2)) } throws: { isNoSpace($0) }
        #expect(home.files() == withState)
        #expect(try spool.load(id(1))?.state?.attempts == 1)
        try spool.commit(completions(1))
        unlink(home.root + "/filler")
        try spool.commit(batch(50...50, size: 100_000))
        #expect(try list(spool).ids == [2, 50])
        spool.close(clean: true)
    }

    /// Writes until there is no room left.
    private func fill(_ path: String) throws {
        let file = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0o600)
        defer { close(file) }
        let zeros = [UInt8](repeating: 0, count: 4096)
        while write(file, zeros, zeros.count) > 0 {}
        #expect(errno == ENOSPC)
    }
}
