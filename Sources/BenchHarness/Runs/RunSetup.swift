package import RunRecords

/// All that one run of one system needs to know.
package struct RunSetup {
    package var profile: RunProfile
    package var profileText: String
    package var choice: SystemChoice
    /// As it said before the runs.
    package var version: String
    /// Found before the runs; nil: not looked at.
    package var evidence: DurabilityEvidence?
    /// Sent through the system before, and not counted.
    package var warmUpMessages: Int
    /// `sync` and `drop_caches` before.
    package var dropsPageCache: Bool
    /// Lines for the record's conditions that are decided outside: how the number of messages was found.
    package var notes: [String]
    package var conditions: @Sendable (RunScene) throws -> any RunConditions
    /// Whether syncs are counted in the run, where that can be done.
    package var countsSyncs: Bool

    package init(
        profile: RunProfile, profileText: String, choice: SystemChoice, version: String = "unknown",
        evidence: DurabilityEvidence? = nil, warmUpMessages: Int = 0, dropsPageCache: Bool = false,
        notes: [String] = [], countsSyncs: Bool = true,
        conditions: @escaping @Sendable (RunScene) throws -> any RunConditions = { MachineConditions($0) }
    ) {
        self.profile = profile
        self.profileText = profileText
        self.choice = choice
        self.version = version
        self.evidence = evidence
        self.warmUpMessages = warmUpMessages
        self.dropsPageCache = dropsPageCache
        self.notes = notes
        self.countsSyncs = countsSyncs
        self.conditions = conditions
    }

    /// Why the system cannot do what the profile asks; nil if it can.
    package var refusal: String? {
        let (profile, has) = (profile, choice.definition.capabilities)
        let asked: [(SystemDefinition.Capability, Bool, String)] = [
            (.startTLS, profile.tls == .starttls, "tls: starttls"),
            (.implicitTLS, profile.tls == .implicit, "tls: implicit"),
            (.dkim, profile.dkim != nil, "dkim: \(profile.dkim ?? "")"),
            (.http, profile.injection == "http", "injection: http"),
            (.lmtp, profile.injection == "lmtp", "injection: lmtp"),
            (.chunking, profile.chunking, "chunking: true"),
            (.restart, profile.crashAfterSeconds != nil, "crash"),
        ]
        for (capability, isAsked, key) in asked where isAsked && !has.contains(capability) {
            return "\(choice.label) cannot do what the profile asks with '\(key)'"
                + " (its definition has no capability '\(capability.rawValue)')"
        }
        return nil
    }
}
