package import Measures
import RunRecords

/// Keys of the whole that say as whom the relay runs and when it sends mail away.
package struct ProductionSettings: Sendable {
    package var user: String?
    package var group: String?
    package var minFreeInodes = 1_000
    package var memoryLimit: ByteCount?
    package var maxQueued: Int?

    package init() {}
}

extension MTASettings {
    static var productionKeys: [ConfigurationKey<MTASettings>] {
        [
            .optional(
                "user", \.production.user,
                "started as root, the relay binds its ports and becomes this user for good", shown: "who started it"
            ).needingRestart,
            .optional("group", \.production.group, "of the process, with `user`", shown: "the user's").needingRestart,
            .value(
                "min_free_inodes", \.production.minFreeInodes,
                "with fewer on the spool's file system, new mail is told 452 4.3.1", check: notNegative),
            .optional(
                "memory_limit", \.production.memoryLimit,
                "what the process may hold; beyond it new mail is told 452 4.3.1 and new clients 421 4.3.2",
                shown: "90 % of its control group's", check: atLeast(64 << 20)),
            .optional(
                "max_queued", \.production.maxQueued,
                "messages in the spool; beyond it new mail is told 452 4.3.1", shown: "no limit", check: atLeastOne),
        ]
    }

    func checkProduction(_ faults: inout [RecordFault]) {
        if production.group != nil, production.user == nil { note(&faults, mapping, "group", "needs `user`") }
    }
}
