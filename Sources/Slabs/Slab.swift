/// Many small records in few blocks of memory, each found by a 32-bit handle that stays the same: tens of bytes a
/// queued message is what a queue of millions can afford. Grows by blocks of ``blockCount``, never by copying what is
/// there; a freed handle is given out again.
///
/// Public, as all of this target: generics that `package` declares are not specialised in other targets, which cost a
/// look-up of type metadata for every access.
public struct Slab<Record: BitwiseCopyable & Sendable>: Sendable {
    @usableFromInline static var blockBits: UInt32 { 12 }
    /// Records in one block.
    @inlinable public static var blockCount: Int { 1 << blockBits }

    @usableFromInline var blocks: [[Record]] = []
    @usableFromInline var free: [UInt32] = []
    @usableFromInline var top: UInt32 = 0

    @inlinable public init() {}

    /// Handles given out so far, freed ones included: all are below it.
    @inlinable public var end: UInt32 { top }

    /// Records in use.
    @inlinable public var count: Int { Int(top) - free.count }

    /// - Returns: the record's handle.
    @inlinable public mutating func insert(_ record: Record) -> UInt32 {
        if let handle = free.popLast() {
            self[handle] = record
            return handle
        }
        if Int(top) & (Self.blockCount - 1) == 0 {
            var block: [Record] = []
            block.reserveCapacity(Self.blockCount)
            blocks.append(block)
        }
        blocks[blocks.count - 1].append(record)
        defer { top += 1 }
        return top
    }

    /// Frees the handle; using it again is an error of ours.
    @inlinable public mutating func remove(_ handle: UInt32) { free.append(handle) }

    @inlinable public subscript(handle: UInt32) -> Record {
        get { blocks[Int(handle >> Self.blockBits)][Int(handle) & (Self.blockCount - 1)] }
        _modify { yield &blocks[Int(handle >> Self.blockBits)][Int(handle) & (Self.blockCount - 1)] }
    }
}
