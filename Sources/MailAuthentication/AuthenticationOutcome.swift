/// What a check came to, as RFC 8601 §2.7 calls it.
package enum AuthenticationOutcome: String, Sendable, Hashable, CaseIterable {
    /// Nothing is said: no signature, no record, no chain.
    case none
    case pass
    case fail
    /// A signature is right, and not enough: it covers a part of the body, and others may have added the rest.
    case policy
    /// SPF: the domain says that it is probably not entitled (RFC 7208 §2.6.5).
    case softfail
    /// Nothing can be said: what there is is not well formed, or says so itself.
    case neutral
    /// The DNS does not answer now.
    case temperror
    /// What was published or signed is wrong for good.
    case permerror
}
