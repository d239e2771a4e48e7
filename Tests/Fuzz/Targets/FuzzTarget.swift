/// What libFuzzer and the replay in the tests call: one case a kind of bytes that strangers send, or that a disk gives
/// back. Each traps where what must hold does not hold.
package enum FuzzTarget: String, CaseIterable, Sendable {
    /// A client's bytes in any cuts, through a server session.
    case session
    /// Content by DATA and BDAT, beside what the RFCs say of it.
    case content
    /// Arguments of commands, addresses, xtext.
    case grammar
    /// A server's bytes in any cuts, through a client session.
    case client
    case proxy
    /// A message as DKIM reads it, beside a plain canonicalisation.
    case message
    case json
    /// A request to inject, and the messages that come out.
    case injection
    /// Records of spools.
    case records
    /// A log of segments, found by a start.
    case segments
    case sasl
    case users
    case configuration
    /// What a name server is asked.
    case names
    /// Rules of a sink, in both of their forms.
    case behaviour
    /// Bounces and complaints that come back.
    case reports
    /// What servers say, and rules that say what it means.
    case replies
    /// A message and what the DNS says of it, through all that is verified.
    case authentication
    /// A header as rules read it.
    case header

    /// Longer inputs find nothing that these do not, and take longer.
    package var mostBytes: Int {
        switch self {
        case .proxy, .names: 512
        case .configuration, .grammar, .behaviour: 2048
        case .segments, .reports: 8192
        default: 4096
        }
    }

    package func run(_ bytes: UnsafeRawBufferPointer) {
        let input = Array(bytes.prefix(mostBytes))
        switch self {
        case .session: fuzzSession(input)
        case .content: fuzzContent(input)
        case .grammar: fuzzGrammar(input)
        case .client: fuzzClient(input)
        case .proxy: fuzzProxy(input)
        case .message: fuzzMessage(input)
        case .json: fuzzJSON(input)
        case .injection: fuzzInjection(input)
        case .records: fuzzRecords(input)
        case .segments: fuzzSegments(input)
        case .sasl: fuzzSASL(input)
        case .users: fuzzUsers(input)
        case .configuration: fuzzConfiguration(input)
        case .names: fuzzNames(input)
        case .behaviour: fuzzBehaviour(input)
        case .reports: fuzzReports(input)
        case .replies: fuzzReplies(input)
        case .authentication: fuzzAuthentication(input)
        case .header: fuzzPolicyHeader(input)
        }
    }
}

/// Stops where something that must hold does not: the sanitizer's runtime and the tests see a trap.
func require(_ holds: Bool, _ what: @autoclosure () -> String) {
    guard !holds else { return }
    complain(what())
}
