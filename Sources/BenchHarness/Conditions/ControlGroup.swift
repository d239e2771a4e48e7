import Foundation
import Glibc
import Measures
package import RunRecords
import Synchronization

/// A control group made for one run, with its limits; removed with what is still in it. One that is adopted belongs to
/// somebody else, who removes it.
package final class ControlGroup {
    /// A file of the group and what is written into it.
    package struct Setting: Hashable, Sendable {
        package var file: String
        package var value: String

        package init(_ file: String, _ value: String) {
            self.file = file
            self.value = value
        }
    }

    package let directory: String
    package let version: Int
    let controller: ControlGroupLayout.Controller
    /// The directory whose `cgroup.subtree_control` was given the controller; nil: it had it, or needs none.
    private var enabledAt: String?
    let isAdopted: Bool
    private var isRemoved = false
    private static let made = Mutex(0)

    /// - Throws: ``RecordFault`` that says what the kernel did not allow.
    package init(
        in hierarchy: ControlGroupLayout.Hierarchy, controller: ControlGroupLayout.Controller, settings: [Setting],
        adopting adopted: String? = nil
    ) throws(RecordFault) {
        version = hierarchy.version
        self.controller = controller
        let number = Self.made.withLock {
            $0 += 1
            return $0
        }
        // Version 2 allows limits only below groups without processes: the own one has some, the root may.
        let parent = hierarchy.version == 2 ? hierarchy.directory : hierarchy.ownDirectories[0]
        isAdopted = adopted != nil
        directory = adopted ?? "\(parent)/millrace-\(getpid())-\(number)"
        if hierarchy.version == 2 { enabledAt = try Self.enable(controller.second, at: parent) }
        guard isAdopted || mkdir(directory, 0o755) == 0 else {
            let problem = String(cString: strerror(errno))
            disable()
            throw RecordFault("\(controller.rawValue) cannot be limited here: \(directory): \(problem)")
        }
        for setting in settings {
            guard let problem = Self.write(setting.value, to: directory + "/" + setting.file) else { continue }
            remove()
            throw RecordFault(
                "\(controller.rawValue) cannot be limited here: \(setting.file) = '\(setting.value)': \(problem)")
        }
    }

    /// `blkio cgroup`, `memory cgroup (version 2)`.
    package var describedName: String {
        version == 1 ? "\(controller.first) cgroup" : "\(controller.second) cgroup (version 2)"
    }

    // MARK: What is written into them

    package static func diskSettings(
        version: Int, device: SpoolDevice, writesPerSecond: Int?, bytesPerSecond: UInt64?
    ) -> [Setting] {
        guard version == 1 else {
            let limits = [writesPerSecond.map { "wiops=\($0)" }, bytesPerSecond.map { "wbps=\($0)" }]
            return [Setting("io.max", ([device.number] + limits.compactMap(\.self)).joined(separator: " "))]
        }
        return [
            writesPerSecond.map { Setting("blkio.throttle.write_iops_device", "\(device.number) \($0)") },
            bytesPerSecond.map { Setting("blkio.throttle.write_bps_device", "\(device.number) \($0)") },
        ].compactMap(\.self)
    }

    package static func memorySettings(version: Int, bytes: UInt64) -> [Setting] {
        version == 1
            ? [Setting("memory.limit_in_bytes", "\(bytes)")]
            // Without this what does not fit would go to the swap, where there is one.
            : [Setting("memory.max", "\(bytes)"), Setting("memory.swap.max", "0")]
    }

    /// Words before a command: a shell that goes into the groups and becomes the command. Exit code 125 if it cannot.
    package static func prefix(_ directories: [String]) -> [String] {
        guard !directories.isEmpty else { return [] }
        let joins = directories.map { "echo $$ > '\($0)/cgroup.procs' || exit 125; " }.joined()
        return ["/bin/sh", "-c", joins + "exec \"$@\"", "sh"]
    }

    // MARK: Version 2

    /// - Returns: the directory, if the controller was not there before.
    private static func enable(_ name: String, at directory: String) throws(RecordFault) -> String? {
        let file = directory + "/cgroup.subtree_control"
        if (readSmallFile(file) ?? "").split(whereSeparator: \.isWhitespace).contains(Substring(name)) { return nil }
        if let problem = write("+" + name, to: file) {
            throw RecordFault("\(name) cannot be limited here: \(file): \(problem)")
        }
        return directory
    }

    private func disable() {
        guard let enabledAt else { return }
        _ = Self.write("-" + controller.second, to: enabledAt + "/cgroup.subtree_control")
        self.enabledAt = nil
    }

    // MARK: Its end

    package var processes: [Int32] {
        (readSmallFile(directory + "/cgroup.procs") ?? "").split(separator: "\n").compactMap { Int32($0) }
    }

    /// Ends what is still in it, all of it of this run, and removes it.
    package func remove() {
        guard !isRemoved else { return }
        isRemoved = true
        // Its owner removes it; without the controller it has no limits any more.
        if isAdopted { return disable() }
        // A group stays busy for a moment after its last process has ended.
        for _ in 0..<500 {
            if rmdir(directory) == 0 || errno == ENOENT { break }
            for process in processes { kill(process, SIGKILL) }
            usleep(10_000)
        }
        disable()
    }

    /// - Returns: why it could not be written; nil if it was. The kernel takes a setting in one write.
    private static func write(_ text: String, to path: String) -> String? {
        let descriptor = open(path, O_WRONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return String(cString: strerror(errno)) }
        defer { close(descriptor) }
        let bytes = Array(text.utf8)
        return Glibc.write(descriptor, bytes, bytes.count) == bytes.count ? nil : String(cString: strerror(errno))
    }
}
