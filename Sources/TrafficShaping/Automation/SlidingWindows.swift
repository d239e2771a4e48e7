/// How often something happened within the last span of time: exact, since each time is kept until it is too old or not
/// needed any more. Bounded in the number of windows and of times; where there is no room, the windows that were touched
/// longest ago go first.
struct SlidingWindows: Sendable {
    struct Window: Sendable, Codable, Hashable {
        /// Milliseconds since 1970; a ring where it is full.
        var times: [UInt64] = []
        /// Place of the oldest where the ring is full.
        var oldest = 0
        /// Grows with each touch of any window.
        var touched: UInt64 = 0
    }

    private(set) var windows: [TriggerKey: Window] = [:]
    private(set) var timeCount = 0
    private var touches: UInt64 = 0
    private let bounds: ShapingBounds

    init(_ bounds: ShapingBounds) { self.bounds = bounds }

    /// Counts one.
    /// - Returns: it makes the number full; counting begins anew then.
    mutating func count(_ key: TriggerKey, _ wanted: OccurrenceCount, now: UInt64) -> Bool {
        guard wanted.count > 1 else { return true }
        touches += 1
        var window = windows.removeValue(forKey: key) ?? Window()
        window.touched = touches
        timeCount -= window.times.count
        // The rule may have been changed to fewer.
        if window.times.count > wanted.count { window = Window(touched: touches) }
        window.add(now, most: wanted.count)
        if window.times.count == wanted.count {
            let first = window.times[window.oldest]
            // A clock that was set back makes nothing old.
            if now < first || now - first < wanted.milliseconds { return true }
        }
        timeCount += window.times.count
        windows[key] = window
        makeRoom()
        return false
    }

    mutating func forget(where isGone: (TriggerKey) -> Bool) {
        windows = windows.filter { !isGone($0.key) }
        timeCount = windows.values.reduce(0) { $0 + $1.times.count }
    }

    /// A tenth of them at once, so that a full table is not gone through for each.
    private mutating func makeRoom() {
        guard windows.count > bounds.windows || timeCount > bounds.times else { return }
        let byAge = windows.sorted { $0.value.touched < $1.value.touched }
        for (key, window) in byAge.prefix(max(1, byAge.count / 10)) {
            timeCount -= window.times.count
            windows[key] = nil
        }
        makeRoom()
    }

    // MARK: Over a restart

    struct Kept: Codable, Sendable, Hashable {
        var key: TriggerKey
        /// The oldest first.
        var times: [UInt64]
    }

    /// The one touched longest ago first.
    var kept: [Kept] {
        windows.sorted { $0.value.touched < $1.value.touched }.map { key, window in
            Kept(key: key, times: Array(window.times[window.oldest...] + window.times[..<window.oldest]))
        }
    }

    mutating func restore(_ kept: [Kept]) {
        for entry in kept where !entry.times.isEmpty && entry.times.count <= OccurrenceCount.most {
            touches += 1
            windows[entry.key] = Window(times: entry.times, oldest: 0, touched: touches)
        }
        timeCount = windows.values.reduce(0) { $0 + $1.times.count }
        makeRoom()
    }
}

extension SlidingWindows.Window {
    fileprivate mutating func add(_ time: UInt64, most: Int) {
        guard times.count == most else {
            // A ring that was not full in the order of a smaller one.
            if oldest > 0 {
                times = Array(times[oldest...] + times[..<oldest])
                oldest = 0
            }
            times.append(time)
            return
        }
        times[oldest] = time
        oldest = (oldest + 1) % most
    }
}
