import Glibc

/// A file of the log. The one that is being written ends with `.part`; a consumer of files takes the others, and
/// never sees half a segment:
///
///     20261125-221300.123.jsonl.part      being written
///     20261125-221300.123.jsonl           closed
///     20261125-221300.123.jsonl.zst       closed and compressed
package struct SegmentName: Hashable, Comparable, Sendable {
    enum State: String, CaseIterable { case open = ".jsonl.part", closed = ".jsonl", compressed = ".jsonl.zst" }

    /// `20261125-221300.123`: the order of the names is that of the events.
    package let base: String

    package init(base: String) { self.base = base }

    package static func < (a: SegmentName, b: SegmentName) -> Bool { a.base < b.base }

    /// The time in the name; nil: it is none of the log's. Digits behind it were once put there by relays whose clock had
    /// been set back.
    var milliseconds: UInt64? { Timestamp.milliseconds(name: base) }

    /// The name of a segment that begins now. Names only ever grow, also within a millisecond and when the clock is set
    /// back.
    static func next(after last: SegmentName?, now: UInt64) -> SegmentName {
        let least = last?.milliseconds.map { $0 + 1 } ?? 0
        return SegmentName(base: Timestamp.name(milliseconds: max(now, least)))
    }

    func path(_ directory: String, _ state: State) -> String { "\(directory)/\(base)\(state.rawValue)" }

    /// - Returns: nil for files that are none of the log's.
    static func parse(_ file: String) -> (SegmentName, State)? {
        for state in State.allCases where file.hasSuffix(state.rawValue) {
            let name = SegmentName(base: String(file.dropLast(state.rawValue.count)))
            return name.milliseconds == nil ? nil : (name, state)
        }
        return nil
    }

    /// The segments of a directory, the oldest first. One with several names counts once, by the first of
    /// them: the others are not whole, or not needed any more.
    static func list(_ directory: String) -> [(name: SegmentName, state: State)] {
        guard let handle = opendir(directory) else { return [] }
        defer { closedir(handle) }
        var found: [SegmentName: State] = [:]
        while let entry = readdir(handle) {
            let file = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            guard let (name, state) = parse(file) else { continue }
            if let known = found[name], known == .open || state == .compressed { continue }
            found[name] = state
        }
        return found.map { ($0.key, $0.value) }.sorted { $0.0 < $1.0 }
    }
}

/// Octets of a file; nil if it is not there.
func fileSize(_ path: String) -> Int? {
    var status = stat()
    return stat(path, &status) == 0 ? Int(status.st_size) : nil
}
