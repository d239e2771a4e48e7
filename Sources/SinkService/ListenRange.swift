package import Measures

/// Many addresses or many ports of this machine at once, each as a mail exchanger of its own:
/// `127.0.1.1-127.0.20.250:2525`, `127.0.0.1:25000-25999`. Port 0 is one free port, the same for all addresses.
package struct ListenRange: Sendable, Hashable {
    private let first: UInt32
    private let last: UInt32
    private let ports: ClosedRange<Int>

    /// Sockets that one range may ask for.
    package static let most = 20_000

    package init(parsing text: String) throws(UnitFault) {
        let form = "expected FIRST-LAST:PORT or ADDRESS:FIRST-LAST, such as 127.0.1.1-127.0.20.250:2525"
        let fault = UnitFault("--listen-range '\(text)': \(form)")
        guard let colon = text.lastIndex(of: ":") else { throw fault }
        let addresses = text[..<colon].split(separator: "-", omittingEmptySubsequences: false).map { Self.address($0) }
        let ports = text[text.index(after: colon)...].split(separator: "-", omittingEmptySubsequences: false).map {
            $0.allSatisfy(\.isNumber) ? Int($0) : nil
        }
        guard (1...2).contains(addresses.count), let first = addresses[0], let last = addresses.last!, first <= last,
            (1...2).contains(ports.count), let low = ports[0], let high = ports.last!, low <= high, high < 65_536
        else { throw fault }
        (self.first, self.last, self.ports) = (first, last, low...high)
        guard count <= Self.most else {
            throw UnitFault("--listen-range '\(text)': \(count) sockets, at most \(Self.most)")
        }
    }

    package var count: Int { (Int(last) - Int(first) + 1) * ports.count }

    package var endpoints: [Endpoint] {
        (first...last).flatMap { address in ports.map { Endpoint(host: Self.text(address), port: $0) } }
    }

    private static func address(_ text: Substring) -> UInt32? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false).map { part in
            part.allSatisfy(\.isNumber) && part.count < 4 ? UInt8(part) : nil
        }
        guard parts.count == 4, parts.allSatisfy({ $0 != nil }) else { return nil }
        return parts.reduce(0) { $0 << 8 | UInt32($1!) }
    }

    package static func text(_ address: UInt32) -> String {
        [24, 16, 8, 0].map { String(address >> UInt32($0) & 255) }.joined(separator: ".")
    }
}
