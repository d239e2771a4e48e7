import CByteLoops
import MailTypes

/// Finds a message's ``LoadStamp`` among its header fields and checks the CRC-32C of all that follows it.
/// Works on content without stuffing dots, piece by piece.
struct StampVerifier {
    enum Verdict: Equatable {
        case intact(MessageID)
        case changed(MessageID)
        /// No stamp in the header.
        case unidentified
    }

    /// Header bytes searched before a message counts as unstamped.
    static let headerLimit = 65_536

    private enum State {
        case searching
        case checking(LoadStamp)
        case unstamped
    }
    private var state = State.searching
    private var line: [UInt8] = []
    private var searched = 0
    private var crc: UInt32 = 0

    init() {}

    mutating func reset() { self = StampVerifier() }

    mutating func add(_ bytes: UnsafeRawBufferPointer) {
        var rest = bytes[...]
        while case .searching = state, !rest.isEmpty { search(&rest) }
        guard case .checking = state, !rest.isEmpty else { return }
        let slice = UnsafeRawBufferPointer(rebasing: rest)
        crc = mr_crc32c(crc, slice.baseAddress, slice.count)
    }

    /// Takes one header line, or what there is of it, off `rest`.
    private mutating func search(_ rest: inout Slice<UnsafeRawBufferPointer>) {
        let end = rest.firstIndex(of: 0x0A).map { $0 + 1 } ?? rest.endIndex
        line.append(contentsOf: rest[rest.startIndex..<end])
        searched += end - rest.startIndex
        let isWhole = rest[end - 1] == 0x0A
        rest = rest[end...]
        guard isWhole else {
            if searched > Self.headerLimit { state = .unstamped }
            return
        }
        let text = line.dropLast(line.suffix(2) == [0x0D, 0x0A] ? 2 : 1)
        if text.isEmpty || searched > Self.headerLimit {
            state = .unstamped
        } else if let stamp = LoadStamp(headerLine: text) {
            state = .checking(stamp)
        }
        line.removeAll(keepingCapacity: true)
    }

    /// CRC-32C of what followed the stamp; nil without one.
    var checksum: UInt32? {
        if case .checking = state { crc } else { nil }
    }

    /// When the message was due, as its stamp says.
    var dueUnixNanoseconds: UInt64? {
        if case .checking(let stamp) = state { stamp.dueUnixNanoseconds } else { nil }
    }

    var verdict: Verdict {
        guard case .checking(let stamp) = state else { return .unidentified }
        return stamp.crc32c == crc ? .intact(stamp.id) : .changed(stamp.id)
    }
}
