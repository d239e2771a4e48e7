import Foundation
import Measures
import ResultChecks
import ResultStore
import Testing

/// A digit of any count is changed: does anything notice?
@Suite struct RandomTamperingTests {
    /// Counts that nothing else in a result speaks of; docs/RESULTS.md names them.
    private static let unspoken: Set<String> = [
        "generator.connections_failed", "mta.possible_duplicates", "mta.refused", "mta.deferrals",
        "sink.connections_peak",
        // EHLO, MAIL, RCPT and DATA.
        "sink.replies.1.count", "sink.replies.2.count", "sink.replies.3.count", "sink.replies.4.count",
    ]
    /// Share of changes that have to be refused.
    private static let required = 0.98

    @Test func aDigitOfACountIsNotChangedUnnoticed() throws {
        let good = try GoodResult.bundle(GoodResult.record())
        let json = try JSONSerialization.jsonObject(with: Data(good.files[ResultBundle.recordName]!)) as! [String: Any]
        let paths = Self.counts(json, "").filter { path in
            ["generator.", "mta.", "sink.", "audit."].contains { path.hasPrefix($0) } && !path.contains(".header.")
                && !Self.unspoken.contains(path)
        }
        #expect(paths.count > 100)
        var numbers = SplitMix64(seed: 20_261_126)
        var missed: [String] = []
        let trials = 200
        for _ in 0..<trials {
            let path = paths[numbers.below(paths.count)]
            var bundle = good
            try bundle.tamper { $0[path: path] = Self.changed($0[path: path] as! Int, &numbers) }
            if ResultCheck(bundle).passes { missed.append(path) }
        }
        let rate = Double(trials - missed.count) / Double(trials)
        print("random changes of counts: \(fixed(rate * 100, 1)) % of \(trials) refused; not: \(Set(missed).sorted())")
        #expect(rate >= Self.required, "not refused: \(Set(missed).sorted())")
    }

    /// The same for every count once, so that none hides behind the many buckets.
    @Test func everyCountIsSpokenOfTwice() throws {
        let good = try GoodResult.bundle(GoodResult.record())
        let json = try JSONSerialization.jsonObject(with: Data(good.files[ResultBundle.recordName]!)) as! [String: Any]
        var missed: [String] = []
        for path in Self.counts(json, "") where !Self.isOfMany(path) {
            var bundle = good
            try bundle.tamper { $0[path: path] = ($0[path: path] as! Int) * 3 + 7 }
            if ResultCheck(bundle).passes { missed.append(path) }
        }
        let ofPrograms = missed.filter { path in
            ["generator.", "mta.", "sink.", "audit."].contains { path.hasPrefix($0) }
        }
        #expect(Set(ofPrograms) == Self.unspoken, "other than those that are known: \(missed)")
    }

    /// Buckets, seconds, and what a program used.
    private static func isOfMany(_ path: String) -> Bool {
        [".header.", ".buckets.", ".series.", ".samples."].contains { path.contains($0) }
    }

    /// Numbers that count nothing: times, flags, a reply's code.
    private static let others = ["_s", ".pipelining", ".chunking", ".kept", ".code"]

    /// Paths of the whole numbers.
    private static func counts(_ value: Any, _ path: String) -> [String] {
        switch value {
        case let object as [String: Any]:
            object.sorted { $0.key < $1.key }.flatMap { counts($0.value, path.isEmpty ? $0.key : "\(path).\($0.key)") }
        case let list as [Any]: list.enumerated().flatMap { counts($0.element, "\(path).\($0.offset)") }
        // A flag is a number, too, for Foundation, and a time may be a whole one by chance.
        case is Int where !others.contains { path.hasSuffix($0) }: [path]
        default: []
        }
    }

    private static func changed(_ number: Int, _ numbers: inout SplitMix64) -> Int {
        var digits = Array(String(number).utf8)
        let place = numbers.below(digits.count)
        let old = digits[place]
        while digits[place] == old { digits[place] = 0x30 + UInt8(numbers.below(10)) }
        return Int(String(decoding: digits, as: UTF8.self))!
    }
}
