package import SpoolContract

/// How a RocksDB spool is opened.
package struct RocksDBSettings: Sendable {
    package var directory: String
    package var durability: Durability
    /// RocksDB's own options by RocksDB's own names, over ``defaults``: `write_buffer_size=268435456`.
    package var options: [String: String]
    /// Free bytes of the file system that new mail must leave: a memtable's worth, so that it can be written out.
    package var reserveBytes = 256 << 20

    package init(directory: String, durability: Durability, options: [String: String] = [:]) {
        self.directory = directory
        self.durability = durability
        self.options = options
    }

    /// For records that are put and soon deleted: a large memtable, so that most never leave the log; large values in
    /// blob files when they do, so that compaction does not carry them; no compression of mail that is soon gone.
    package static let defaults: [String: String] = [
        "create_if_missing": "true",
        "compression": "kNoCompression",
        "write_buffer_size": "268435456",
        "max_write_buffer_number": "4",
        "min_write_buffer_number_to_merge": "1",
        "max_background_jobs": "2",
        "enable_blob_files": "true",
        "min_blob_size": "4096",
        "enable_blob_garbage_collection": "true",
        "avoid_flush_during_shutdown": "true",
        "max_open_files": "256",
        "keep_log_file_num": "4",
    ]

    var optionText: String {
        Self.defaults.merging(options) { $1 }.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
            .joined(separator: ";")
    }
}
