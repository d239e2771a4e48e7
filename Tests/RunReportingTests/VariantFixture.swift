import RunRecords

extension RunFixture {
    static let variants =
        profileText + """
            variants:
              - {spool: segment}
              - {spool: segment, durability: os}
              - {spool: segment, durability: deferred}
              - {spool: memory}

            """

    /// A run of one of ``variants``: 0 segment fsync, 1 os, 2 deferred, 3 memory.
    /// - Parameters:
    ///   - lastReceived: when the last message came to the sink; the first was offered at 1000.
    ///   - deviceWriteBytes: of the whole run of 1,000 messages.
    static func variant(
        _ system: Int, lastReceived: Double = 1002.5, repeatIndex: Int = 1, repeats: Int = 1,
        deviceWriteBytes: UInt64? = 12_000_000, bend: (inout MTARecord, inout LedgerAudit) -> Void = { _, _ in }
    ) throws -> RunRecord {
        var run = try run(
            lastReceived: lastReceived, repeatIndex: repeatIndex, repeats: repeats, text: variants, name: "spools",
            system: system, bend: bend)
        run.order = RunPosition(system + 1, of: 4)
        run.deviceWriteBytes = deviceWriteBytes
        return run
    }
}
