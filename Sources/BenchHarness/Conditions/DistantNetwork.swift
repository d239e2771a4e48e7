import Glibc
import Measures
package import RunRecords

/// The sink in a network namespace of its own, behind a pair of virtual interfaces that delay and lose packets: a receiver
/// far away. The system stays where the generator reaches it.
package final class DistantNetwork {
    private let namespace: String
    private let near: String
    /// Of the network for benchmarks (RFC 2544 §C.2.2); nothing outside this machine has such addresses.
    private let nearHost: String
    package let sinkHost: String
    private let delaySeconds: Double
    private let loss: Double
    private var isRemoved = false

    /// - Parameters:
    ///   - delaySeconds: one way.
    ///   - loss: share of packets each way, 0 to 1.
    /// - Throws: ``RecordFault`` with the command that failed; nothing is left then.
    package init(delaySeconds: Double, loss: Double) throws(RecordFault) {
        let number = Int(getpid()) % 16_000
        namespace = "millrace-\(getpid())"
        near = "mr\(number)n"
        let network = "198.18.\(number / 63 % 256).\(number % 63 * 4 + 1)"
        nearHost = network
        let parts = network.split(separator: ".")
        sinkHost = parts.dropLast().joined(separator: ".") + ".\(Int(parts[3])! + 1)"
        self.delaySeconds = delaySeconds
        self.loss = loss
        for words in Self.commands(
            namespace: namespace, near: near, nearHost: nearHost, sinkHost: sinkHost, delaySeconds: delaySeconds,
            loss: loss)
        where Command.output(words) == nil {
            remove()
            throw RecordFault("the receiver cannot be put far away: '\(words.joined(separator: " "))' failed")
        }
    }

    deinit { remove() }

    /// What is run to make it, in order.
    package static func commands(
        namespace: String, near: String, nearHost: String, sinkHost: String, delaySeconds: Double, loss: Double
    ) -> [[String]] {
        let far = near.dropLast() + "f"
        let inside = ["ip", "netns", "exec", namespace]
        var commands = [
            ["ip", "netns", "add", namespace],
            ["ip", "link", "add", near, "type", "veth", "peer", "name", String(far), "netns", namespace],
            ["ip", "address", "add", nearHost + "/30", "dev", near], ["ip", "link", "set", near, "up"],
            inside + ["ip", "address", "add", sinkHost + "/30", "dev", String(far)],
            inside + ["ip", "link", "set", String(far), "up"], inside + ["ip", "link", "set", "lo", "up"],
        ]
        var shape: [String] = []
        if delaySeconds > 0 { shape += ["delay", "\(Int((delaySeconds * 1e6).rounded()))us"] }
        if loss > 0 { shape += ["loss", "\(fixed(loss * 100, 4))%"] }
        guard !shape.isEmpty else { return commands }
        // A queue of netem holds 1,000 packets at first, few for what is under way on a fast line.
        let discipline = ["root", "netem", "limit", "100000"] + shape
        commands.append(["tc", "qdisc", "add", "dev", near] + discipline)
        commands.append(inside + ["tc", "qdisc", "add", "dev", String(far)] + discipline)
        return commands
    }

    package var sinkPrefix: [String] { ["ip", "netns", "exec", namespace] }

    /// For the record.
    package var line: String {
        "receiver in a network namespace of its own, \(fixed(delaySeconds * 1000, 1)) ms away each way, "
            + "\(fixed(loss * 100, 2)) % of packets lost (veth, netem)"
    }

    /// The interfaces go with the namespace; the near one by its name if it never got so far.
    package func remove() {
        guard !isRemoved else { return }
        isRemoved = true
        _ = Command.output(["ip", "link", "delete", near])
        _ = Command.output(["ip", "netns", "delete", namespace])
    }
}
