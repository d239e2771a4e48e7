import Foundation
import Glibc
import Measures
import TestSupport
import Testing

/// What stands where an output goes decides how it is written.
@Suite struct OutputFileTests {
    private let directory = TemporaryDirectory()

    private func kind(_ path: String) -> mode_t {
        var found = stat()
        return lstat(path, &found) == 0 ? found.st_mode & S_IFMT : 0
    }

    private func text(_ path: String) -> String {
        String(decoding: FileManager.default.contents(atPath: path) ?? Data(), as: UTF8.self)
    }

    @Test func aFileIsMadeAndReplaced() throws {
        let path = directory.path + "/report.html"
        try writeOutput("first, and longer", to: path)
        #expect(text(path) == "first, and longer")
        chmod(path, 0o600)
        try writeOutput("second", to: path)
        #expect(text(path) == "second")
        let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
        #expect(mode == 0o600)
        #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path) == ["report.html"])
    }

    /// Asked before a long run: nothing is left behind, and what is there stays.
    @Test func whatCannotBeWrittenIsFoundBefore() throws {
        let path = directory.path + "/record.json"
        try checkOutput(path)
        #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path).isEmpty)
        try writeOutput("kept", to: path)
        try checkOutput(path)
        #expect(text(path) == "kept")
        try checkOutput("/dev/null")
        for (bad, reason) in [
            (directory.path + "/no/record.json", "No such file or directory"), (directory.path, "Is a directory"),
            (path + "/x", "Not a directory"),
        ] {
            let fault = #expect(throws: OutputFault.self) { try checkOutput(bad) }
            #expect(fault?.description == "\(bad): cannot be written: \(reason)")
        }
    }

    @Test func aLinkStaysOne() throws {
        let (link, target) = (directory.path + "/link", directory.path + "/target")
        #expect(symlink(target, link) == 0)
        try writeOutput("longer than the second", to: link)
        try writeOutput("second", to: link)
        #expect(kind(link) == S_IFLNK)
        #expect(text(target) == "second")
    }

    @Test func aQueueTakesTheBytes() throws {
        let path = directory.path + "/queue"
        #expect(mkfifo(path, 0o600) == 0)
        let reader = open(path, O_RDWR | O_NONBLOCK)
        defer { close(reader) }
        try writeOutput("through", to: path)
        var bytes = [UInt8](repeating: 0, count: 64)
        let count = read(reader, &bytes, bytes.count)
        #expect(count == 7 && String(decoding: bytes.prefix(7), as: UTF8.self) == "through")
        #expect(kind(path) == S_IFIFO)
    }

    @Test func theReasonIsNamed() throws {
        #expect { try writeOutput("x", to: "/dev/full") } throws: { "\($0)".hasSuffix("No space left on device") }
        #expect(kind("/dev/full") == S_IFCHR)
        let nowhere = directory.path + "/none/file"
        #expect { try writeOutput("x", to: nowhere) } throws: {
            "\($0)" == "\(nowhere): cannot be written: No such file or directory"
        }
        #expect { try writeOutput("x", to: self.directory.path) } throws: { "\($0)".hasSuffix("Is a directory") }
    }
}
