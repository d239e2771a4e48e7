import Testing
import TextCodecs

@Suite struct ByteWriterTests {
    private func written(_ room: Int, _ write: (inout ByteWriter) -> Void) -> String {
        var bytes = Array("> ".utf8)
        bytes.append(room: room, write)
        return String(decoding: bytes, as: UTF8.self)
    }

    @Test(arguments: [0, 7, 10, 42, 99, 100, 101, 999, 1000, 12_345, 123_456, 1 << 32, UInt64.max - 1, .max])
    func decimalsAreAsTextHasThem(_ number: UInt64) {
        #expect(written(20) { $0.decimal(number) } == "> \(number)")
        var bytes: [UInt8] = [0x2B]
        bytes.appendDecimal(number)
        #expect(String(decoding: bytes, as: UTF8.self) == "+\(number)")
    }

    @Test func piecesFollowEachOther() {
        let text = written(64) { writer in
            writer.text("a")
            let gap = writer.skip(2)
            writer.bytes(Array("bcd".utf8), 1..<3)
            writer.bytes([])
            writer.bytes(Array("e".utf8))
            writer.byte(0x66)
            gap.copyBytes(from: "__".utf8)
            #expect(writer.count == 7)
        }
        #expect(text == "> a__cdef")
        #expect(written(0) { _ in } == "> ")
    }
}
