package import SpoolContract

/// How a segment log is opened.
package struct SegmentLogSettings: Sendable {
    package var directory: String
    package var durability: Durability
    /// Bytes of one segment file; a record that is larger gets a segment of its own.
    package var segmentBytes: Int
    /// Empty segments kept for reuse; more are deleted.
    package var spareSegments: Int

    /// With ``Durability/fsync``: whole blocks are written past the page cache (O_DIRECT).
    package var isDirect = false
    /// With ``SpoolAccess/readOnly`` a log that is not there is not made.
    package var access: SpoolAccess

    package static let defaultSegmentBytes = 64 << 20

    package init(
        directory: String, durability: Durability, segmentBytes: Int = defaultSegmentBytes, spareSegments: Int = 16,
        access: SpoolAccess = .exclusive
    ) {
        self.directory = directory
        self.durability = durability
        self.segmentBytes = segmentBytes
        self.spareSegments = spareSegments
        self.access = access
    }
}

/// What the log holds, for reports.
package struct SegmentLogStatistics: Hashable, Sendable {
    package var segments: Int
    package var spareSegments: Int
    /// Of all segment files.
    package var diskBytes: Int
    /// Of messages that are not finished.
    package var liveMessages: Int
    package var liveBytes: Int
    /// Bytes moved forward by compaction since the start.
    package var compactedBytes: Int
}
