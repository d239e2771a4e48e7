package import SpoolContract

/// How a RocksDB spool is opened.
package struct RocksDBSettings: Sendable {
    package var directory: String
    package var durability: Durability
    package var access: SpoolAccess
    /// RocksDB's own options by RocksDB's own names, over ``defaults``: `write_buffer_size=268435456`.
    package var options: [String: String]
    /// Free bytes of the file system that new mail must leave, so that everything in memory can be written out; nil:
    /// `write_buffer_size` times `max_write_buffer_number`, which is all that memtables hold, and 1.1 times
    /// `write_buffer_size` for the next log, which RocksDB allocates ahead. 326 MiB by default.
    package var reserveBytes: Int?

    package init(
        directory: String, durability: Durability, access: SpoolAccess = .exclusive, options: [String: String] = [:]
    ) {
        self.directory = directory
        self.durability = durability
        self.access = access
        self.options = options
    }

    /// For records that are put and soon deleted: memtables in which most are finished before they are written out;
    /// large values in blob files when they do get there, so that compaction does not carry them; no compression of
    /// mail that is soon gone.
    ///
    /// Measured with `make spools` (RocksDB 7.8, ext4, two cores shared with other work; fsync, 64 waiters, options
    /// alternated, medians of five rounds; messages a second, p99 of the commit at 100 KB, bytes to the disk for each
    /// of content):
    ///
    /// | `write_buffer_size`, `wal_bytes_per_sync` | 100 KB | p99 | disk | CPU | 1 KB |
    /// |---|---:|---:|---:|---:|---:|
    /// | 256 MiB, 0 | 6,430 | 44 ms | 1.03 | 118 us | 117,000 |
    /// | 256 MiB, 1 MiB | 7,020 | 43 ms | 1.03 | 119 us | 112,000 |
    /// | 64 MiB, 0 | 6,610 | 19 ms | 1.10 | 128 us | 121,000 |
    /// | **64 MiB, 1 MiB** | 7,630 | 18 ms | 1.10 | 129 us | 124,000 |
    /// | 32 MiB, 1 MiB | 7,390 | 15 ms | 1.21 | 143 us | 131,000 |
    ///
    /// 64 MiB also quarters the memory and ``reserveBytes``. No difference was seen for `recycle_log_file_num`,
    /// `enable_blob_files=false`, `writable_file_max_buffer_size`, `allow_concurrent_memtable_write=false`, nor for
    /// SingleDelete in place of Delete.
    package static let defaults: [String: String] = [
        "create_if_missing": "true",
        "compression": "kNoCompression",
        "write_buffer_size": "67108864",
        "max_write_buffer_number": "4",
        "min_write_buffer_number_to_merge": "1",
        "wal_bytes_per_sync": "1048576",
        "track_and_verify_wals_in_manifest": "true",
        "max_background_jobs": "2",
        "enable_blob_files": "true",
        "min_blob_size": "4096",
        "enable_blob_garbage_collection": "true",
        "avoid_flush_during_shutdown": "true",
        "max_open_files": "256",
        "keep_log_file_num": "4",
    ]

    /// ``options`` over ``defaults``, in RocksDB's own form.
    package var optionText: String {
        Self.defaults.merging(options) { $1 }.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
            .joined(separator: ";")
    }
}
