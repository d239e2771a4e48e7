import Foundation
import Glibc
import Measures
package import RunRecords

/// What a disk does under its limit: writes with `dd` from within the group, a few seconds before the run.
package enum DiskLimitProbe {
    package struct Measured: Hashable, Sendable {
        /// Of 4 KiB, one after the other.
        package var syncedWritesPerSecond: Double
        /// In synced writes of 1 MiB.
        package var bytesPerSecond: Double
    }

    private static let seconds = 1.5

    /// - Parameter prefix: words that put a command into the group.
    package static func measure(in directory: String, prefix: [String]) throws(RecordFault) -> Measured {
        let small = try write(4096, directory, prefix)
        let large = try write(1 << 20, directory, prefix)
        return Measured(
            syncedWritesPerSecond: Double(small.bytes) / 4096 / small.seconds,
            bytesPerSecond: Double(large.bytes) / large.seconds)
    }

    /// Each write is on the disk before the next begins (O_DSYNC), to a file that grows.
    private static func write(
        _ size: Int, _ directory: String, _ prefix: [String]
    ) throws(RecordFault) -> (bytes: UInt64, seconds: Double) {
        let file = directory + "/limit-probe"
        defer { unlink(file) }
        // dd tells what it did when it is interrupted; the bound keeps it from filling the disk without a limit.
        let script =
            "LC_ALL=C timeout -s INT -k 20 \(seconds) dd if=/dev/zero of=\"$1\" bs=\(size) count=\((1 << 31) / size) "
            + "oflag=dsync 2>&1; exit 0"
        let text = Command.output(prefix + ["/bin/sh", "-c", script, "sh", file]) ?? ""
        guard let done = parse(text), done.bytes > 0, done.seconds > 0 else {
            throw RecordFault("the limited disk could not be measured: dd said '\(text.suffix(200))'")
        }
        return done
    }

    /// - Parameter text: what dd says at its end: `32768 bytes (33 kB, 32 KiB) copied, 1.25 s, 26 kB/s`.
    package static func parse(_ text: String) -> (bytes: UInt64, seconds: Double)? {
        for line in text.split(separator: "\n") {
            guard let copied = line.firstRange(of: " copied, "),
                let bytes = UInt64(line.prefix { $0.isNumber }),
                let seconds = Double(line[copied.upperBound...].prefix { $0 != " " })
            else { continue }
            return (bytes, seconds)
        }
        return nil
    }
}
