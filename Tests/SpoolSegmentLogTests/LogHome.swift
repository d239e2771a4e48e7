import Foundation
import MailTypes
import NIOCore
import SpoolContract
import SpoolSegmentLog
import Testing

/// A segment log in a directory of its own that is gone when the test is over.
final class LogHome {
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("segments-\(UUID().uuidString)").path
    deinit { try? FileManager.default.removeItem(atPath: path) }

    func open(
        segmentBytes: Int = 65_536, spares: Int = 4, access: SpoolAccess = .exclusive
    ) throws -> SegmentLogSpool {
        try SegmentLogSpool(
            SegmentLogSettings(
                directory: path, durability: .os, segmentBytes: segmentBytes, spareSegments: spares, access: access))
    }

    /// All files and what is in them.
    func contents() throws -> [String: Data] {
        var found: [String: Data] = [:]
        for name in try FileManager.default.subpathsOfDirectory(atPath: path) {
            found[name] = try? Data(contentsOf: URL(fileURLWithPath: path + "/" + name))
        }
        return found
    }

    var putAside: [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: path + "/" + SpoolFiles.quarantine)) ?? []).sorted()
    }

    /// Segments in use, oldest first: those that begin with the magic number, by the generation behind it.
    var files: [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
        let found = names.filter { $0.hasSuffix(".log") }.compactMap { name -> (UInt8, String)? in
            guard let handle = FileHandle(forReadingAtPath: path + "/" + name),
                let header = try? handle.read(upToCount: 16), header.prefix(4) == Data("MRS1".utf8)
            else { return nil }
            return (header[8], path + "/" + name)
        }
        return found.sorted { $0.0 < $1.0 }.map(\.1)
    }

    /// What a killed process leaves behind.
    func copy() throws -> LogHome {
        let home = LogHome()
        try FileManager.default.copyItem(atPath: path, toPath: home.path)
        return home
    }
}

func message(_ sequence: UInt64, bytes: Int = 500) -> SpoolMessage {
    let text = "Subject: \(sequence)\r\n\r\n" + String(repeating: "x", count: bytes) + "\r\n"
    return SpoolMessage(
        id: MessageID(high: 9, low: sequence),
        envelope: Envelope(reversePath: MailAddress("a@x.test"), recipients: [MailAddress("b\(sequence)@y.test")]),
        acceptedMilliseconds: sequence, content: MessageContent(slices: [ByteBuffer(string: text)], form: .dotStuffed))
}

func batch(_ messages: [SpoolMessage] = [], finished: [UInt64] = []) -> SpoolBatch {
    var batch = SpoolBatch()
    batch.messages = messages
    batch.completions = finished.map { MessageID(high: 9, low: $0) }
    return batch
}

func listed(_ spool: SegmentLogSpool) throws -> (ids: [UInt64], unreadable: Int) {
    var ids: [UInt64] = []
    let unreadable = try spool.enumerate { ids.append($0.id.low) }
    return (ids, unreadable.count)
}

/// Changes bytes of a file in place.
func damage(_ path: String, at offset: Int, _ bytes: [UInt8]) throws {
    let handle = try #require(FileHandle(forUpdatingAtPath: path))
    try handle.seek(toOffset: UInt64(offset))
    try handle.write(contentsOf: Data(bytes))
    try handle.close()
}
