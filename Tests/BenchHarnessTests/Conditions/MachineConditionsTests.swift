import BenchHarness
import Foundation
import Glibc
import Testing

/// Real limits of the kernel, where this machine has them and its user may set them.
@Suite(.serialized) struct MachineConditionsTests {
    private static func mayLimit(_ controller: ControlGroupLayout.Controller) -> Bool {
        guard geteuid() == 0, let hierarchy = ControlGroupLayout.current().hierarchy(controller) else { return false }
        return access(hierarchy.directory, W_OK) == 0
    }
    private static let limitsDisk =
        mayLimit(.disk) && SpoolDevice.holding(NSTemporaryDirectory())?.whole != nil
    private static let limitsMemory = mayLimit(.memory)
    private static let hasNamespaces =
        geteuid() == 0 && ["/sbin/ip", "/usr/sbin/ip"].contains { (path: String) in access(path, X_OK) == 0 }

    private static func withDirectory(_ body: (String) throws -> Void) throws {
        let directory = NSTemporaryDirectory() + "conditions-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        try body(directory)
    }

    /// The directories of groups that this process made and has not removed.
    private static func groupsLeft() -> [String] {
        let layout = ControlGroupLayout.current()
        return ControlGroupLayout.Controller.allCases.flatMap { controller -> [String] in
            guard let hierarchy = layout.hierarchy(controller) else { return [] }
            return hierarchy.ownDirectories.flatMap { (try? FileManager.default.contentsOfDirectory(atPath: $0)) ?? [] }
                .filter { $0.hasPrefix("millrace-\(getpid())-") }
        }
    }

    @discardableResult
    private static func run(_ words: [String]) throws -> (status: Int32, output: String) {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = words
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = FileHandle.nullDevice
        try process.run()
        let data = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: data, as: UTF8.self))
    }

    private func prepared(
        _ asked: ConditionsAsked, spool: String, layout: ControlGroupLayout = .current(), group: String? = nil
    ) throws -> MachineConditions {
        let conditions = MachineConditions(asked, spool: spool, layout: layout, accountingGroup: group)
        try conditions.prepare()
        return conditions
    }

    @Test(.enabled(if: limitsDisk, "needs root, a control group for the disk, and a block device"))
    func theDiskIsLimitedAndFreeAgain() throws {
        try Self.withDirectory { directory in
            let conditions = try prepared(ConditionsAsked(writesPerSecond: 100), spool: directory)
            let line = try #require(conditions.lines.first)
            let words = line.split(separator: " ")
            #expect(line.hasPrefix("disk limited to 100 writes a second by the "), "\(line)")
            let at = try #require(words.firstIndex(of: "there:"))
            let measured = try #require(Double(words[words.index(after: at)]))
            // One request or more for each synced write; the kernel lets a burst through at first.
            #expect(measured > 5 && measured < 200, "\(line)")
            #expect(Self.groupsLeft().count == 1)
            conditions.remove()
            #expect(Self.groupsLeft() == [])
            #expect(conditions.systemPrefix == [])
            #expect(try FileManager.default.contentsOfDirectory(atPath: directory) == [])
        }
    }

    @Test(.enabled(if: limitsDisk, "needs root, a control group for the disk, and a block device"))
    func theBandwidthOfTheDiskIsLimited() throws {
        try Self.withDirectory { directory in
            let conditions = try prepared(ConditionsAsked(bytesPerSecond: 10_000_000), spool: directory)
            defer { conditions.remove() }
            let line = try #require(conditions.lines.first)
            let text = try #require(line.firstMatch(of: #/, ([0-9.]+) MB a second in synced/#)?.1)
            let measured = try #require(Double(text))
            #expect(measured > 1 && measured < 20, "\(line)")
        }
    }

    @Test(.enabled(if: limitsMemory, "needs root and a control group for memory"))
    func memoryIsLimitedForAllThatTheCommandStarts() throws {
        try Self.withDirectory { directory in
            let conditions = try prepared(ConditionsAsked(memoryBytes: 64 << 20), spool: directory)
            defer { conditions.remove() }
            #expect(conditions.lines.first?.hasPrefix("memory of the system limited to 0.06 GiB") == true)
            // 32 MiB fit and 256 MiB do not, in a grandchild.
            func hold(_ mebibytes: Int) throws -> Int32 {
                let script = "x = b'x' * (\(mebibytes) << 20); print(len(x))"
                return try Self.run(conditions.systemPrefix + ["sh", "-c", "python3 -c \"\(script)\"; exit $?"]).status
            }
            #expect(try hold(32) == 0)
            #expect(try hold(256) != 0)
        }
    }

    @Test(.enabled(if: limitsMemory, "needs root and a control group for memory"))
    func whatIsLeftInTheGroupIsEnded() throws {
        try Self.withDirectory { directory in
            let conditions = try prepared(ConditionsAsked(memoryBytes: 64 << 20), spool: directory)
            let process = Process()
            process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
            process.arguments = conditions.systemPrefix + ["sleep", "600"]
            try process.run()
            let group = try #require(Self.groupsLeft().first)
            let began = Date()
            while Self.processes(in: group).isEmpty {
                try #require(Date().timeIntervalSince(began) < 20, "it never came into its group")
                usleep(10_000)
            }
            conditions.remove()
            #expect(Self.groupsLeft() == [])
            process.waitUntilExit()
            #expect(process.terminationReason == .uncaughtSignal)
            #expect(process.terminationStatus == SIGKILL)
        }
    }

    private static func processes(in group: String) -> [Substring] {
        let directories = ControlGroupLayout.current().hierarchy(.memory)?.ownDirectories ?? []
        return directories.flatMap {
            ((try? String(contentsOfFile: "\($0)/\(group)/cgroup.procs", encoding: .utf8)) ?? "").split(separator: "\n")
                .map { Substring($0) }
        }
    }

    @Test func nothingAskedIsNothingDone() throws {
        let conditions = try prepared(ConditionsAsked(), spool: NSTemporaryDirectory())
        #expect(conditions.lines == [])
        #expect(conditions.systemPrefix == [] && conditions.sinkPrefix == [])
        #expect(conditions.sinkRules == "" && conditions.sinkAddress == "127.0.0.1")
    }

    @Test func withoutControlGroupsItIsSaid() throws {
        let none = ControlGroupLayout(mounts: "", ownGroups: "") { _ in "" }
        #expect {
            try prepared(ConditionsAsked(writesPerSecond: 1), spool: "/", layout: none)
        } throws: {
            "\($0)".hasPrefix("the disk cannot be limited here: no control group")
        }
        #expect {
            try prepared(ConditionsAsked(memoryBytes: 1 << 30), spool: "/", layout: none)
        } throws: {
            "\($0)".hasPrefix("memory cannot be limited here: ")
        }
    }

    @Test func aSpoolWithoutADeviceCannotBeLimited() throws {
        try #require(SpoolDevice.holding("/proc") == nil)
        let layout = ControlGroupLayout(
            mounts: "cgroup /nonexistent cgroup rw,blkio 0 0\n", ownGroups: "1:blkio:/\n"
        ) { _ in "" }
        #expect {
            try prepared(ConditionsAsked(writesPerSecond: 1), spool: "/proc", layout: layout)
        } throws: {
            "\($0)".contains("has no block device of its own")
        }
    }

    /// A hierarchy of version 2 as far as files show it: that a limit cannot be set is said, and nothing is left.
    @Test func whatTheKernelRefusesIsSaidAndUndone() throws {
        try Self.withDirectory { directory in
            let control = directory + "/cgroup.subtree_control"
            try "cpu memory".write(toFile: control, atomically: false, encoding: .utf8)
            let hierarchy = ControlGroupLayout.Hierarchy(version: 2, directory: directory, ownGroup: "/")
            #expect {
                try ControlGroup(
                    in: hierarchy, controller: .memory,
                    settings: ControlGroup.memorySettings(version: 2, bytes: 1 << 30))
            } throws: {
                "\($0)".hasPrefix("memory cannot be limited here: memory.max = '1073741824': No such file")
            }
            #expect(try FileManager.default.contentsOfDirectory(atPath: directory) == ["cgroup.subtree_control"])
        }
    }

    @Test(.enabled(if: hasNamespaces, "needs root and iproute2"))
    func aNetworkOfItsOwnIsGoneAfterwards() throws {
        // Without netem, which few kernels of test machines have: the way there and back.
        let network = try DistantNetwork(delaySeconds: 0, loss: 0)
        defer { network.remove() }
        let listener = try Self.run(
            network.sinkPrefix + [
                "python3", "-c",
                "import socket; s=socket.create_server(('\(network.sinkHost)', 0)); print(s.getsockname()[0])",
            ])
        #expect(listener.output == network.sinkHost + "\n")
        let route = try Self.run(["ip", "route", "get", network.sinkHost]).output
        #expect(route.contains("dev mr"), "\(route)")
        network.remove()
        #expect(try Self.run(["ip", "netns", "list"]).output.contains("millrace-\(getpid())") == false)
        #expect(try Self.run(network.sinkPrefix + ["true"]).status != 0)
    }
}
