import Foundation
import Glibc
import RunRecords
import TestSupport
import Testing

import BenchHarness

/// An unpacked root is laid over the machine's for one command alone.
@Suite(.enabled(if: geteuid() == 0, "only root may mount")) struct SystemRootTests {
    private let folder = TemporaryDirectory()

    private func root() throws -> SystemRoot {
        let text =
            "title: T\nabout: a\npackages: [example]\nunpack: true\nexecutables: [/usr/bin/example]\n"
            + "users: [example-user]\nstart: [example]\nvariants: [{name: default, spool: s, promise: none}]\n"
        let root = SystemRoot(try SystemDefinition(text: text, file: "example.yaml"), below: folder.path)
        try HarnessPaths.make(root.root + "/etc")
        try "from the package\n".write(toFile: root.root + "/etc/millrace-test", atomically: true, encoding: .utf8)
        let users = "root:x:0:0::/:/bin/sh\nexample-user:x:64101:64102::/nonexistent:/usr/sbin/nologin\n"
        try users.write(toFile: root.root + "/etc/passwd", atomically: true, encoding: .utf8)
        return root
    }

    @Test func itsFilesAreThereAndTheHostIsUntouched() throws {
        let root = try root()
        let (work, extra) = (folder.path + "/work", folder.path + "/extra")
        for path in [work + "/spool", extra + "/etc"] { try HarnessPaths.make(path) }
        try "port 25\n".write(toFile: extra + "/etc/millrace-made", atomically: true, encoding: .utf8)
        let prefix = root.prefix(
            files: extra, work: work, programs: "/usr/bin", binds: ["/var/spool/millrace-test": work + "/spool"])
        let script = """
            cat /etc/millrace-test /etc/millrace-made
            id -u example-user
            echo kept >/var/spool/millrace-test/message
            echo kept >\(work)/log
            echo gone >/etc/millrace-written
            test -e /usr/bin/env && test -e /proc/self/exe && echo the host is beneath
            """
        let outcome = try Command.run(prefix + ["sh", "-e", "-c", script])
        #expect(outcome.status == 0, "\(outcome.errors)")
        #expect(outcome.output == "from the package\nport 25\n64101\nthe host is beneath")
        #expect(try String(contentsOfFile: work + "/spool/message", encoding: .utf8) == "kept\n")
        #expect(try String(contentsOfFile: work + "/log", encoding: .utf8) == "kept\n")
        for path in ["/etc/millrace-written", "/etc/millrace-test", "/var/spool/millrace-test"] {
            #expect(access(path, F_OK) != 0, "\(path) is on the host")
        }
        let mounts = try String(contentsOfFile: "/proc/self/mounts", encoding: .utf8)
        #expect(!mounts.contains(work), "a mount was left behind")
    }

    @Test func itKnowsItsUsers() throws {
        let root = try root()
        #expect(root.owner("example-user")?.user == 64101)
        #expect(root.owner("example-user")?.group == 64102)
        #expect(root.owner("nobody-of-that-name") == nil)
        #expect(!root.isInstalled)
    }
}
