import CByteLoops
import Measures
import Testing

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
