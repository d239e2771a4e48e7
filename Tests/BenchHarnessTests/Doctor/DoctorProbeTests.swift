import BenchHarness
import Foundation
import Glibc
import Testing

/// What the kernel's texts mean.
@Suite struct DoctorProbeTests {
    @Test func theLastLongestMountHoldsThePath() {
        let mounts = """
            /dev/vda1 / ext4 rw,relatime 0 0
            tmpfs /var tmpfs rw 0 0
            /dev/vdb /var/spool xfs rw,noatime 0 0
            overlay /var/spool overlay rw,volatile 0 0
            /dev/vdc /var/my\\040disk ext4 rw 0 0

            """
        #expect(
            DoctorProbe.mount(holding: "/var/spool/x", in: mounts)
                == MountFacts(
                    device: "overlay", directory: "/var/spool", fileSystem: "overlay", options: ["rw", "volatile"]))
        #expect(DoctorProbe.mount(holding: "/var/spoolers", in: mounts)?.fileSystem == "tmpfs")
        #expect(DoctorProbe.mount(holding: "/home", in: mounts)?.options == ["rw", "relatime"])
        #expect(DoctorProbe.mount(holding: "/var/my disk/a", in: mounts)?.device == "/dev/vdc")
        #expect(DoctorProbe.mount(holding: "/", in: "nonsense\n") == nil)
    }

    @Test(arguments: [("50000 100000", 0.5), ("max 100000", nil), ("-1 100000", nil), ("", nil)])
    func quotasAreCores(text: String, cores: Double?) { #expect(DoctorProbe.coreQuota(text) == cores) }

    @Test func theChosenOneIsInBrackets() {
        #expect(DoctorProbe.chosen("always [madvise] never") == "madvise")
        #expect(DoctorProbe.chosen("madvise") == nil)
    }

    @Test func listenersAreThoseThatListen() {
        let table = """
              sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
               0: 0100007F:09DD 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1061 1 0 100 0
               1: 0100007F:09DD 0100007F:A000 01 00000000:00000000 00:00000000 00000000     0        0 1062 1 0 100 0
               2: 00000000000000000000000001000000:0019 00000000000000000000000000000000:0000 0A 0:0 0:0 0 0 0 77 1 0

            """
        let found = ListenerProbe.parse(table)
        #expect(found.map(\.port) == [2525, 25])
        #expect(found.map(\.inode) == ["1061", "77"])
    }

    @Test func stolenTimeIsAPartOfAll() {
        let before = ProcessorTimes(stat: "cpu  100 0 100 700 0 0 0 100 50 0\ncpu0 1 2 3\n")
        let after = ProcessorTimes(stat: "cpu  200 0 200 1300 0 0 100 200 50 0\n")
        #expect(before == ProcessorTimes(stat: "cpu  100 0 100 700 0 0 0 100 0 0\n"))
        #expect(after.stolenShare(since: before) == 0.1)
        #expect(before.stolenShare(since: after) == 0)
    }

    @Test func aProcessMayBeNamedAnything() {
        let stat = "42 (a) b (c)) S 1 42 42 0 -1 4194560 1 2 3 4 250 50 0 0 20 0 1 0 100 0"
        #expect(ProcessorTimes.ofProcess(stat)?.name == "a) b (c)")
        #expect(ProcessorTimes.ofProcess(stat)?.ticks == 300)
    }

    @Test func theMachineCanBeLookedAt() throws {
        let directory = NSTemporaryDirectory() + "doctor-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let needs = DoctorNeeds(connections: 10, ports: [1], spoolDirectory: directory)
        var steps: [String] = []
        let facts = try DoctorProbe.facts(for: needs) { steps.append($0) }
        #expect(steps.count > 3)
        #expect(facts.disk.syncLatency.count == 200)
        #expect(facts.neighbours.calibration.count == 100)
        #expect(facts.sysctls["net.core.somaxconn"] != nil)
        #expect(facts.memory.availableBytes > 0)
        #expect(facts.disk.freeBytes > 0)
        #expect(facts.processor.cores > 0)
        #expect(DoctorJudgement(facts, for: needs).findings.count > 25)
        // Nothing is left of it.
        #expect(try FileManager.default.contentsOfDirectory(atPath: directory) == [])
    }

    // MARK: Name servers

    @Test func onlyNameServersOfThisMachineAreAsked() {
        let text = "# 127.0.0.9\nsearch test\nnameserver 192.0.2.1\nnameserver\t::1\noptions edns0\n"
        #expect(NameServerProbe.addresses(text) == ["192.0.2.1", "::1"])
        #expect(
            NameServerProbe.ask(resolverConfiguration: text).map(\.answer) == [.notAsked, .notAsked])
    }

    @Test func aNameServerOfThisMachineIsTimed() throws {
        let server = try Answering()
        let found = NameServerProbe.ask(resolverConfiguration: "nameserver 127.0.0.1\n", port: server.port)
        guard case .after(let nanoseconds)? = found.first?.answer else {
            Issue.record("\(found)")
            return
        }
        #expect(nanoseconds > 0)
        #expect(NameServerProbe.question(id: 4000).prefix(2) == [0x0F, 0xA0])
    }

    @Test func aNameServerThatIsNotThereHasNoAnswer() throws {
        let server = try Answering()
        server.close()
        #expect(
            NameServerProbe.ask(resolverConfiguration: "nameserver 127.0.0.1\n", port: server.port).map(\.answer)
                == [.none])
    }

    /// Sends each question back as its own answer.
    private final class Answering: Sendable {
        let port: UInt16
        private let descriptor: Int32

        init() throws {
            let descriptor = socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
            var length = socklen_t(MemoryLayout<sockaddr_in>.size)
            let bound = withUnsafeMutablePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    bind(descriptor, $0, length) == 0 && getsockname(descriptor, $0, &length) == 0
                }
            }
            try #require(bound)
            port = UInt16(bigEndian: address.sin_port)
            self.descriptor = descriptor
            Thread.detachNewThread { Self.answer(descriptor) }
        }

        deinit { close() }

        func close() { _ = shutdown(descriptor, Int32(SHUT_RDWR)); Glibc.close(descriptor) }

        private static func answer(_ descriptor: Int32) {
            var packet = [UInt8](repeating: 0, count: 512)
            var peer = sockaddr_in()
            while true {
                var length = socklen_t(MemoryLayout<sockaddr_in>.size)
                let count = withUnsafeMutablePointer(to: &peer) {
                    $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                        recvfrom(descriptor, &packet, packet.count, 0, $0, &length)
                    }
                }
                guard count > 2 else { return }
                packet[2] |= 0x80
                _ = withUnsafePointer(to: &peer) {
                    $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                        sendto(descriptor, packet, count, 0, $0, length)
                    }
                }
            }
        }
    }
}
