/// Lines for the largest of many names, and one for all the others together, of counters that only grow. A name that
/// becomes one of the largest begins with what is counted from then on, and what it had counted stays with the others: no
/// line ever falls, as a scraper expects of a counter.
package struct LargestCounters: Sendable {
    /// The name of the line for the others.
    package static let others = "other"

    package struct Line: Equatable, Sendable {
        package var name: String
        package var counts: [UInt64]

        package init(name: String, counts: [UInt64]) {
            self.name = name
            self.counts = counts
        }
    }

    private let limit: Int
    /// What was told last, by name.
    private var known: [String: [UInt64]] = [:]
    private var shown: [String: [UInt64]] = [:]
    private var rest: [UInt64] = []

    /// - Parameter limit: names with a line of their own.
    package init(limit: Int) { self.limit = limit }

    /// - Parameter totals: what each name has counted since the start; a name may be there for the first time, and none of
    ///   its counts is less than it was.
    /// - Returns: the lines by name, the others' last.
    package mutating func lines(_ totals: [String: [UInt64]]) -> [Line] {
        var largest = Set(Self.largest(totals, limit))
        // A name like that of the others' line has none of its own.
        largest.remove(Self.others)
        shown = shown.filter { largest.contains($0.key) }
        for (name, counts) in totals {
            let grown = Self.difference(counts, known[name])
            if largest.contains(name) {
                shown[name] = Self.sum(shown[name] ?? [], grown)
            } else {
                rest = Self.sum(rest, grown)
            }
        }
        known = totals
        let lines = shown.sorted { $0.key < $1.key }.map { Line(name: $0.key, counts: $0.value) }
        return rest.isEmpty ? lines : lines + [Line(name: Self.others, counts: rest)]
    }

    private static func largest(_ totals: [String: [UInt64]], _ limit: Int) -> some Sequence<String> {
        let sizes = totals.mapValues { $0.reduce(0, +) }
        return sizes.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.prefix(limit).map(\.key)
    }

    private static func difference(_ counts: [UInt64], _ before: [UInt64]?) -> [UInt64] {
        guard let before else { return counts }
        return zip(counts, before).map { $0 > $1 ? $0 - $1 : 0 }
    }

    private static func sum(_ one: [UInt64], _ other: [UInt64]) -> [UInt64] {
        one.isEmpty ? other : zip(one, other).map { $0 + $1 }
    }
}
