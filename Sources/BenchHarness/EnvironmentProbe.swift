import Foundation
import Glibc
import Measures
import ResultStore
package import RunRecords

/// Writes down what a run was measured with; what is not there is left out.
package enum EnvironmentProbe {
    /// Debian packages of what the programs are linked with, and of what they are compared to.
    private static let packages = [
        "libc6", "libssl3", "librocksdb7.8", "libunbound8", "libzstd1", "gnuplot-nox", "postfix", "exim4-daemon-light",
        "exim4-daemon-heavy", "opensmtpd", "strace", "linux-perf",
    ]
    private static let sysctlDirectories = ["net/core", "net/ipv4", "vm", "fs"]
    private static let sysctlPrefixes = [
        "net/core/somaxconn", "net/core/rmem_", "net/core/wmem_", "net/core/netdev_max_backlog", "net/ipv4/tcp_",
        "net/ipv4/ip_local_port_range", "vm/dirty_", "vm/swappiness", "vm/overcommit_memory", "fs/file-max",
        "fs/nr_open", "fs/aio-max-nr",
    ]
    private static let variables = ["MALLOC_", "LD_PRELOAD", "GLIBC_TUNABLES", "MILLRACE_", "LANG", "LC_ALL"]
    /// - Parameters:
    ///   - repository: whose commit is named.
    ///   - directories: whose mounts are named, besides the root's: the results', the spools'.
    package static func facts(repository: String, directories: [String]) -> EnvironmentFacts {
        var facts = EnvironmentFacts()
        facts.kernel = kernel()
        facts.distribution = distribution()
        facts.processor = processor()
        facts.cores = processorCount()
        facts.memoryBytes = (procField("/proc/meminfo", "MemTotal:") ?? 0) * 1024
        facts.swapBytes = (procField("/proc/meminfo", "SwapTotal:") ?? 0) * 1024
        facts.clockSource = line("/sys/devices/system/clocksource/clocksource0/current_clocksource") ?? ""
        facts.mounts = mounts(directories)
        facts.sysctls = sysctls()
        facts.limits = limits()
        facts.versions = versions()
        facts.variables = ProcessInfo.processInfo.environment.filter { name, _ in
            variables.contains { name.hasPrefix($0) }
        }
        facts.commit = MachineProbe.commit(of: repository)
        let git = ["git", "-C", repository]
        let changes = Command.output(git + ["status", "--porcelain", "--untracked-files=no"]) ?? ""
        facts.changes = changes.split(separator: "\n").map(String.init)
        if !facts.changes.isEmpty {
            facts.changesDigest = Command.output(git + ["diff", "HEAD"]).map { ContentDigest.sha256(Array($0.utf8)) }
        }
        facts.command = CommandLine.arguments
        return facts
    }

    private static func kernel() -> String {
        var name = utsname()
        guard uname(&name) == 0 else { return "" }
        func text(_ field: some Any) -> String {
            withUnsafeBytes(of: field) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        }
        return [text(name.sysname), text(name.release), text(name.version), text(name.machine)].joined(separator: " ")
    }

    private static func distribution() -> String {
        for line in (readSmallFile("/etc/os-release") ?? "").split(separator: "\n") {
            guard line.hasPrefix("PRETTY_NAME=") else { continue }
            return line.dropFirst("PRETTY_NAME=".count).trimmingCharacters(in: ["\""])
        }
        return ""
    }

    private static func processor() -> [String: String] {
        var found: [String: String] = [:]
        for line in (readSmallFile("/proc/cpuinfo") ?? "").split(separator: "\n") {
            let parts = line.split(separator: ":", maxSplits: 1).map { $0.trimmingCharacters(in: .whitespaces) }
            guard parts.count == 2, found[parts[0]] == nil else { continue }
            switch parts[0] {
            case "model name", "cpu MHz", "cache size", "microcode", "siblings", "cpu cores": found[parts[0]] = parts[1]
            case "flags": found["hypervisor"] = parts[1].split(separator: " ").contains("hypervisor") ? "yes" : "no"
            default: break
            }
        }
        found["governor"] = line("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")
        return found
    }

    /// The mounts that hold these directories and the root, each once: no others are anybody's business.
    private static func mounts(_ directories: [String]) -> [String] {
        let lines = (readSmallFile("/proc/self/mounts") ?? "").split(separator: "\n").map(String.init)
        var found: [String] = []
        for directory in ["/"] + directories {
            let path = URL(fileURLWithPath: directory).standardizedFileURL.resolvingSymlinksInPath().path
            var best = (length: 0, line: "")
            for line in lines {
                let words = line.split(separator: " ")
                guard words.count > 1 else { continue }
                let holds = words[1] == "/" || path == words[1] || path.hasPrefix(words[1] + "/")
                if holds, words[1].count >= best.length { best = (words[1].count, line) }
            }
            if !best.line.isEmpty, !found.contains(best.line) { found.append(best.line) }
        }
        return found
    }

    private static func sysctls() -> [String: String] {
        var found: [String: String] = [:]
        for directory in sysctlDirectories {
            for name in (try? FileManager.default.contentsOfDirectory(atPath: "/proc/sys/" + directory)) ?? [] {
                let path = directory + "/" + name
                guard sysctlPrefixes.contains(where: { path.hasPrefix($0) }), !name.contains("key"),
                    let value = line("/proc/sys/" + path)
                else { continue }
                found[path.replacingOccurrences(of: "/", with: ".")] = value
            }
        }
        return found
    }

    /// `Max open files            1024                 524288               files`.
    private static func limits() -> [String: String] {
        var found: [String: String] = [:]
        for line in (readSmallFile("/proc/self/limits") ?? "").split(separator: "\n").dropFirst() {
            let name = line.prefix(26).trimmingCharacters(in: .whitespaces)
            let values = line.dropFirst(26).split(separator: " ")
            guard values.count > 1 else { continue }
            found[name] = values.joined(separator: " ")
        }
        return found
    }

    private static func versions() -> [String: String] {
        var found: [String: String] = [:]
        found["git"] = Command.output(["git", "--version"])
        found["openssl"] = Command.output(["openssl", "version"])
        // Names that are not installed make it fail after it has printed the others: one by one they need not.
        let known = Command.output(["dpkg-query", "-W", "-f", "${Package} ${Version}\\n"]) ?? ""
        for line in known.split(separator: "\n") {
            let words = line.split(separator: " ")
            guard words.count == 2, packages.contains(String(words[0])) else { continue }
            found[String(words[0])] = String(words[1])
        }
        return found
    }

    /// A file's first line, with single spaces; nil for an empty one.
    private static func line(_ path: String) -> String? {
        guard let first = (readSmallFile(path) ?? "").split(separator: "\n").first else { return nil }
        return first.split { $0 == "\t" || $0 == " " }.joined(separator: " ")
    }
}
