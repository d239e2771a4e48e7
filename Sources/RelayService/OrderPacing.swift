/// How much of an event loop operators' orders take: they go on in slices with pauses between them. While mail moves a tenth
/// of the loop's time is theirs, up to three where cores have nothing to do, and a bounded part of the spool's; where none
/// moves, most of it. A value; times are nanoseconds of a monotonic clock.
package struct OrderPacing: Sendable {
    /// What is done by others for one delivery: the thread that commits, the log, the next hop of a notification. Reckoned so
    /// that all loops together have a tenth of one core's time for it, nanoseconds.
    package enum Charge: UInt64, Sendable {
        /// 25,000 states a second.
        case state = 40_000
        case completion = 10_000
        case event = 20_000
        /// A message that is read back, and one that is made of it.
        case notification = 200_000
    }

    /// A slice ends after so long, with the step that was begun then.
    package static let slice: UInt64 = 1_000_000
    /// Hundredths of a loop's time while mail moves: where others always wait for a core, and where nobody ever does.
    package static let busyShares: (least: UInt64, most: UInt64) = (10, 30)
    /// So many slices tell whether others wait.
    static let sliceMemory: UInt64 = 16
    /// The same while none moves, as a part of it: clients that come find the loop awake.
    package static let idlePart: UInt64 = 4
    package static let longestPause: UInt64 = 100_000_000
    /// A slice is full with so much that others have to do for it.
    static let chargeLimit: UInt64 = 10_000_000
    /// Mail that has moved within it moves.
    static let memory: UInt64 = 500_000_000

    private var charged: UInt64 = 0
    /// How many of a thousand late slices found nobody who waited, more of the latest.
    private var freedom: UInt64 = 0
    private var moved: UInt64 = 0
    private var movedAt: UInt64 = 0

    package init() {}

    /// - Parameter loops: that share the spool.
    package mutating func charge(_ charge: Charge, loops: Int) { charged += charge.rawValue * UInt64(loops) }

    /// The slice should end whatever time it took.
    package var isFull: Bool { charged >= Self.chargeLimit }

    /// A slice is over.
    /// - Parameters:
    ///   - spent: what it took.
    ///   - moved: a number that changes when mail comes or goes.
    ///   - nobodyWaits: no thread of the machine waits for a core.
    /// - Returns: how long mail has the loop for itself.
    package mutating func pause(after spent: UInt64, moved: UInt64, nobodyWaits: Bool, now: UInt64) -> UInt64 {
        freedom += (nobodyWaits ? 1000 : 0) / Self.sliceMemory
        freedom -= freedom / Self.sliceMemory
        if moved != self.moved { (self.moved, movedAt) = (moved, now) }
        let isBusy = movedAt > 0 && now - movedAt < Self.memory
        let pause = isBusy ? max(mailsTime(after: spent), charged) : spent / Self.idlePart
        charged = 0
        return min(pause, Self.longestPause)
    }

    /// What mail has for itself behind a slice.
    private func mailsTime(after spent: UInt64) -> UInt64 {
        let share = Self.busyShares.least + (Self.busyShares.most - Self.busyShares.least) * freedom / 1000
        return spent * (100 - share) / share
    }
}
