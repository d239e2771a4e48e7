package import MailTypes

/// Decides when new mail is refused so that what is accepted already can go on: before the disk is full, before the
/// kernel ends the process for its memory, before accept(2) fails.
///
/// A cause begins when a reading is beyond its limit, and ends when it is a tenth better than the limit and has lasted
/// for ``shortestMilliseconds``: what hovers around a limit must not open and close with each look.
package struct LoadShedder: Sendable {
    /// A cause lasts at least so long.
    package static let shortestMilliseconds: UInt64 = 1_000

    /// Since when, milliseconds.
    private var begun: [LoadCause: UInt64] = [:]

    package init() {}

    /// In the order of ``LoadCause``.
    package var causes: [LoadCause] { LoadCause.allCases.filter { begun[$0] != nil } }

    /// - Parameter now: milliseconds of a clock that does not go back.
    /// - Returns: whether the causes are others than before.
    package mutating func observe(_ reading: LoadReading, _ limits: LoadLimits, now: UInt64) -> Bool {
        let before = begun.count
        var began = false
        for cause in LoadCause.allCases {
            let state = Self.state(of: cause, reading, limits)
            if state == .beyond, begun[cause] == nil {
                begun[cause] = now
                began = true
            } else if state == .well, let since = begun[cause], now >= since + Self.shortestMilliseconds {
                begun[cause] = nil
            }
        }
        return began || begun.count != before
    }

    /// What MAIL is answered; nil: mail is taken. RFC 5321 §4.2.3, RFC 3463 §3.4.
    package var mailReply: SMTPReply? {
        for cause in causes {
            switch cause {
            case .disk, .inodes: return SMTPReply(452, .init(4, 3, 1), "Insufficient system storage")
            case .memory: return SMTPReply(452, .init(4, 3, 1), "Insufficient memory, try again later")
            case .backlog: return SMTPReply(452, .init(4, 3, 1), "Too much mail is waiting, try again later")
            case .descriptors: continue
            }
        }
        return nil
    }

    /// What a client that connects is told instead of the greeting; nil: it is welcome.
    package func connectionReply(hostname: String) -> SMTPReply? {
        for cause in causes where cause == .memory || cause == .descriptors {
            let lacking = cause == .memory ? "memory" : "descriptors"
            return SMTPReply(421, .init(4, 3, 2), "\(hostname) Short of \(lacking), try again later")
        }
        return nil
    }

    /// Why no mail is taken, for people; nil: it is.
    package var refusal: String? {
        for cause in causes {
            switch cause {
            case .disk: return "disk is too full"
            case .inodes: return "file system has too few inodes left"
            case .memory: return "memory is short"
            case .backlog: return "too much mail is waiting"
            case .descriptors: continue
            }
        }
        return nil
    }

    private enum State { case well, between, beyond }

    private static func state(of cause: LoadCause, _ reading: LoadReading, _ limits: LoadLimits) -> State {
        switch cause {
        case .disk: free(reading.freeBytes, least: limits.minimumFreeBytes)
        case .inodes: free(reading.freeInodes, least: limits.minimumFreeInodes)
        case .memory: used(reading.memoryBytes, most: limits.memoryBytes)
        case .descriptors:
            used(reading.openDescriptors, most: limits.descriptors.map { $0 - limits.reservedDescriptors })
        case .backlog: used(reading.queuedMessages, most: limits.queuedMessages)
        }
    }

    private static func free(_ value: Int?, least: Int) -> State {
        guard let value else { return .well }
        return value < least ? .beyond : value >= least + least / 10 ? .well : .between
    }

    private static func used(_ value: Int?, most: Int?) -> State {
        guard let value, let most else { return .well }
        return value > most ? .beyond : value <= most - most / 10 ? .well : .between
    }
}
