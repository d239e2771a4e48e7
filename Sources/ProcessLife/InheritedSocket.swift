import Glibc

/// A listening socket that was there before the program: from a service manager, from the process before (an upgrade),
/// or from itself before it gave up its rights. All three speak sd_listen_fds(3): descriptors from 3 on,
/// `LISTEN_FDS` their number, `LISTEN_FDNAMES` their names, `LISTEN_PID` whose they are.
package struct InheritedSocket: Sendable, Hashable {
    package static let first: Int32 = 3

    package var descriptor: Int32
    /// As `LISTEN_FDNAMES` has it.
    package var name: String
    /// `127.0.0.1:25` or `[::1]:25`.
    package var address: String

    package init(descriptor: Int32, name: String, address: String) {
        self.descriptor = descriptor
        self.name = name
        self.address = address
    }

    /// Descriptors and names that an environment announces to this process.
    /// - Parameter isFromPredecessor: it could not know our process id.
    package static func announced(
        _ environment: [String: String], process: Int32, isFromPredecessor: Bool
    ) -> [(descriptor: Int32, name: String)] {
        guard let count = environment["LISTEN_FDS"].flatMap({ Int32($0) }), count > 0, count < 1_000,
            isFromPredecessor || environment["LISTEN_PID"] == String(process)
        else { return [] }
        let names = (environment["LISTEN_FDNAMES"] ?? "").split(separator: ":", omittingEmptySubsequences: false)
        return (0..<count).map {
            (first + $0, Int($0) < names.count ? unescaped(String(names[Int($0)])) : "")
        }
    }

    /// The same as environment variables say it.
    package static func environment(_ names: [String], process: Int32?) -> [String: String] {
        var found = [
            "LISTEN_FDS": String(names.count), "LISTEN_FDNAMES": names.map(escaped).joined(separator: ":"),
        ]
        found["LISTEN_PID"] = process.map(String.init)
        return found
    }

    /// Names are separated by colons.
    private static func escaped(_ name: String) -> String {
        name.replacing("%", with: "%25").replacing(":", with: "%3A")
    }

    private static func unescaped(_ name: String) -> String {
        name.replacing("%3A", with: ":").replacing("%25", with: "%")
    }

    /// Those of this process. They are not passed on to programs that it starts unless it wants so.
    package static func ofThisProcess(isFromPredecessor: Bool) -> [InheritedSocket] {
        announced(environmentNow(), process: getpid(), isFromPredecessor: isFromPredecessor).compactMap {
            guard fcntl($0.descriptor, F_SETFD, FD_CLOEXEC) == 0, let address = addressText(of: $0.descriptor)
            else { return nil }
            return InheritedSocket(descriptor: $0.descriptor, name: $0.name, address: address)
        }
    }
}

/// The environment of this process.
package func environmentNow() -> [String: String] {
    var found: [String: String] = [:]
    var next = environ
    while let entry = next.pointee {
        let parts = String(cString: entry).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        if parts.count == 2 { found[String(parts[0])] = String(parts[1]) }
        next += 1
    }
    return found
}

/// Where a socket is bound, as numbers; nil: it is no IP socket.
func addressText(of descriptor: Int32) -> String? {
    var storage = sockaddr_storage()
    var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
    return withUnsafeMutablePointer(to: &storage) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            getsockname(descriptor, $0, &length) == 0 ? addressText($0, length) : nil
        }
    }
}

func addressText(_ address: UnsafePointer<sockaddr>, _ length: socklen_t) -> String? {
    let family = Int32(address.pointee.sa_family)
    guard family == AF_INET || family == AF_INET6 else { return nil }
    var host = [CChar](repeating: 0, count: Int(NI_MAXHOST))
    var port = [CChar](repeating: 0, count: Int(NI_MAXSERV))
    guard
        getnameinfo(
            address, length, &host, socklen_t(host.count), &port, socklen_t(port.count),
            NI_NUMERICHOST | NI_NUMERICSERV) == 0
    else { return nil }
    let (name, number) = (text(host), text(port))
    return family == AF_INET6 ? "[\(name)]:\(number)" : "\(name):\(number)"
}

private func text(_ characters: [CChar]) -> String {
    String(decoding: characters.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
}
