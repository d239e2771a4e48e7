public import MailTypes

/// Finds the handle of a message's record: open addressing over 4-byte cells; the ids themselves stay in the records.
/// At most three quarters of the cells are used: 6 to 11 bytes a message.
public struct HandleTable: Sendable {
    /// Handle plus one; zero is an empty cell.
    @usableFromInline var cells: [UInt32]
    @usableFromInline var used = 0

    @inlinable public init() { cells = Array(repeating: 0, count: 64) }

    @inlinable public var count: Int { used }

    @inlinable func home(_ id: MessageID) -> Int {
        // Ids of one process differ in their low bits: spread them (the constant is 2^64 divided by the golden ratio).
        let mixed = (id.low ^ id.high &* 0xFF51_AFD7_ED55_8CCD) &* 0x9E37_79B9_7F4A_7C15
        return Int(truncatingIfNeeded: mixed >> 20) & (cells.count - 1)
    }

    /// - Parameter idOf: the id in the record of a handle.
    @inlinable public func find(_ id: MessageID, _ idOf: (UInt32) -> MessageID) -> UInt32? {
        var at = home(id)
        while cells[at] != 0 {
            if idOf(cells[at] - 1) == id { return cells[at] - 1 }
            at = (at + 1) & (cells.count - 1)
        }
        return nil
    }

    /// The id must not be in the table.
    @inlinable public mutating func insert(_ id: MessageID, _ handle: UInt32, _ idOf: (UInt32) -> MessageID) {
        if used * 4 >= cells.count * 3 { grow(idOf) }
        place(id, handle)
        used += 1
    }

    @inlinable mutating func place(_ id: MessageID, _ handle: UInt32) {
        var at = home(id)
        while cells[at] != 0 { at = (at + 1) & (cells.count - 1) }
        cells[at] = handle + 1
    }

    @inlinable mutating func grow(_ idOf: (UInt32) -> MessageID) {
        let old = cells
        cells = Array(repeating: 0, count: old.count * 2)
        for cell in old where cell != 0 { place(idOf(cell - 1), cell - 1) }
    }

    /// Takes the id out and closes the gap: cells behind move up as far as their homes allow.
    /// - Returns: its handle; nil if it was not there.
    @inlinable @discardableResult
    public mutating func remove(_ id: MessageID, _ idOf: (UInt32) -> MessageID) -> UInt32? {
        let mask = cells.count - 1
        var gap = home(id)
        while true {
            if cells[gap] == 0 { return nil }
            if idOf(cells[gap] - 1) == id { break }
            gap = (gap + 1) & mask
        }
        let handle = cells[gap] - 1
        var at = (gap + 1) & mask
        while cells[at] != 0 {
            let wanted = home(idOf(cells[at] - 1))
            if (at &- wanted) & mask >= (at &- gap) & mask {
                cells[gap] = cells[at]
                gap = at
            }
            at = (at + 1) & mask
        }
        cells[gap] = 0
        used -= 1
        return handle
    }
}
