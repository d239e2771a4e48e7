import BenchHarness
import Measures

/// A machine without a fault, for tests to spoil.
enum DoctorFixture {
    static let needs = DoctorNeeds(
        connections: 2000, bytes: 0, ports: [25, 2525], spoolDirectory: "/var/spool/bench")

    static func latency(microseconds: UInt64, late: UInt64? = nil) -> LatencyHistogram {
        var histogram = LatencyHistogram()
        histogram.record(nanoseconds: microseconds * 1000, count: 190)
        histogram.record(nanoseconds: (late ?? microseconds) * 1000, count: 10)
        return histogram
    }

    static var facts: DoctorFacts {
        DoctorFacts(
            descriptorLimit: 1_048_576,
            sysctls: [
                "net.core.somaxconn": "4096", "net.ipv4.ip_local_port_range": "5000 65000",
                "net.ipv4.tcp_max_syn_backlog": "4096", "net.ipv4.tcp_syncookies": "1", "net.ipv4.tcp_tw_reuse": "2",
                "net.core.rmem_max": "8388608", "net.core.wmem_max": "8388608",
                "net.ipv4.tcp_rmem": "4096 131072 33554432", "net.ipv4.tcp_wmem": "4096 16384 4194304",
                "vm.swappiness": "60", "vm.dirty_ratio": "20", "vm.dirty_background_ratio": "10",
            ],
            processor: .init(
                cores: 4, governors: ["performance"], clockSource: "tsc", clockReadNanoseconds: 25,
                hugePages: "madvise", groupCores: nil),
            memory: .init(
                bytes: 16 << 30, availableBytes: 12 << 30, swapBytes: 0, swapUsedBytes: 0, groupBytes: nil),
            disk: .init(
                mount: MountFacts(
                    device: "/dev/nvme0n1p1", directory: "/var", fileSystem: "ext4", options: ["rw", "relatime"]),
                freeBytes: 500_000_000_000, freeInodes: 10_000_000, syncLatency: latency(microseconds: 200),
                hasJournal: true, writeCache: "write back"),
            neighbours: .init(
                calibration: Array(repeating: 20_000_000, count: 100), stolen: 0, busy: [],
                listeners: [Listener(port: 22, program: "sshd (1)")]),
            nameServers: [NameServerFacts(address: "127.0.0.1", answer: .after(nanoseconds: 300_000))],
            tools: [ToolFacts(name: "strace", isAvailable: true, purpose: "evidence", detail: "/usr/bin/strace")])
    }
}
