import Glibc

/// Whether the kernel can delay and lose packets: tried in a namespace of its own, which is gone afterwards.
package enum NetworkEmulation {
    static func probe() -> ToolFacts {
        let reason = missing()
        return ToolFacts(
            name: "netem", isAvailable: reason == nil,
            purpose: "delay and loss between system and receiver; otherwise the sink answers late",
            detail: reason ?? "network namespaces and sch_netem")
    }

    /// Why it cannot be done here; nil if it can.
    package static func missing() -> String? {
        guard geteuid() == 0 else { return "only root may make network namespaces" }
        for program in ["unshare", "tc", "ip"] where Command.path(of: program) == nil {
            return "\(program) is not installed"
        }
        guard Command.output(["unshare", "--net", "ip", "link", "show", "lo"]) != nil else {
            return "no network namespace can be made"
        }
        guard
            Command.output([
                "unshare", "--net", "sh", "-c", "ip link set lo up && tc qdisc add dev lo root netem delay 1ms",
            ]) != nil
        else { return "the kernel has no sch_netem" }
        return nil
    }
}
