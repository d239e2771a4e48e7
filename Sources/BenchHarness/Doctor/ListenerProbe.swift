import Foundation
import Glibc
import Measures

/// Who listens on TCP ports of this machine.
package enum ListenerProbe {
    static func listeners(on ports: [Int]) -> [Listener] {
        let sockets = ["/proc/net/tcp", "/proc/net/tcp6"].flatMap { parse(readSmallFile($0) ?? "") }
        let wanted = sockets.filter { ports.contains($0.port) }
        guard !wanted.isEmpty else { return [] }
        let owners = programs(of: Set(wanted.map(\.inode)))
        return Array(Set(wanted.map { Listener(port: $0.port, program: owners[$0.inode]) })).sorted {
            $0.port < $1.port
        }
    }

    /// - Parameter table: text of /proc/net/tcp or /proc/net/tcp6.
    /// - Returns: the sockets that listen (state 0A).
    package static func parse(_ table: String) -> [(port: Int, inode: String)] {
        table.split(separator: "\n").dropFirst().compactMap { line in
            let fields = line.split(separator: " ")
            guard fields.count > 9, fields[3] == "0A", let colon = fields[1].lastIndex(of: ":"),
                let port = Int(fields[1][fields[1].index(after: colon)...], radix: 16)
            else { return nil }
            return (port, String(fields[9]))
        }
    }

    /// From a socket's number to `NAME (PID)`; those of other users can be seen by root alone.
    private static func programs(of inodes: Set<String>) -> [String: String] {
        var found: [String: String] = [:]
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        for pid in names where Int(pid) != nil {
            let directory = "/proc/\(pid)/fd"
            for descriptor in (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? [] {
                guard
                    let target = try? FileManager.default.destinationOfSymbolicLink(
                        atPath: directory + "/" + descriptor),
                    target.hasPrefix("socket:["), inodes.contains(String(target.dropFirst(8).dropLast()))
                else { continue }
                found[String(target.dropFirst(8).dropLast())] =
                    "\(DoctorProbe.line("/proc/\(pid)/comm") ?? "?") (\(pid))"
            }
        }
        return found
    }
}
