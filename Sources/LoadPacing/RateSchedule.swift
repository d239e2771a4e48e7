/// A rate over time, piece by piece: how many messages are due by an instant, and when the n-th one is.
package struct RateSchedule: Hashable, Sendable {
    private struct Piece: Hashable {
        /// Seconds after the start, and messages due before it.
        var start: Double
        var before: Double
        var stage: RateStage

        /// Messages a second, gained each second.
        var slope: Double { (stage.toPerSecond - stage.fromPerSecond) / stage.seconds }
    }

    private var pieces: [Piece] = []
    /// Of all stages; infinite for a rate without an end.
    package private(set) var seconds = 0.0
    package private(set) var messages = 0.0

    /// One rate, for `seconds`.
    package init(_ rate: MessageRate, seconds: Double = .infinity) {
        // A piece needs a length to have a slope; a year is longer than any run.
        let length = min(seconds, 366 * 86_400)
        self.init([RateStage(seconds: length, fromPerSecond: rate.perSecond, toPerSecond: rate.perSecond)])
    }

    package init(_ stages: [RateStage]) {
        for stage in stages where stage.seconds > 0 {
            pieces.append(Piece(start: seconds, before: messages, stage: stage))
            seconds += stage.seconds
            messages += stage.messages
        }
    }

    /// The schedule up to `limit` seconds after the start.
    package func cut(at limit: Double) -> RateSchedule {
        RateSchedule(
            pieces.compactMap { piece -> RateStage? in
                let length = min(piece.stage.seconds, limit - piece.start)
                guard length > 0 else { return nil }
                let end = piece.stage.fromPerSecond + piece.slope * length
                return RateStage(seconds: length, fromPerSecond: piece.stage.fromPerSecond, toPerSecond: end)
            })
    }

    /// Messages a second at `second` after the start; 0 outside.
    package func rate(at second: Double) -> Double {
        guard second >= 0, second < seconds, let piece = pieces.last(where: { $0.start <= second }) else { return 0 }
        return piece.stage.fromPerSecond + piece.slope * (second - piece.start)
    }

    /// Messages due until `second`, a fraction of the next one included.
    package func count(until second: Double) -> Double {
        guard second > 0, let piece = pieces.last(where: { $0.start <= second }) else { return 0 }
        let into = min(second - piece.start, piece.stage.seconds)
        return piece.before + piece.stage.fromPerSecond * into + piece.slope / 2 * into * into
    }

    /// When one more than so many messages are due, in seconds after the start: the inverse of ``count(until:)``, and
    /// behind a pause where both of its ends would do.
    /// - Parameter hint: the piece the search begins at; set to the one that was found. Counts that rise make every
    ///   step short.
    /// - Returns: nil if there are never so many.
    package func second(ofCount count: Double, hint: inout Int) -> Double? {
        while hint < pieces.count, pieces[hint].before + pieces[hint].stage.messages <= count { hint += 1 }
        guard hint < pieces.count else { return nil }
        let piece = pieces[hint]
        let wanted = count - piece.before
        guard wanted > 0 else { return piece.start }
        let from = piece.stage.fromPerSecond
        // The root of from·t + slope/2·t² = wanted in the form that neither divides by a slope of 0 nor subtracts
        // nearly equal numbers.
        let root = (from * from + 2 * piece.slope * wanted)
        let into = 2 * wanted / (from + (root > 0 ? root.squareRoot() : 0))
        return piece.start + min(into, piece.stage.seconds)
    }
}
