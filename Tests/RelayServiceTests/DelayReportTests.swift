import DeliveryQueue
import MailTypes
import NIOCore
import RelayService
import SpoolContract
import Testing

/// What senders are told of mail that waits.
@Suite(.serialized, .timeLimit(.minutes(1))) struct DelayReportTests {
    /// It is tried no longer than its sender allows, and its age counts from when it might go.
    @Test(arguments: [false, true]) func theTimeToWhichItIsTriedIsTrue(expires: Bool) async throws {
        let (spool, kept) = (MemorySpool(), MemorySpool())
        let hop = try await startRelay(kept, to: nil)
        var late = message(1, from: "sender@near.test", to: ["b@far.test"])
        var terms = DeliveryTerms()
        terms.notBefore = now() - 5_000
        if expires { terms.expires = now() + 3_600_000 }
        late.envelope.terms = terms
        var batch = SpoolBatch()
        batch.messages = [late]
        try spool.commit(batch)
        let relay = try await startRelay(spool, to: hop.address) { $0.policies.standard.delayWarning = 1_000 }
        try await until { kept.report.messages == 1 }
        _ = try await relay.stop()
        _ = try await hop.stop()
        var ids: [MessageID] = []
        _ = try kept.enumerate { ids.append($0.id) }
        let report = try #require(try kept.load(ids[0]))
        let text = report.message.content.slices.map { String(buffer: $0) }.joined()
        let age = DestinationPolicies().standard.retry.maximumAge
        let end = expires ? now() + 3_600_000 : now() - 5_000 + age
        let line = "Will-Retry-Until: \(MailDate.text(unixSeconds: Int(end / 1_000)))"
        #expect(text.contains(line), "\(line) in \(text)")
    }
}
