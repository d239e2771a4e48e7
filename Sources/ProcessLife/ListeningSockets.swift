import Glibc

/// An address that the configuration wants to listen on.
package struct WantedSocket: Sendable, Hashable {
    package var name: String
    package var host: String
    /// 0: any.
    package var port: Int

    package init(name: String, host: String, port: Int) {
        self.name = name
        self.host = host
        self.port = port
    }
}

/// Binds what is wanted, or takes it over from who had it before.
package enum ListeningSockets {
    /// - Parameter trustsNames: a socket with the right name is taken whatever its address: a service manager's units say
    ///   what is listened on.
    /// - Returns: the sockets, and those inherited that nobody wants; they are closed.
    /// - Throws: ``LifeFault`` that names the listener and its address.
    package static func open(
        _ wanted: [WantedSocket], inherited: [InheritedSocket], trustsNames: Bool
    ) throws(LifeFault) -> (sockets: BoundSockets, unused: [InheritedSocket]) {
        var sockets = BoundSockets()
        var rest = inherited
        for want in wanted {
            let address = want.port == 0 ? nil : try resolved(want) { addressText($0, $1) }
            if let index = match(want, address, rest, trustsNames: trustsNames) {
                sockets[want.name] = rest.remove(at: index).descriptor
            }
        }
        for want in wanted where sockets[want.name] == nil { sockets[want.name] = try bind(want) }
        for unused in rest { close(unused.descriptor) }
        return (sockets, rest)
    }

    /// Which of them is wanted.
    /// - Parameter address: as numbers; nil: any port will do.
    package static func match(
        _ want: WantedSocket, _ address: String?, _ inherited: [InheritedSocket], trustsNames: Bool
    ) -> Int? {
        if let address {
            let found = inherited.firstIndex { $0.address == address }
            guard found == nil, trustsNames else { return found }
        }
        return inherited.firstIndex { $0.name == want.name }
    }

    /// Bound, and nobody can connect yet.
    private static func bind(_ want: WantedSocket) throws(LifeFault) -> Int32 {
        let bound: (descriptor: Int32, fault: Int32) = try resolved(want) { address, length in
            let descriptor = socket(
                Int32(address.pointee.sa_family), Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
            guard descriptor >= 0 else { return (-1, errno) }
            var yes: Int32 = 1
            setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
            guard Glibc.bind(descriptor, address, length) == 0 else {
                let fault = errno
                close(descriptor)
                return (-1, fault)
            }
            return (descriptor, 0)
        }
        guard bound.descriptor >= 0 else {
            throw fault(want, String(cString: strerror(bound.fault)) + advice(bound.fault, want.port))
        }
        return bound.descriptor
    }

    private static func advice(_ fault: Int32, _ port: Int) -> String {
        guard fault == EACCES, port < 1024 else { return "" }
        return ": ports below 1024 are bound by root (then give `user`) or with CAP_NET_BIND_SERVICE"
    }

    private static func resolved<Result>(
        _ want: WantedSocket, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result
    ) throws(LifeFault) -> Result {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        hints.ai_flags = AI_PASSIVE
        var found: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(want.host, String(want.port), &hints, &found)
        defer { if let found { freeaddrinfo(found) } }
        guard code == 0, let first = found?.pointee, let address = first.ai_addr else {
            throw fault(want, String(cString: gai_strerror(code)))
        }
        return body(address, first.ai_addrlen)
    }

    private static func fault(_ want: WantedSocket, _ text: String) -> LifeFault {
        let listener = want.name == BoundSockets.http ? "http" : "listener '\(want.name)'"
        return LifeFault("\(listener) on \(want.host):\(want.port): \(text)")
    }
}
