import SpoolContract

/// What is measured, and for how long.
struct Plan {
    var sizes = [1_000, 10_000, 100_000]
    var waiters = [1, 16, 256]
    var durabilities: [Durability] = [.fsync, .os]
    var subjects = Subject.all
    var seconds = 2.0
    var rounds = 5
    var rocksDBOptions: [String: String] = [:]

    static var quick: Plan {
        var plan = Plan()
        plan.sizes = [1_000, 100_000]
        plan.waiters = [16, 256]
        plan.durabilities = [.fsync]
        plan.seconds = 0.5
        plan.rounds = 2
        return plan
    }

    var cells: [Cell] {
        durabilities.flatMap { durability in
            sizes.flatMap { size in waiters.map { Cell(bytes: size, waiters: $0, durability: durability) } }
        }
    }

    /// Everything that is measured in a cell. The loop without waiters does not depend on them: once a size is enough.
    func subjects(in cell: Cell) -> [Subject] {
        subjects.filter { $0.name != Subject.floorLoop.name || cell.waiters == waiters.last }
    }
}

/// One load.
struct Cell: Hashable {
    var bytes: Int
    /// Messages in flight; each waiter submits its next one when its last is committed.
    var waiters: Int
    var durability: Durability
}

/// What one subject did in one cell and round.
struct Sample {
    var messages: UInt64
    var seconds: Double
    var cpuSeconds: Double
    /// By the device's own count, so of everybody who wrote to it; nil if the file system has no device.
    var deviceBytes: UInt64?
    var waitP50: UInt64
    var waitP99: UInt64

    var rate: Double { Double(messages) / seconds }
    var cpuMicroseconds: Double { cpuSeconds * 1e6 / Double(messages) }
    var devicePerMessage: Double? { deviceBytes.map { Double($0) / Double(messages) } }
}
