import LoadShedding
import MailTypes
import Testing

@Suite struct LoadShedderTests {
    private static var limits: LoadLimits {
        var limits = LoadLimits()
        limits.minimumFreeBytes = 1_000
        limits.minimumFreeInodes = 100
        limits.memoryBytes = 10_000
        limits.descriptors = 264
        limits.queuedMessages = 500
        return limits
    }

    private static func reading(_ change: (inout LoadReading) -> Void) -> LoadReading {
        var reading = LoadReading()
        change(&reading)
        return reading
    }

    /// A cause, a reading that begins it, one between, and one that ends it.
    private static let table: [(cause: LoadCause, beyond: LoadReading, between: LoadReading, well: LoadReading)] = [
        (.disk, reading { $0.freeBytes = 999 }, reading { $0.freeBytes = 1_099 }, reading { $0.freeBytes = 1_100 }),
        (.inodes, reading { $0.freeInodes = 99 }, reading { $0.freeInodes = 109 }, reading { $0.freeInodes = 110 }),
        (
            .memory, reading { $0.memoryBytes = 10_001 }, reading { $0.memoryBytes = 9_001 },
            reading { $0.memoryBytes = 9_000 }
        ),
        (
            .descriptors, reading { $0.openDescriptors = 201 }, reading { $0.openDescriptors = 181 },
            reading { $0.openDescriptors = 180 }
        ),
        (
            .backlog, reading { $0.queuedMessages = 501 }, reading { $0.queuedMessages = 451 },
            reading { $0.queuedMessages = 450 }
        ),
    ]

    /// At the limit nothing happens yet, beyond it it begins, and it ends a tenth below and a second later.
    @Test(arguments: table.indices)
    func eachCauseBeginsAndEndsOnce(row: Int) {
        let (cause, beyond, between, well) = Self.table[row]
        // What is seen when, and whether the cause holds then.
        let course: [(now: UInt64, reading: LoadReading, holds: Bool, why: Comment)] = [
            (0, between, false, "what hovers begins nothing"), (1_000, beyond, true, "beyond the limit"),
            (2_000, beyond, true, "still"), (9_000, between, true, "what hovers ends nothing"),
            (9_001, well, false, "a tenth better"), (9_002, beyond, true, "again"),
            (10_001, well, true, "it lasts a second"), (10_002, well, false, "and no longer"),
        ]
        var shedder = LoadShedder()
        for (now, reading, holds, why) in course {
            let held = !shedder.causes.isEmpty
            let changed = shedder.observe(reading, Self.limits, now: now)
            #expect(shedder.causes == (holds ? [cause] : []), why)
            #expect(changed == (holds != held), why)
        }
    }

    /// A limit that the relay is beyond with nothing to do would have it refuse mail for good.
    @Test(
        arguments: [
            (64 << 20, 20_000_000, false), (64_000_000, 20_000_000, true), (200_000_000, 180_000_001, true),
            (200_000_000, 180_000_000, false), (nil, 1 << 40, false),
        ] as [(Int?, Int, Bool)])
    func aLimitThatIsTooSmallIsSaid(limit: Int?, held: Int, isSaid: Bool) throws {
        var limits = LoadLimits()
        limits.memoryBytes = limit
        let warning = limits.memoryWarning(held: held, name: "memory_limit")
        #expect((warning != nil) == isSaid)
        guard let warning else { return }
        for part in ["memory_limit", "\(limit! / 1_000_000) MB", "\(held / 1_000_000) MB are held", "would do"] {
            #expect(warning.contains(part), "\(part) in \(warning)")
        }
        // What it proposes is enough.
        let words = try #require(warning.firstMatch(of: /only; (\d+) MB would do/))
        limits.memoryBytes = try #require(Int(words.1)) * 1_000_000
        #expect(limits.memoryWarning(held: held, name: "memory_limit") == nil)
    }

    @Test func whatIsNotKnownOrNotLimitedSaysNothing() {
        var shedder = LoadShedder()
        var reading = LoadReading()
        _ = shedder.observe(reading, Self.limits, now: 0)
        #expect(shedder.causes.isEmpty)
        (reading.freeBytes, reading.freeInodes, reading.memoryBytes) = (0, 0, .max)
        (reading.openDescriptors, reading.queuedMessages) = (.max, .max)
        _ = shedder.observe(reading, LoadLimits(), now: 0)
        #expect(shedder.causes.isEmpty)
        #expect(shedder.mailReply == nil && shedder.connectionReply(hostname: "mta.test") == nil)
    }

    /// Who is told what: storage and backlog at MAIL, memory also at the greeting, descriptors only there.
    @Test(arguments: [
        (LoadCause.disk, "452 4.3.1 Insufficient system storage" as String?, nil as String?),
        (.inodes, "452 4.3.1 Insufficient system storage", nil),
        (
            .memory, "452 4.3.1 Insufficient memory, try again later",
            "421 4.3.2 mta.test Short of memory, try again later"
        ),
        (.descriptors, nil, "421 4.3.2 mta.test Short of descriptors, try again later"),
        (.backlog, "452 4.3.1 Too much mail is waiting, try again later", nil),
    ])
    func clientsAreToldWhy(cause: LoadCause, mail: String?, connection: String?) throws {
        var shedder = LoadShedder()
        let row = try #require(Self.table.first { $0.cause == cause })
        _ = shedder.observe(row.beyond, Self.limits, now: 0)
        #expect(shedder.mailReply?.description == mail)
        #expect(shedder.connectionReply(hostname: "mta.test")?.description == connection)
    }

    /// Other limits end a cause that was only theirs (SIGHUP).
    @Test func limitsMayChange() {
        var shedder = LoadShedder()
        let full = Self.reading { $0.queuedMessages = 501 }
        _ = shedder.observe(full, Self.limits, now: 0)
        #expect(shedder.causes == [.backlog])
        var wider = Self.limits
        wider.queuedMessages = nil
        _ = shedder.observe(full, wider, now: 1_000)
        #expect(shedder.causes.isEmpty)
    }
}
