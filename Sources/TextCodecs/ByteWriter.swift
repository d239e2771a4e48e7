/// Writes one thing behind the other into memory that is large enough, and stops the program where it is not: what is put
/// together of a dozen small pieces for every message costs a copy a piece, and nothing else.
///
/// Public, since what `package` declares is not specialised or inlined in other targets.
@frozen public struct ByteWriter {
    @usableFromInline let memory: UnsafeMutableRawBufferPointer
    @usableFromInline var written = 0
    /// Octets written.
    @inlinable public var count: Int { written }

    @inlinable public init(_ memory: UnsafeMutableRawBufferPointer) { self.memory = memory }

    /// Room that is written to later, or was before.
    @inlinable public mutating func skip(_ octets: Int) -> UnsafeMutableRawBufferPointer {
        precondition(octets <= memory.count - count, "more than was reckoned")
        let room = UnsafeMutableRawBufferPointer(rebasing: memory[count..<(count + octets)])
        written += octets
        return room
    }

    @inlinable public mutating func copy(_ bytes: UnsafeRawBufferPointer) {
        precondition(bytes.count <= memory.count - count, "more than was reckoned")
        guard let source = bytes.baseAddress, let target = memory.baseAddress else { return }
        (target + count).copyMemory(from: source, byteCount: bytes.count)
        written += bytes.count
    }

    @inlinable public mutating func text(_ text: StaticString) {
        copy(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    @inlinable public mutating func bytes(_ bytes: [UInt8]) { bytes.withUnsafeBytes { copy($0) } }

    @inlinable public mutating func bytes(_ bytes: [UInt8], _ range: Range<Int>) {
        bytes.withUnsafeBytes { copy(UnsafeRawBufferPointer(rebasing: $0[range])) }
    }

    @inlinable public mutating func byte(_ byte: UInt8) {
        precondition(count < memory.count, "more than was reckoned")
        memory[count] = byte
        written += 1
    }

    /// Digits two by two: numbers of messages and recipients have up to twenty.
    public mutating func decimal(_ number: UInt64) {
        withUnsafeTemporaryAllocation(byteCount: 20, alignment: 1) { digits in
            var (first, rest) = (20, number)
            while rest >= 10 {
                let pair = UInt8(truncatingIfNeeded: rest % 100)
                rest /= 100
                first -= 2
                digits[first + 1] = 0x30 + pair % 10
                digits[first] = 0x30 + pair / 10
            }
            if rest > 0 || first == 20 {
                first -= 1
                digits[first] = 0x30 + UInt8(truncatingIfNeeded: rest)
            }
            copy(UnsafeRawBufferPointer(rebasing: digits[first...]))
        }
    }
}

extension [UInt8] {
    /// Appends what `write` writes, `room` octets at most.
    @inlinable public mutating func append(room: Int, _ write: (inout ByteWriter) -> Void) {
        withUnsafeTemporaryAllocation(byteCount: room, alignment: 1) { memory in
            var writer = ByteWriter(memory)
            write(&writer)
            append(contentsOf: memory[..<writer.count])
        }
    }

    /// Appends the number's decimal digits.
    public mutating func appendDecimal(_ number: UInt64) { append(room: 20) { $0.decimal(number) } }
}
