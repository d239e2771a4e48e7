import BenchHarness
import Measures
import Testing

/// The same facts always get the same judgement, and each fault of a machine gets its own.
@Suite struct DoctorJudgementTests {
    private func findings(_ needs: DoctorNeeds = DoctorFixture.needs, _ spoil: (inout DoctorFacts) -> Void = { _ in })
        -> [DoctorFinding]
    {
        var facts = DoctorFixture.facts
        spoil(&facts)
        return DoctorJudgement(facts, for: needs).findings
    }

    @Test func aGoodMachineHasNothingAgainstIt() {
        let found = findings()
        #expect(found.filter { $0.severity > .note } == [])
        #expect(found.filter { $0.setting != nil } == [])
        #expect(found.count > 25)
        #expect(Set(found.map(\.name)).count == found.count)
    }

    struct Fault: CustomTestStringConvertible, Sendable {
        var name: String
        var severity: DoctorSeverity
        var recommends: String
        var spoil: @Sendable (inout DoctorFacts) -> Void
        var testDescription: String { "\(name): \(severity.rawValue), \(recommends)" }
        init(
            _ name: String, _ severity: DoctorSeverity, _ recommends: String,
            _ spoil: @escaping @Sendable (inout DoctorFacts) -> Void
        ) {
            (self.name, self.severity, self.recommends, self.spoil) = (name, severity, recommends, spoil)
        }
    }

    static let limits = [
        Fault("open files", .severe, "65,536") { $0.descriptorLimit = 1024 },
        Fault("net.core.somaxconn", .warning, "4,096") { $0.sysctls["net.core.somaxconn"] = "128" },
        Fault("net.ipv4.ip_local_port_range", .severe, "5000 65000") {
            $0.sysctls["net.ipv4.ip_local_port_range"] = "60000 61000"
        },
        Fault("net.ipv4.ip_local_port_range", .warning, "5000 65000") {
            $0.sysctls["net.ipv4.ip_local_port_range"] = "60000 62999"
        },
        Fault("net.ipv4.tcp_max_syn_backlog", .note, "2,048") { $0.sysctls["net.ipv4.tcp_max_syn_backlog"] = "512" },
        Fault("net.ipv4.tcp_max_syn_backlog", .warning, "2,048") {
            $0.sysctls["net.ipv4.tcp_max_syn_backlog"] = "512"
            $0.sysctls["net.ipv4.tcp_syncookies"] = "0"
        },
        Fault("net.ipv4.tcp_tw_reuse", .warning, "2") { $0.sysctls["net.ipv4.tcp_tw_reuse"] = "0" },
        Fault("net.core.wmem_max", .note, "4,194,304 bytes") { $0.sysctls["net.core.wmem_max"] = "212992" },
        Fault("net.ipv4.tcp_rmem", .note, "4096 131072 4194304 bytes") {
            $0.sysctls["net.ipv4.tcp_rmem"] = "4096 131072 1048576"
        },
    ]

    static let machine = [
        Fault("frequency governor", .warning, "performance") { $0.processor.governors = ["performance", "powersave"] },
        Fault("frequency governor", .note, "") { $0.processor.governors = [] },
        Fault("clock source", .warning, "tsc") { $0.processor.clockSource = "hpet" },
        Fault("reading the clock", .warning, "below 200 ns") { $0.processor.clockReadNanoseconds = 900 },
        Fault("transparent huge pages", .warning, "madvise") { $0.processor.hugePages = "always" },
        Fault("processor quota", .warning, "none") { $0.processor.groupCores = 1.5 },
        Fault("memory available", .severe, "2.0 GiB or more") { $0.memory.availableBytes = 500 << 20 },
        Fault("swap in use", .warning, "none") { $0.memory.swapUsedBytes = 1 << 30 },
        Fault("vm.swappiness", .note, "1") { $0.memory.swapBytes = 1 << 30 },
        Fault("memory limit of the group", .warning, "none") { $0.memory.groupBytes = 1 << 30 },
        Fault("calibration loop", .warning, "10 % or less: stop what else runs, or repeat more often") {
            for index in 0..<20 { $0.neighbours.calibration[index] = 25_000_000 }
        },
        Fault("calibration loop", .severe, "10 % or less: stop what else runs, or repeat more often") {
            for index in 0..<20 { $0.neighbours.calibration[index] = 40_000_000 }
        },
        Fault("time stolen by the hypervisor", .warning, "1 % or less: another machine, or another hour") {
            $0.neighbours.stolen = 0.05
        },
        Fault("other busy processes", .severe, "none") {
            $0.neighbours.busy = [BusyProcess(pid: 7, name: "cc1plus", cores: 1)]
        },
        Fault("listener on port 2525", .warning, "none") {
            $0.neighbours.listeners = [Listener(port: 2525, program: "master (3)")]
        },
    ]

    static let disks = [
        Fault("file system of the spool", .severe, "a disk (--spool-root DIRECTORY)") {
            $0.disk.mount.fileSystem = "tmpfs"
        },
        Fault("file system of the spool", .warning, "the file system below it (--spool-root DIRECTORY)") {
            $0.disk.mount.fileSystem = "overlay"
        },
        Fault("file system of the spool", .warning, "a local disk (--spool-root DIRECTORY)") {
            $0.disk.mount.fileSystem = "nfs4"
        },
        Fault(
            "4 KiB write and fdatasync, p50", .warning, "0.03 ms or more, or a cache that survives a power cut"
        ) { $0.disk.syncLatency = DoctorFixture.latency(microseconds: 5) },
        Fault("4 KiB write and fdatasync, p50", .warning, "below 10 ms") {
            $0.disk.syncLatency = DoctorFixture.latency(microseconds: 12_000)
        },
        Fault("4 KiB write and fdatasync, p99", .warning, "20 times the median or less") {
            $0.disk.syncLatency = DoctorFixture.latency(microseconds: 200, late: 30_000)
        },
        Fault("mount option nobarrier", .severe, "barrier") { $0.disk.mount.options.append("nobarrier") },
        Fault("mount option strictatime", .note, "noatime") { $0.disk.mount.options.append("strictatime") },
        Fault("journal of the file system", .note, "") { $0.disk.hasJournal = false },
        Fault("free space for the spool", .severe, "2.1 GB") { $0.disk.freeBytes = 900_000_000 },
        Fault("free inodes for the spool", .warning, "200,000 or more") { $0.disk.freeInodes = 1000 },
        Fault("name server 127.0.0.1", .warning, "an answer") { $0.nameServers[0].answer = .none },
        Fault("name server 127.0.0.1", .warning, "below 10 ms") {
            $0.nameServers[0].answer = .after(nanoseconds: 40_000_000)
        },
        Fault("name server 127.0.0.1", .note, "") { $0.nameServers[0].answer = .notAsked },
        Fault("strace", .note, "") { $0.tools[0].isAvailable = false },
    ]

    @Test(arguments: limits + machine + disks) func eachFaultIsFound(_ fault: Fault) throws {
        let found = findings(DoctorFixture.needs, fault.spoil)
        let finding = try #require(found.first { $0.name == fault.name }, "\(found.map(\.name))")
        #expect(finding.severity == fault.severity)
        #expect(finding.recommended == fault.recommends)
        #expect(!finding.why.isEmpty)
        // Nothing else is wrong because of it.
        #expect(found.filter { $0.severity > .note && $0.name != fault.name } == [])
    }

    @Test func settingsOfTheKernelHaveTheirCommand() throws {
        let found = findings { $0.sysctls["net.core.somaxconn"] = "128" }
        let finding = try #require(found.first { $0.name == "net.core.somaxconn" })
        #expect(finding.setting == SysctlSetting("net.core.somaxconn", "4096"))
        #expect(finding.command == "sysctl -w 'net.core.somaxconn=4096'")
        #expect(finding.setting?.path == "/proc/sys/net/core/somaxconn")
    }

    @Test func moreConnectionsNeedMore() throws {
        var needs = DoctorFixture.needs
        needs.connections = 10_000
        let found = findings(needs) { $0.descriptorLimit = 10_100 }
        #expect(found.first { $0.name == "open files" }?.severity == .severe)
        #expect(found.first { $0.name == "net.core.somaxconn" }?.setting?.value == "16384")
    }

    @Test func aVolumeBelowTwiceTheMemoryIsNoted() {
        var needs = DoctorFixture.needs
        needs.bytes = 10_000_000_000
        #expect(findings(needs).first { $0.name == "volume of the run" }?.recommended == "32.0 GiB or more")
        needs.bytes = 100_000_000_000
        #expect(findings(needs).first { $0.name == "volume of the run" }?.severity == .ok)
        #expect(findings().first { $0.name == "volume of the run" } == nil)
    }
}
