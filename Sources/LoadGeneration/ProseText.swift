import Measures

/// English-looking text: sentences from a small grammar over a vocabulary with Zipf-like frequencies, in paragraphs,
/// wrapped. It compresses about as mail does, which a repeated paragraph would not.
package enum ProseText {
    /// Longest line without CRLF.
    static let width = 76

    /// - Returns: at least `atLeast` bytes of ASCII, CRLF line ends, ending with CRLF, no line starting with a dot.
    package static func generate(atLeast: Int, seed: UInt64) -> [UInt8] {
        var writer = Writer(capacity: atLeast + 512)
        var random = SplitMix64(seed: seed)
        while writer.out.count < atLeast {
            for _ in 0..<(2 + random.below(5)) { sentence(&writer, &random) }
            writer.endParagraph()
        }
        return writer.out
    }

    private static func sentence(_ writer: inout Writer, _ random: inout SplitMix64) {
        let opening = pick(openings, &random)
        var words = opening.isEmpty ? [] : [opening]
        clause(&words, &random)
        if random.below(3) == 0 {
            words[words.count - 1] += ","
            words.append(pick(conjunctions, &random))
            clause(&words, &random)
        }
        words[0] = words[0].prefix(1).uppercased() + words[0].dropFirst()
        words[words.count - 1] += random.below(12) == 0 ? "?" : "."
        for word in words { writer.add(word) }
    }

    private static func clause(_ words: inout [String], _ random: inout SplitMix64) {
        nounPhrase(&words, &random)
        words.append(pick(verbs, &random))
        nounPhrase(&words, &random)
        if random.below(2) == 0 {
            words.append(pick(prepositions, &random))
            nounPhrase(&words, &random)
        }
    }

    private static func nounPhrase(_ words: inout [String], _ random: inout SplitMix64) {
        words.append(pick(determiners, &random))
        if random.below(3) == 0 { words.append(pick(adjectives, &random)) }
        if random.below(14) == 0 { words.append(String(2 + random.below(998))) }
        words.append(pick(nouns, &random))
    }

    /// The smaller of two draws: early words come more often, as in real text.
    private static func pick(_ list: [String], _ random: inout SplitMix64) -> String {
        list[min(random.below(list.count), random.below(list.count))]
    }

    private struct Writer {
        var out: [UInt8] = []
        private var column = 0

        init(capacity: Int) { out.reserveCapacity(capacity) }

        mutating func add(_ word: String) {
            if column > 0, column + 1 + word.utf8.count > ProseText.width { newLine() }
            if column > 0 {
                out.append(0x20)
                column += 1
            }
            out.append(contentsOf: word.utf8)
            column += word.utf8.count
        }

        mutating func endParagraph() {
            newLine()
            newLine()
        }

        private mutating func newLine() {
            out.append(0x0D)
            out.append(0x0A)
            column = 0
        }
    }

    private static func list(_ text: String) -> [String] { text.split(separator: " ").map(String.init) }

    private static let openings = [
        "", "", "", "however", "meanwhile", "today", "as promised", "by the way", "last week",
        "in short", "for now", "this morning",
    ]
    private static let conjunctions = list("and but because while although so since whereas until unless")
    private static let determiners = list("the a our your this each every that their some another no any its")
    private static let prepositions = list("of in for with on from about before after under without between behind")
    private static let verbs = list(
        """
        is has shows needs makes gives takes keeps finds sends follows changes brings meets reaches confirms includes \
        explains supports covers replaces answers moves opens improves delays carries settles suggests requires holds \
        describes prevents combines measures returns
        """)
    private static let adjectives = list(
        """
        new small good open early late clear free simple local recent common quiet useful careful strong final second \
        regular separate public private modern honest steady patient remarkable ordinary
        """)
    private static let nouns = list(
        """
        message order team time customer day office letter price week account house list question meeting service road \
        project morning answer river machine garden train window report member market harbour newsletter library \
        invoice delivery station bridge summer kitchen engine village offer winter reader journey mountain reply \
        bicycle museum harvest orchestra lighthouse workshop catalogue
        """)
}
