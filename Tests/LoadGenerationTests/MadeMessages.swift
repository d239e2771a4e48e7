import CByteLoops
import Foundation
import LoadGeneration
import MailTypes
import NIOCore
import Testing

/// Messages as a run of some configuration makes them.
struct MadeMessages {
    private let source: MessageSource

    init(change: (inout LoadConfiguration) throws -> Void = { _ in }) throws {
        let address = try SocketAddress(ipAddress: "127.0.0.1", port: 1)
        var configuration = LoadConfiguration(
            transport: LoadTransport(targets: [.init(address: address, text: "x", host: "127.0.0.1")]), concurrency: 1)
        configuration.content.size = .fixed(5000)
        configuration.date = 1_750_000_000
        try change(&configuration)
        source = MessageSource(
            configuration, bodies: BodyMaker(configuration.content, seed: configuration.seed), runHigh: 0x1234)
    }

    func message(_ sequence: UInt64 = 1, chunked: Bool = false) -> MessageSource.Message {
        source.message(sequence, chunked: chunked, dueUnixNanoseconds: 77)
    }

    func bytes(_ sequence: UInt64 = 1, chunked: Bool = true) -> [UInt8] {
        message(sequence, chunked: chunked).content.buffers.flatMap { Array($0.readableBytesView) }
    }

    /// The stamp's checksum is that of all that follows it.
    func expectStampCovers(_ sequence: UInt64, sourceLocation: SourceLocation = #_sourceLocation) throws {
        let all = bytes(sequence)
        var start = 0
        while start < all.count {
            let end = all[start...].firstIndex(of: 0x0A)! + 1
            if let stamp = LoadStamp(headerLine: all[start..<(end - 2)]) {
                let rest = Array(all[end...])
                let crc = rest.withUnsafeBytes { mr_crc32c(0, $0.baseAddress, $0.count) }
                #expect(stamp.crc32c == crc, sourceLocation: sourceLocation)
                #expect(stamp.id == MessageID(high: 0x1234, low: sequence), sourceLocation: sourceLocation)
                #expect(stamp.dueUnixNanoseconds == 77, sourceLocation: sourceLocation)
                return
            }
            start = end
        }
        Issue.record("no stamp", sourceLocation: sourceLocation)
    }
}

/// Python's own mail parser, on one message.
func pythonParses(_ message: [UInt8], _ script: String) throws -> String {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    let prologue = """
        import sys, email, email.policy
        m = email.message_from_bytes(sys.stdin.buffer.read(), policy=email.policy.SMTP)

        """
    process.arguments = ["python3", "-c", prologue + script]
    let (input, output) = (Pipe(), Pipe())
    (process.standardInput, process.standardOutput) = (input, output)
    try process.run()
    // Written beside the reading: a message may be larger than both pipes.
    let writer = Thread {
        try? input.fileHandleForWriting.write(contentsOf: Data(message))
        try? input.fileHandleForWriting.close()
    }
    writer.start()
    let said = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    return said
}
