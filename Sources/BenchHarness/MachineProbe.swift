import Foundation
import Glibc
import Measures
package import RunRecords

/// Looks at the machine a run is measured on.
package enum MachineProbe {
    private static let sysctls = [
        "net.core.somaxconn", "net.ipv4.ip_local_port_range", "net.ipv4.tcp_wmem", "net.ipv4.tcp_rmem",
        "net.ipv4.tcp_tw_reuse", "net.core.wmem_max", "net.core.rmem_max", "vm.dirty_ratio",
        "vm.dirty_background_ratio", "vm.swappiness", "fs.file-max",
    ]
    /// Synced writes that the latency is taken from.
    private static let syncSamples = 200

    /// - Parameters:
    ///   - directory: where the spool will lie; 200 × 4 KiB are written and synced there.
    ///   - repository: whose commit is named.
    package static func facts(spoolDirectory directory: String, repository: String) throws(RecordFault) -> MachineFacts
    {
        MachineFacts(
            cpu: cpuName(), cores: processorCount(), memoryBytes: (procField("/proc/meminfo", "MemTotal:") ?? 0) * 1024,
            kernel: firstLine("/proc/sys/kernel/osrelease"), fileSystem: fileSystem(of: directory),
            syncLatency: try syncLatency(in: directory), commit: commit(of: repository),
            sysctls: Dictionary(
                uniqueKeysWithValues: sysctls.map {
                    ($0, firstLine("/proc/sys/" + $0.replacingOccurrences(of: ".", with: "/")))
                }),
            descriptorLimit: Int(clamping: descriptorLimit()))
    }

    private static func cpuName() -> String {
        for line in (readSmallFile("/proc/cpuinfo") ?? "").split(separator: "\n") where line.hasPrefix("model name") {
            return line.drop { $0 != ":" }.dropFirst().trimmingCharacters(in: .whitespaces)
        }
        return "unknown"
    }

    private static func firstLine(_ path: String) -> String {
        (readSmallFile(path) ?? "").split(separator: "\n").first.map {
            $0.split { $0 == "\t" || $0 == " " }.joined(separator: " ")
        } ?? ""
    }

    /// The longest mount point that holds the directory.
    private static func fileSystem(of directory: String) -> String {
        let path = URL(fileURLWithPath: directory).standardizedFileURL.path
        var best = (length: 0, text: "unknown")
        for line in (readSmallFile("/proc/self/mounts") ?? "").split(separator: "\n") {
            let words = line.split(separator: " ")
            guard words.count > 2 else { continue }
            let mount = String(words[1])
            let holds = mount == "/" || path == mount || path.hasPrefix(mount + "/")
            if holds, mount.count >= best.length { best = (mount.count, "\(words[2]) on \(words[0])") }
        }
        return best.text
    }

    /// What a device has done so far, for anybody.
    struct DeviceCounts {
        var readBytes: UInt64
        /// Write requests that it completed.
        var writes: UInt64
        var writtenBytes: UInt64
    }

    /// Bytes written so far to the device that holds the directory, by anybody (`/proc/diskstats`): what really reached
    /// it, where a process's own count is of pages it made dirty. Nil if the file system has no such device.
    package static func deviceWrittenBytes(holding directory: String) -> UInt64? {
        deviceCounts(holding: directory)?.writtenBytes
    }

    static func deviceCounts(holding directory: String) -> DeviceCounts? {
        var status = stat()
        guard stat(directory, &status) == 0 else { return nil }
        let device = SpoolDevice(status.st_dev)
        for line in (readSmallFile("/proc/diskstats") ?? "").split(separator: "\n") {
            let fields = line.split(separator: " ").map { UInt64($0) }
            guard fields.count > 9, fields[0] == UInt64(device.major), fields[1] == UInt64(device.minor),
                let read = fields[5], let writes = fields[7], let written = fields[9]
            else { continue }
            return DeviceCounts(readBytes: read * 512, writes: writes, writtenBytes: written * 512)
        }
        return nil
    }

    static func syncLatency(in directory: String) throws(RecordFault) -> LatencyHistogram {
        let path = directory + "/sync-probe"
        let descriptor = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw RecordFault("\(path): cannot be created: \(String(cString: strerror(errno)))")
        }
        defer {
            close(descriptor)
            unlink(path)
        }
        var histogram = LatencyHistogram()
        let block = [UInt8](repeating: 0x4D, count: 4096)
        for index in 0..<syncSamples {
            let began = MonotonicInstant.now()
            let written = block.withUnsafeBytes { pwrite(descriptor, $0.baseAddress, $0.count, off_t(index * 4096)) }
            guard written == block.count, fdatasync(descriptor) == 0 else {
                throw RecordFault("\(path): \(String(cString: strerror(errno)))")
            }
            histogram.record(nanoseconds: MonotonicInstant.now().nanoseconds(since: began))
        }
        return histogram
    }

    static func commit(of repository: String) -> String {
        guard let head = Command.output(["git", "-C", repository, "rev-parse", "--short=10", "HEAD"]) else {
            return "unknown"
        }
        let changes = Command.output(["git", "-C", repository, "status", "--porcelain", "--untracked-files=no"]) ?? ""
        return changes.isEmpty ? head : head + "-dirty"
    }

    static func descriptorLimit() -> UInt64 {
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(UInt32(RLIMIT_NOFILE.rawValue)), &limit)
        return UInt64(limit.rlim_max)
    }
}
