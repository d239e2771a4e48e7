import NIOCore
package import SMTPProtocol

/// What another process has to know of a client to go on with it, besides its socket: a value that is written as octets,
/// with a version in front.
package struct ClientState: Sendable, Hashable {
    /// Of what ``encoded`` writes.
    package static let version: UInt8 = 1
    /// Longest octets that are written or read.
    package static let most = 262_144

    /// What the service remembers.
    package struct Service: Sendable, Hashable {
        /// Where the client came in.
        package var listener: String
        /// What is spoken there: another listener may have got the name meanwhile.
        package var kind: String
        /// When the client came, milliseconds since 1970.
        package var since: UInt64
        /// The peer may say who it speaks for (XCLIENT), whatever client it speaks for now.
        package var mayUseXclient: Bool

        package init(listener: String, kind: String, since: UInt64, mayUseXclient: Bool) {
            self.listener = listener
            self.kind = kind
            self.since = since
            self.mayUseXclient = mayUseXclient
        }
    }

    package var service: Service
    /// The client's address as numbers, the peer's unless a proxy said another; nil: unknown.
    package var host: String?
    package var port: UInt16 = 0
    /// XCLIENT said that the peer speaks for another.
    package var isProxied = false
    /// Nil: nothing was read and nothing was said yet.
    package var session: SessionMemory?
    /// Octets that were read and not worked on, behind the session's begun command.
    package var unread: [UInt8] = []

    package init(service: Service) { self.service = service }

    /// Nil: it is too long.
    package var encoded: [UInt8]? {
        var octets = ByteBuffer()
        octets.writeMultipleIntegers(Self.version, flags)
        octets.writeText(service.listener)
        octets.writeText(service.kind)
        octets.writeInteger(service.since)
        if let host {
            octets.writeText(host)
            octets.writeInteger(UInt64(port))
        }
        if let session { octets.writeSession(session) }
        octets.writeOctets(unread)
        return octets.readableBytes <= Self.most ? Array(octets.readableBytesView) : nil
    }

    /// - Throws: ``StateFault``: it is not what ``encoded`` writes, or of another version.
    package init(decoding bytes: [UInt8]) throws(StateFault) {
        guard bytes.count <= Self.most else { throw StateFault() }
        var octets = ByteBuffer(bytes: bytes)
        guard let (version, flags) = octets.readMultipleIntegers(as: (UInt8, UInt8).self), version == Self.version,
            flags & ~Flag.all == 0, let listener = octets.readText(), let kind = octets.readText(),
            let since: UInt64 = octets.readInteger()
        else { throw StateFault() }
        service = Service(
            listener: listener, kind: kind, since: since, mayUseXclient: flags & Flag.mayUseXclient != 0)
        if flags & Flag.hasHost != 0 {
            guard let host = octets.readText(), let port = octets.readNumber(as: UInt16.self) else {
                throw StateFault()
            }
            (self.host, self.port) = (host, port)
        }
        isProxied = flags & Flag.isProxied != 0
        if flags & Flag.hasSession != 0 {
            session = octets.readSession(isExtended: flags & Flag.isExtended != 0, hasUser: flags & Flag.hasUser != 0)
            guard session != nil else { throw StateFault() }
        } else if flags & (Flag.isExtended | Flag.hasUser) != 0 {
            throw StateFault()
        }
        guard let unread = octets.readOctets(), octets.readableBytes == 0 else { throw StateFault() }
        self.unread = unread
    }

    private enum Flag {
        static let hasHost: UInt8 = 1
        static let isProxied: UInt8 = 2
        static let mayUseXclient: UInt8 = 4
        static let hasSession: UInt8 = 8
        static let isExtended: UInt8 = 16
        static let hasUser: UInt8 = 32
        static let all: UInt8 = 63
    }

    private var flags: UInt8 {
        (host == nil ? 0 : Flag.hasHost) | (isProxied ? Flag.isProxied : 0)
            | (service.mayUseXclient ? Flag.mayUseXclient : 0) | (session == nil ? 0 : Flag.hasSession)
            | (session?.isExtended ?? false ? Flag.isExtended : 0)
            | (session?.authenticatedUser == nil ? 0 : Flag.hasUser)
    }
}

/// Octets that are no client's state, or not all of it.
package struct StateFault: Error, Hashable {
    package init() {}
}

// Numbers as eight octets, the highest first; texts and octets behind their length as four.
extension ByteBuffer {
    fileprivate mutating func writeOctets(_ octets: [UInt8]) {
        writeInteger(UInt32(octets.count))
        writeBytes(octets)
    }

    fileprivate mutating func writeText(_ text: String) { writeOctets(Array(text.utf8)) }

    fileprivate mutating func writeSession(_ session: SessionMemory) {
        writeText(session.clientName)
        if let user = session.authenticatedUser { writeText(user) }
        writeMultipleIntegers(
            UInt64(session.errors), UInt64(session.transactions), UInt64(session.maximumMessageSize),
            UInt64(session.maximumRecipients), UInt64(session.maximumMessages))
        writeOctets(session.begunCommand)
    }

    fileprivate mutating func readOctets() -> [UInt8]? {
        readLengthPrefixedSlice(as: UInt32.self).map { Array($0.readableBytesView) }
    }

    fileprivate mutating func readText() -> String? { readOctets().flatMap { String(validating: $0, as: UTF8.self) } }

    /// Nil also for one that is too large.
    fileprivate mutating func readNumber<Number: FixedWidthInteger>(as: Number.Type) -> Number? {
        readInteger(as: UInt64.self).flatMap { Number(exactly: $0) }
    }

    fileprivate mutating func readSession(isExtended: Bool, hasUser: Bool) -> SessionMemory? {
        var session = SessionMemory()
        session.isExtended = isExtended
        guard let name = readText() else { return nil }
        session.clientName = name
        if hasUser {
            guard let user = readText() else { return nil }
            session.authenticatedUser = user
        }
        guard let errors = readNumber(as: Int.self), let transactions = readNumber(as: Int.self),
            let size = readNumber(as: Int.self), let recipients = readNumber(as: Int.self),
            let messages = readNumber(as: Int.self), let command = readOctets()
        else { return nil }
        (session.errors, session.transactions) = (errors, transactions)
        (session.maximumMessageSize, session.maximumRecipients, session.maximumMessages) = (size, recipients, messages)
        session.begunCommand = command
        return session
    }
}
