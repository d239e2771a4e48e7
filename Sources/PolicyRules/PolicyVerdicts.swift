package import MTAConfiguration

/// What verification of a message came to, as rules ask for it; nil: that was not verified. What belongs to a later stage
/// is not known before.
package struct PolicyVerdicts: Sendable, Hashable {
    package typealias Word = VerificationWord

    /// MAIL.
    package var spf: Word?
    package var iprev: Word?
    /// Zones of block lists that have the client.
    package var listed: [String] = []
    /// The end of the data.
    package var dkim: Word?
    package var dmarc: Word?
    package var arc: Word?

    package init() {}

    package subscript(method: PolicyMethod) -> Word? {
        get { self[keyPath: Self.place(of: method)] }
        set { self[keyPath: Self.place(of: method)] = newValue }
    }

    private static func place(of method: PolicyMethod) -> WritableKeyPath<PolicyVerdicts, Word?> {
        switch method {
        case .spf: \.spf
        case .iprev: \.iprev
        case .dkim: \.dkim
        case .dmarc: \.dmarc
        case .arc: \.arc
        }
    }
}

/// What is verified, by the name that a rule calls it.
package enum PolicyMethod: String, Sendable, Hashable, CaseIterable {
    case spf, iprev, dkim, dmarc, arc

    var stage: PolicyStage {
        switch self {
        case .spf, .iprev: .sender
        case .dkim, .dmarc, .arc: .content
        }
    }
}
