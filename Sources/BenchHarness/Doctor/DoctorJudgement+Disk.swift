import Measures

/// The disk below the spools, name servers, and what the harness can do here.
extension DoctorJudgement {
    var disk: [DoctorFinding] {
        [fileSystem, syncLatency, syncSpread, space, inodes, writeCache] + mountOptions + (journal.map { [$0] } ?? [])
    }

    private var mount: MountFacts { facts.disk.mount }
    private static let inMemory = ["tmpfs", "ramfs", "devtmpfs"]
    private static let remote = ["nfs", "nfs4", "cifs", "9p", "virtiofs", "ceph", "smb3"]

    private var fileSystem: DoctorFinding {
        let name = "file system of the spool"
        let now = "\(mount.fileSystem) on \(mount.device), mounted on \(mount.directory)"
        let kind = mount.fileSystem
        if Self.inMemory.contains(kind) {
            return DoctorFinding(
                name, .severe, now: now, recommended: "a disk (--spool-root DIRECTORY)",
                why: "a spool in memory syncs nothing: no durable spool can be measured on it")
        }
        if Self.remote.contains(kind) || kind.hasPrefix("fuse") {
            return DoctorFinding(
                name, .warning, now: now, recommended: "a local disk (--spool-root DIRECTORY)",
                why: "another program or machine decides when a sync is done")
        }
        if kind == "overlay" {
            return DoctorFinding(
                name, .warning, now: now, recommended: "the file system below it (--spool-root DIRECTORY)",
                why: "files are copied up on their first write, and some overlays are mounted 'volatile', without syncs"
            )
        }
        return DoctorFinding(name, .ok, now: now, why: "what a spool's syncs go to")
    }

    /// Below this no flash without a battery has stored anything.
    private static let tooFast: UInt64 = 30_000
    private static let slow: UInt64 = 10_000_000

    private var syncLatency: DoctorFinding {
        let name = "4 KiB write and fdatasync, p50"
        let median = facts.disk.syncLatency.percentile(50)
        let rate = median > 0 ? 1e9 / Double(median) : 0
        let now = "\(fixed(Double(median) / 1e6, 3)) ms, \(grouped(Int(rate))) a second"
        if median < Self.tooFast {
            return DoctorFinding(
                name, .warning, now: now, recommended: "0.03 ms or more, or a cache that survives a power cut",
                why:
                    "too fast for stable storage: a volatile cache said that it was done, or syncs do not reach the disk"
            )
        }
        if median > Self.slow {
            return DoctorFinding(
                name, .warning, now: now, recommended: "below 10 ms",
                why:
                    "a message at a time cannot go faster than this: only group commits will, and latency is the disk's"
            )
        }
        return DoctorFinding(name, .ok, now: now, why: "each acknowledged message waits for one of these, or shares it")
    }

    private var syncSpread: DoctorFinding {
        let latency = facts.disk.syncLatency
        let (median, late) = (latency.percentile(50), latency.percentile(99))
        let factor = Double(late) / Double(max(1, median))
        let noisy = factor > 20
        return DoctorFinding(
            "4 KiB write and fdatasync, p99", noisy ? .warning : .ok,
            now: "\(fixed(Double(late) / 1e6, 3)) ms, \(fixed(factor, 1)) times the median",
            recommended: noisy ? "20 times the median or less" : "",
            why: "a disk that others write to, or whose credit for bursts runs out, has long ones among short ones")
    }

    private static let leastFree: UInt64 = 2 << 30

    private var space: DoctorFinding {
        let free = facts.disk.freeBytes
        let needed = max(Self.leastFree, needs.bytes * 3)
        func gb(_ bytes: UInt64) -> String { fixed(Double(bytes) / 1e9, 1) + " GB" }
        let severity: DoctorSeverity =
            free < max(Self.leastFree / 2, needs.bytes) ? .severe : free < needed ? .warning : .ok
        return DoctorFinding(
            "free space for the spool", severity, now: gb(free), recommended: severity == .ok ? "" : gb(needed),
            why: "three times the run's text: messages that wait, and what is not yet cleaned up behind them")
    }

    private var inodes: DoctorFinding {
        let free = facts.disk.freeInodes
        // btrfs and others make them as they are needed, and say 0.
        let few = free > 0 && free < 200_000
        return DoctorFinding(
            "free inodes for the spool", few ? .warning : .ok, now: free == 0 ? "not counted" : grouped(free),
            recommended: few ? "200,000 or more" : "", why: "spools of one file a message take one or two for each")
    }

    private var writeCache: DoctorFinding {
        let why =
            "'write back' devices are told to flush at each sync; of 'write through' ones it is taken as not needed"
        return DoctorFinding(
            "write cache of the device", facts.disk.writeCache == nil ? .note : .ok,
            now: facts.disk.writeCache ?? "not shown", why: why)
    }

    private var mountOptions: [DoctorFinding] {
        let options = mount.options
        var found: [DoctorFinding] = []
        func report(_ option: String, _ severity: DoctorSeverity, _ wanted: String, _ why: String) {
            found.append(
                DoctorFinding(
                    "mount option \(option)", severity, now: option, recommended: wanted, why: why,
                    command: wanted.isEmpty ? "" : "mount -o remount,\(wanted) \(mount.directory)"))
        }
        for option in options where ["nobarrier", "barrier=0", "volatile"].contains(option) {
            report(
                option, .severe, option == "volatile" ? "" : "barrier",
                "syncs do not flush the device's cache: what is measured as durable is not")
        }
        for option in options where ["sync", "dirsync"].contains(option) {
            report(option, .warning, "async", "every write is synced, asked for or not")
        }
        if options.contains("strictatime") {
            report("strictatime", .note, "noatime", "every read of a spooled message is a write, too")
        }
        if options.contains("discard") {
            report("discard", .note, "nodiscard", "each removed file is told to the device at once, during the run")
        }
        if options.contains("data=journal") {
            report("data=journal", .note, "", "all content is written twice")
        }
        if found.isEmpty {
            let shown = options.joined(separator: ",")
            found.append(DoctorFinding("mount options", .ok, now: shown, why: "none that distorts syncs or reads"))
        }
        return found
    }

    /// Nil where it cannot be seen.
    private var journal: DoctorFinding? {
        facts.disk.hasJournal.map {
            DoctorFinding(
                "journal of the file system", $0 ? .ok : .note, now: $0 ? "yes" : "none",
                why: $0
                    ? "new files and longer ones cost a commit of it at each sync"
                    : "syncs of new files are cheaper here than on most machines, and a crash may lose the files' names"
            )
        }
    }

    // MARK: Name servers

    private static let slowAnswer: UInt64 = 10_000_000

    var nameServers: [DoctorFinding] {
        let why =
            "a system that looks up exchangers waits for it for each new domain; runs with a smart host do not ask"
        return facts.nameServers.map { server in
            let name = "name server \(server.address)"
            switch server.answer {
            case .notAsked:
                return DoctorFinding(name, .note, now: "not asked: it is not on this machine", why: why)
            case .none:
                return DoctorFinding(name, .warning, now: "no answer", recommended: "an answer", why: why)
            case .after(let nanoseconds):
                let isSlow = nanoseconds > Self.slowAnswer
                return DoctorFinding(
                    name, isSlow ? .warning : .ok, now: "\(fixed(Double(nanoseconds) / 1e6, 2)) ms",
                    recommended: isSlow ? "below 10 ms" : "", why: why)
            }
        }
    }

    // MARK: What the harness can do here

    var tools: [DoctorFinding] {
        facts.tools.map {
            DoctorFinding(
                $0.name, $0.isAvailable ? .ok : .note, now: $0.detail,
                recommended: "", why: ($0.isAvailable ? "" : "not there: ") + $0.purpose)
        }
    }
}
