import Glibc

/// A point on CLOCK_MONOTONIC, in nanoseconds. Only the edges read it; pure code gets it as `now:`.
package struct MonotonicInstant: Hashable, Comparable, Sendable {
    package var nanoseconds: UInt64

    package init(nanoseconds: UInt64) { self.nanoseconds = nanoseconds }

    /// About 20 ns: a vDSO call, no system call.
    package static func now() -> MonotonicInstant { .init(nanoseconds: readClock(CLOCK_MONOTONIC)) }

    package static func < (a: Self, b: Self) -> Bool { a.nanoseconds < b.nanoseconds }

    /// Nanoseconds since `earlier`; 0 if `earlier` is later.
    package func nanoseconds(since earlier: Self) -> UInt64 {
        nanoseconds > earlier.nanoseconds ? nanoseconds - earlier.nanoseconds : 0
    }

    package func seconds(since earlier: Self) -> Double { Double(nanoseconds(since: earlier)) / 1e9 }
}

/// A point on CLOCK_REALTIME, in nanoseconds since 1970. For records and headers, never for intervals.
package struct WallInstant: Hashable, Comparable, Sendable {
    package var nanoseconds: UInt64

    package init(nanoseconds: UInt64) { self.nanoseconds = nanoseconds }

    package static func now() -> WallInstant { .init(nanoseconds: readClock(CLOCK_REALTIME)) }

    package var milliseconds: UInt64 { nanoseconds / 1_000_000 }
    package var seconds: Double { Double(nanoseconds) / 1e9 }

    package static func < (a: Self, b: Self) -> Bool { a.nanoseconds < b.nanoseconds }
}

private func readClock(_ clock: clockid_t) -> UInt64 {
    var time = timespec()
    clock_gettime(clock, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
}
