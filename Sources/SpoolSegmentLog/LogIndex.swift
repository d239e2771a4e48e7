import MailTypes

/// Where everything that is not finished lies; tens of bytes a message.
struct LogIndex {
    struct Place: Equatable {
        /// Generation of the segment.
        var generation: UInt64
        var offset: Int
        var headBytes: Int
        var contentBytes: Int
    }
    struct Entry: Equatable {
        var message: Place
        /// The newest delivery state, if there is one.
        var state: Place?
    }

    private(set) var entries: [MessageID: Entry] = [:]
    /// Ids whose message record lies in a segment, by generation; finished ones may still be listed.
    private var members: [UInt64: [MessageID]] = [:]
    /// Unfinished messages and their bytes, by generation.
    private var live: [UInt64: (count: Int, bytes: Int)] = [:]
    private(set) var liveBytes = 0

    mutating func add(_ id: MessageID, _ place: Place) {
        if let old = entries[id] { drop(old.message) }
        entries[id] = Entry(message: place, state: entries[id]?.state)
        members[place.generation, default: []].append(id)
        live[place.generation, default: (0, 0)].count += 1
        live[place.generation]!.bytes += place.contentBytes
        liveBytes += place.contentBytes
    }

    /// A state of a message that is not there (any more) means nothing.
    mutating func setState(_ id: MessageID, _ place: Place) { entries[id]?.state = place }

    mutating func finish(_ id: MessageID) {
        guard let entry = entries.removeValue(forKey: id) else { return }
        drop(entry.message)
    }

    private mutating func drop(_ place: Place) {
        live[place.generation]?.count -= 1
        live[place.generation]?.bytes -= place.contentBytes
        liveBytes -= place.contentBytes
    }

    func liveCount(_ generation: UInt64) -> Int { live[generation]?.count ?? 0 }

    /// Unfinished messages whose record lies in the segment.
    func members(of generation: UInt64) -> [MessageID] {
        (members[generation] ?? []).filter { entries[$0]?.message.generation == generation }
    }

    /// The segment is reused.
    mutating func forget(_ generation: UInt64) {
        members[generation] = nil
        live[generation] = nil
    }
}
