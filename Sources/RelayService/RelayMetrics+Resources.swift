import ReplyClassification
package import Measures
import SpoolContract

extension RelayMetrics {
    static let threadSeconds = MetricFamily(
        "millrace_thread_cpu_seconds_total", .counter,
        "CPU time by what threads work at: event_loops, spool, signing, authentication, http, dns, other.",
        labels: ["group"])
    static let cacheEntries = MetricFamily(
        "millrace_cache_entries", .gauge,
        "What is remembered: exchangers (domains), mta_sts (policies), replies (their categories); what libunbound remembers, such as keys of DKIM, it does not tell.",
        labels: ["cache"])
    static let cacheLookups = MetricFamily(
        "millrace_cache_lookups_total", .counter, "Questions to what is remembered, by result: hit, miss.",
        labels: ["cache", "result"])
    static let spoolMessages = MetricFamily("millrace_spool_messages", .gauge, "Messages that the spool has.")
    static let spoolBytes = MetricFamily(
        "millrace_spool_disk_bytes", .gauge, "Bytes that the spool takes on its file system.")
    static let rocksMemory = MetricFamily(
        "millrace_rocksdb_memory_bytes", .gauge, "RocksDB's memory by kind: memtables, block_cache, table_readers.",
        labels: ["kind"])
    static let rocksFiles = MetricFamily(
        "millrace_rocksdb_level_files", .gauge, "RocksDB's files by level.", labels: ["level"])
    static let rocksJobs = MetricFamily(
        "millrace_rocksdb_running_jobs", .gauge, "RocksDB's jobs that are running: flush, compaction.", labels: ["job"])
    static let rocksPending = MetricFamily(
        "millrace_rocksdb_pending_compaction_bytes", .gauge, "What RocksDB thinks that it has to compact.")
    static let rocksStopped = MetricFamily(
        "millrace_rocksdb_write_stopped", .gauge, "1 while RocksDB takes no writes, for compaction lags behind.")
    static let rocksDelayed = MetricFamily(
        "millrace_rocksdb_delayed_write_bytes_per_second", .gauge,
        "The rate that RocksDB slows writes down to; 0: it does not.")
    static let rocksStalls = MetricFamily(
        "millrace_rocksdb_stall_seconds_total", .counter, "Time that writers had to wait for RocksDB's compaction.")
    static let rocksErrors = MetricFamily(
        "millrace_rocksdb_background_errors_total", .counter, "Flushes and compactions of RocksDB's that failed.")

    static let resources = [
        threadSeconds, cacheEntries, cacheLookups, spoolMessages, spoolBytes, rocksMemory, rocksFiles, rocksJobs,
        rocksPending, rocksStopped, rocksDelayed, rocksStalls, rocksErrors,
    ]
}

/// What is known from one reading of the metrics to the next.
struct MetricsMemory: Sendable {
    /// By what names are of.
    var largest: [String: LargestCounters] = [:]
    /// CPU seconds of the threads that have no group; never falls, whatever threads end.
    var otherSeconds = 0.0
}

// What threads, caches and the spool's own machinery are at.
extension RelayServer {
    func addResources(_ text: inout MetricText) async throws {
        addThreads(&text)
        try await addCaches(&text)
        let report = spool.report
        text.add(RelayMetrics.spoolMessages, report.messages)
        if let bytes = report.diskBytes { text.add(RelayMetrics.spoolBytes, bytes) }
        RelayMetrics.addRocksDB(Dictionary(report.details.map { ($0.name, $0.value) }) { first, _ in first }, &text)
    }

    private func addThreads(_ text: inout MetricText) {
        var seconds = ThreadBook.cpuSeconds
        // Threads come and go; what they have used is the rest of the process'.
        let own = seconds.reduce(0) { $1.key == .other ? $0 : $0 + $1.value }
        memory.otherSeconds = max(memory.otherSeconds, ProcessUsage.current().cpuSeconds - own)
        seconds[.other] = memory.otherSeconds
        text.add(
            RelayMetrics.threadSeconds, ThreadGroup.allCases.map { ([$0.rawValue], seconds[$0] ?? 0) })
    }

    private func addCaches(_ text: inout MetricText) async throws {
        var caches: [(name: String, entries: Int, hits: UInt64, misses: UInt64)] = []
        if let routes = lookupCounts { caches.append(("exchangers", routes.remembered, routes.hits, routes.misses)) }
        if let policies = shards[0].parts.security?.policies?.counts {
            caches.append(("mta_sts", policies.kept, policies.hits, policies.misses))
        }
        if configuration.classification != nil {
            var (entries, asked, found) = (0, UInt64(0), UInt64(0))
            for shard in shards {
                let part = try await shard.context.eventLoop.submit {
                    (shard.verdicts?.count ?? 0, shard.verdicts?.counts)
                }.get()
                entries += part.0
                asked += part.1?.asked ?? 0
                found += part.1?.found ?? 0
            }
            caches.append(("replies", entries, found, asked - found))
        }
        text.add(RelayMetrics.cacheEntries, caches.map { ([$0.name], Double($0.entries)) })
        text.add(
            RelayMetrics.cacheLookups,
            caches.flatMap { [([$0.name, "hit"], Double($0.hits)), ([$0.name, "miss"], Double($0.misses))] })
    }
}

extension RelayMetrics {
    /// - Parameter details: of the spool's report; with other spools there are none of these names.
    package static func addRocksDB(_ details: [String: Int], _ text: inout MetricText) {
        func samples(_ names: [(String, String)]) -> [(labels: [String], value: Double)] {
            names.compactMap { label, name in details["rocksdb." + name].map { ([label], Double($0)) } }
        }
        text.add(
            RelayMetrics.rocksMemory,
            samples([
                ("memtables", "cur-size-all-mem-tables"), ("block_cache", "block-cache-usage"),
                ("table_readers", "estimate-table-readers-mem"),
            ]))
        text.add(RelayMetrics.rocksFiles, samples((0..<7).map { ("\($0)", "num-files-at-level\($0)") }))
        text.add(
            RelayMetrics.rocksJobs,
            samples([("flush", "num-running-flushes"), ("compaction", "num-running-compactions")]))
        let single = [
            (RelayMetrics.rocksPending, "estimate-pending-compaction-bytes", 1.0),
            (RelayMetrics.rocksStopped, "is-write-stopped", 1),
            (RelayMetrics.rocksDelayed, "actual-delayed-write-rate", 1),
            (RelayMetrics.rocksStalls, "stall.micros", 1e6), (RelayMetrics.rocksErrors, "background-errors", 1),
        ]
        for (family, name, divisor) in single {
            if let value = details["rocksdb." + name] { text.add(family, Double(value) / divisor) }
        }
    }
}
