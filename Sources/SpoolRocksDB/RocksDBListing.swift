import MailTypes
import NIOCore
package import SpoolContract

extension RocksDBSpool {
    /// Goes over heads and states side by side; content that has a key of its own is not read.
    package func enumerate(_ body: (SpoolEntry) -> Void) throws(SpoolFault) -> UnreadableRecords {
        var listing = Listing(spool: self)
        if let damagedLog { listing.unreadable.note(damagedLog) }
        let messages = database.iterator(.message)
        let states = database.iterator(.state)
        while let key = messages.key {
            // A state without a message is what a version before left behind.
            while let state = states.key, state.id < key.id { states.next() }
            let state = states.key?.id == key.id ? states.value : nil
            if let entry = listing.entry(key.id, messages.value, state) { body(entry) }
            messages.next()
        }
        do throws(SpoolFault) {
            try messages.checkEnd()
            try states.checkEnd()
        } catch {
            throw error.withAdvice(settings.directory)
        }
        try listing.finish()
        return listing.unreadable
    }
}

/// One listing: what it finds unreadable is kept aside and taken out of the database.
private struct Listing {
    let spool: RocksDBSpool
    var unreadable = UnreadableRecords()
    private var removed: [RecordKey] = []

    init(spool: RocksDBSpool) { self.spool = spool }

    mutating func entry(_ id: MessageID, _ value: ByteBuffer, _ state: ByteBuffer?) -> SpoolEntry? {
        do throws(SpoolFault) {
            var (entry, hasBody) = try RecordLayout.entry(id, value)
            entry.state = self.state(id, state)
            var keys: OpenMessages.Keys = hasBody ? .body : []
            if entry.state != nil { keys.insert(.state) }
            spool.known.withLock { $0.open.add(id, size: entry.size, keys: keys) }
            return entry
        } catch {
            let isKept = note(error, "\(id).record") { (spool) throws(SpoolFault) in try spool.quarantine(id) }
            if isKept { removed += [.message, .body, .state].map { RecordKey($0, id) } }
            return nil
        }
    }

    /// A message whose state cannot be read starts afresh: at worst a duplicate.
    private mutating func state(_ id: MessageID, _ value: ByteBuffer?) -> DeliveryState? {
        guard let value else { return nil }
        do throws(SpoolFault) { return try RecordCodec.state(id, value) } catch {
            let isKept = note(error, "\(id).state") { (spool) throws(SpoolFault) in
                try SpoolFiles.keepAside(value, as: "\(id).state", below: spool.settings.directory)
            }
            if isKept { removed.append(RecordKey(.state, id)) }
            return nil
        }
    }

    /// - Returns: it lies in a file of its own now.
    private mutating func note(
        _ fault: SpoolFault, _ name: String, keep: (RocksDBSpool) throws(SpoolFault) -> String?
    ) -> Bool {
        guard spool.settings.access == .exclusive, let path = try? keep(spool) else {
            unreadable.note(fault)
            return false
        }
        unreadable.note(.corrupt("\(fault.detail); kept in \(path)"))
        return true
    }

    func finish() throws(SpoolFault) {
        guard !removed.isEmpty else { return }
        let batch = WriteBatch()
        for key in removed { batch.delete(key) }
        try spool.database.write(batch, synced: true)
    }
}

extension SpoolFault {
    fileprivate var detail: String {
        if case .corrupt(let text) = self { text } else { description }
    }
}
