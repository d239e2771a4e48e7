import Foundation

/// A real authoritative server (NSD) for one test: zones in a directory of their own, a free port of this machine.
package final class NameServer {
    package struct Fault: Error { package var text: String }

    package let port: Int
    package let directory: String
    private let process = Process()

    /// - Parameter zones: zone files by the zone's name.
    package init(_ zones: [String: String]) throws {
        directory = NSTemporaryDirectory() + "millrace-nsd-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        port = try Self.freePort()
        var text = """
            server:
              ip-address: 127.0.0.1@\(port)
              username: ""
              zonesdir: "\(directory)"
              database: ""
              pidfile: "\(directory)/pid"
              xfrdfile: "\(directory)/xfrd"
              zonelistfile: "\(directory)/zonelist"
              logfile: "\(directory)/log"
              xfrdir: "\(directory)"
              server-count: 1
              rrl-ratelimit: 0
            remote-control:
              control-enable: yes
              control-interface: "\(directory)/control"

            """
        for (zone, content) in zones {
            try content.write(toFile: "\(directory)/\(zone).zone", atomically: true, encoding: .utf8)
            text += "zone:\n  name: \"\(zone)\"\n  zonefile: \"\(zone).zone\"\n"
        }
        try text.write(toFile: directory + "/nsd.conf", atomically: true, encoding: .utf8)
        process.executableURL = URL(fileURLWithPath: "/usr/sbin/nsd")
        process.arguments = ["-d", "-c", directory + "/nsd.conf"]
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        for _ in 0..<500 {
            if (try? queries()) != nil { return }
            guard process.isRunning else { break }
            usleep(20_000)
        }
        throw Fault(
            text: "nsd does not answer: \((try? String(contentsOfFile: directory + "/log", encoding: .utf8)) ?? "")")
    }

    /// Questions that it has been asked so far.
    package func queries() throws -> Int {
        let output = try Self.run("/usr/sbin/nsd-control -c \(directory)/nsd.conf stats_noreset")
        for line in output.split(separator: "\n") where line.hasPrefix("num.queries=") {
            return Int(line.dropFirst("num.queries=".count)) ?? 0
        }
        throw Fault(text: output)
    }

    package func stop() {
        if process.isRunning {
            process.terminate()
            for _ in 0..<200 where process.isRunning { usleep(10_000) }
        }
        try? FileManager.default.removeItem(atPath: directory)
    }

    /// Runs a command of the shell's and returns what it printed.
    package static func run(_ command: String) throws -> String {
        guard let pipe = popen(command + " 2>/dev/null", "r") else { throw Fault(text: "no shell") }
        var output: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = fread(&part, 1, part.count, pipe)
            if count == 0 { break }
            output += part[..<count]
        }
        guard pclose(pipe) == 0 else { throw Fault(text: "'\(command)' failed") }
        return String(decoding: output, as: UTF8.self)
    }

    /// A port that is free for both protocols.
    private static func freePort() throws -> Int {
        for _ in 0..<50 {
            let (udp, port) = bound(SOCK_DGRAM, 0)
            defer { close(udp) }
            let (tcp, same) = bound(SOCK_STREAM, port)
            defer { close(tcp) }
            if port > 0, same == port { return port }
        }
        throw Fault(text: "no free port")
    }

    /// A socket bound to a port of 127.0.0.1 (0: any), and the port; 0 if it is taken.
    private static func bound(_ type: __socket_type, _ port: Int) -> (descriptor: Int32, port: Int) {
        let descriptor = socket(AF_INET, Int32(type.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        address.sin_port = UInt16(port).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, length) == 0 && getsockname(descriptor, $0, &length) == 0
            }
        }
        return (descriptor, isBound ? Int(UInt16(bigEndian: address.sin_port)) : 0)
    }
}
