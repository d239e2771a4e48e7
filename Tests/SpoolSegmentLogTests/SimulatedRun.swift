import MailTypes
import NIOCore
import SpoolContract
import SpoolSegmentLog

/// A promise of the log that it did not keep.
struct BrokenPromise: Error, CustomStringConvertible {
    var description: String
    init(_ description: String) { self.description = description }
}

/// One seed: a log on a simulated disk, a random workload, crashes, and after each the check against what the
/// callers of the log were told.
struct SimulatedRun {
    /// How a life of the log ends.
    enum End { case clean, kill, power }

    let disk: SimulatedDisk
    let trace: ((String) -> Void)?
    var random: Dice
    var model: LogModel
    let settings: SegmentLogSettings
    /// The last stop was clean: true, it was not: false; nil: an opening did not come to its end.
    var isClean: Bool? = true
    /// Bits turned since the last check.
    var flips = 0
    /// A bit was turned at some time: what it damaged stays where it is.
    var hasDamage = false
    /// A bit was turned in the last batch before a stop that was not clean: it cannot be told from a torn one.
    var mayLookTorn = false
    private var sequence: UInt64 = 0

    init(seed: UInt64, lie: SimulatedDisk.Lie? = nil, trace: ((String) -> Void)? = nil) {
        random = Dice(seed: seed)
        disk = SimulatedDisk(seed: random.next())
        disk.lie = lie
        disk.onOperation = trace.map { trace in { trace("    " + $0) } }
        self.trace = trace
        settings = SegmentLogSettings(
            directory: "simulated", durability: random.chance(75) ? .fsync : .os,
            segmentBytes: random.pick([12_288, 16_384, 16_384, 24_576, 32_768]), spareSegments: random.below(5))
        model = LogModel(isSyncing: settings.durability == .fsync)
        trace?("\(settings)")
    }

    /// - Throws: ``BrokenPromise``
    mutating func run() throws {
        let doesFlip = random.chance(12)
        for _ in 0..<2 + random.below(4) {
            if random.chance(15) { disk.trouble = (random.below(8), trouble()) }
            guard let spool = try open() else {
                crash(random.chance(60) ? .power : .kill)
                continue
            }
            try check(spool)
            let end = try live(spool)
            trace?("-- \(end)")
            stop(spool, end)
            // Without syncs nothing is promised about a disk that fails.
            if settings.durability == .os, model.mayHaveLostUnsynced, isClean != true { return }
            if doesFlip, random.chance(50), let (place, isNewest) = disk.flipBit() {
                trace?("-- a bit flips in \(place)")
                flips += 1
                hasDamage = true
                mayLookTorn = mayLookTorn || isNewest && isClean != true
            }
        }
        disk.capacity = 1 << 40
        guard let spool = try open() else { throw BrokenPromise("the last opening failed") }
        try check(spool)
        if settings.segmentBytes >= 16_384, random.chance(30) { try checkBounds(spool) }
    }

    private mutating func trouble() -> SimulatedDisk.Trouble {
        random.pick([.stop, .stop, .stop, .failure, .noSpace])
    }

    // MARK: Lives

    private mutating func open() throws -> SegmentLogSpool? {
        let hadTrouble = disk.trouble != nil
        trace?("-- open")
        do {
            let spool = try SegmentLogSpool(settings, disk: disk)
            disk.trouble = nil
            if !disk.isStopped { return spool }
        } catch {
            guard hadTrouble else { throw BrokenPromise("does not open: \(error)") }
            trace?("-- does not open: \(error)")
            model.mayHaveLostUnsynced = true
        }
        isClean = isClean == false ? false : nil
        return nil
    }

    private mutating func stop(_ spool: SegmentLogSpool, _ end: End) {
        let hadFault = disk.isStopped || spool.report.fault != nil
        disk.trouble = random.chance(10) ? (random.below(5), trouble()) : nil
        let hadTrouble = disk.trouble != nil
        if end == .clean || random.chance(10) { spool.close(clean: end == .clean) }
        // Who closed it does not learn whether the mark was set.
        if end == .clean { isClean = hadTrouble ? nil : !hadFault }
        // Pages that a failed sync took along.
        if !disk.isStopped, spool.report.fault != nil { model.mayHaveLostUnsynced = true }
        crash(end == .power || end == .clean && random.chance(30) ? .power : .kill)
    }

    private mutating func crash(_ end: End) {
        // Without syncs nothing is promised about the power, unless the stop was clean.
        if end == .power, settings.durability == .fsync || isClean == true {
            disk.cutPower()
            model.mayHaveLostUnsynced = true
        } else {
            disk.restart()
        }
    }

    /// Commits until something ends it.
    private mutating func live(_ spool: SegmentLogSpool) throws -> End {
        let batches = 1 + random.below(random.chance(20) ? 40 : 14)
        let end = random.pick([End.clean, .kill, .power, .power])
        if end != .clean || random.chance(10) {
            disk.trouble = (random.below(batches * 4), end == .clean ? .failure : trouble())
            if random.chance(20) { disk.trouble = nil }
        }
        let hasTrouble = disk.trouble != nil
        let cramped = random.chance(15) ? random.below(batches) : -1
        for number in 0..<batches {
            if number == cramped { disk.capacity = disk.usedBytes + random.below(2) * settings.segmentBytes }
            let batch = randomBatch()
            if trace != nil { trace?("commit \(model.describe(batch))") }
            do {
                try spool.commit(batch)
                model.committed(batch)
                try checkSomeLoads(spool)
            } catch SpoolFault.noSpace(let detail) {
                trace?("  refused: \(detail)")
                guard disk.capacity < 1 << 40 || hasTrouble else { throw BrokenPromise("no space: \(detail)") }
                model.refused(batch)
                if random.chance(50) { disk.capacity = 1 << 40 }
            } catch let fault as SpoolFault {
                trace?("  failed: \(fault)")
                guard hasTrouble else { throw BrokenPromise("with nothing wrong: \(fault)") }
                model.mayHaveCommitted(batch)
                if !disk.isStopped { try checkLatched(spool) }
                return end == .clean ? .clean : end
            }
        }
        return end
    }

    // MARK: Workload

    private mutating func randomBatch() -> SpoolBatch {
        var batch = SpoolBatch()
        if random.chance(75) {
            for _ in 0..<1 + random.below(random.chance(10) ? 12 : 4) { batch.messages.append(newMessage()) }
        }
        let waiting = model.waiting
        for index in waiting where random.chance(waiting.count > 12 ? 30 : 10) {
            batch.completions.append(model.known[index].message.id)
        }
        for index in waiting where random.chance(10) {
            guard !batch.completions.contains(model.known[index].message.id) else { continue }
            batch.states.append((model.known[index].message.id, model.nextState(index)))
        }
        if let first = batch.messages.first, random.chance(3) { batch.completions.append(first.id) }
        return batch
    }

    private mutating func newMessage() -> SpoolMessage {
        sequence += 1
        let limit = random.pick([1, 300, 300, 300, 4000, 4000, 4000, settings.segmentBytes])
        let size = random.below(random.chance(3) ? 3 * settings.segmentBytes : limit)
        // Ids are not in the order of the commits.
        let id = MessageID(high: 9 + UInt64(random.below(3)), low: sequence)
        let message = LogModel.message(id, bytes: size, recipients: random.chance(3) ? 60 : 1 + random.below(2))
        model.add(message)
        return message
    }

    // MARK: Checks while it lives

    private mutating func checkSomeLoads(_ spool: SegmentLogSpool) throws {
        guard !hasDamage, spool.report.fault == nil,
            let known = model.known.isEmpty ? nil : model.known[random.below(model.known.count)]
        else {
            return
        }
        let stored: StoredMessage?
        do { stored = try spool.load(known.message.id) } catch {
            guard disk.isStopped else { throw BrokenPromise("load \(known.message.id): \(error)") }
            return
        }
        guard let stored else {
            guard !known.isWaiting else { throw BrokenPromise("\(known.message.id) is not there") }
            return
        }
        guard known.isWaiting else { throw BrokenPromise("\(known.message.id) is still there") }
        try LogModel.compare(stored, known, mayBeOlder: false)
    }

    /// After a failure it answers the same to everything and writes nothing.
    private mutating func checkLatched(_ spool: SegmentLogSpool) throws {
        disk.trouble = nil
        let operations = disk.operations
        var batch = SpoolBatch()
        batch.messages = [newMessage()]
        guard (try? spool.commit(batch)) == nil else { throw BrokenPromise("a commit after a failed one succeeded") }
        model.refused(batch)
        guard disk.operations == operations else { throw BrokenPromise("a latched log went on writing") }
    }

    /// With nothing wrong any more the log shrinks to what its live bytes allow.
    private mutating func checkBounds(_ spool: SegmentLogSpool) throws {
        trace?("-- bounds")
        for _ in 0..<2 * spool.statistics.segments + 20 {
            var batch = SpoolBatch()
            batch.messages = [newMessage()]
            if sequence > 1, model.known[Int(sequence) - 2].isWaiting {
                batch.completions = [model.known[Int(sequence) - 2].message.id]
            }
            if trace != nil { trace?("commit \(model.describe(batch))") }
            do { try spool.commit(batch) } catch { throw BrokenPromise("with nothing wrong: \(error)") }
            model.committed(batch)
        }
        let statistics = spool.statistics
        guard disk.usedBytes == statistics.diskBytes else {
            throw BrokenPromise("\(disk.usedBytes) bytes of files, \(statistics.diskBytes) known")
        }
        let large = model.waiting.filter { model.known[$0].message.content.size > settings.segmentBytes / 2 }.count
        let allowed =
            2 * model.waitingBytes + (12 + settings.spareSegments + 2 * large) * settings.segmentBytes
        guard statistics.diskBytes <= allowed else {
            throw BrokenPromise("\(statistics) for \(model.waitingBytes) bytes that wait, allowed \(allowed)")
        }
    }
}
