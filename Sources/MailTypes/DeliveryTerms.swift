/// When a message may go and by when it has to be there. Few messages have any of it. Times are milliseconds since 1970.
package struct DeliveryTerms: Hashable, Sendable {
    /// What was asked with MAIL (RFC 4865).
    package var release: FutureRelease?
    /// Nothing is tried before then; 0: at once.
    package var notBefore: UInt64 = 0
    /// It is returned when it is not delivered by then; nil: the schedule decides.
    package var expires: UInt64?
    /// What was asked with MAIL (RFC 2852).
    package var deliverBy: DeliverBy?
    /// Attempts are made within it only.
    package var window: DeliveryWindow?

    package init() {}

    package var isEmpty: Bool { self == DeliveryTerms() }

    /// MAIL came at that time: spans become times.
    package mutating func begin(at now: UInt64) {
        if let release { notBefore = max(notBefore, release.time(from: now)) }
        deliverBy?.since = now
    }

    /// What MAIL asks for makes no sense together: the message would have to be there before it may go, or as it goes
    /// (RFC 4865 §5.2), whatever would be done then.
    /// - Parameter now: when MAIL came, milliseconds since 1970.
    package func isContradictory(at now: UInt64) -> Bool {
        guard release != nil, deliverBy != nil else { return false }
        var terms = self
        terms.begin(at: now)
        return terms.deliverBy.map { $0.deadline <= terms.notBefore } ?? false
    }

    /// It has to be returned when it is not delivered by then; nil: no time was said.
    package var returnedAt: UInt64? {
        let asked = deliverBy.flatMap { $0.mode == .return ? $0.deadline : nil }
        guard let expires, let asked else { return asked ?? expires }
        return min(expires, asked)
    }

    /// Its sender wants to know when it is not delivered by then.
    package var noticeAt: UInt64? { deliverBy.flatMap { $0.mode == .notify ? $0.deadline : nil } }
}

/// HOLDFOR or HOLDUNTIL of MAIL (RFC 4865).
package enum FutureRelease: Hashable, Sendable {
    /// Seconds.
    case interval(Int)
    /// Seconds since 1970.
    case date(Int)

    func time(from now: UInt64) -> UInt64 {
        switch self {
        case .interval(let seconds): now + UInt64(max(0, seconds)) * 1_000
        case .date(let seconds): UInt64(max(0, seconds)) * 1_000
        }
    }

    /// Reads ``field``.
    package init?(field: String) {
        let parts = field.split(separator: ";", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2 else { return nil }
        switch parts[0] {
        case "for":
            guard let seconds = Int(parts[1]), 0...DeliverBy.mostSeconds ~= seconds else { return nil }
            self = .interval(seconds)
        case "until":
            guard let seconds = InternetDate.unixSeconds(parts[1]) else { return nil }
            self = .date(seconds)
        default: return nil
        }
    }

    /// As Future-Release-Request of a notification says it (RFC 4865 §5.1.2).
    package var field: String {
        switch self {
        case .interval(let seconds): "for;\(seconds)"
        case .date(let seconds): "until;\(InternetDate.text(unixSeconds: seconds))"
        }
    }
}

/// BY of MAIL (RFC 2852 §4).
package struct DeliverBy: Hashable, Sendable {
    /// What is done when the time is over.
    package enum Mode: UInt8, Sendable {
        /// `R`: it is returned.
        case `return` = 0x52
        /// `N`: its sender is told, and it goes on.
        case notify = 0x4E
    }

    /// Seconds from MAIL on; with ``Mode/notify`` it may lie behind.
    package var seconds: Int
    package var mode: Mode
    /// `T`: its sender is told of each host that it is handed on to.
    package var traces: Bool
    /// When MAIL came, milliseconds since 1970.
    package var since: UInt64 = 0

    package init(seconds: Int, mode: Mode, traces: Bool = false) {
        self.seconds = seconds
        self.mode = mode
        self.traces = traces
    }

    package static let mostSeconds = 999_999_999

    /// `120;R`, `-30;NT`, without regard to case; nil: it is no such thing. That `R` needs a time to come is not looked at.
    package init?(parameter: some StringProtocol) {
        let parts = parameter.uppercased().split(separator: ";", omittingEmptySubsequences: false)
        guard parts.count == 2 else { return nil }
        let digits = parts[0].first == "-" || parts[0].first == "+" ? parts[0].dropFirst() : parts[0]
        guard (1...9).contains(digits.utf8.count), digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            let seconds = Int(digits)
        else { return nil }
        switch parts[1] {
        case "R", "RT": mode = .return
        case "N", "NT": mode = .notify
        default: return nil
        }
        self.seconds = parts[0].first == "-" ? -seconds : seconds
        traces = parts[1].hasSuffix("T")
    }

    /// As MAIL says it.
    package var parameter: String { "\(seconds);\(mode == .return ? "R" : "N")\(traces ? "T" : "")" }

    /// Milliseconds since 1970.
    package var deadline: UInt64 { UInt64(max(0, Int(since) + seconds * 1_000)) }

    /// For the next hop, with what is left of the time, in whole seconds.
    package func passedOn(at now: UInt64) -> DeliverBy {
        var rest = self
        let left = (Int(since) + seconds * 1_000 - Int(now)).quotientFloor(1_000)
        rest.seconds = min(Self.mostSeconds, max(-Self.mostSeconds, left))
        return rest
    }
}

extension Envelope {
    /// When it may go and by when it has to be there; nil for most mail.
    package var terms: DeliveryTerms? {
        get { options?.terms }
        set {
            let terms = newValue?.isEmpty ?? true ? nil : newValue
            guard terms != nil || options != nil else { return }
            var known = options ?? EnvelopeOptions()
            known.terms = terms
            options = known.isEmpty ? nil : known
        }
    }

    /// What the next hop is asked for: the rest of the time, and where it knows nothing of times and there is some left, to
    /// tell of delays (RFC 2852 §4.1.4.2).
    /// - Parameter now: milliseconds since 1970.
    package func forNextHop(offersDeliverBy: Bool, now: UInt64) -> Envelope {
        guard let by = terms?.deliverBy else { return self }
        var passed = self
        if offersDeliverBy {
            passed.options?.terms?.deliverBy = by.passedOn(at: now)
        } else if by.mode == .notify, by.deadline > now {
            passed.options?.recipients = recipients.indices.map { index in
                var own = options(of: index)
                let wishes = own.notify ?? .failure
                if wishes != .never { own.notify = wishes.union(.delay) }
                return own
            }
        }
        return passed
    }
}
