package import CostModel
import Measures

/// How a published procedure is done again: the profile and the systems, as data for the harness.
package struct PublishedRecipe: Sendable {
    /// Disk and memory for one run: those of a row, scaled to the run.
    package struct Limit: Sendable, Hashable {
        /// Which row's memory.
        package var row: String
        package var memoryBytes: Int
        package var mbPerSecond: Double

        package init(row: String, memoryBytes: Int, mbPerSecond: Double) {
            (self.row, self.memoryBytes, self.mbPerSecond) = (row, memoryBytes, mbPerSecond)
        }
    }

    package let table: PublishedTable
    package let messages: Int

    /// - Parameter messages: nil: as many as were published.
    package init(_ table: PublishedTable, messages: Int? = nil) {
        self.table = table
        self.messages = messages ?? Int(table.messages)
    }

    /// As published first, then the same with our other spools, and the system that stands beside it in the table.
    package static let systems = [
        "mta:rocksdb-os", "mta:rocksdb-fsync", "mta:segment-os", "mta:segment-fsync", "mta:localdisk-fsync",
        "postfix:tuned",
    ]
    /// With limits the published configuration alone: the question is one of memory and disk.
    package static let limitedSystem = "mta:rocksdb-os"
    package static let repeats = 4
    package static let rest = "2m"
    /// Where nothing is said of connections.
    private static let usualConnections = 2000

    private var bytes: Double { Double(messages) * table.messageBytes }

    /// Less than this is not given to a system with all its connections.
    package static let smallestMemory = 512 << 20

    /// - Parameters:
    ///   - limit: nil: the machine as it is.
    ///   - isSigned: whether the system can sign; what cannot is given the same work without.
    package func profileText(_ limit: Limit? = nil, isSigned: Bool = true) -> String {
        var lines = [
            "question: " + question(limit), "messages: \(messages)", "message_size: \(Int(table.messageBytes))",
            "connections: \(table.connections ?? Self.usualConnections)",
        ]
        if isSigned, table.facts.contains(where: { $0.key == "dkim" && $0.text == "rsa-sha256" }) {
            lines.append("dkim: rsa2048")
        }
        if let limit {
            lines.append("disk: {mb_per_s: \(short(limit.mbPerSecond))}")
            lines.append("memory: \(limit.memoryBytes)")
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private func question(_ limit: Limit?) -> String {
        guard let limit else { return "What does the procedure of \(table.id) give here?" }
        return
            "What does the procedure of \(table.id) give here with the memory of \(limit.row) for a run of this size?"
    }

    /// What a result is called: the profile's name.
    package func profileName(_ limit: Limit? = nil) -> String {
        limit.map { "\(table.id)-\($0.row.filter { $0.isLetter || $0.isNumber })" } ?? table.id
    }

    /// The memory of each row in proportion to its run, for a run of this size; disk: that of the vendor's volume.
    ///
    /// A row whose memory would be more than this machine has cannot be limited to it: it is left out.
    /// - Returns: the limits, and the rows left out with the reason.
    package func limits(volume: RentedVolume, machineBytes: Double) -> (limits: [Limit], leftOut: [String]) {
        var (limits, leftOut): ([Limit], [String]) = ([], [])
        for row in table.rows {
            let memory = row.memoryGiB * 1_073_741_824 / table.bytes * bytes
            if memory > machineBytes {
                leftOut.append(
                    "\(row.name): \(significant(memory / 1_073_741_824, 3)) GiB for this run, more than the machine has: fewer "
                        + "--messages")
            } else if memory < Double(Self.smallestMemory) {
                leftOut.append(
                    "\(row.name): \(significant(memory / 1_048_576, 3)) MiB for this run, too little for any system: more "
                        + "--messages")
            } else {
                limits.append(Limit(row: row.name, memoryBytes: Int(memory), mbPerSecond: volume.mbPerSecond))
            }
        }
        return (limits, leftOut)
    }
}
