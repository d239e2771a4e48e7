import CByteLoops
import Foundation
import LoadGeneration
import MailTypes
import Measures
import NIOCore
import Testing

private func message(_ sequence: UInt64, change: (inout LoadConfiguration) -> Void = { _ in }) throws
    -> MessageSource.Message
{
    var configuration = LoadConfiguration(
        target: try SocketAddress(ipAddress: "127.0.0.1", port: 1), targetText: "x", concurrency: 1, bodySize: 5000)
    change(&configuration)
    let source = MessageSource(configuration, body: SharedBody(configuration), runHigh: 0x1234)
    return source.message(sequence, chunked: false, dueUnixNanoseconds: 0)
}

private func bytes(_ message: MessageSource.Message) -> [UInt8] {
    message.content.buffers.flatMap { Array($0.readableBytesView) }
}

@Suite struct ProseTests {
    @Test(arguments: [1, 77, 1000, 100_000]) func looksLikeMailText(size: Int) {
        let text = ProseText.generate(atLeast: size, seed: 1)
        #expect(text.count >= size && text.count < size + 2000)
        #expect(text.suffix(2) == [0x0D, 0x0A])
        let lines = String(decoding: text, as: UTF8.self).components(separatedBy: "\r\n")
        #expect(lines.allSatisfy { $0.utf8.count <= 76 && !$0.hasPrefix(".") && !$0.contains("\n") })
        #expect(text.allSatisfy { $0 < 0x80 && $0 != 0 })
    }

    @Test func theSeedDecides() {
        #expect(ProseText.generate(atLeast: 5000, seed: 7) == ProseText.generate(atLeast: 5000, seed: 7))
        #expect(ProseText.generate(atLeast: 5000, seed: 7) != ProseText.generate(atLeast: 5000, seed: 8))
    }

    @Test func doesNotRepeatItself() {
        let sentences = String(decoding: ProseText.generate(atLeast: 100_000, seed: 1), as: UTF8.self)
            .replacingOccurrences(of: "\r\n", with: " ").components(separatedBy: ". ")
        #expect(Double(Set(sentences).count) > 0.98 * Double(sentences.count))
    }
}

@Suite struct MessageTests {
    @Test func stampCoversAllThatFollows() throws {
        for sequence in [1, 2, 1_000_000] as [UInt64] {
            let all = bytes(try message(sequence))
            let end = all.firstIndex(of: 0x0A)! + 1
            let stamp = try #require(LoadStamp(headerLine: all[..<(end - 2)]))
            #expect(stamp.id == MessageID(high: 0x1234, low: sequence))
            #expect(stamp.dueUnixNanoseconds == 0)
            let rest = Array(all[end...])
            #expect(stamp.crc32c == rest.withUnsafeBytes { mr_crc32c(0, $0.baseAddress, $0.count) })
        }
    }

    @Test func pythonReadsIt() throws {
        let all = bytes(try message(1) { $0.headers = ["X-Tenant: seven"] })
        let script = """
            import sys, email, email.policy
            m = email.message_from_bytes(sys.stdin.buffer.read(), policy=email.policy.SMTP)
            print(m['X-Tenant'], m.get_content_type(), m.get_content_charset(), m['From'].addresses[0].domain.endswith('.test'),
                  m['To'].addresses[0].domain.endswith('.test'), m['Date'].datetime.year > 2000, m['Message-ID'] is not None,
                  m['Subject'], len(m.get_content()) >= 4800, m.defects)
            """
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["python3", "-c", script]
        let (input, output) = (Pipe(), Pipe())
        (process.standardInput, process.standardOutput) = (input, output)
        try process.run()
        try input.fileHandleForWriting.write(contentsOf: Data(all))
        try input.fileHandleForWriting.close()
        let said = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        #expect(said == "seven text/plain us-ascii True True True True Load message 1 True []\n")
    }

    @Test func sameSeedSameAddresses() throws {
        #expect(try message(5).envelope == message(5).envelope)
        #expect(try message(5).envelope != message(6).envelope)
        #expect(try message(5).envelope != message(5) { $0.seed = 9 }.envelope)
    }

    @Test func weightsHold() throws {
        var counts: [String: Int] = [:]
        for sequence in 0..<2000 as Range<UInt64> {
            let made = try message(sequence) { configuration in
                configuration.bodySize = 1
                configuration.domains = ["a:3", "b:1"].map { LoadConfiguration.Domain(parsing: $0)! }
            }
            counts[String(decoding: made.envelope.recipients[0].domain, as: UTF8.self), default: 0] += 1
        }
        #expect(Set(counts.keys) == ["a.test", "b.test"])
        #expect((1400...1600).contains(counts["a.test"]!), "three quarters of 2,000, give or take")
    }

    @Test(arguments: ["", ":1", "a:", "a:0", "a:-1", "a:x", "a:inf"]) func badDomains(text: String) {
        #expect(LoadConfiguration.Domain(parsing: text) == nil)
    }

    @Test func wholeFilesAreSentAsTheyAre() throws {
        let made = try message(1) { $0.bodyFile = Array("Subject: x\n\n.dot\r\nlast".utf8) }
        let all = bytes(made)
        #expect(String(decoding: all, as: UTF8.self).hasSuffix("\r\nSubject: x\r\n\r\n..dot\r\nlast\r\n"))
        #expect(made.content.size == all.count)
    }
}

@Suite struct ByteLoopTests {
    /// One byte at a time, straight from the header's definition.
    private func model(_ bytes: [UInt8], _ state: inout mr_scan_state) -> Int {
        for (index, byte) in bytes.enumerated() {
            var stop = MR_SCAN_END_OF_INPUT
            if state.after_cr != 0, byte != 0x0A {
                stop = MR_SCAN_BARE_CR
            } else if state.after_cr == 0, byte == 0x0A {
                stop = MR_SCAN_BARE_LF
            } else if byte == 0 {
                stop = MR_SCAN_NUL
            } else if byte == 0x2E, state.line_start != 0, state.find_dots != 0 {
                stop = MR_SCAN_LINE_DOT
            } else if state.line_limit > 0, byte != 0x0D, byte != 0x0A, state.line_length >= UInt64(state.line_limit) {
                stop = MR_SCAN_LONG_LINE
            }
            state.stop = UInt8(stop.rawValue)
            if stop != MR_SCAN_END_OF_INPUT { return index }
            mr_scan_pass(&state, byte)
        }
        state.stop = UInt8(MR_SCAN_END_OF_INPUT.rawValue)
        return bytes.count
    }

    @Test func scanAgreesWithItsDefinition() {
        var random = SplitMix64(seed: 42)
        for _ in 0..<20_000 {
            var bytes: [UInt8] = []
            let length = random.below(400)
            while bytes.count < length {
                switch random.below(100) {
                case 0: bytes.append([0x0D, 0x0A, 0, 0x2E][random.below(4)])
                case 1..<6: bytes += [0x0D, 0x0A]
                default: bytes.append(UInt8(0x61 + random.below(26)))
                }
            }
            var fast = mr_scan_state(
                after_cr: 0, line_start: 1, find_dots: UInt8(random.below(2)), stop: 0,
                line_limit: [0, 100, 998][random.below(3)], line_length: 0)
            var slow = fast
            let expected = model(bytes, &slow)
            #expect(bytes.withUnsafeBufferPointer { mr_scan_content($0.baseAddress, $0.count, &fast) } == expected)
            #expect(
                [fast.after_cr, fast.line_start, fast.stop] == [slow.after_cr, slow.line_start, slow.stop]
                    && fast.line_length == slow.line_length)
        }
    }

    @Test func crcVectors() {
        func crc(_ bytes: [UInt8]) -> UInt32 { bytes.withUnsafeBytes { mr_crc32c(0, $0.baseAddress, $0.count) } }
        #expect(crc(Array("123456789".utf8)) == 0xE306_9283)
        #expect(crc([UInt8](repeating: 0, count: 32)) == 0x8A91_36AA)  // RFC 3720 appendix B.4
        #expect(crc([UInt8](repeating: 0xFF, count: 32)) == 0x62A8_AB43)
        #expect(crc(Array(0..<32)) == 0x46DD_794E)
        #expect(crc([]) == 0)
    }

    @Test func crcInPartsAndJoined() {
        var random = SplitMix64(seed: 7)
        let bytes = (0..<100_000).map { _ in UInt8(truncatingIfNeeded: random.next()) }
        bytes.withUnsafeBytes { all in
            let whole = mr_crc32c(0, all.baseAddress, all.count)
            for _ in 0..<50 {
                let cut = random.below(all.count)
                let (a, b) = (mr_crc32c(0, all.baseAddress, cut), mr_crc32c(0, all.baseAddress! + cut, all.count - cut))
                #expect(mr_crc32c(a, all.baseAddress! + cut, all.count - cut) == whole)
                #expect(mr_crc32c_combine(a, b, mr_crc32c_shift(UInt64(all.count - cut))) == whole)
            }
        }
    }
}
