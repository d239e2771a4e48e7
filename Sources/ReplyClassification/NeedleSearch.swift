/// Finds all of many texts in one pass (Aho and Corasick, 1975): as a table, so that an octet costs a look-up, however
/// many texts there are.
struct NeedleSearch: Sendable {
    /// Columns of the table: octets that appear in no text share one.
    private let column: [UInt8]
    private let columns: Int
    /// `state * columns + column`.
    private let next: [UInt16]
    /// Texts that end in a state: `found[first[state]..<first[state + 1]]`.
    private let first: [UInt32]
    private let found: [UInt32]

    static let mostStates = 60_000

    /// - Parameter needles: none empty; together at most ``mostStates`` octets.
    init(_ needles: [[UInt8]]) {
        var trie = Trie(needles)
        trie.link()
        (column, columns) = (trie.column, trie.columns)
        next = trie.next.map(UInt16.init)
        var first: [UInt32] = [0]
        var found: [UInt32] = []
        for ends in trie.ends {
            found += ends.map(UInt32.init)
            first.append(UInt32(found.count))
        }
        (self.first, self.found) = (first, found)
    }

    /// Calls `body` with the number of each needle for each place where one ends.
    func forEach(in text: [UInt8], _ body: (Int) -> Void) {
        text.withUnsafeBufferPointer { text in
            column.withUnsafeBufferPointer { column in
                next.withUnsafeBufferPointer { next in
                    first.withUnsafeBufferPointer { first in
                        var state = 0
                        for byte in text {
                            state = Int(next[state &* columns &+ Int(column[Int(byte)])])
                            guard first[state] != first[state &+ 1] else { continue }
                            for index in first[state]..<first[state &+ 1] { body(Int(found[Int(index)])) }
                        }
                    }
                }
            }
        }
    }

    /// The automaton while it is made.
    private struct Trie {
        var column = [UInt8](repeating: 0, count: 256)
        var columns = 1
        var next: [Int]
        var ends: [[Int]] = [[]]
        private static let none = -1

        init(_ needles: [[UInt8]]) {
            for byte in Set(needles.joined()).sorted() {
                column[Int(byte)] = UInt8(columns)
                columns += 1
            }
            next = Array(repeating: Self.none, count: columns)
            for (number, needle) in needles.enumerated() { add(needle, number) }
        }

        private mutating func add(_ needle: [UInt8], _ number: Int) {
            var state = 0
            for byte in needle {
                let place = state * columns + Int(column[Int(byte)])
                if next[place] == Self.none {
                    next[place] = ends.count
                    ends.append([])
                    next += Array(repeating: Self.none, count: columns)
                }
                state = next[place]
            }
            ends[state].append(number)
        }

        /// Where a text breaks off, what follows is that of its longest end which another begins with.
        mutating func link() {
            var suffix = Array(repeating: 0, count: ends.count)
            var waiting: [Int] = []
            for place in 0..<columns {
                if next[place] == Self.none { next[place] = 0 } else { waiting.append(next[place]) }
            }
            var done = 0
            while done < waiting.count {
                let state = waiting[done]
                done += 1
                ends[state] += ends[suffix[state]]
                for letter in 0..<columns {
                    let place = state * columns + letter
                    let shorter = next[suffix[state] * columns + letter]
                    if next[place] == Self.none {
                        next[place] = shorter
                    } else {
                        suffix[next[place]] = shorter
                        waiting.append(next[place])
                    }
                }
            }
        }
    }
}
