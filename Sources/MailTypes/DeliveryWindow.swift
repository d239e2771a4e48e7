/// Hours of some days of the week in which a message may be tried, by the clock of one place.
package struct DeliveryWindow: Hashable, Sendable {
    /// Bit 0 is Monday, bit 6 Sunday; at least one.
    package var days: UInt8
    /// By its name in the time zone database: `Europe/Berlin`.
    package var timeZone: String
    /// Seconds of the day, 0 ..< 86,400. With an end that is not behind the start it goes on past midnight.
    package var start: Int
    package var end: Int

    package static let everyDay: UInt8 = 0x7F
    private static let daySeconds = 86_400

    package init(days: UInt8, timeZone: String, start: Int, end: Int) {
        self.days = days
        self.timeZone = timeZone
        self.start = start
        self.end = end
    }

    /// The first moment from `time` on that is in it, milliseconds since 1970.
    /// - Parameter offset: of the place's clock from UTC, seconds, at a time in seconds since 1970.
    package func opening(from time: UInt64, offset: (Int) -> Int) -> UInt64 {
        let now = Int(time / 1_000)
        let today = (now + offset(now)).quotientFloor(Self.daySeconds)
        let length = end > start ? end - start : end - start + Self.daySeconds
        // Yesterday's may last until today; a week later it is the same day again.
        for day in (today - 1)...(today + 8) where days & (1 << weekday(day)) != 0 {
            let opens = universal(day * Self.daySeconds + start, offset)
            if now < opens { return UInt64(opens) * 1_000 }
            if now < universal(day * Self.daySeconds + start + length, offset) { return time }
        }
        return time
    }

    /// Monday is 0; 1970 began on a Thursday.
    private func weekday(_ day: Int) -> Int { ((day + 3) % 7 + 7) % 7 }

    /// A time of the place's clock as one of UTC. What the clock leaves out is an hour later.
    private func universal(_ local: Int, _ offset: (Int) -> Int) -> Int {
        let guess = local - offset(local)
        return local - offset(guess)
    }
}
