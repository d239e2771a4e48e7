/// Many small records in few blocks of memory, each found by a 32-bit handle that stays the same: tens of bytes a
/// queued message is what a queue of millions can afford. Grows by blocks of ``blockCount``, never by copying what is
/// there; a freed handle is given out again.
package struct Slab<Record: BitwiseCopyable & Sendable>: Sendable {
    @usableFromInline static var blockBits: UInt32 { 12 }
    /// Records in one block.
    @inlinable package static var blockCount: Int { 1 << blockBits }

    @usableFromInline var blocks: [[Record]] = []
    @usableFromInline var free: [UInt32] = []
    /// Handles given out so far, freed ones included.
    @usableFromInline package internal(set) var top: UInt32 = 0

    @inlinable package init() {}

    /// Records in use.
    @inlinable package var count: Int { Int(top) - free.count }

    /// - Returns: the record's handle.
    @inlinable package mutating func insert(_ record: Record) -> UInt32 {
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
    @inlinable package mutating func remove(_ handle: UInt32) { free.append(handle) }

    @inlinable package subscript(handle: UInt32) -> Record {
        get { blocks[Int(handle >> Self.blockBits)][Int(handle) & (Self.blockCount - 1)] }
        _modify { yield &blocks[Int(handle >> Self.blockBits)][Int(handle) & (Self.blockCount - 1)] }
    }
}
