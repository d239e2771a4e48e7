import LoadShedding
import Testing

@Suite struct ControlGroupMemoryTests {
    private static func reader(_ files: [String: String]) -> (String) -> String? { { files[$0] } }

    /// Version 2: the tightest limit on the way up counts, and page cache is not held.
    @Test func theTightestLimitOfVersion2Counts() throws {
        let files = [
            "/sys/fs/cgroup/system.slice/mta.service/memory.max": "max\n",
            "/sys/fs/cgroup/system.slice/memory.max": "1073741824\n",
            "/sys/fs/cgroup/system.slice/memory.current": "1000000000\n",
            "/sys/fs/cgroup/system.slice/memory.stat":
                "anon 300000000\nfile 600000000\nactive_file 200000000\ninactive_file 350000000\nslab_reclaimable 50000000\n",
        ]
        let read = Self.reader(files)
        let found = try #require(ControlGroupMemory.find(membership: "0::/system.slice/mta.service\n", read))
        #expect(found.limitBytes == 1_073_741_824 && found.isVersion2)
        #expect(found.directory == "/sys/fs/cgroup/system.slice")
        #expect(found.heldBytes(read) == 400_000_000)
    }

    @Test func version1IsReadBesideOthers() throws {
        let membership = "9:name=systemd:/\n4:memory:/box/a\n2:cpu,cpuacct:/box\n0::/\n"
        let files = [
            "/sys/fs/cgroup/memory/box/a/memory.limit_in_bytes": "536870912\n",
            "/sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n",
            "/sys/fs/cgroup/memory/box/a/memory.usage_in_bytes": "500000000\n",
            "/sys/fs/cgroup/memory/box/a/memory.stat":
                "cache 9\ntotal_cache 9\ntotal_inactive_file 100000000\ntotal_active_file 20000000\n",
        ]
        let read = Self.reader(files)
        let found = try #require(ControlGroupMemory.find(membership: membership, read))
        #expect(found.limitBytes == 536_870_912 && !found.isVersion2)
        #expect(found.heldBytes(read) == 380_000_000)
    }

    /// In a container the path is the host's, and the limit stands at the root.
    @Test func aContainersRootIsItsGroup() {
        let read = Self.reader(["/sys/fs/cgroup/memory.max": "268435456\n"])
        #expect(ControlGroupMemory.find(membership: "0::/docker/f00\n", read)?.limitBytes == 268_435_456)
        #expect(ControlGroupMemory.find(membership: "0::/\n", read)?.limitBytes == 268_435_456)
    }

    @Test(arguments: ["", "0::/\n", "nonsense\n", "4:memory:/a\n"])
    func withoutALimitThereIsNone(membership: String) {
        let read = Self.reader(["/sys/fs/cgroup/memory/a/memory.limit_in_bytes": "9223372036854771712\n"])
        #expect(ControlGroupMemory.find(membership: membership, read) == nil)
    }

    @Test func mappedFilesAreNotOwn() {
        #expect(ownMemoryBytes(statm: "9000 500 200 1 0 400 0\n", pageBytes: 4096) == 300 * 4096)
        #expect(ownMemoryBytes(statm: "", pageBytes: 4096) == nil)
    }
}
