package import MailTypes

/// A record that knows which message it belongs to.
package protocol MessageRecord: BitwiseCopyable, Sendable {
    var id: MessageID { get }
}

/// Records by message: a ``Slab`` with a ``HandleTable`` over it.
package struct MessageSlab<Record: MessageRecord>: Sendable {
    @usableFromInline package internal(set) var records = Slab<Record>()
    @usableFromInline package internal(set) var table = HandleTable()

    @inlinable package init() {}

    @inlinable package var count: Int { table.count }

    @inlinable package func find(_ id: MessageID) -> UInt32? { table.find(id) { records[$0].id } }

    /// There must be none of its message.
    /// - Returns: the record's handle.
    @inlinable package mutating func insert(_ record: Record) -> UInt32 {
        let handle = records.insert(record)
        table.insert(record.id, handle) { [records] in records[$0].id }
        return handle
    }

    /// - Returns: the record that was taken out; nil if there was none.
    @inlinable package mutating func remove(_ id: MessageID) -> Record? {
        guard let handle = table.remove(id, { [records] in records[$0].id }) else { return nil }
        let record = records[handle]
        records.remove(handle)
        return record
    }

    @inlinable package subscript(handle: UInt32) -> Record {
        get { records[handle] }
        _modify { yield &records[handle] }
    }
}
