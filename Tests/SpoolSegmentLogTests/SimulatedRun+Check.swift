import MailTypes
import SpoolContract
import SpoolSegmentLog

extension SimulatedRun {
    /// After a start: everything that must be in the log is, nothing that must not be, and nothing is altered.
    mutating func check(_ spool: SegmentLogSpool) throws {
        let wasClean = isClean == true
        if let isClean, isClean != spool.wasCleanlyClosed, isClean || spool.statistics.segments > 0 {
            throw BrokenPromise("clean stop: \(isClean), but the log says \(spool.wasCleanlyClosed)")
        }
        isClean = false
        let floor = model.floor(wasClean: wasClean)
        let (entries, unreadable) = try list(spool)
        trace?("-- \(entries.count) listed, \(unreadable.count) unreadable \(unreadable.first ?? "")")
        guard unreadable.count == 0 || hasDamage else {
            throw BrokenPromise("called unreadable: \(unreadable.first ?? "")")
        }
        var listed: [Int: DeliveryState?] = [:]
        var corrupt: [Int] = []
        for entry in entries {
            let index = Int(entry.id.low) - 1
            try checkMayBeListed(index, entry, floor, mayComeBack: hasDamage)
            listed[index] = .some(entry.state)
            do { try checkLoad(spool, index, entry.state) } catch let fault as SpoolFault {
                guard hasDamage else { throw BrokenPromise("\(entry.id) is listed, but \(fault)") }
                corrupt.append(index)
            }
        }
        let missing = model.candidates.filter { index in
            let known = model.known[index]
            return known.isThere >= floor && known.isFinished == .never && !known.isGone && listed[index] == nil
        }
        model.stopped(wasClean: wasClean)
        try checkMissing(missing, corrupt, unreadable)
        model.settle(listed)
        try quarantine(corrupt, spool)
        flips = 0
    }

    private func list(_ spool: SegmentLogSpool) throws -> ([SpoolEntry], UnreadableRecords) {
        var entries: [SpoolEntry] = []
        let unreadable: UnreadableRecords
        do { unreadable = try spool.enumerate { entries.append($0) } } catch {
            throw BrokenPromise("does not list: \(error)")
        }
        for (entry, next) in zip(entries, entries.dropFirst()) where entry.id >= next.id {
            throw BrokenPromise("\(entry.id) is listed before \(next.id)")
        }
        return (entries, unreadable)
    }

    private func checkMayBeListed(
        _ index: Int, _ entry: SpoolEntry, _ floor: LogModel.Certainty, mayComeBack: Bool
    ) throws {
        guard model.known.indices.contains(index) else { throw BrokenPromise("\(entry.id) was never submitted") }
        let known = model.known[index]
        guard known.message.id == entry.id, known.isThere != .never else {
            throw BrokenPromise("\(entry.id) was never submitted")
        }
        guard !known.isGone && known.isFinished < floor || mayComeBack else {
            throw BrokenPromise("\(entry.id) comes back")
        }
        guard known.message.envelope == entry.envelope, known.message.content.size == entry.size,
            known.message.acceptedMilliseconds == entry.acceptedMilliseconds
        else { throw BrokenPromise("\(entry.id) is listed altered") }
        let attempts = Int(entry.state?.attempts ?? 0)
        let newest = (known.states.lastIndex { $0 >= floor } ?? -1) + 1
        guard attempts >= newest || hasDamage || known.isGone else {
            throw BrokenPromise("\(entry.id): state \(attempts) is listed, \(newest) was kept")
        }
    }

    private func checkLoad(_ spool: SegmentLogSpool, _ index: Int, _ state: DeliveryState?) throws {
        guard let stored = try spool.load(model.known[index].message.id) else {
            throw BrokenPromise("\(model.known[index].message.id) is listed, but not there")
        }
        try LogModel.compare(stored, model.known[index], mayBeOlder: true)
        guard stored.state == state else {
            throw BrokenPromise("\(model.known[index].message.id) is loaded with another state than listed")
        }
    }

    /// A bit may cost the record that it is in, and that one is reported.
    private func checkMissing(_ missing: [Int], _ corrupt: [Int], _ unreadable: UnreadableRecords) throws {
        guard let first = missing.first else { return }
        let id = model.known[first].message.id
        guard flips > 0, missing.count <= flips else { throw BrokenPromise("\(id) is lost") }
        let isAmbiguous =
            mayLookTorn || disk.aside.keys.contains { $0.hasPrefix("torn-") }
            || missing.allSatisfy { model.ambiguous.contains(model.known[$0].message.id) }
        guard unreadable.count >= missing.count || isAmbiguous else {
            throw BrokenPromise("\(id) is lost, and nothing is reported")
        }
    }

    /// What the relay does with a message that cannot be read.
    private mutating func quarantine(_ corrupt: [Int], _ spool: SegmentLogSpool) throws {
        guard !corrupt.isEmpty else { return }
        var batch = SpoolBatch()
        for index in corrupt {
            let id = model.known[index].message.id
            guard try spool.quarantine(id) != nil else { throw BrokenPromise("\(id) is not put aside") }
            batch.completions.append(id)
        }
        do {
            try spool.commit(batch)
            model.committed(batch)
        } catch SpoolFault.noSpace { model.refused(batch) }
    }
}
