import Measures
import SMTPTransport

/// What this machine must have before a run begins: checked before the first byte is sent.
enum LoadLimits {
    /// What one connection takes of this process's memory and of the kernel's, about: measured with 10,000 of them.
    private static let bytesPerConnection = 24 * 1024
    /// Histograms, code and buffers of one event loop.
    private static let bytesPerLoop = 16 << 20

    /// - Throws: ``LoadFault`` that names the limit and how to raise it.
    static func check(_ configuration: LoadConfiguration) throws(LoadFault) {
        try checkFiles(configuration)
        try checkShares(configuration)
        try checkPorts(configuration)
        try checkMemory(configuration)
    }

    /// A weight that comes to less than a connection would silently be none.
    private static func checkShares(_ configuration: LoadConfiguration) throws(LoadFault) {
        let targets = configuration.transport.targets
        let served = Set(configuration.transport.shares(configuration.concurrency))
        guard let missed = targets.indices.first(where: { !served.contains($0) }) else { return }
        throw LoadFault(
            "--target \(targets[missed].text): its weight comes to none of the \(configuration.concurrency) connections: "
                + "more --connections, or a larger weight")
    }

    private static func checkFiles(_ configuration: LoadConfiguration) throws(LoadFault) {
        let descriptors = raiseDescriptorLimit()
        let wanted = configuration.concurrency + 64
        guard wanted > descriptors else { return }
        // No limit of a process can be above this one.
        let most = readSmallFile("/proc/sys/fs/nr_open").flatMap { Int($0.prefix { $0.isNumber }) } ?? .max
        throw LoadFault(
            "--connections \(configuration.concurrency) needs \(wanted) file descriptors, the limit is "
                + "\(descriptors): raise it with 'ulimit -n \(wanted)' or in limits.conf"
                + (wanted > most ? ", and fs.nr_open before that with 'sysctl -w fs.nr_open=\(wanted)'" : ""))
    }

    private static func checkPorts(_ configuration: LoadConfiguration) throws(LoadFault) {
        let routes =
            Set(configuration.transport.targets.map(\.address)).count * max(1, configuration.transport.sources.count)
        guard let range = readSmallFile("/proc/sys/net/ipv4/ip_local_port_range") else { return }
        let ports = range.split { $0 == "\t" || $0 == " " || $0 == "\n" }.compactMap { Int($0) }
        guard ports.count == 2, configuration.concurrency > (ports[1] - ports[0] + 1) * routes else { return }
        throw LoadFault(
            "--connections \(configuration.concurrency) needs as many local ports, net.ipv4.ip_local_port_range has "
                + "\(ports[1] - ports[0] + 1) for each source address and target: widen it with "
                + "'sysctl -w net.ipv4.ip_local_port_range=\"1024 65535\"', or give more addresses with --source")
    }

    private static func checkMemory(_ configuration: LoadConfiguration) throws(LoadFault) {
        let wanted = estimate(configuration)
        guard let available = availableBytes(), wanted > available else { return }
        throw LoadFault(
            "--connections \(configuration.concurrency) with these messages needs about "
                + "\(wanted >> 20) MiB of memory, \(available >> 20) MiB are available (MemAvailable of /proc/meminfo, "
                + "or the limit of the control group): fewer connections, smaller messages, or more memory")
    }

    /// Bytes that a run will use at most, about.
    static func estimate(_ configuration: LoadConfiguration) -> Int {
        let content = configuration.content
        let replayed = content.replayed.reduce(0) { $0 + $1.count }
        // The text of all messages in both wire forms, or those that are cut from.
        let cut = content.isShared ? 2 * content.size.most : min(32 << 20, 2 * content.size.most + (24 << 20))
        let texts = replayed > 0 ? 2 * replayed : cut
        return configuration.concurrency * bytesPerConnection + configuration.threads * bytesPerLoop + texts
    }

    private static func availableBytes() -> Int? {
        guard let free = procField("/proc/meminfo", "MemAvailable:").map({ Int($0) * 1024 }) else { return nil }
        return min(free, controlGroupBytes() ?? .max)
    }

    /// What the control group's limit leaves; nil where there is none.
    private static func controlGroupBytes() -> Int? {
        func number(_ path: String) -> Int? {
            readSmallFile(path).flatMap { Int($0.prefix { $0.isNumber }) }
        }
        for (limit, used) in [
            ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current"),
            ("/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/fs/cgroup/memory/memory.usage_in_bytes"),
        ] {
            if let limit = number(limit), let used = number(used), limit < 1 << 60 { return max(0, limit - used) }
        }
        return nil
    }
}
