/// A place in the log: how far a reader has come.
package struct LogCursor: Sendable, Hashable, Comparable {
    package var segment: SegmentName
    package var offset: Int

    package init(segment: SegmentName, offset: Int) {
        self.segment = segment
        self.offset = offset
    }

    /// Before all segments.
    static let beginning = LogCursor(segment: SegmentName(base: Timestamp.name(milliseconds: 0)), offset: 0)

    package static func < (a: LogCursor, b: LogCursor) -> Bool { (a.segment, a.offset) < (b.segment, b.offset) }

    /// `20261125-221300.123 4711`
    var text: String { "\(segment.base) \(offset)\n" }

    init?(_ text: String) {
        let words = text.split(whereSeparator: \.isWhitespace)
        guard words.count == 2, let offset = Int(words[1]), offset >= 0 else { return nil }
        let name = SegmentName(base: String(words[0]))
        guard name.milliseconds != nil else { return nil }
        self.init(segment: name, offset: offset)
    }
}
