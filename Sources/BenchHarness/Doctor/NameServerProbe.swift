import Glibc
import Measures

/// Asks the name servers of this machine how long they take.
package enum NameServerProbe {
    private static let questions = 5
    /// A name that no resolver has to ask others for (RFC 6761 §6.2).
    private static let name = ["millrace-doctor", "test"]

    /// - Parameter text: /etc/resolv.conf.
    package static func ask(resolverConfiguration text: String, port: UInt16 = 53) -> [NameServerFacts] {
        addresses(text).map { address in
            guard Endpoint(host: address, port: Int(port)).isLoopback, !address.contains(":") else {
                return NameServerFacts(address: address, answer: .notAsked)
            }
            let times = (0..<questions).compactMap { latency(address, port, id: UInt16(4000 + $0)) }.sorted()
            return NameServerFacts(
                address: address, answer: times.isEmpty ? .none : .after(nanoseconds: times[times.count / 2]))
        }
    }

    /// The `nameserver` lines.
    package static func addresses(_ text: String) -> [String] {
        text.split(separator: "\n").compactMap { line in
            let words = line.split { $0 == " " || $0 == "\t" }
            return words.count > 1 && words[0] == "nameserver" ? String(words[1]) : nil
        }
    }

    /// A question for the address of ``name``, recursion desired (RFC 1035 §4.1).
    package static func question(id: UInt16) -> [UInt8] {
        var bytes: [UInt8] = [UInt8(id >> 8), UInt8(id & 0xFF), 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]
        for label in name { bytes += [UInt8(label.utf8.count)] + Array(label.utf8) }
        return bytes + [0, 0, 1, 0, 1]
    }

    /// Until an answer with the question's id, whatever it says; nil without one within half a second.
    private static func latency(_ address: String, _ port: UInt16, id: UInt16) -> UInt64? {
        let descriptor = socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var target = sockaddr_in()
        target.sin_family = sa_family_t(AF_INET)
        target.sin_port = port.bigEndian
        guard inet_pton(AF_INET, address, &target.sin_addr) == 1 else { return nil }
        let connected = withUnsafePointer(to: &target) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard connected == 0 else { return nil }
        let packet = question(id: id)
        let began = MonotonicInstant.now()
        guard send(descriptor, packet, packet.count, 0) == packet.count else { return nil }
        var waiting = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        var answer = [UInt8](repeating: 0, count: 512)
        while poll(&waiting, 1, 500) == 1 {
            let count = recv(descriptor, &answer, answer.count, 0)
            guard count > 0 else { return nil }
            if count >= 12, answer[0] == packet[0], answer[1] == packet[1], answer[2] & 0x80 != 0 {
                return MonotonicInstant.now().nanoseconds(since: began)
            }
        }
        return nil
    }
}
