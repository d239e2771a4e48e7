import Foundation
import LoadGeneration
import Testing

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
