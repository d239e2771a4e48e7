extension RawSpan {
    /// The byte at `index`, bounds checked.
    @inline(__always)
    subscript(byte index: Int) -> UInt8 { unsafeLoad(fromByteOffset: index, as: UInt8.self) }

    /// The first line feed at `start` or behind it: eight bytes at a time, since replies are short.
    func firstLineFeed(from start: Int) -> Int? {
        var index = start
        while index + 8 <= byteCount {
            let word = unsafeLoadUnaligned(fromByteOffset: index, as: UInt64.self).littleEndian
            // A byte that is zero where it was a line feed; the lowest bit that this finds is right, higher ones need not be.
            let differences = word ^ 0x0A0A_0A0A_0A0A_0A0A
            let found = (differences &- 0x0101_0101_0101_0101) & ~differences & 0x8080_8080_8080_8080
            if found != 0 { return index + found.trailingZeroBitCount / 8 }
            index += 8
        }
        while index < byteCount {
            if self[byte: index] == 0x0A { return index }
            index += 1
        }
        return nil
    }
}
