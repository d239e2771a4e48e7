import CRocksDB
import Foundation
import MailTypes
import NIOCore
import SpoolContract
import SpoolRocksDB
import TestSupport
import Testing

extension TemporaryDirectory {
    func open(
        durability: Durability = .fsync, access: SpoolAccess = .exclusive, _ options: [String: String] = [:]
    ) throws(SpoolFault) -> RocksDBSpool {
        try RocksDBSpool(
            RocksDBSettings(directory: spool, durability: durability, access: access, options: options))
    }

    /// What a killed process would leave behind, in the place of the spool.
    func crash(_ spool: RocksDBSpool) throws {
        try FileManager.default.copyItem(atPath: self.spool, toPath: path + "/copy")
        spool.close(clean: false)
        try FileManager.default.removeItem(atPath: self.spool)
        try FileManager.default.moveItem(atPath: path + "/copy", toPath: self.spool)
    }

    /// The one file of the spool whose name ends so and that holds something.
    func file(_ suffix: String) throws -> String {
        let names = try FileManager.default.contentsOfDirectory(atPath: spool).filter { $0.hasSuffix(suffix) }
        let paths = names.map { spool + "/" + $0 }.filter {
            (try? Data(contentsOf: URL(fileURLWithPath: $0)))?.isEmpty == false
        }
        try #require(paths.count == 1, "\(suffix): \(paths)")
        return paths[0]
    }

    func change(_ path: String, _ change: (inout Data) -> Void) throws {
        var data = try Data(contentsOf: URL(fileURLWithPath: path))
        change(&data)
        try data.write(to: URL(fileURLWithPath: path))
    }
}

/// The database behind a spool's back.
final class RawDatabase {
    private let handle: OpaquePointer
    private let options = rocksdb_options_create()!
    private let read = rocksdb_readoptions_create()!
    private let write = rocksdb_writeoptions_create()!

    init(_ path: String) throws {
        rocksdb_options_set_create_if_missing(options, 1)
        var error: UnsafeMutablePointer<CChar>?
        let opened = rocksdb_open(options, path, &error)
        try #require(error == nil, "\(error.map { String(cString: $0) } ?? "")")
        handle = opened!
    }

    func put(_ key: [UInt8], _ value: [UInt8]) throws {
        var error: UnsafeMutablePointer<CChar>?
        let (key, value) = (key.map { CChar(bitPattern: $0) }, value.map { CChar(bitPattern: $0) })
        rocksdb_put(handle, write, key, key.count, value, value.count, &error)
        try #require(error == nil)
    }

    func get(_ key: [UInt8]) throws -> [UInt8]? {
        var length = 0
        var error: UnsafeMutablePointer<CChar>?
        let key = key.map { CChar(bitPattern: $0) }
        let found = rocksdb_get(handle, read, key, key.count, &length, &error)
        try #require(error == nil)
        guard let found else { return nil }
        defer { rocksdb_free(found) }
        return Array(UnsafeRawBufferPointer(start: found, count: length))
    }

    /// First bytes of all keys in order.
    var kinds: [Character] {
        let iterator = rocksdb_create_iterator(handle, read)!
        defer { rocksdb_iter_destroy(iterator) }
        var found: [Character] = []
        rocksdb_iter_seek_to_first(iterator)
        while rocksdb_iter_valid(iterator) != 0 {
            var length = 0
            found.append(Character(Unicode.Scalar(UInt8(bitPattern: rocksdb_iter_key(iterator, &length)![0]))))
            rocksdb_iter_next(iterator)
        }
        return found
    }

    func close() {
        rocksdb_close(handle)
        rocksdb_readoptions_destroy(read)
        rocksdb_writeoptions_destroy(write)
        rocksdb_options_destroy(options)
    }
}

func id(_ sequence: UInt64) -> MessageID { MessageID(high: 7, low: sequence) }

func key(_ kind: Character, _ sequence: UInt64) -> [UInt8] { Array(String(kind).utf8) + id(sequence).bytes }

func message(_ sequence: UInt64, bytes: Int = 1000) -> SpoolMessage {
    let first = ByteBuffer(repeating: UInt8(truncatingIfNeeded: sequence), count: bytes / 2)
    let second = ByteBuffer(repeating: 0x61, count: bytes - bytes / 2)
    return SpoolMessage(
        id: id(sequence),
        envelope: Envelope(reversePath: MailAddress("a@x.test"), recipients: [MailAddress("b@y.test")]),
        acceptedMilliseconds: 1_790_000_000_000 + sequence,
        content: MessageContent(slices: [first, second], form: .raw))
}

/// A message whose content is a piece of a log that claims a lot.
func forged(from piece: [UInt8]) -> SpoolMessage {
    // u32 CRC, u16 length, u8 type, then u64 sequence, u32 keys, u8 3, u8 20, "mr1", u8 promised, u64 salt, u64 sequence
    var piece = piece
    let length = Int(piece[4]) | Int(piece[5]) << 8
    for index in 0..<8 { piece[7 + 26 + index] = index < 6 ? 0xFF : 0 }
    for index in 0..<8 { piece[7 + 18 + index] ^= 0x5A }
    let crc = crc32c(piece[6..<7 + length])
    let masked = (crc >> 15 | crc << 17) &+ 0xA282_EAD8
    for index in 0..<4 { piece[index] = UInt8(truncatingIfNeeded: masked >> UInt32(index * 8)) }
    return SpoolMessage(
        id: id(3), envelope: message(3).envelope, acceptedMilliseconds: 0,
        content: MessageContent(slices: [ByteBuffer(bytes: piece + [0, 0, 0, 0])], form: .raw))
}

private func crc32c(_ bytes: ArraySlice<UInt8>) -> UInt32 {
    ~bytes.reduce(~UInt32(0)) { crc, byte in
        (0..<8).reduce(crc ^ UInt32(byte)) { value, _ in value >> 1 ^ (value & 1 == 1 ? 0x82F6_3B78 : 0) }
    }
}

func record(_ message: SpoolMessage) -> [UInt8] {
    message.content.slices.reduce(Array(RecordCodec.head(of: message).readableBytesView)) { $0 + $1.readableBytesView }
}

func content(_ message: SpoolMessage) -> [UInt8] { message.content.slices.flatMap { Array($0.readableBytesView) } }

let sampleState = DeliveryState(attempts: 2, nextDueMilliseconds: 99, recipients: [.waiting], lastReply: "450 busy")

extension RocksDBSpool {
    func put(_ messages: [SpoolMessage]) throws(SpoolFault) {
        var batch = SpoolBatch()
        batch.messages = messages
        try commit(batch)
    }

    func list() throws(SpoolFault) -> (entries: [SpoolEntry], unreadable: UnreadableRecords) {
        var entries: [SpoolEntry] = []
        let unreadable = try enumerate { entries.append($0) }
        return (entries, unreadable)
    }
}

/// The fault that `body` throws, if it does.
func fault(_ body: () throws(SpoolFault) -> Void) -> SpoolFault? {
    do throws(SpoolFault) {
        try body()
        return nil
    } catch { return error }
}
