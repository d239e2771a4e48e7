import Measures
import NIOCore
import SpoolContract
import SpoolSegmentLog

/// Chance whose whole course follows from its seed.
struct Dice: RandomNumberGenerator {
    private var random: SplitMix64

    init(seed: UInt64) { random = SplitMix64(seed: seed) }

    mutating func next() -> UInt64 { random.next() }

    /// One of `0..<bound`.
    mutating func below(_ bound: Int) -> Int { Int(next().multipliedFullWidth(by: UInt64(bound)).high) }
    mutating func chance(_ percent: Int) -> Bool { below(100) < percent }
    mutating func pick<Element>(_ elements: [Element]) -> Element { elements[below(elements.count)] }
}

/// A disk in memory that may do whatever a real disk and its kernel may do, and does so as its seed says.
///
/// Until its sync a write is a set of sectors (or pages), each of which a power cut keeps, loses or tears by itself;
/// names that were made or removed are kept or lost one by one until the directory's sync; so is the length of a new
/// file until its own. A sync may fail and take pages with it, and the next one succeeds. At any operation the process
/// may end, with that operation half done.
final class SimulatedDisk: LogDisk, @unchecked Sendable {  // each run uses its own, in one thread
    /// What happens at one operation.
    enum Trouble {
        /// The process ends here.
        case stop
        /// EIO, whatever was done so far.
        case failure
        /// ENOSPC, likewise.
        case noSpace
    }
    /// Ways in which a disk lies, to see that the checks find it out.
    enum Lie: CaseIterable {
        case syncsNothing, syncsNoNames, answersBeforeItKnows
    }

    var random: Dice
    /// Bytes of all files, at most.
    var capacity = 1 << 40
    /// What happens after so many more operations.
    var trouble: (after: Int, what: Trouble)?
    var lie: Lie?
    private(set) var isStopped = false
    private(set) var operations = 0
    /// Told every operation, for a trace.
    var onOperation: ((String) -> Void)?

    private var names: [String: SimulatedFile] = [:]
    private var stableNames: [String: SimulatedFile] = [:]
    /// Not on stable storage: nil for a removal.
    private var pendingNames: [(name: String, file: SimulatedFile?)] = []
    private var isLocked = false
    fileprivate var lastWritten = ""
    private(set) var aside: [String: ByteBuffer] = [:]

    init(seed: UInt64) { random = Dice(seed: seed) }

    // MARK: LogDisk

    func lock() throws(SpoolFault) {
        guard !isLocked else { throw .inputOutput("locked") }
        isLocked = true
    }

    func unlock() { isLocked = false }

    func list() throws(SpoolFault) -> [String] {
        try checkRunning()
        // A directory has no order; this one has a bad one.
        return names.keys.sorted(by: >)
    }

    func create(_ name: String, bytes: Int) throws(SpoolFault) -> any LogFile {
        let trouble = try begin("create \(name) \(bytes)")
        guard names[name] == nil else { throw .inputOutput("\(name) exists") }
        if trouble == .noSpace || usedBytes + bytes > capacity { throw .noSpace("create \(name)") }
        let isDone = trouble == nil || random.chance(50)
        let file = SimulatedFile(name, bytes: bytes, disk: self)
        if isDone {
            names[name] = file
            pendingNames.append((name, file))
        }
        try end(trouble)
        return file
    }

    func open(_ name: String) throws(SpoolFault) -> (any LogFile)? {
        try checkRunning()
        return names[name]
    }

    func remove(_ name: String) throws(SpoolFault) {
        let trouble = try begin("remove \(name)")
        if trouble == nil || trouble == .stop && random.chance(50), names.removeValue(forKey: name) != nil {
            pendingNames.append((name, nil))
        }
        try end(trouble)
    }

    func sync() throws(SpoolFault) {
        let trouble = try begin("sync names")
        if trouble == nil, lie == .syncsNoNames { return }
        // A journal that cannot be written is not forgotten as pages are.
        if trouble == nil { keepNames(percent: 100) }
        try end(trouble)
    }

    func keepAside(_ bytes: ByteBuffer, as name: String) throws(SpoolFault) -> String {
        let trouble = try begin("keep aside \(name) \(bytes.readableBytes)")
        if trouble == nil, aside[name] == nil { aside[name] = bytes }
        try end(trouble)
        return "aside/" + name
    }

    var freeBytes: Int? { capacity - usedBytes }

    // MARK: What happens to it

    /// Of all files that are there.
    var usedBytes: Int { names.values.reduce(0) { $0 + $1.bytes } }

    /// The process is gone: all that was written is in the kernel.
    func restart() {
        isStopped = false
        isLocked = false
        trouble = nil
    }

    /// The power goes, and comes back.
    func cutPower() {
        restart()
        keepNames(percent: random.pick([0, 50, 90, 100]))
        names = stableNames
        let weather = Weather(&random)
        for name in names.keys.sorted() { names[name]!.cutPower(weather, &random) }
    }

    /// Turns a bit in what was synced long ago.
    /// - Returns: where, and whether in the file that was written last; nil if there is nothing.
    func flipBit() -> (place: String, isNewest: Bool)? {
        let files = names.values.filter { $0.bytes > 0 && $0.isSynced }.sorted { $0.name < $1.name }
        guard !files.isEmpty else { return nil }
        let file = random.pick(files)
        let offset = file.flipBit(&random)
        return ("\(file.name) at \(offset)", file.name == lastWritten)
    }

    /// Each name that is not on stable storage gets there by chance; the others never will.
    private func keepNames(percent: Int) {
        for (name, file) in pendingNames where random.chance(percent) { stableNames[name] = file }
        pendingNames = []
    }

    // MARK: Operations

    fileprivate func checkRunning() throws(SpoolFault) {
        if isStopped { throw .inputOutput("stopped") }
    }

    /// - Returns: what is to happen at this operation.
    fileprivate func begin(_ operation: @autoclosure () -> String) throws(SpoolFault) -> Trouble? {
        try checkRunning()
        operations += 1
        var found: Trouble?
        if let (after, what) = trouble {
            found = after == 0 ? what : nil
            trouble = after == 0 ? nil : (after - 1, what)
        }
        if let onOperation { onOperation(operation() + (found.map { " [\($0)]" } ?? "")) }
        return found
    }

    fileprivate func end(_ trouble: Trouble?) throws(SpoolFault) {
        switch trouble {
        case nil: return
        case .stop?:
            isStopped = true
            throw .inputOutput("stopped")
        case .failure?: throw .inputOutput("EIO")
        case .noSpace?: throw .noSpace("ENOSPC")
        }
    }
}

/// How hard a power cut is on what was not synced.
private struct Weather {
    var unit: Int
    var keepPercent: Int
    var tearPercent: Int

    init(_ random: inout Dice) {
        unit = random.pick([512, 512, 4096])
        keepPercent = random.pick([0, 15, 50, 85, 98])
        tearPercent = random.pick([0, 0, 5, 20])
    }
}

/// A file of the simulated disk.
final class SimulatedFile: LogFile, @unchecked Sendable {
    let name: String
    private(set) var bytes: Int
    /// What a read returns.
    private var content: [UInt8]
    /// What is on stable storage.
    private var stable: [UInt8]
    private var pending: [(offset: Int, bytes: [UInt8])] = []
    private var isLengthStable = false
    fileprivate var isSynced: Bool { pending.isEmpty }
    private unowned let disk: SimulatedDisk

    fileprivate init(_ name: String, bytes: Int, disk: SimulatedDisk) {
        self.name = name
        self.bytes = bytes
        self.disk = disk
        content = [UInt8](repeating: 0, count: bytes)
        stable = content
    }

    func read(at offset: Int, count: Int) throws(SpoolFault) -> ByteBuffer? {
        try disk.checkRunning()
        guard offset >= 0, count >= 0, offset + count <= bytes else { return nil }
        var out = ByteBufferAllocator().buffer(capacity: count)
        content.withUnsafeBytes { _ = out.writeBytes(UnsafeRawBufferPointer(rebasing: $0[offset..<offset + count])) }
        return out
    }

    func write(_ buffers: [ByteBuffer], at offset: Int) throws(SpoolFault) {
        let count = buffers.reduce(0) { $0 + $1.readableBytes }
        let trouble = try disk.begin("write \(name) \(count) at \(offset)")
        guard offset + count <= bytes else { throw .inputOutput("\(name): write behind the end") }
        disk.lastWritten = name
        var joined: [UInt8] = []
        joined.reserveCapacity(count)
        for buffer in buffers { buffer.withUnsafeReadableBytes { joined.append(contentsOf: $0) } }
        if trouble != nil { joined.removeLast(disk.random.below(count + 1)) }
        content.replaceSubrange(offset..<offset + joined.count, with: joined)
        pending.append((offset, joined))
        try disk.end(trouble)
    }

    func sync() throws(SpoolFault) {
        let trouble = try disk.begin("sync \(name)")
        switch trouble {
        case nil:
            if disk.lie == .syncsNothing { return }
            if disk.lie == .answersBeforeItKnows, disk.random.chance(2) { return }
            for (offset, bytes) in pending { stable.replaceSubrange(offset..<offset + bytes.count, with: bytes) }
            pending = []
            isLengthStable = true
        case .stop?:
            // Some of it went out; what did not is still in the kernel.
            if disk.random.chance(50) { writeSome(keepPercent: 50) }
        case .failure?, .noSpace?:
            // The kernel forgets what it could not write; reads may still find it until the page is dropped.
            writeSome(keepPercent: disk.random.pick([0, 50, 90]))
            pending = []
            if disk.random.chance(50) { content = stable }
        }
        try disk.end(trouble)
    }

    private func writeSome(keepPercent: Int) {
        var weather = Weather(&disk.random)
        (weather.keepPercent, weather.tearPercent) = (keepPercent, 0)
        settle(weather, &disk.random)
    }

    fileprivate func cutPower(_ weather: Weather, _ random: inout Dice) {
        settle(weather, &random)
        pending = []
        if !isLengthStable {
            let blocks = bytes / 4096
            bytes = random.pick([0, bytes, random.below(blocks + 1) * 4096])
            stable.removeLast(stable.count - bytes)
        }
        isLengthStable = true
        content = stable
    }

    /// Each sector of each write reaches stable storage, or not, or in part.
    private func settle(_ weather: Weather, _ random: inout Dice) {
        for (offset, bytes) in pending {
            var at = offset
            while at < offset + bytes.count {
                let end = min(offset + bytes.count, (at / weather.unit + 1) * weather.unit)
                var kept = 0..<end - at
                let fate = random.below(100)
                if fate < weather.tearPercent {
                    let cut = random.below(end - at)
                    kept = random.chance(50) ? 0..<cut : cut..<end - at
                } else if random.below(100) >= weather.keepPercent {
                    kept = 0..<0
                }
                stable.replaceSubrange(
                    at + kept.lowerBound..<at + kept.upperBound,
                    with: bytes[at - offset + kept.lowerBound..<at - offset + kept.upperBound])
                at = end
            }
        }
    }

    /// - Returns: where.
    fileprivate func flipBit(_ random: inout Dice) -> Int {
        let offset = random.below(bytes)
        let bit = UInt8(1 << random.below(8))
        content[offset] ^= bit
        stable[offset] ^= bit
        return offset
    }
}
