import MailTypes
import Slabs

/// One message to one destination, 48 bytes.
struct Waiting: BitwiseCopyable, Sendable {
    enum Place: UInt8, BitwiseCopyable, Sendable {
        case free, ready, leased, deferred, held
        /// An operator has suspended such mail.
        case suspended
        /// An operator returns it to its sender; it is in the list of that order.
        case leaving

        /// A constant: putting a text together costs more than all else of a summary.
        var name: String {
            switch self {
            case .free: "free"
            case .ready: "ready"
            case .leased: "leased"
            case .deferred: "deferred"
            case .held: "held"
            case .suspended: "suspended"
            case .leaving: "leaving"
            }
        }
    }

    static let none = UInt32.max
    private static let slotShift: UInt64 = 48
    private static let dueMask: UInt64 = (1 << slotShift) - 1

    var id: MessageID
    /// 48 bits of due time (milliseconds since 1970), 16 bits of the wheel's slot.
    private var dueAndSlot: UInt64 = 0
    /// Neighbours in the list the record is in.
    var next = Self.none
    var previous = Self.none
    var destination: UInt32
    /// 15 bits of recipients, one that tells whether the sender was warned.
    private var recipientsAndFlag: UInt16
    private var attemptCount: UInt8
    var place: Place
    /// In the queue's ``LabelTable``.
    var label = LabelTable.none
    /// Nobody is to be told when it fails: it has no sender, or its sender does not want to know.
    var isSilent = false
    /// Its label was changed, and the spool does not know it yet.
    var isUnwritten = false
    /// Nor does the log.
    var isUnlogged = false
    /// Something is said of when it may go or has to be there.
    var hasTimes = false

    init(_ id: MessageID, destination: UInt32, recipients: Int, attempts: UInt32, isDelayReported: Bool) {
        self.id = id
        self.destination = destination
        recipientsAndFlag = UInt16(min(max(recipients, 0), 0x7FFF)) | (isDelayReported ? 0x8000 : 0)
        attemptCount = UInt8(clamping: attempts)
        place = .ready
    }

    var recipients: Int { Int(recipientsAndFlag & 0x7FFF) }
    var isDelayReported: Bool {
        get { recipientsAndFlag & 0x8000 != 0 }
        set { recipientsAndFlag = recipientsAndFlag & 0x7FFF | (newValue ? 0x8000 : 0) }
    }
    /// At most 255: delays have reached their cap long before.
    var attempts: UInt32 {
        get { UInt32(attemptCount) }
        set { attemptCount = UInt8(clamping: newValue) }
    }
    var due: UInt64 {
        get { dueAndSlot & Self.dueMask }
        set { dueAndSlot = dueAndSlot & ~Self.dueMask | min(newValue, Self.dueMask) }
    }
    var slot: Int {
        get { Int(dueAndSlot >> Self.slotShift) }
        set { dueAndSlot = UInt64(newValue) << Self.slotShift | due }
    }
}

/// A list through the records of a slab: first in, first out, and out of the middle.
struct WaitingList: Sendable {
    private(set) var first = Waiting.none
    private(set) var last = Waiting.none
    private(set) var count = 0

    var isEmpty: Bool { count == 0 }

    mutating func append(_ handle: UInt32, _ records: inout Slab<Waiting>) {
        records[handle].previous = last
        records[handle].next = Waiting.none
        if last != Waiting.none { records[last].next = handle } else { first = handle }
        last = handle
        count += 1
    }

    mutating func prepend(_ handle: UInt32, _ records: inout Slab<Waiting>) {
        records[handle].next = first
        records[handle].previous = Waiting.none
        if first != Waiting.none { records[first].previous = handle } else { last = handle }
        first = handle
        count += 1
    }

    mutating func remove(_ handle: UInt32, _ records: inout Slab<Waiting>) {
        let (previous, next) = (records[handle].previous, records[handle].next)
        if previous != Waiting.none { records[previous].next = next } else { first = next }
        if next != Waiting.none { records[next].previous = previous } else { last = previous }
        count -= 1
    }

    mutating func popFirst(_ records: inout Slab<Waiting>) -> UInt32? {
        guard first != Waiting.none else { return nil }
        let handle = first
        remove(handle, &records)
        return handle
    }
}
