import CByteLoops
import MailTypes

/// How much a message may be changed on its way (RFC 6376 §3.4).
package enum CanonicalForm: String, Sendable, Hashable, CaseIterable {
    case simple
    case relaxed
}

/// Which octets of a body are hashed (RFC 6376 §3.5, c= and l=).
package struct BodyHashKind: Sendable, Hashable {
    package var form: CanonicalForm
    /// So many of the canonical body's octets; nil: all.
    package var limit: Int?

    package init(_ form: CanonicalForm, limit: Int? = nil) {
        self.form = form
        self.limit = limit
    }
}

/// What became of a body.
package struct BodyDigest: Sendable, Hashable {
    /// SHA-256.
    package var hash: [UInt8]
    /// Octets of the whole canonical body, hashed or not.
    package var octets: Int
}

/// The hash of a body in canonical form (RFC 6376 §3.4.3, §3.4.4), fed in pieces of any size. What can go as it is goes
/// in long runs; only around blanks and line ends is it looked at octet by octet.
struct CanonicalBody {
    private let isRelaxed: Bool
    private let isStuffed: Bool
    private let hash = Hash()
    /// Octets that may still be hashed, and octets there were.
    private var allowance: Int
    private var octets = 0
    /// Octets that wait for their run to be long enough.
    private var output: [UInt8] = []
    /// Line ends of empty lines: they count only if something follows.
    private var emptyLines = 0
    private var lineHasText = false
    private var blankWaits = false
    private var afterCR = false
    private var lineStart = true
    private var isEmpty = true

    init(_ kind: BodyHashKind, _ wire: WireForm) {
        isRelaxed = kind.form == .relaxed
        allowance = kind.limit ?? .max
        isStuffed = wire == .dotStuffed
        output.reserveCapacity(1024)
    }

    mutating func feed(_ bytes: UnsafeRawBufferPointer) {
        var index = 0
        while index < bytes.count {
            if lineHasText, !blankWaits, !afterCR {
                index += run(UnsafeRawBufferPointer(rebasing: bytes[index...]))
                if index == bytes.count { break }
            }
            take(bytes[index])
            index += 1
        }
    }

    /// Takes what can go as it is.
    private mutating func run(_ bytes: UnsafeRawBufferPointer) -> Int {
        let count = mr_canonical_run(
            bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), bytes.count, isRelaxed ? 1 : 0)
        guard count > 0 else { return 0 }
        flush()
        hash.update(UnsafeRawBufferPointer(rebasing: bytes[..<hashed(of: count)]))
        let last = bytes[count - 1]
        // A run may end with a line's end, or between its two octets.
        if last == 0x0A, count > 1 ? bytes[count - 2] == 0x0D : false {
            (lineHasText, lineStart) = (false, true)
        } else if last == 0x0D {
            (lineHasText, lineStart) = (false, true)
            return count + 1 <= bytes.count ? endOfSplitLine(count) : count
        } else {
            lineStart = false
        }
        return count
    }

    /// The CR of a line's end went with the run; its LF follows.
    private mutating func endOfSplitLine(_ count: Int) -> Int {
        output.append(0x0A)
        return count + 1
    }

    private mutating func take(_ byte: UInt8) {
        if afterCR {
            afterCR = false
            if byte == 0x0A { return endLine() }
            text(0x0D)  // a CR of its own, in binary content
        }
        switch byte {
        case 0x0D: afterCR = true
        case 0x20 where isRelaxed, 0x09 where isRelaxed:
            blankWaits = true
            lineStart = false
        case 0x2E where lineStart && isStuffed: lineStart = false  // not of the content (RFC 5321 §4.5.2)
        default: text(byte)
        }
    }

    private mutating func text(_ byte: UInt8) {
        while emptyLines > 0 {
            output += [0x0D, 0x0A]
            emptyLines -= 1
            if output.count >= 4096 { flush() }
        }
        if blankWaits { output.append(0x20) }
        blankWaits = false
        output.append(byte)
        (lineHasText, lineStart, isEmpty) = (true, false, false)
        if output.count >= 4096 { flush() }
    }

    private mutating func endLine() {
        if lineHasText { output += [0x0D, 0x0A] } else { emptyLines += 1 }
        (lineHasText, blankWaits, lineStart) = (false, false, true)
    }

    private mutating func flush() {
        guard !output.isEmpty else { return }
        let count = hashed(of: output.count)
        output.withUnsafeBytes { hash.update(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
        output.removeAll(keepingCapacity: true)
    }

    /// How many of the next octets are hashed.
    private mutating func hashed(of count: Int) -> Int {
        octets += count
        let hashed = min(count, allowance)
        allowance -= hashed
        return hashed
    }

    mutating func finish() -> BodyDigest {
        if afterCR { text(0x0D) }
        // The last line gets its end; a body of nothing is one empty line, or with relaxed nothing at all.
        if lineHasText || (isEmpty && !isRelaxed) { output += [0x0D, 0x0A] }
        flush()
        return BodyDigest(hash: hash.finish(), octets: octets)
    }
}
