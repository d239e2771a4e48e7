import Foundation
import Glibc
import MailTypes
import NIOCore
import SpoolContract
import SpoolLocalDisk
import Testing

/// A directory for one test's spool, gone when the test is over.
final class DiskHome {
    let root = FileManager.default.temporaryDirectory.appendingPathComponent("millrace-\(UUID().uuidString)").path
    var directory: String { root + "/spool" }
    var quarantine: String { directory + "/quarantine" }
    private var isMounted = false

    init() throws { try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: true) }

    deinit {
        if isMounted { unmount() }
        try? FileManager.default.removeItem(atPath: root)
        try? FileManager.default.removeItem(atPath: image)
    }

    // MARK: The spool

    func open(_ access: SpoolAccess = .exclusive, _ durability: Durability = .fsync) throws -> LocalDiskSpool {
        try LocalDiskSpool(LocalDiskSettings(directory: directory, durability: durability, access: access))
    }

    /// Every regular file below the queue.
    func files() -> [String] {
        let all = FileManager.default.enumerator(atPath: directory + "/queue")?.allObjects as? [String] ?? []
        return all.filter { $0.contains(".") }.sorted()
    }

    func path(_ number: UInt64, _ kind: String = "msg") throws -> String {
        let name = "/\(id(number)).\(kind)"
        return directory + "/queue/" + (try #require(files().first { $0.hasSuffix(name) }))
    }

    func content(_ path: String) throws -> [UInt8] { Array(try Data(contentsOf: URL(fileURLWithPath: path))) }

    func write(_ bytes: [UInt8], to path: String) throws { try Data(bytes).write(to: URL(fileURLWithPath: path)) }

    /// Flips a bit of the file's last byte.
    /// - Returns: what is in it now.
    @discardableResult
    func damage(_ path: String) throws -> [UInt8] {
        var bytes = try content(path)
        bytes[bytes.count - 1] ^= 1
        try write(bytes, to: path)
        return bytes
    }

    // MARK: File systems of its own

    /// - Returns: false if this is not allowed here.
    func mountMemory(_ size: String) -> Bool {
        isMounted = mount("tmpfs", root, "tmpfs", 0, "size=\(size)") == 0
        return isMounted
    }

    /// A journaled ext4 on a file.
    /// - Returns: false if this is not allowed here.
    func mountJournaled() throws -> Bool {
        let file = Glibc.open(image, O_CREAT | O_RDWR | O_CLOEXEC, 0o600)
        #expect(file >= 0 && ftruncate(file, 64 << 20) == 0)
        close(file)
        guard try run("mkfs.ext4", "-q", "-F", image) else { return false }
        return try remount()
    }

    /// Mounts it again, as after a reboot.
    func remount() throws -> Bool {
        if isMounted { unmount() }
        isMounted = try run("mount", "-o", "loop", image, root)
        return isMounted
    }

    /// From now on the disk gets nothing of what only the kernel has, and the file system refuses everything.
    func cutPower() throws {
        let directory = Glibc.open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        defer { close(directory) }
        var withoutFlush: UInt32 = 2
        // EXT4_IOC_SHUTDOWN, _IOR('X', 125, __u32)
        #expect(ioctl(directory, 0x8004_587D, &withoutFlush) == 0)
    }

    private var image: String { root + ".img" }

    private func run(_ program: String, _ arguments: String...) throws -> Bool {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [program] + arguments
        process.environment = ["PATH": "/usr/sbin:/usr/bin:/sbin:/bin"]
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        return process.terminationStatus == 0
    }

    func unmount() {
        _ = umount2(root, 0) == 0 || umount2(root, Int32(MNT_DETACH)) == 0
        isMounted = false
    }
}

func id(_ number: UInt64) -> MessageID { MessageID(milliseconds: 5, salt: 1, sequence: number) }

func message(_ number: UInt64, size: Int = 100, recipients: Int = 1) -> SpoolMessage {
    let text = "Subject: \(number)\r\n\r\n" + String(repeating: "x", count: size)
    return SpoolMessage(
        id: id(number),
        envelope: Envelope(
            reversePath: MailAddress("a@x.test"), recipients: (0..<recipients).map { MailAddress("b\($0)@y.test") }),
        acceptedMilliseconds: 5, content: MessageContent(slices: [ByteBuffer(string: text)], form: .raw))
}

func batch(_ numbers: ClosedRange<UInt64>, size: Int = 100) -> SpoolBatch {
    var batch = SpoolBatch()
    batch.messages = numbers.map { message($0, size: size) }
    return batch
}

func completions(_ numbers: UInt64...) -> SpoolBatch {
    var batch = SpoolBatch()
    batch.completions = numbers.map { id($0) }
    return batch
}

func deferrals(_ numbers: UInt64...) -> SpoolBatch {
    let state = DeliveryState(attempts: 1, nextDueMilliseconds: 7, recipients: [.waiting], lastReply: "450 no")
    var batch = SpoolBatch()
    batch.states = numbers.map { (id($0), state) }
    return batch
}

func list(_ spool: LocalDiskSpool) throws -> (ids: [UInt64], unreadable: UnreadableRecords) {
    var ids: [UInt64] = []
    let unreadable = try spool.enumerate { ids.append($0.id.low) }
    return (ids, unreadable)
}

func isNoSpace(_ error: any Error) -> Bool {
    guard case .noSpace = error as? SpoolFault else { return false }
    return true
}
