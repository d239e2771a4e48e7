import Foundation
import FuzzTargets
import Measures
import Testing

/// What fuzzing has found, and where it begins, through the same functions as with libFuzzer. They trap where something
/// does not hold, so a failure ends the test's process and names itself before.
@Suite struct FuzzReplayTests {
    private static let corpus = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("FuzzCorpus")

    private static func inputs(_ target: FuzzTarget) throws -> [[UInt8]] {
        let folder = corpus.appendingPathComponent(target.rawValue)
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
        return try names.map { Array(try Data(contentsOf: folder.appendingPathComponent($0))) }
    }

    @Test(arguments: FuzzTarget.allCases) func theCorpusHolds(target: FuzzTarget) throws {
        let inputs = try Self.inputs(target)
        #expect(inputs.count >= 3, "a corpus of nothing tests nothing")
        for input in inputs { input.withUnsafeBytes { target.run($0) } }
    }

    /// Changes as a fuzzer makes them, the same ones each time.
    @Test(arguments: FuzzTarget.allCases) func changedInputsHold(target: FuzzTarget) throws {
        let inputs = try Self.inputs(target)
        var numbers = SplitMix64(seed: target.rawValue.utf8.reduce(7) { $0 &* 31 &+ UInt64($1) })
        for _ in 0..<400 {
            var input = inputs[numbers.below(inputs.count)]
            for _ in 0...numbers.below(4) { Self.change(&input, inputs, &numbers) }
            input.withUnsafeBytes { target.run($0) }
        }
    }

    private static func change(_ input: inout [UInt8], _ others: [[UInt8]], _ numbers: inout SplitMix64) {
        guard !input.isEmpty else { return input = others[numbers.below(others.count)] }
        let place = numbers.below(input.count)
        switch numbers.below(6) {
        case 0: input[place] ^= 1 << UInt8(numbers.below(8))
        case 1: input[place] = [0, 0x0A, 0x0D, 0x20, 0x22, 0x2E, 0x3C, 0x3E, 0x7F, 0xFF][numbers.below(10)]
        case 2: input.removeSubrange(place..<min(input.count, place + 1 + numbers.below(8)))
        case 3: input.insert(contentsOf: input[place..<min(input.count, place + 1 + numbers.below(40))], at: place)
        case 4: input.insert(UInt8(truncatingIfNeeded: numbers.next()), at: place)
        default:
            let other = others[numbers.below(others.count)]
            input.replaceSubrange(place..., with: other.suffix(numbers.below(other.count + 1)))
        }
    }
}
