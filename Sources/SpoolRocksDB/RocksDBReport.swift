import Glibc
package import SpoolContract

extension RocksDBSpool {
    private static let properties: [(name: String, unit: String)] = [
        ("rocksdb.estimate-num-keys", "count"), ("rocksdb.cur-size-all-mem-tables", "bytes"),
        ("rocksdb.num-immutable-mem-table", "count"), ("rocksdb.num-running-flushes", "count"),
        ("rocksdb.num-running-compactions", "count"), ("rocksdb.estimate-pending-compaction-bytes", "bytes"),
        ("rocksdb.total-sst-files-size", "bytes"), ("rocksdb.total-blob-file-size", "bytes"),
        ("rocksdb.is-write-stopped", "count"), ("rocksdb.actual-delayed-write-rate", "bytes"),
        ("rocksdb.background-errors", "count"), ("rocksdb.block-cache-usage", "bytes"),
        ("rocksdb.estimate-table-readers-mem", "bytes"),
    ]
    /// These are texts.
    private static let textProperties = (0..<7).map { (name: "rocksdb.num-files-at-level\($0)", unit: "count") }
    private static let tickers: [(name: String, unit: String)] = [
        ("rocksdb.wal.bytes", "bytes"), ("rocksdb.wal.synced", "count"), ("rocksdb.stall.micros", "us"),
        ("rocksdb.flush.write.bytes", "bytes"), ("rocksdb.compact.write.bytes", "bytes"),
    ]

    /// Takes about a millisecond: RocksDB writes all its tickers out as text, and the directory is read.
    package var report: SpoolReport {
        let (messages, bytes, failure) = known.withLock { ($0.open.count, $0.open.bytes, $0.failure) }
        var details = Self.properties.compactMap { property in
            database.property(property.name).map { SpoolReport.Detail(property.name, $0, property.unit) }
        }
        details += Self.textProperties.compactMap { property in
            database.text(property.name).flatMap { Int($0) }.map { .init(property.name, $0, property.unit) }
        }
        let statistics = database.statistics.split(separator: "\n")
        for ticker in Self.tickers {
            guard let line = statistics.first(where: { $0.hasPrefix(ticker.name + " COUNT : ") }),
                let value = line.split(separator: " ").last.flatMap({ Int($0) })
            else { continue }
            details.append(.init(ticker.name, value, ticker.unit))
        }
        return SpoolReport(
            messages: messages, liveBytes: bytes, diskBytes: diskBytes, fault: failure, details: details)
    }

    /// Blocks of all files in the directory: RocksDB allocates its logs ahead.
    private var diskBytes: Int? {
        guard let folder = opendir(settings.directory) else { return nil }
        defer { closedir(folder) }
        var bytes = 0
        while let entry = readdir(folder) {
            var status = stat()
            let found = withUnsafePointer(to: &entry.pointee.d_name) { name in
                name.withMemoryRebound(to: CChar.self, capacity: 256) {
                    fstatat(dirfd(folder), $0, &status, AT_SYMLINK_NOFOLLOW)
                }
            }
            if found == 0, status.st_mode & S_IFMT == S_IFREG { bytes += Int(status.st_blocks) * 512 }
        }
        return bytes
    }
}
