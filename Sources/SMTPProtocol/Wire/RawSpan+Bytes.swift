extension RawSpan {
    /// The byte at `index`, bounds checked.
    @inline(__always)
    subscript(byte index: Int) -> UInt8 { unsafeLoad(fromByteOffset: index, as: UInt8.self) }
}
