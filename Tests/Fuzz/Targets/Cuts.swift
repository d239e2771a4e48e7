import Measures

/// One input as reads may bring it. The first piece sizes follow from the input itself, so that a fuzzer can choose them
/// and a crash comes again.
enum Cuts {
    /// Octet by octet, and in pieces of random sizes, empty ones among them.
    static func all(_ bytes: ArraySlice<UInt8>, seed: UInt8) -> [[[UInt8]]] {
        [
            bytes.map { [$0] }, random(bytes, seed: UInt64(seed), most: 9),
            random(bytes, seed: UInt64(seed) + 256, most: 90),
        ]
    }

    private static func random(_ bytes: ArraySlice<UInt8>, seed: UInt64, most: Int) -> [[UInt8]] {
        var numbers = SplitMix64(seed: seed)
        var pieces: [[UInt8]] = []
        var rest = bytes
        while !rest.isEmpty {
            let count = numbers.below(most + 1)
            pieces.append(Array(rest.prefix(count)))
            rest = rest.dropFirst(count)
        }
        return pieces
    }
}
