import NIOCore
import SpoolContract
import Testing

@Suite struct MessageContentTests {
    private func content(_ pieces: [String]) -> MessageContent {
        MessageContent(slices: pieces.map { ByteBuffer(string: $0) }, form: .raw)
    }
    private func text(_ content: MessageContent) -> String {
        content.slices.map { String(buffer: $0) }.joined()
    }

    /// The header is found wherever the pieces end; of the body no more than a step comes along.
    @Test(arguments: [
        ["A: 1\r\n\r\nbody"], ["A: 1\r", "\n\r", "\nbody"], ["A: 1\r\n", "\r\n", "body"], ["A: 1\n\nbody"],
    ])
    func theHeadEndsBehindTheHeader(_ pieces: [String]) {
        let head = content(pieces + [String(repeating: "x", count: 100_000)]).head(most: 65_536)
        #expect(String(decoding: head, as: UTF8.self).hasPrefix("A: 1"))
        #expect(head.contains(0x0A) && head.count < 10_000)
    }

    @Test func theHeadIsBounded() {
        let long = content(Array(repeating: "A: 1\r\n", count: 10_000))
        #expect(long.head(most: 65_537).count <= 65_537)
        #expect(long.head(most: 100).count == 100)
        #expect(content([]).head(most: 100).isEmpty)
    }

    @Test func whatStandsInFrontIsReplaced() {
        let whole = content(["A: 1\r\n", "B: 2\r\n\r\nbo", "dy"])
        #expect(text(whole.replacing(first: 8, with: Array("C".utf8))) == "C 2\r\n\r\nbody")
        let put = whole.replacing(first: 0, with: Array("X: 0\r\n".utf8))
        #expect(text(put) == "X: 0\r\nA: 1\r\nB: 2\r\n\r\nbody" && put.size == text(put).utf8.count)
        #expect(text(whole.replacing(first: 100, with: [])) == "")
    }
}
