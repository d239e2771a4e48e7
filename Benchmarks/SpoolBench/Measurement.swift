import BenchHarness
import Foundation
import MailTypes
import Measures
import NIOCore
import ProgramSupport
import SpoolContract

/// Runs the plan: in each cell and round every subject once, in an order that rotates.
struct Measurement {
    /// Content that goes through a spool with files before it is measured: its segments have been reused, its memtables
    /// written out.
    private static let fillBytes = 384 << 20
    private static let fillCell = (bytes: 100_000, waiters: 64)

    let plan: Plan
    let directory: String

    func run() throws -> [Row] {
        let progress = ProgressLine()
        defer { progress.clear() }
        var rows: [Row] = []
        let steps = plan.cells.reduce(0) { $0 + plan.subjects(in: $1).count } * plan.rounds
        var step = 0
        for cell in plan.cells {
            let subjects = plan.subjects(in: cell)
            var samples = [[Sample]](repeating: [], count: subjects.count)
            for round in 0..<plan.rounds {
                for turn in subjects.indices {
                    let index = (turn + round) % subjects.count
                    step += 1
                    progress.show(
                        "\(step)/\(steps): \(ByteCount(bytes: cell.bytes)), \(cell.waiters) waiters, "
                            + "\(cell.durability.rawValue), round \(round + 1), \(subjects[index].name)")
                    samples[index].append(try measure(subjects[index], cell))
                    if isInterrupted() { throw RunFault("interrupted") }
                }
            }
            rows += zip(subjects, samples).map { Row(subject: $0.name, cell: cell, samples: $1) }
        }
        return rows
    }

    /// A spool is opened anew for each measurement, on the files it had the last time.
    private func measure(_ subject: Subject, _ cell: Cell) throws -> Sample {
        let path = "\(directory)/\(subject.name)-\(cell.durability.rawValue)"
        let isNew = access(path, F_OK) != 0
        let place = Subject.Place(
            directory: path, durability: cell.durability, rocksDBOptions: plan.rocksDBOptions)
        let fill = subject.hasFiles && isNew ? Self.fillBytes : 0
        let clock = Clock(directory: directory, seconds: plan.seconds)
        switch try subject.open(place) {
        case .spool(let spool):
            defer { spool.close(clean: true) }
            let committer = GroupCommitter(spool: spool)
            defer { committer.stop() }
            if fill > 0 { try Waiters(committer, Self.fillCell, until: .bytes(fill)).run() }
            settle()
            return try Waiters(committer, (cell.bytes, cell.waiters), until: .measured(clock)).run()!
        case .loop(let loop, let batch):
            defer { loop.close() }
            let filler = Load(bytes: Self.fillCell.bytes, count: Self.fillCell.waiters)
            if fill > 0 { try run(loop, filler, until: .bytes(fill)) }
            settle()
            return try run(loop, Load(bytes: cell.bytes, count: batch ?? cell.waiters), until: .measured(clock))!
        }
    }

    /// Returns when what was written before is on the disk and the device does nothing more (it may still discard the
    /// blocks of removed files), or after a second: it may also have work from elsewhere.
    private func settle() {
        sync()
        var last = ""
        for _ in 0..<20 {
            let now = readSmallFile("/proc/diskstats") ?? ""
            if now == last { return }
            last = now
            usleep(50_000)
        }
    }

    @discardableResult
    private func run(_ loop: any PlainLoop, _ load: Load, until end: End) throws -> Sample? {
        var end = end
        var messages: [SpoolMessage] = []
        while true {
            let finishing = messages.map(\.id)
            messages = load.slots.map { load.message($0) }
            let began = MonotonicInstant.now()
            try loop.commit(messages, finishing: finishing)
            let now = MonotonicInstant.now()
            let isOver = end.note(
                messages.count, bytes: messages.count * load.bytes, wait: now.nanoseconds(since: began), at: now)
            guard isOver else { continue }
            try loop.commit([], finishing: messages.map(\.id))
            return end.sample
        }
    }
}

/// The messages of a load, one buffer a waiter.
final class Load: Sendable {
    private static let next = Sequence()
    private static let envelope = Envelope(
        reversePath: MailAddress("sender@origin.example"), recipients: [MailAddress("recipient@target.example")])

    let bytes: Int
    let slots: Range<Int>
    private let contents: [MessageContent]

    init(bytes: Int, count: Int) {
        self.bytes = bytes
        slots = 0..<count
        var random: UInt64 = 0x9E37_79B9_7F4A_7C15
        contents = slots.map { _ in
            var buffer = ByteBufferAllocator().buffer(capacity: bytes + 8)
            while buffer.readableBytes < bytes {
                // xorshift64: nothing that a layer below could compress.
                random ^= random << 13
                random ^= random >> 7
                random ^= random << 17
                buffer.writeInteger(random)
            }
            return MessageContent(slices: [buffer.getSlice(at: 0, length: bytes)!], form: .raw)
        }
    }

    func message(_ slot: Int) -> SpoolMessage {
        SpoolMessage(
            id: MessageID(milliseconds: 1_790_000_000_000, salt: 7, sequence: Self.next.take()),
            envelope: Self.envelope, acceptedMilliseconds: 1_790_000_000_000, content: contents[slot])
    }
}
