import RelayService
import Testing

/// Mail has nine tenths of a loop while it moves, whatever operators order.
@Suite struct OrderPacingTests {
    private let second: UInt64 = 1_000_000_000

    @Test func movingMailHasNineTenths() {
        var pacing = OrderPacing()
        var now = second
        var (worked, moved) = (UInt64(0), UInt64(0))
        while now < 11 * second {
            now += OrderPacing.slice
            worked += OrderPacing.slice
            moved += 1
            now += pacing.pause(after: OrderPacing.slice, moved: moved, nobodyWaits: false, now: now)
        }
        #expect(worked <= second, "\(worked) ns of ten seconds")
        #expect(worked >= second / 10 * 9)
    }

    /// Time that nobody else wants is not left unused: three tenths of the loop at most, and a tenth again when others wait.
    @Test func freeCoresAreUsed() {
        var pacing = OrderPacing()
        func part(_ nobodyWaits: Bool) -> UInt64 {
            var pause: UInt64 = 0
            for turn in 0..<200 {
                pause = pacing.pause(
                    after: OrderPacing.slice, moved: UInt64(turn) + 1, nobodyWaits: nobodyWaits,
                    now: second + UInt64(turn))
            }
            return 100 * OrderPacing.slice / (OrderPacing.slice + pause)
        }
        #expect((10...11).contains(part(false)))
        #expect((28...30).contains(part(true)))
        #expect((10...11).contains(part(false)))
    }

    /// Where no mail moves nobody is to be spared; it is noticed at once when some does.
    @Test func nobodyWaitsWhereNothingMoves() {
        var pacing = OrderPacing()
        #expect(pacing.pause(after: 1_000_000, moved: 0, nobodyWaits: false, now: second) == 250_000)
        pacing.charge(.notification, loops: 2)
        #expect(pacing.pause(after: 1_000_000, moved: 0, nobodyWaits: false, now: 2 * second) == 250_000)
        #expect(pacing.pause(after: 1_000_000, moved: 1, nobodyWaits: false, now: 3 * second) == 9_000_000)
        #expect(
            pacing.pause(after: 1_000_000, moved: 1, nobodyWaits: false, now: 3 * second + 400_000_000) == 9_000_000)
        #expect(pacing.pause(after: 1_000_000, moved: 1, nobodyWaits: false, now: 3 * second + 600_000_000) == 250_000)
    }

    /// What the spool has to do with it counts, over all loops.
    @Test(arguments: [1, 2, 16]) func statesAreWrittenAtARate(loops: Int) {
        var pacing = OrderPacing()
        var (now, states, moved) = (second, 0, UInt64(0))
        while now < 11 * second {
            while !pacing.isFull {
                pacing.charge(.state, loops: loops)
                states += 1
            }
            (now, moved) = (now + 100_000, moved + 1)
            now += pacing.pause(after: 100_000, moved: moved, nobodyWaits: false, now: now)
        }
        #expect(states * loops <= 255_000 && states * loops >= 200_000, "\(states * loops) of all loops in ten seconds")
    }

    @Test func aLongSliceEndsInABoundedPause() {
        var pacing = OrderPacing()
        #expect(pacing.pause(after: 60 * second, moved: 1, nobodyWaits: false, now: second) == OrderPacing.longestPause)
    }
}
