import MailTypes
package import RunRecords

/// The two ledgers of a run, read and held against each other.
package struct LedgerReading: Sendable {
    /// Messages by what became of them at the generator: `accepted`, `refused`, `failed`, `in_doubt`.
    package private(set) var fates: [String: UInt64] = [:]
    /// What the sink's lines come to.
    package private(set) var sink = SinkRecord.LedgerSummary()
    /// Bytes of all that the sink noted.
    package private(set) var receivedBytes: UInt64 = 0
    package private(set) var audit = LedgerAudit()
    /// The high halves of the generator's ids, 16 hexadecimal digits each: one a run.
    package private(set) var runs: Set<String> = []
    /// Ids that the generator wrote down more than once; the first few.
    package private(set) var repeated: [String] = []
    /// What the times behind the fates come to; nil where a ledger has none, as older ones.
    package private(set) var times: LedgerTimes? = LedgerTimes()

    private struct Arrival {
        var count: UInt32 = 0
        var changed = false
        /// Of the first one.
        var unixNanoseconds: UInt64 = 0
    }

    /// - Parameters:
    ///   - generator: `ID,accepted|refused|failed|in_doubt,due_unix_ns,begun_unix_ns,ended_unix_ns` lines.
    ///   - sink: `ID,ok|changed,size_bytes,received_unix_ns,…` lines; `-` where there is no id.
    /// - Throws: ``RecordFault`` with the ledger and the line that is none.
    package init(generator: [UInt8], sink: [UInt8]) throws(RecordFault) {
        var arrivals: [MessageID: Arrival] = [:]
        try Self.forEachLine(sink, "sink.ledger") { id, rest in
            var fields = LedgerFields(rest)
            let isChanged = fields.next().elementsEqual("changed".utf8)
            receivedBytes &+= fields.number() ?? 0
            let at = fields.number()
            note(arrivalAt: at)
            if isChanged { self.sink.changed += 1 }
            guard let id else {
                self.sink.unidentified += 1
                return
            }
            arrivals[id, default: Arrival()].count += 1
            if isChanged { arrivals[id]!.changed = true }
            if arrivals[id]!.count == 1 {
                self.sink.unique += 1
                arrivals[id]!.unixNanoseconds = at ?? 0
            } else {
                self.sink.duplicates += 1
            }
        }
        var seen: Set<MessageID> = []
        try Self.forEachLine(generator, "generator.ledger") { id, rest in
            guard let id else { return }
            if !seen.insert(id).inserted, repeated.count < 10 { repeated.append(id.description) }
            note(id, rest, arrivals[id] ?? Arrival())
        }
        runs = Set(Set(seen.map(\.high)).map { String(MessageID(high: $0, low: 0).description.prefix(16)) })
    }

    private mutating func note(arrivalAt unixNanoseconds: UInt64?) {
        guard let unixNanoseconds else { return times = nil }
        times?.noteArrival(unixNanoseconds)
    }

    private mutating func note(_ id: MessageID, _ rest: ArraySlice<UInt8>, _ arrival: Arrival) {
        var fields = LedgerFields(rest)
        let fate = fields.next()
        fates[String(decoding: fate, as: UTF8.self), default: 0] += 1
        if let due = fields.number(), let begun = fields.number(), let ended = fields.number() {
            times?.note(
                due: due, begun: begun, ended: ended, isAccepted: fate.elementsEqual("accepted".utf8),
                received: arrival.count > 0 ? arrival.unixNanoseconds : nil)
        } else {
            times = nil
        }
        if arrival.count > 1 {
            audit.doubled += 1
            audit.name("doubled", id.description)
        }
        if arrival.changed {
            audit.changed += 1
            audit.name("changed", id.description)
        }
        guard fate.elementsEqual("accepted".utf8) else { return }
        audit.acknowledged += 1
        if arrival.count == 0 {
            audit.lost += 1
            audit.name("lost", id.description)
        }
    }

    /// Nil for the id of a `-` line.
    private static func forEachLine(
        _ bytes: [UInt8], _ name: String, _ body: (MessageID?, ArraySlice<UInt8>) -> Void
    ) throws(RecordFault) {
        var start = 0
        var number = 0
        while start < bytes.count {
            let end = bytes[start...].firstIndex(of: 0x0A) ?? bytes.count
            let line = bytes[start..<end]
            start = end + 1
            number += 1
            if line.first == UInt8(ascii: "-") {
                body(nil, line.dropFirst(2))
                continue
            }
            guard line.count > MessageID.textLength + 1, let id = MessageID(hex: line.prefix(MessageID.textLength))
            else { throw RecordFault("\(name):\(number): expected 'ID,…' with an id of 32 hexadecimal digits") }
            body(id, line.dropFirst(MessageID.textLength + 1))
        }
    }
}
