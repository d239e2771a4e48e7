import Glibc
import ProcessLife
import Testing

@Suite struct SuccessionChannelTests {
    @Test func wordsAreHeardInTheirOrder() throws {
        let (ours, theirs) = try SuccessionChannel.pair()
        #expect(ours.hear(within: 0) == .nothing)
        theirs.say(.prepared)
        theirs.say(.serving)
        #expect(ours.hear(within: nil) == .word(.prepared))
        #expect(ours.hear(within: 0) == .word(.serving))
        ours.say(.yours)
        #expect(theirs.hear(within: nil) == .word(.yours))
    }

    @Test func theEndOfTheOtherIsHeard() throws {
        let (ours, theirs) = try SuccessionChannel.pair()
        theirs.say(.prepared)
        shutdown(theirs.descriptor, Int32(SHUT_RDWR))
        #expect(ours.hear(within: nil) == .word(.prepared))
        #expect(ours.hear(within: nil) == .ended)
        ours.say(.yours)  // to nobody, and no signal ends this process
    }

    @Test func nonsenseEndsIt() throws {
        let (ours, theirs) = try SuccessionChannel.pair()
        _ = send(theirs.descriptor, "what\n", 5, 0)
        #expect(ours.hear(within: nil) == .ended)
    }

    @Test func noPredecessorIsNone() {
        #expect(Predecessor.channel([:]) == nil)
        #expect(Predecessor.channel([Successor.variable: "x"]) == nil)
        #expect(Predecessor.channel([Successor.variable: "-1"]) == nil)
    }
}
