import RunRecords
import Testing

/// A run in which the system was killed: what arrives twice is reported, what is lost makes it no result.
@Suite struct CrashVerdictTests {
    private func run(_ bend: (inout RunFixture.Parts) -> Void) throws -> RunRecord {
        try RunFixture.run { parts in
            parts.profile.crashAfterSeconds = 5
            // Its second life alone.
            (parts.mta.recovered, parts.mta.accepted, parts.mta.acceptedMessages, parts.mta.delivered) =
                (50, 400, 400, 450)
            bend(&parts)
        }
    }

    @Test func doubledIsNoFaultAfterAKill() throws {
        let record = try run { parts in
            parts.audit.doubled = 7
            (parts.sink.received, parts.sink.ledger) = (1007, .init(unique: 1000, duplicates: 7))
        }
        #expect(record.invalid == [])
        #expect(record.audit.doubled == 7)
        let unharmed = try RunFixture.run { $0.audit.doubled = 7 }
        #expect(unharmed.invalid.contains("7 messages arrived more than once"))
    }

    @Test func lostIsOne() throws {
        let record = try run { $0.audit.lost = 3 }
        #expect(record.invalid == ["3 acknowledged messages were lost"])
    }

    @Test func whatHadNoAnswerIsNoFault() throws {
        let record = try run { parts in
            (parts.generator.offered, parts.generator.accepted, parts.generator.inDoubt, parts.generator.failed) =
                (1000, 980, 15, 5)
            parts.audit.acknowledged = 980
        }
        #expect(record.invalid == [])
    }

    @Test func itsSecondLifeHasToBalance() throws {
        let record = try run { $0.mta.delivered = 449 }
        #expect(record.invalid.count == 1)
        #expect(record.invalid[0].hasPrefix("mta: recovered 50 + accepted 400"))
    }
}
