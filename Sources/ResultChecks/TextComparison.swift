/// A text for people that was made from records, held against the same text made again.
///
/// Letter by letter it is the same if this version of the program made it. Words change from version to version, and
/// numbers must not: lines with the same words have to have the same numbers, and no verdict may be missing.
enum TextComparison {
    struct Outcome {
        var problems: [String] = []
        /// Lines that this version would have worded otherwise: nobody has compared them.
        var unknownLines = 0
    }

    /// - Parameters:
    ///   - written: as it lies in the directory.
    ///   - again: made again from the records.
    ///   - name: of the file.
    ///   - mayHaveMore: whether other versions had lines of it that this one has not.
    static func compare(_ written: String, _ again: String, name: String, mayHaveMore: Bool) -> Outcome {
        var outcome = Outcome()
        guard written != again else { return outcome }
        let (old, new) = (lines(written), lines(again))
        let (known, there) = (Dictionary(grouping: new, by: skeleton), Dictionary(grouping: old, by: skeleton))
        var unknown: [String] = []
        for (shape, found) in there.sorted(by: { $0.key < $1.key }) {
            guard let expected = known[shape] else {
                unknown += found
                continue
            }
            outcome.problems += differences(found, expected, name)
        }
        outcome.unknownLines = unknown.count
        // Who words a line otherwise leaves out the one that it stands for.
        let missing = new.count { there[skeleton($0)] == nil }
        if !mayHaveMore, unknown.count > missing, let line = unknown.first(where: { $0.contains(where: \.isNumber) }) {
            outcome.problems.append(
                "\(name) has \(unknown.count - missing) lines more than the record gives, such as '\(line.prefix(140))'"
            )
        }
        for line in new where isIndispensable(line) && there[skeleton(line)] == nil {
            outcome.problems.append("\(name) does not say '\(line.prefix(140))'")
        }
        return outcome
    }

    private static func differences(_ found: [String], _ expected: [String], _ name: String) -> [String] {
        guard found != expected else { return [] }
        for (one, other) in zip(found, expected) where one != other {
            return ["\(name) says '\(one.prefix(140))', the record gives '\(other.prefix(140))'"]
        }
        return ["\(name) says \(found.count) times '\(found[0].prefix(140))', the record \(expected.count) times"]
    }

    /// Without what only aligns.
    private static func lines(_ text: String) -> [String] {
        text.split(separator: "\n").map { line in
            line.split(separator: " ").joined(separator: " ")
        }.filter { !$0.allSatisfy { "-|: ".contains($0) } }
    }

    /// What a line says without its numbers.
    private static func skeleton(_ line: String) -> String {
        var text = ""
        for character in line {
            if character.isNumber || ".,".contains(character) {
                if text.last != "#" { text.append("#") }
            } else {
                text.append(character)
            }
        }
        return text
    }

    /// Reasons against a result, and the rate that everybody looks for.
    private static func isIndispensable(_ line: String) -> Bool {
        line.hasPrefix("INVALID") || line.hasPrefix("NOT RUN") || (line.contains("delivered") && line.contains("MMH"))
    }
}
