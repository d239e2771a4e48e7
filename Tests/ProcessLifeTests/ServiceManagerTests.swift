import Foundation
import Glibc
import ProcessLife
import Testing

@Suite struct ServiceManagerTests {
    /// sd_notify(3), word for word.
    @Test(arguments: [
        (ServiceManager.Message.ready(status: "serving"), "READY=1\nSTATUS=serving\n"),
        (.reloading(microseconds: 17), "RELOADING=1\nMONOTONIC_USEC=17\nSTATUS=reloading\n"),
        (.stopping(status: "a\nb"), "STOPPING=1\nSTATUS=a b\n"), (.status("3 queued"), "STATUS=3 queued\n"),
        (.watchdog, "WATCHDOG=1\n"), (.successor(42), "MAINPID=42\nREADY=1\nSTATUS=upgraded\n"),
    ])
    func messagesHaveTheirForm(message: ServiceManager.Message, text: String) {
        #expect(message.text == text)
    }

    @Test func aWatchdogMayBeMeantForAnother() {
        func interval(_ environment: [String: String]) -> UInt64? {
            ServiceManager(environment, process: 7).watchdogMicroseconds
        }
        #expect(interval(["WATCHDOG_USEC": "30000000"]) == 30_000_000)
        #expect(interval(["WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "7"]) == 30_000_000)
        #expect(interval(["WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "8"]) == nil)
        #expect(interval(["WATCHDOG_USEC": "0"]) == nil && interval([:]) == nil)
        #expect(!ServiceManager([:], process: 7).isPresent)
    }

    /// By a path and by an abstract name; without a manager nothing happens.
    @Test(arguments: [false, true]) func theManagerHears(isAbstract: Bool) throws {
        let name = FileManager.default.temporaryDirectory.appendingPathComponent("n-\(UUID().uuidString.prefix(8))")
            .path
        let listener = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
        defer {
            close(listener)
            unlink(name)
        }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = (isAbstract ? [0] : []) + Array(name.utf8)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        let length = socklen_t(MemoryLayout<sockaddr_un>.size - 108 + bytes.count)
        let bound = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(listener, $0, length) }
        }
        try #require(bound == 0)
        ServiceManager(["NOTIFY_SOCKET": (isAbstract ? "@" : "") + name], process: 1).tell(.ready(status: "x"))
        ServiceManager([:], process: 1).tell(.ready(status: "nobody"))
        var received = [UInt8](repeating: 0, count: 256)
        let count = recv(listener, &received, received.count, Int32(MSG_DONTWAIT))
        #expect(String(decoding: received.prefix(max(0, count)), as: UTF8.self) == "READY=1\nSTATUS=x\n")
    }
}
