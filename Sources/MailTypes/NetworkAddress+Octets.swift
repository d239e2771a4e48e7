extension NetworkAddress {
    /// As it is sent: four octets of IPv4, else sixteen.
    package var octets: [UInt8] {
        let all = [high, low].flatMap { half in (0..<8).map { UInt8(truncatingIfNeeded: half >> (56 - 8 * $0)) } }
        return isIPv4 ? Array(all[12...]) : all
    }

    /// Nil unless there are four or sixteen.
    package init?(octets: some Collection<UInt8>) {
        switch octets.count {
        case 4: self.init(ipv4: octets.reduce(0) { $0 << 8 | UInt32($1) })
        case 16:
            self.init(
                high: octets.prefix(8).reduce(0) { $0 << 8 | UInt64($1) },
                low: octets.dropFirst(8).reduce(0) { $0 << 8 | UInt64($1) })
        default: return nil
        }
    }
}
