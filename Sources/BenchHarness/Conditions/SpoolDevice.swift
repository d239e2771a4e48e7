import Foundation
import Glibc
import Measures

/// The block device that a directory's file system lies on.
package struct SpoolDevice: Sendable, Equatable {
    package var major: Int
    package var minor: Int

    package init(major: Int, minor: Int) {
        self.major = major
        self.minor = minor
    }

    /// As the kernel writes it: `254:0`.
    package var number: String { "\(major):\(minor)" }

    /// Its directory below /sys, of the whole disk if it is a partition; nil if there is none.
    package var wholeDisk: String? {
        let path = URL(fileURLWithPath: "/sys/dev/block/\(number)").resolvingSymlinksInPath().path
        guard FileManager.default.fileExists(atPath: path + "/dev") else { return nil }
        return FileManager.default.fileExists(atPath: path + "/partition")
            ? URL(fileURLWithPath: path).deletingLastPathComponent().path : path
    }

    /// The disk that limits are set on: those of partitions are refused by the kernel.
    package var whole: SpoolDevice? {
        guard let directory = wholeDisk, let text = readSmallFile(directory + "/dev") else { return nil }
        let numbers = text.split { $0 == ":" || $0 == "\n" }.compactMap { Int($0) }
        return numbers.count == 2 ? SpoolDevice(major: numbers[0], minor: numbers[1]) : nil
    }

    /// Nil where the file system has no device of its own: tmpfs, overlay, network.
    package static func holding(_ directory: String) -> SpoolDevice? {
        var status = stat()
        guard stat(directory, &status) == 0 else { return nil }
        let own = SpoolDevice(status.st_dev)
        if own.major != 0 { return own }
        // btrfs has numbers of its own, and names its device in the list of mounts.
        let path = URL(fileURLWithPath: directory).resolvingSymlinksInPath().path
        guard let mount = DoctorProbe.mount(holding: path, in: readSmallFile("/proc/self/mounts") ?? ""),
            mount.device.hasPrefix("/dev/"), stat(mount.device, &status) == 0
        else { return nil }
        return SpoolDevice(status.st_rdev)
    }

    init(_ number: dev_t) {
        major = Int(number >> 8 & 0xFFF)
        minor = Int(number & 0xFF | number >> 12 & 0xFFF00)
    }
}
