import Measures
package import RunRecords

/// Messages and latencies of the domains that get most, in memory that a million domains do not move: the Space-Saving
/// algorithm of Metwally, Agrawal and El Abbadi (2005). As long as there are no more than ``kept`` domains all is exact.
/// Beyond, a new domain takes the place of the one with the smallest count: a domain that gets more than one of ``kept``
/// messages is always in the table, whenever it comes.
package struct HeavyDomains: Sendable {
    package static let kept = 1024
    package static let reported = 40
    package static let other = "other"

    private struct Row {
        var name: [UInt8]
        /// Of domains that had this place before: so many of its messages may have been counted under `other`.
        var passed: UInt64 = 0
        var received: UInt64 = 0
        var latency = CoarseLatency()

        var weight: UInt64 { passed + received }
    }

    private var rows: [Row] = []
    private var places: [[UInt8]: Int] = [:]
    /// Rows as a heap, the smallest weight first, and where in it each row is.
    private var heap: [Int] = []
    private var position: [Int] = []
    private var rest = Row(name: Array(Self.other.utf8))

    package init() {}

    /// - Parameters:
    ///   - domain: in any case.
    ///   - latency: nanoseconds; nil if it is not known.
    package mutating func add(_ domain: [UInt8], latency: UInt64?) {
        let name = domain.map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 }
        let row = places[name] ?? place(name)
        rows[row].received += 1
        if let latency { rows[row].latency.add(latency) }
        sink(position[row])
    }

    private mutating func place(_ name: [UInt8]) -> Int {
        guard rows.count >= Self.kept else {
            rows.append(Row(name: name))
            position.append(heap.count)
            heap.append(rows.count - 1)
            places[name] = rows.count - 1
            rise(heap.count - 1)
            return rows.count - 1
        }
        let row = heap[0]
        let old = rows[row]
        places[old.name] = nil
        rest.received += old.received
        rest.latency.add(old.latency)
        rows[row] = Row(name: name, passed: old.weight)
        places[name] = row
        return row
    }

    // MARK: Heap

    private func isLess(_ a: Int, _ b: Int) -> Bool { rows[heap[a]].weight < rows[heap[b]].weight }

    private mutating func swap(_ a: Int, _ b: Int) {
        heap.swapAt(a, b)
        position[heap[a]] = a
        position[heap[b]] = b
    }

    private mutating func rise(_ start: Int) {
        var at = start
        while at > 0, isLess(at, (at - 1) / 2) {
            swap(at, (at - 1) / 2)
            at = (at - 1) / 2
        }
    }

    private mutating func sink(_ start: Int) {
        var at = start
        while true {
            var least = at
            for child in [2 * at + 1, 2 * at + 2] where child < heap.count && isLess(child, least) { least = child }
            if least == at { return }
            swap(at, least)
            at = least
        }
    }

    // MARK: Out

    /// The most received first; `other` last. They add up to all messages.
    package var counts: [SinkRecord.DomainCount] {
        let sorted = rows.map { (row: $0, name: String(decoding: $0.name, as: UTF8.self)) }
            .sorted { ($0.row.received, $1.name) > ($1.row.received, $0.name) }
        var others = rest
        for (row, _) in sorted.dropFirst(Self.reported) {
            others.received += row.received
            others.latency.add(row.latency)
        }
        var counts = sorted.prefix(Self.reported).map { row, name in
            SinkRecord.DomainCount(
                domain: name, received: row.received, receivedAtMost: row.passed > 0 ? row.weight : nil,
                endToEndLatency: row.latency.histogram)
        }
        if others.received > 0 {
            counts.append(
                SinkRecord.DomainCount(
                    domain: Self.other, received: others.received, endToEndLatency: others.latency.histogram))
        }
        return counts
    }
}

/// Latencies to the 256th part, in memory that grows with different ones only: a whole histogram takes a third of a
/// megabyte. The smallest and the largest are exact.
struct CoarseLatency: Sendable {
    private var counts: [UInt64: UInt64] = [:]
    private var least: UInt64 = .max
    private var most: UInt64 = 0

    mutating func add(_ nanoseconds: UInt64) {
        counts[Self.bucket(nanoseconds), default: 0] += 1
        least = min(least, nanoseconds)
        most = max(most, nanoseconds)
    }

    mutating func add(_ other: CoarseLatency) {
        guard other.least <= other.most else { return }
        for (bucket, count) in other.counts { counts[bucket, default: 0] += count }
        least = min(least, other.least)
        most = max(most, other.most)
    }

    /// Eight significant bits; what is below a microsecond is one.
    private static func bucket(_ value: UInt64) -> UInt64 {
        guard value >= 1024 else { return 0 }
        let shift = UInt64(56 - value.leadingZeroBitCount)
        return (value >> shift) << shift
    }

    var histogram: LatencyHistogram {
        var histogram = LatencyHistogram()
        guard least <= most else { return histogram }
        var rest = counts
        // These two are known exactly.
        for end in least == most ? [] : [least, most] {
            histogram.record(nanoseconds: end)
            rest[Self.bucket(end)]! -= 1
        }
        for (bucket, count) in rest where count > 0 {
            histogram.record(nanoseconds: min(max(bucket, least), most), count: count)
        }
        return histogram
    }
}
