import Foundation
import RunRecords

/// What a run was held to on purpose, as its conditions say it was done.
struct RunLimits {
    var diskWritesPerSecond: Double?
    var diskBytesPerSecond: Double?
    var memoryBytes: UInt64?
    /// The line that says how the network was made slow.
    var network: String?

    init(_ run: RunRecord) {
        for line in run.conditions ?? [] {
            if line.hasPrefix("disk") {
                diskWritesPerSecond = Self.number(in: line, before: "writes a second") ?? diskWritesPerSecond
                diskBytesPerSecond = Self.number(in: line, before: "MB a second").map { $0 * 1e6 } ?? diskBytesPerSecond
            } else if line.hasPrefix("memory") {
                memoryBytes = Self.number(in: line, before: "GiB").map { UInt64($0 * 1_073_741_824) } ?? memoryBytes
            } else if line.hasPrefix("network") || line.hasPrefix("receiver") {
                network = line
            }
        }
    }

    /// The number that stands before some words: 120 in `disk limited to 120 writes a second by …; measured there: …`.
    private static func number(in line: String, before words: String) -> Double? {
        let line = line.prefix { $0 != ";" }
        guard let range = line.range(of: words) else { return nil }
        let digits = line[..<range.lowerBound].split(separator: " ").last?.filter { $0 != "," }
        return digits.flatMap { Double($0) }.flatMap { $0 > 0 && $0.isFinite ? $0 : nil }
    }
}
