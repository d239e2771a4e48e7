package import MailTypes

/// A classifier with the answers of lately: most of what a queue hears is what it has heard before, with other
/// addresses and ids. The one that was not asked for the longest time goes first. Confined to one event loop.
package struct RememberedVerdicts {
    package struct Counts: Sendable, Hashable {
        package var asked: UInt64 = 0
        /// Known already.
        package var found: UInt64 = 0
    }

    /// What a verdict depends on. Subject and detail of the server's own codes are in the text or in front of it.
    private struct Entry {
        var hash: UInt64
        var code: UInt16
        var reading: EnhancedCodeReading
        var text: [UInt8]
        var verdict: ReplyVerdict
        /// Neighbours in the order of use.
        var older: Int32
        var newer: Int32
    }

    package let classifier: ReplyClassifier
    package private(set) var counts = Counts()
    /// Answers that are remembered.
    package var count: Int { entries.count }
    private let limit: Int
    private var entries: [Entry] = []
    private var places: [UInt64: Int32] = [:]
    private var newest: Int32 = -1
    private var oldest: Int32 = -1
    private var scratch: [UInt8] = []

    /// - Parameter limit: answers that are remembered; 0: none.
    package init(_ classifier: ReplyClassifier, limit: Int) {
        self.classifier = classifier
        self.limit = limit
    }

    package mutating func classify(_ reply: SMTPReply) -> ReplyVerdict {
        counts.asked += 1
        let reading = EnhancedCodeReading(reply)
        classifier.text.write(reply.text, to: &scratch)
        guard limit > 0 else { return classifier.classify(reply, reading, scratch) }
        let hash = Self.hash(reply.code, reading, scratch)
        if let place = places[hash], isSame(entries[Int(place)], reply.code, reading) {
            counts.found += 1
            use(place)
            var verdict = entries[Int(place)].verdict
            verdict.enhanced = reading
            return verdict
        }
        let verdict = classifier.classify(reply, reading, scratch)
        remember(
            Entry(
                hash: hash, code: reply.code, reading: reading, text: scratch, verdict: verdict, older: -1, newer: -1))
        return verdict
    }

    private func isSame(_ entry: Entry, _ code: UInt16, _ reading: EnhancedCodeReading) -> Bool {
        entry.code == code && entry.reading.code == reading.code && entry.reading.origin == reading.origin
            && entry.text == scratch
    }

    /// FNV-1a over words: the same in each run, since nobody chooses what falls together who does not choose his replies
    /// anyway, and the worst of it is that an answer is worked out again.
    private static func hash(_ code: UInt16, _ reading: EnhancedCodeReading, _ text: [UInt8]) -> UInt64 {
        let enhanced = UInt64(reading.code.subject) << 16 | UInt64(reading.code.detail)
        let isServers: UInt64 = reading.origin.isServers ? 1 : 0
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325 ^ (UInt64(code) << 40 | enhanced << 1 | isServers)
        text.withUnsafeBytes { bytes in
            var index = 0
            while index + 8 <= bytes.count {
                hash = (hash ^ bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self)) &* 0x0000_0100_0000_01B3
                hash ^= hash >> 29
                index += 8
            }
            while index < bytes.count {
                hash = (hash ^ UInt64(bytes[index])) &* 0x0000_0100_0000_01B3
                index += 1
            }
        }
        return hash ^ hash >> 32
    }

    // MARK: Order of use

    private mutating func use(_ place: Int32) {
        guard place != newest else { return }
        unlink(place)
        link(place)
    }

    private mutating func unlink(_ place: Int32) {
        let (older, newer) = (entries[Int(place)].older, entries[Int(place)].newer)
        if older >= 0 { entries[Int(older)].newer = newer } else { oldest = newer }
        if newer >= 0 { entries[Int(newer)].older = older } else { newest = older }
    }

    /// As the one used last.
    private mutating func link(_ place: Int32) {
        entries[Int(place)].older = newest
        entries[Int(place)].newer = -1
        if newest >= 0 { entries[Int(newest)].newer = place } else { oldest = place }
        newest = place
    }

    private mutating func remember(_ entry: Entry) {
        let place: Int32
        if let taken = places[entry.hash] {
            place = taken  // another text of the same hash makes room
            unlink(place)
            entries[Int(place)] = entry
        } else if entries.count < limit {
            place = Int32(entries.count)
            entries.append(entry)
        } else {
            place = oldest
            unlink(place)
            places[entries[Int(place)].hash] = nil
            entries[Int(place)] = entry
        }
        places[entry.hash] = place
        link(place)
    }
}
