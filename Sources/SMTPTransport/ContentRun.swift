import NIOCore

/// Contiguous content inside one input.
struct ContentRun {
    static let dot = ByteBuffer(string: ".")
    private let input: ByteBuffer
    let wireForm: Bool
    private var range = 0..<0

    init(input: ByteBuffer, wireForm: Bool) {
        self.input = input
        self.wireForm = wireForm
    }

    /// Joins `next` to the run; returns the run so far as a slice if it does not touch.
    mutating func add(_ next: Range<Int>) -> ByteBuffer? {
        if range.upperBound == next.lowerBound, !range.isEmpty {
            range = range.lowerBound..<next.upperBound
            return nil
        }
        let done = take()
        range = next
        return done
    }

    mutating func take() -> ByteBuffer? {
        guard !range.isEmpty else { return nil }
        defer { range = 0..<0 }
        return input.getSlice(at: input.readerIndex + range.lowerBound, length: range.count)
    }

    mutating func clear() { range = 0..<0 }
}
