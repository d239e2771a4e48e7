public import MailTypes

/// A record that knows which message it belongs to.
public protocol MessageRecord: BitwiseCopyable, Sendable {
    var id: MessageID { get }
}

/// Records by message: a ``Slab`` with a ``HandleTable`` over it.
public struct MessageSlab<Record: MessageRecord>: Sendable {
    @usableFromInline var records = Slab<Record>()
    @usableFromInline var table = HandleTable()

    @inlinable public init() {}

    @inlinable public var count: Int { table.count }

    @inlinable public func find(_ id: MessageID) -> UInt32? { table.find(id) { records[$0].id } }

    /// There must be none of its message.
    /// - Returns: the record's handle.
    @inlinable public mutating func insert(_ record: Record) -> UInt32 {
        let handle = records.insert(record)
        table.insert(record.id, handle) { [records] in records[$0].id }
        return handle
    }

    /// - Returns: the record that was taken out; nil if there was none.
    @inlinable public mutating func remove(_ id: MessageID) -> Record? {
        guard let handle = table.remove(id, { [records] in records[$0].id }) else { return nil }
        let record = records[handle]
        records.remove(handle)
        return record
    }

    @inlinable public subscript(handle: UInt32) -> Record {
        get { records[handle] }
        _modify { yield &records[handle] }
    }
}
