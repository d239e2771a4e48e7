import BenchHarness
import Testing

/// Control groups of both versions, from the kernel's texts.
@Suite struct ControlGroupLayoutTests {
    private static let first = """
        tmpfs /sys/fs/cgroup tmpfs rw 0 0
        cgroup /sys/fs/cgroup/cpu,cpuacct cgroup rw,nosuid,cpu,cpuacct 0 0
        cgroup /sys/fs/cgroup/memory cgroup rw,relatime,memory 0 0
        cgroup /sys/fs/cgroup/blkio cgroup rw,relatime,blkio 0 0
        cgroup2 /sys/fs/cgroup/unified cgroup2 rw,relatime 0 0

        """
    private static let firstOwn = "7:blkio:/\n4:memory:/user/a\n1:cpu,cpuacct:/system\n0::/init\n"

    @Test func versionOneHasATreeForEach() {
        let layout = ControlGroupLayout(mounts: Self.first, ownGroups: Self.firstOwn) { _ in "hugetlb\n" }
        #expect(
            layout.hierarchy(.disk) == .init(version: 1, directory: "/sys/fs/cgroup/blkio", ownGroup: "/"))
        #expect(layout.hierarchy(.memory)?.ownGroup == "/user/a")
        #expect(layout.hierarchy(.processor)?.directory == "/sys/fs/cgroup/cpu,cpuacct")
        #expect(layout.hierarchy(.processor)?.ownGroup == "/system")
    }

    @Test func versionTwoHasOneForAll() {
        let layout = ControlGroupLayout(
            mounts: "cgroup2 /sys/fs/cgroup cgroup2 rw 0 0\n", ownGroups: "0::/user.slice/session\n"
        ) { $0 == "/sys/fs/cgroup" ? "cpuset cpu io memory pids\n" : "" }
        for controller in ControlGroupLayout.Controller.allCases {
            #expect(
                layout.hierarchy(controller)
                    == .init(version: 2, directory: "/sys/fs/cgroup", ownGroup: "/user.slice/session"))
        }
    }

    @Test func whatIsNotMountedIsNotThere() {
        let layout = ControlGroupLayout(mounts: "proc /proc proc rw 0 0\n", ownGroups: "") { _ in "io" }
        #expect(layout.hierarchy(.disk) == nil)
    }

    @Test func theOwnGroupLiesInOthers() {
        let hierarchy = ControlGroupLayout.Hierarchy(version: 2, directory: "/c", ownGroup: "/a/b")
        #expect(hierarchy.ownDirectories == ["/c/a/b", "/c/a", "/c"])
        #expect(ControlGroupLayout.Hierarchy(version: 1, directory: "/c", ownGroup: "/").ownDirectories == ["/c"])
    }

    // MARK: What is written

    private typealias Setting = ControlGroup.Setting
    private let device = SpoolDevice(major: 254, minor: 0)

    @Test func versionOneHasAFileForEachLimit() {
        #expect(
            ControlGroup.diskSettings(version: 1, device: device, writesPerSecond: 120, bytesPerSecond: 225_000_000)
                == [
                    Setting("blkio.throttle.write_iops_device", "254:0 120"),
                    Setting("blkio.throttle.write_bps_device", "254:0 225000000"),
                ])
        #expect(
            ControlGroup.diskSettings(version: 1, device: device, writesPerSecond: nil, bytesPerSecond: 5)
                == [Setting("blkio.throttle.write_bps_device", "254:0 5")])
        #expect(
            ControlGroup.memorySettings(version: 1, bytes: 4 << 30)
                == [Setting("memory.limit_in_bytes", "4294967296")])
    }

    @Test func versionTwoHasOneLineForTheDevice() {
        #expect(
            ControlGroup.diskSettings(version: 2, device: device, writesPerSecond: 120, bytesPerSecond: 225_000_000)
                == [Setting("io.max", "254:0 wiops=120 wbps=225000000")])
        #expect(
            ControlGroup.diskSettings(version: 2, device: device, writesPerSecond: 3000, bytesPerSecond: nil)
                == [Setting("io.max", "254:0 wiops=3000")])
        #expect(
            ControlGroup.memorySettings(version: 2, bytes: 100)
                == [Setting("memory.max", "100"), Setting("memory.swap.max", "0")])
    }

    @Test func aCommandIsPutIntoAllGroups() {
        #expect(
            ControlGroup.prefix(["/c/a", "/c/b"]) == [
                "/bin/sh", "-c",
                "echo $$ > '/c/a/cgroup.procs' || exit 125; echo $$ > '/c/b/cgroup.procs' || exit 125; exec \"$@\"",
                "sh",
            ])
        #expect(ControlGroup.prefix([]) == [])
    }

    // MARK: Network

    @Test func aDistanceIsMadeOnBothEnds() {
        let commands = DistantNetwork.commands(
            namespace: "ns", near: "mr1n", nearHost: "198.18.0.1", sinkHost: "198.18.0.2", delaySeconds: 0.05,
            loss: 0.005
        ).map { $0.joined(separator: " ") }
        #expect(commands[0] == "ip netns add ns")
        #expect(commands[1] == "ip link add mr1n type veth peer name mr1f netns ns")
        #expect(
            commands.suffix(2) == [
                "tc qdisc add dev mr1n root netem limit 100000 delay 50000us loss 0.5000%",
                "ip netns exec ns tc qdisc add dev mr1f root netem limit 100000 delay 50000us loss 0.5000%",
            ])
    }

    @Test func theSinkStandsInForADistance() {
        let rules = SinkDelayPlan(seconds: 0.1).rules.split(separator: "\n")
        #expect(rules.count == 4)
        #expect(rules[0] == "- {at: connect, action: delay, delay: 100.000ms}")
        #expect(rules[3] == "- {at: end, action: delay, delay: 100.000ms}")
    }

    @Test(arguments: [
        ("8+0 records in\n8+0 records out\n32768 bytes (33 kB, 32 KiB) copied, 1.25 s, 26 kB/s\n", 32768, 1.25),
        ("^C\n1+0 records out\n512 bytes copied, 2e-05 s, 26 MB/s\n", 512, 2e-05),
    ])
    func ddSaysWhatItDid(text: String, bytes: UInt64, seconds: Double) {
        #expect(DiskLimitProbe.parse(text)?.bytes == bytes)
        #expect(DiskLimitProbe.parse(text)?.seconds == seconds)
        #expect(DiskLimitProbe.parse("dd: failed to open\n") == nil)
    }
}
