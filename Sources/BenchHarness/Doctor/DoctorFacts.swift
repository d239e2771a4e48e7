package import Measures

/// What a run would need of the machine: the judgement is made for it.
package struct DoctorNeeds: Sendable {
    /// Connections that the generator keeps open.
    package var connections: Int
    /// Text of all messages together; 0: not known.
    package var bytes: UInt64
    /// That other programs may not be listening on.
    package var ports: [Int]
    package var spoolDirectory: String

    package init(connections: Int, bytes: UInt64 = 0, ports: [Int] = [], spoolDirectory: String) {
        self.connections = connections
        self.bytes = bytes
        self.ports = ports
        self.spoolDirectory = spoolDirectory
    }
}

/// What ``DoctorProbe`` saw of the machine; ``DoctorJudgement`` says what it means.
package struct DoctorFacts: Sendable {
    /// Open files that a process may be given at most.
    package var descriptorLimit: UInt64
    /// By name, as the kernel shows them; those that are not there are missing.
    package var sysctls: [String: String]
    package var processor: Processor
    package var memory: Memory
    package var disk: Disk
    package var neighbours: Neighbours
    package var nameServers: [NameServerFacts]
    package var tools: [ToolFacts]

    package init(
        descriptorLimit: UInt64, sysctls: [String: String], processor: Processor, memory: Memory, disk: Disk,
        neighbours: Neighbours, nameServers: [NameServerFacts], tools: [ToolFacts]
    ) {
        self.descriptorLimit = descriptorLimit
        self.sysctls = sysctls
        self.processor = processor
        self.memory = memory
        self.disk = disk
        self.neighbours = neighbours
        self.nameServers = nameServers
        self.tools = tools
    }

    package struct Processor: Sendable {
        package var cores: Int
        /// Of each core, different ones once; empty where the machine does not tell (virtual ones do not).
        package var governors: [String]
        package var clockSource: String
        /// One reading of the monotonic clock, mean.
        package var clockReadNanoseconds: Double
        /// `always`, `madvise` or `never`; nil where the kernel has no such pages.
        package var hugePages: String?
        /// Cores' worth of time that control groups allow; nil: no limit.
        package var groupCores: Double?

        package init(
            cores: Int, governors: [String], clockSource: String, clockReadNanoseconds: Double, hugePages: String?,
            groupCores: Double?
        ) {
            self.cores = cores
            self.governors = governors
            self.clockSource = clockSource
            self.clockReadNanoseconds = clockReadNanoseconds
            self.hugePages = hugePages
            self.groupCores = groupCores
        }
    }

    package struct Memory: Sendable {
        package var bytes: UInt64
        package var availableBytes: UInt64
        package var swapBytes: UInt64
        package var swapUsedBytes: UInt64
        /// That control groups allow; nil: no limit.
        package var groupBytes: UInt64?

        package init(
            bytes: UInt64, availableBytes: UInt64, swapBytes: UInt64, swapUsedBytes: UInt64, groupBytes: UInt64?
        ) {
            self.bytes = bytes
            self.availableBytes = availableBytes
            self.swapBytes = swapBytes
            self.swapUsedBytes = swapUsedBytes
            self.groupBytes = groupBytes
        }
    }

    /// Of the directory that spools would lie in.
    package struct Disk: Sendable {
        package var mount: MountFacts
        package var freeBytes: UInt64
        package var freeInodes: UInt64
        /// 4 KiB written and synced, one after the other.
        package var syncLatency: LatencyHistogram
        /// Whether the file system keeps a journal; nil where that cannot be seen.
        package var hasJournal: Bool?
        /// Of the device's queue: `write back` or `write through`; nil where there is none to ask.
        package var writeCache: String?

        package init(
            mount: MountFacts, freeBytes: UInt64, freeInodes: UInt64, syncLatency: LatencyHistogram, hasJournal: Bool?,
            writeCache: String?
        ) {
            self.mount = mount
            self.freeBytes = freeBytes
            self.freeInodes = freeInodes
            self.syncLatency = syncLatency
            self.hasJournal = hasJournal
            self.writeCache = writeCache
        }
    }

    /// What else goes on.
    package struct Neighbours: Sendable {
        /// Durations of one and the same work, in nanoseconds.
        package var calibration: [UInt64]
        /// Part of all processor time meanwhile that the hypervisor gave to others, 0 to 1.
        package var stolen: Double
        /// Processes that were using more than 2 % of a core meanwhile, the busiest first.
        package var busy: [BusyProcess]
        package var listeners: [Listener]

        package init(calibration: [UInt64], stolen: Double, busy: [BusyProcess], listeners: [Listener]) {
            self.calibration = calibration
            self.stolen = stolen
            self.busy = busy
            self.listeners = listeners
        }
    }
}

/// One line of /proc/self/mounts.
package struct MountFacts: Sendable, Equatable {
    package var device: String
    package var directory: String
    package var fileSystem: String
    package var options: [String]

    package init(device: String, directory: String, fileSystem: String, options: [String]) {
        self.device = device
        self.directory = directory
        self.fileSystem = fileSystem
        self.options = options
    }
}

package struct BusyProcess: Sendable, Equatable {
    package var pid: Int
    package var name: String
    /// 1: one core, the whole time.
    package var cores: Double

    package init(pid: Int, name: String, cores: Double) {
        self.pid = pid
        self.name = name
        self.cores = cores
    }
}

/// A TCP socket that listens.
package struct Listener: Sendable, Hashable {
    package var port: Int
    /// Of the program that has it; nil where that cannot be seen.
    package var program: String?

    package init(port: Int, program: String?) {
        self.port = port
        self.program = program
    }
}

package struct NameServerFacts: Sendable, Equatable {
    package enum Answer: Sendable, Equatable {
        /// Only name servers of this machine are asked: a measuring program leaves others alone.
        case notAsked
        case none
        /// Median of a few questions.
        case after(nanoseconds: UInt64)
    }

    package var address: String
    package var answer: Answer

    package init(address: String, answer: Answer) {
        self.address = address
        self.answer = answer
    }
}

/// Something that the harness measures or limits with, where it is there.
package struct ToolFacts: Sendable, Equatable {
    package var name: String
    package var isAvailable: Bool
    /// What cannot be done without it.
    package var purpose: String
    /// What is there, or what is missing.
    package var detail: String

    package init(name: String, isAvailable: Bool, purpose: String, detail: String) {
        self.name = name
        self.isAvailable = isAvailable
        self.purpose = purpose
        self.detail = detail
    }
}
