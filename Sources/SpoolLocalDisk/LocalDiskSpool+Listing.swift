import Glibc
package import MailTypes
import NIOCore
package import SpoolContract

extension LocalDiskSpool {
    /// Reads all names, then the head of one file after the other.
    package func enumerate(_ body: (SpoolEntry) -> Void) throws(SpoolFault) -> UnreadableRecords {
        let isExclusive = settings.access == .exclusive
        // A temporary name was never acknowledged: its client was told nothing.
        let (ids, states) = try files.list { if isExclusive { unlink($0) } }
        var listing = Listing(spool: self)
        var rest = states[...]
        for id in ids {
            while let state = rest.first, state < id { listing.removeStray(rest.removeFirst()) }
            let hasState = rest.first == id
            if hasState { rest.removeFirst() }
            if let entry = listing.entry(id, hasState: hasState) { body(entry) }
        }
        for id in rest { listing.removeStray(id) }
        known.withLock { known in
            let before = known
            known = listing.found
            (known.failure, known.suspects) = (before.failure, before.suspects)
        }
        return listing.unreadable
    }

    /// Moves the message's file, and its state's, as they are.
    package func quarantine(_ id: MessageID) throws(SpoolFault) -> String? {
        guard settings.access == .exclusive else { throw .closed }
        let size = try files.size(id, .message)
        guard let size, let path = try putAside(id, .message) else { return nil }
        let hadState = try putAside(id, .state) != nil
        known.withLock { known in
            known.suspects.remove(id)
            known.add(-size, blockSize)
            if hadState { known.states -= 1 }
        }
        try files.sync(id)
        return path
    }

    /// Into the quarantine; the name there is on stable storage when it returns, that the old one is gone is not.
    /// - Returns: the new path; nil if there is no such file.
    func putAside(_ id: MessageID, _ kind: FanOut.Kind) throws(SpoolFault) -> String? {
        guard files.exists(id, kind) else { return nil }
        let folder = settings.directory + "/" + SpoolFiles.quarantine
        if mkdir(folder, 0o700) != 0, errno != EEXIST { throw .system("create \(folder)") }
        let first = "\(folder)/\(id).\(kind == .message ? "record" : "state")"
        var path = first
        var number = 1
        while access(path, F_OK) == 0 {
            number += 1
            path = "\(first).\(number)"
        }
        guard try files.move(id, kind, to: path) else { return nil }
        try SpoolFiles.syncDirectory(folder)
        try SpoolFiles.syncDirectory(settings.directory)
        return path
    }
}

/// One listing, with what it counts.
private struct Listing {
    /// Bytes that hold the head of most messages.
    private static let headRead = 4096

    let spool: LocalDiskSpool
    private(set) var found = LocalDiskSpool.Known()
    private(set) var unreadable = UnreadableRecords()
    private var buffer = ByteBuffer()

    init(spool: LocalDiskSpool) { self.spool = spool }

    private var isExclusive: Bool { spool.settings.access == .exclusive }

    /// - Returns: nil for a message that cannot be read, or was finished meanwhile.
    mutating func entry(_ id: MessageID, hasState: Bool) -> SpoolEntry? {
        do throws(SpoolFault) {
            guard let (head, size) = try read(id) else { return nil }
            var entry = head
            if hasState { entry.state = state(id) }
            found.add(size, spool.blockSize)
            return entry
        } catch {
            note(error) { (spool) throws(SpoolFault) in try spool.quarantine(id) }
            return nil
        }
    }

    /// - Returns: the entry and the size of its file.
    private mutating func read(_ id: MessageID) throws(SpoolFault) -> (SpoolEntry, Int)? {
        guard let size = try spool.files.read(id, .message, limit: Self.headRead, into: &buffer) else { return nil }
        guard let length = buffer.getInteger(at: buffer.readerIndex, endianness: .little, as: UInt32.self),
            Int(length) + 4 <= size
        else { throw .corrupt("\(id): shorter than its head") }
        let head = Int(length) + 4
        if head > buffer.readableBytes {
            guard try spool.files.read(id, .message, limit: head, into: &buffer) != nil else { return nil }
        }
        let entry = try RecordCodec.entry(id, head: buffer)
        guard head + entry.size == size else {
            throw .corrupt("\(id): \(size) octets, expected \(head + entry.size)")
        }
        return (entry, size)
    }

    /// A message whose state cannot be read starts afresh: at worst a duplicate. An empty one is what a power cut makes
    /// of a state that was not synced.
    private mutating func state(_ id: MessageID) -> DeliveryState? {
        do throws(SpoolFault) {
            let state = try spool.state(id)
            if state != nil { found.states += 1 }
            return state
        } catch {
            if let size = try? spool.files.size(id, .state), size == 0 {
                removeStray(id)
            } else {
                note(error) { (spool) throws(SpoolFault) in try spool.putAside(id, .state) }
            }
            return nil
        }
    }

    /// A state whose message is gone means nothing.
    mutating func removeStray(_ id: MessageID) {
        guard isExclusive else { return }
        _ = try? spool.files.remove(id, .state)
    }

    /// What is damaged goes to the quarantine; what the disk does not give stays for another try.
    private mutating func note(_ fault: SpoolFault, keep: (LocalDiskSpool) throws(SpoolFault) -> String?) {
        guard isExclusive, case .corrupt(let text) = fault, let path = try? keep(spool) else {
            return unreadable.note(fault)
        }
        unreadable.note(.corrupt("\(text); kept in \(path)"))
    }
}
