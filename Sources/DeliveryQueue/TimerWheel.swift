import Slabs

/// Due times of deferred messages: a hierarchical timing wheel (Varghese and Lauck 1987), so that putting in, taking
/// out and coming due cost the same whether ten messages wait or ten million.
///
/// Three wheels of 256 slots: 32 ms, 8.2 s and 35 min a slot, six days in all; what is due later is put in again when
/// its slot comes. Nothing comes before its time, and at most 32 ms after it.
struct TimerWheel: Sendable {
    private static let tickShift: UInt64 = 5
    private static let slotBits: UInt64 = 8
    private static let slots: UInt64 = 256
    private static let levels: UInt64 = 3

    private var lists = Array(repeating: WaitingList(), count: Int(slots * levels))
    /// Everything due until this tick has been handed out.
    private var current: UInt64 = 0
    private(set) var count = 0

    mutating func insert(_ handle: UInt32, _ records: inout Slab<Waiting>, now: UInt64) {
        if count == 0 { current = max(current, now >> Self.tickShift) }
        place(handle, &records, earliest: current + 1)
        count += 1
    }

    mutating func remove(_ handle: UInt32, _ records: inout Slab<Waiting>) {
        lists[records[handle].slot].remove(handle, &records)
        count -= 1
    }

    /// Takes out what is due, in the order of its slots.
    mutating func advance(to now: UInt64, _ records: inout Slab<Waiting>) -> [UInt32] {
        let target = now >> Self.tickShift
        var due: [UInt32] = []
        while current < target {
            guard count > 0 else {
                current = target
                break
            }
            current += 1
            turn(1, &records)
            let slot = Int(current % Self.slots)
            var list = lists[slot]
            lists[slot] = WaitingList()
            while let handle = list.popFirst(&records) {
                due.append(handle)
                count -= 1
            }
        }
        return due
    }

    /// Where a wheel has gone round, the next slot of the one above is spread over it.
    private mutating func turn(_ level: UInt64, _ records: inout Slab<Waiting>) {
        let below = Self.slotBits * level
        guard level < Self.levels, current & ((1 << below) - 1) == 0 else { return }
        turn(level + 1, &records)
        let slot = Int(level * Self.slots + (current >> below) % Self.slots)
        var list = lists[slot]
        lists[slot] = WaitingList()
        while let handle = list.popFirst(&records) { place(handle, &records, earliest: current) }
    }

    /// The slot for a due time: on the lowest wheel that reaches so far.
    /// - Parameter earliest: the first tick that is still to be handed out.
    private mutating func place(_ handle: UInt32, _ records: inout Slab<Waiting>, earliest: UInt64) {
        let rounded = (records[handle].due + (1 << Self.tickShift) - 1) >> Self.tickShift
        let tick = min(max(rounded, earliest), current + (1 << (Self.slotBits * Self.levels)) - 1)
        var level: UInt64 = 0
        while level + 1 < Self.levels, tick - current >= 1 << (Self.slotBits * (level + 1)) { level += 1 }
        let slot = Int(level * Self.slots + (tick >> (Self.slotBits * level)) % Self.slots)
        records[handle].slot = slot
        lists[slot].append(handle, &records)
    }
}
