import Foundation
import MailTypes
import NIOCore
import SpoolContract

/// What the callers of a log were told, and what therefore must and may be in it.
struct LogModel {
    /// How sure it is that something is in the log.
    enum Certainty: Int, Comparable {
        case never
        /// The commit failed, or did not return.
        case maybe
        /// The commit returned: it survives the process.
        case returned
        /// It survives the power too.
        case synced

        static func < (a: Certainty, b: Certainty) -> Bool { a.rawValue < b.rawValue }
    }
    struct Known {
        var message: SpoolMessage
        var isThere = Certainty.never
        var isFinished = Certainty.never
        /// By attempts, from 1.
        var states: [Certainty] = []
        /// Not in the log at a start: it must not come back.
        var isGone = false

        var isWaiting: Bool { isThere >= .returned && isFinished == .never && !isGone }
    }

    let isSyncing: Bool
    var known: [Known] = []
    /// Those that may be in the log, by position.
    private(set) var candidates: [Int] = []
    /// The power was cut, or a sync failed: what was not synced may be gone.
    var mayHaveLostUnsynced = false
    /// What a flipped bit can make look like a torn batch, since a stop that was not clean came right after it.
    private(set) var ambiguous: Set<MessageID> = []
    private var lastBatch: Set<MessageID> = []
    private var unsynced: [SpoolBatch] = []

    init(isSyncing: Bool) { self.isSyncing = isSyncing }

    var waiting: [Int] { candidates.filter { known[$0].isWaiting } }
    /// Frames and heads included.
    var waitingBytes: Int {
        waiting.reduce(0) { sum, index in
            sum + known[index].message.content.size + 200 + 16 * known[index].message.envelope.recipients.count + 100
        }
    }

    // MARK: What was asked and answered

    mutating func add(_ message: SpoolMessage) {
        precondition(message.id.low == UInt64(known.count + 1))
        candidates.append(known.count)
        known.append(Known(message: message))
    }

    mutating func nextState(_ index: Int) -> DeliveryState {
        known[index].states.append(.never)
        return Self.state(known[index].message, attempts: known[index].states.count)
    }

    mutating func committed(_ batch: SpoolBatch) {
        note(batch, .returned)
        unsynced.append(batch)
        guard !batch.messages.isEmpty else { return }
        lastBatch = Set(batch.messages.map(\.id))
        guard isSyncing else { return }
        for batch in unsynced { note(batch, .synced) }
        unsynced = []
    }

    mutating func mayHaveCommitted(_ batch: SpoolBatch) {
        note(batch, .maybe)
        lastBatch.formUnion(batch.messages.map(\.id))
    }

    /// Nothing of it is in the log; its completions and states may be asked for again.
    mutating func refused(_ batch: SpoolBatch) {
        for (id, _) in batch.states { known[Int(id.low) - 1].states.removeLast() }
        for message in batch.messages { known[Int(message.id.low) - 1].isGone = true }
    }

    private mutating func note(_ batch: SpoolBatch, _ certainty: Certainty) {
        for message in batch.messages { raise(&known[Int(message.id.low) - 1].isThere, certainty) }
        for (id, state) in batch.states { raise(&known[Int(id.low) - 1].states[Int(state.attempts) - 1], certainty) }
        for id in batch.completions { raise(&known[Int(id.low) - 1].isFinished, certainty) }
    }

    private func raise(_ value: inout Certainty, _ certainty: Certainty) { value = max(value, certainty) }

    // MARK: After a start

    /// What is sure after what happened since the last start.
    func floor(wasClean: Bool) -> Certainty { mayHaveLostUnsynced && !wasClean ? .synced : .returned }

    mutating func stopped(wasClean: Bool) { if !wasClean { ambiguous.formUnion(lastBatch) } }

    /// From now on what is in the log is there for good, and nothing else ever was.
    mutating func settle(_ listed: [Int: DeliveryState?]) {
        for index in candidates where listed[index] == nil { known[index].isGone = true }
        candidates = listed.keys.sorted()
        for index in candidates {
            known[index].isGone = false
            known[index].isThere = .synced
            known[index].isFinished = .never
            let attempts = (listed[index] ?? nil).map { Int($0.attempts) } ?? 0
            known[index].states = Array(repeating: .synced, count: attempts)
        }
        mayHaveLostUnsynced = false
        unsynced = []
    }

    // MARK: Contents

    private static let pattern: ByteBuffer = {
        var random = Dice(seed: 1)
        var out = ByteBuffer()
        for _ in 0..<32_768 { out.writeInteger(random.next()) }
        return out
    }()

    /// All of a message follows from its id and its length.
    static func message(_ id: MessageID, bytes: Int, recipients: Int) -> SpoolMessage {
        let start = Int(id.low * 977 % 65_536)
        let cut = bytes / 3
        let slices =
            bytes == 0
            ? [] : [pattern.getSlice(at: start, length: cut)!, pattern.getSlice(at: start + cut, length: bytes - cut)!]
        return SpoolMessage(
            id: id,
            envelope: Envelope(
                reversePath: MailAddress("s\(id.low)@x.test"),
                recipients: (0..<recipients).map { MailAddress("r\(id.low)-\($0)@y.test") }),
            acceptedMilliseconds: id.low &* 31,
            content: MessageContent(slices: slices, form: id.low % 2 == 0 ? .raw : .dotStuffed))
    }

    static func state(_ message: SpoolMessage, attempts: Int) -> DeliveryState {
        DeliveryState(
            attempts: UInt32(attempts), nextDueMilliseconds: message.id.low &* 1000 &+ UInt64(attempts),
            recipients: message.envelope.recipients.map { _ in .waiting },
            lastReply: "450 \(message.id.low) \(attempts)")
    }

    static func compare(_ stored: StoredMessage, _ known: Known, mayBeOlder: Bool) throws {
        let (found, wanted) = (stored.message, known.message)
        guard found.id == wanted.id, found.envelope == wanted.envelope,
            found.acceptedMilliseconds == wanted.acceptedMilliseconds, found.content.form == wanted.content.form,
            found.content.size == wanted.content.size, isEqual(found.content, wanted.content)
        else { throw BrokenPromise("\(wanted.id) is altered") }
        let attempts = Int(stored.state?.attempts ?? 0)
        guard attempts <= known.states.count, attempts == 0 || stored.state == state(wanted, attempts: attempts) else {
            throw BrokenPromise("\(wanted.id): its state is altered: \(String(describing: stored.state))")
        }
        guard mayBeOlder || attempts == known.states.count else {
            throw BrokenPromise("\(wanted.id): state \(attempts), written were \(known.states.count)")
        }
    }

    private static func isEqual(_ a: MessageContent, _ b: MessageContent) -> Bool {
        if a.size == 0 { return b.size == 0 }
        guard a.slices.count == 1 else { return false }
        var offset = a.slices[0].readerIndex
        for slice in b.slices {
            let isSame = a.slices[0].withUnsafeReadableBytes { found in
                slice.withUnsafeReadableBytes { wanted in
                    wanted.isEmpty
                        || memcmp(
                            found.baseAddress! + (offset - a.slices[0].readerIndex), wanted.baseAddress!, wanted.count)
                            == 0
                }
            }
            guard isSame else { return false }
            offset += slice.readableBytes
        }
        return true
    }

    func describe(_ batch: SpoolBatch) -> String {
        let messages = batch.messages.map { "\($0.id.low):\($0.content.size)" }.joined(separator: " ")
        let states = batch.states.map { "\($0.id.low)#\($0.state.attempts)" }.joined(separator: " ")
        let done = batch.completions.map { "\($0.low)" }.joined(separator: " ")
        return "messages [\(messages)] states [\(states)] completions [\(done)]"
    }
}
