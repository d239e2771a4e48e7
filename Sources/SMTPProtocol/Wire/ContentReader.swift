internal import CByteLoops

/// What is wrong with content; the message is refused whole, at its end (RFC 5321 §2.3.8, §4.5.3.1.6).
package enum ContentFault: Equatable, Sendable {
    case bareLF
    case bareCR
    case nul
    case lineTooLong
    case tooLarge
}

/// Finds the end of DATA content. Only CRLF.CRLF ends it, or .CRLF as its very first line (RFC 5321 §4.1.1.4):
/// the smuggling family (CVE-2023-51764, -51765, -51766) lives on readers that take less.
struct ContentReader {
    enum Event: Equatable {
        /// Content in wire form, dot-stuffed, inside the input.
        case span(Range<Int>)
        /// A dot that only stuffs its line, which begins with one. Its index in the input, or nil if it came with an earlier
        /// input.
        case stuffedDot(Int?)
        /// The final dot's CRLF was read.
        case end
        case needsInput
        /// Reported for each violation; reading goes on to the real end.
        case fault(ContentFault)
    }

    private enum Held { case nothing, dot, dotCR }
    private var scan: mr_scan_state
    private var held = Held.nothing
    private var heldAt: Int?

    /// - Parameter lineLimit: longest line without CRLF; 0 for none.
    init(lineLimit: Int) {
        scan = mr_scan_state()
        scan.line_start = 1
        scan.find_dots = 1
        scan.line_limit = UInt32(lineLimit)
    }

    mutating func next(_ input: borrowing RawSpan, _ offset: inout Int) -> Event {
        while true {
            if held != .nothing {
                guard offset < input.byteCount else {
                    heldAt = nil
                    return .needsInput
                }
                if let event = resolveHeld(input, &offset) { return event }
                continue
            }
            let start = offset
            offset += scanContent(input, from: start, state: &scan)
            if offset > start { return .span(start..<offset) }
            if let event = stopped(input, &offset) { return event }
        }
    }

    /// The scan stopped at `offset`: a line's dot or a violation.
    private mutating func stopped(_ input: borrowing RawSpan, _ offset: inout Int) -> Event? {
        guard let fault = ContentFault(scan.stop) else {
            guard UInt32(scan.stop) == MR_SCAN_LINE_DOT.rawValue else { return .needsInput }
            (held, heldAt) = (.dot, offset)
            offset += 1
            return nil
        }
        if fault == .lineTooLong {
            scan.line_limit = 0
        } else {
            mr_scan_pass(&scan, input[byte: offset])
            offset += 1
        }
        return .fault(fault)
    }

    private mutating func resolveHeld(_ input: borrowing RawSpan, _ offset: inout Int) -> Event? {
        let byte = input[byte: offset]
        switch (held, byte) {
        case (.dot, 0x0D):
            held = .dotCR
            offset += 1
            return nil
        case (.dotCR, 0x0A):
            held = .nothing
            offset += 1
            return .end
        case (.dotCR, _):
            // ".\r" and no LF: content with a bare CR.
            held = .nothing
            scan.line_start = 0
            return .fault(.bareCR)
        default:
            held = .nothing
            mr_scan_pass(&scan, 0x2E)
            // The dot that stuffs a line does not count towards its length (RFC 5321 §4.5.3.1.6).
            scan.line_length = 0
            // In front of anything but a dot it was not needed, and whoever reads the line leaves it out (§4.5.2). Kept, it
            // would hide what the line is from those who read content in wire form: `.Authentication-Results:`.
            return byte == 0x2E ? .stuffedDot(heldAt) : nil
        }
    }
}

/// Counts a BDAT chunk down (RFC 3030 §2) and looks for the same violations as ``ContentReader``.
struct ChunkReader {
    enum Event: Equatable {
        case span(Range<Int>)
        case fault(ContentFault)
        case chunkEnd
        case needsInput
    }

    private var scan: mr_scan_state
    private(set) var remaining = 0
    /// BODY=BINARYMIME: octets are octets, and lines are no matter (RFC 3030 §3).
    private let isBinary: Bool

    init(lineLimit: Int, isBinary: Bool = false) {
        scan = mr_scan_state()
        scan.line_limit = UInt32(lineLimit)
        self.isBinary = isBinary
    }

    mutating func begin(_ size: Int) { remaining = size }

    /// The content ended; a CR as its last byte is bare.
    var endsWithBareCR: Bool { scan.after_cr != 0 }

    mutating func next(_ input: borrowing RawSpan, _ offset: inout Int) -> Event {
        guard remaining > 0 else { return .chunkEnd }
        guard offset < input.byteCount else { return .needsInput }
        // Not min(count, offset + remaining): the peer chooses `remaining`, up to the largest Int.
        let end = offset + min(remaining, input.byteCount - offset)
        let start = offset
        if isBinary {
            offset = end
            remaining -= end - start
            return .span(start..<end)
        }
        offset += scanContent(input.extracting(0..<end), from: start, state: &scan)
        if offset == start, let fault = ContentFault(scan.stop) {
            if fault == .lineTooLong {
                scan.line_limit = 0
            } else {
                mr_scan_pass(&scan, input[byte: offset])
                offset += 1
                remaining -= 1
            }
            return .fault(fault)
        }
        remaining -= offset - start
        return .span(start..<offset)
    }

    /// So many octets came and nobody looked at them.
    mutating func passOver(_ count: Int) {
        remaining -= min(count, remaining)
        scan.after_cr = 0
    }

    /// Moves over refused content without looking at it.
    mutating func skip(_ input: borrowing RawSpan, _ offset: inout Int) -> Event {
        let count = min(remaining, input.byteCount - offset)
        offset += count
        remaining -= count
        return remaining == 0 ? .chunkEnd : .needsInput
    }
}

extension ContentFault {
    fileprivate init?(_ stop: UInt8) {
        switch UInt32(stop) {
        case MR_SCAN_BARE_LF.rawValue: self = .bareLF
        case MR_SCAN_BARE_CR.rawValue: self = .bareCR
        case MR_SCAN_NUL.rawValue: self = .nul
        case MR_SCAN_LONG_LINE.rawValue: self = .lineTooLong
        default: return nil
        }
    }
}

/// Bytes scanned from `start` on before the scan stopped.
private func scanContent(_ input: RawSpan, from start: Int, state: inout mr_scan_state) -> Int {
    input.withUnsafeBytes { bytes in
        guard start < bytes.count, let base = bytes.baseAddress else {
            state.stop = UInt8(MR_SCAN_END_OF_INPUT.rawValue)
            return 0
        }
        return mr_scan_content(
            base.assumingMemoryBound(to: UInt8.self) + start, bytes.count - start, &state)
    }
}
