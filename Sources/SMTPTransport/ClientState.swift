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
        var writer = StateWriter()
        writer.add(Self.version)
        writer.add(flags)
        writer.add(service.listener)
        writer.add(service.kind)
        writer.add(service.since)
        if let host {
            writer.add(host)
            writer.add(UInt64(port))
        }
        if let session { writer.add(session) }
        writer.add(unread)
        return writer.bytes.count <= Self.most ? writer.bytes : nil
    }

    /// - Throws: ``StateFault``: it is not what ``encoded`` writes, or of another version.
    package init(decoding bytes: [UInt8]) throws(StateFault) {
        guard bytes.count <= Self.most else { throw StateFault() }
        var reader = StateReader(bytes)
        guard try reader.octet() == Self.version else { throw StateFault() }
        let flags = try reader.octet()
        guard flags & ~Flag.all == 0 else { throw StateFault() }
        service = Service(
            listener: try reader.text(), kind: try reader.text(), since: try reader.number(),
            mayUseXclient: flags & Flag.mayUseXclient != 0)
        if flags & Flag.hasHost != 0 {
            host = try reader.text()
            guard let port = UInt16(exactly: try reader.number()) else { throw StateFault() }
            self.port = port
        }
        isProxied = flags & Flag.isProxied != 0
        if flags & Flag.hasSession != 0 {
            session = try reader.session(
                isExtended: flags & Flag.isExtended != 0, hasUser: flags & Flag.hasUser != 0)
        } else if flags & (Flag.isExtended | Flag.hasUser) != 0 {
            throw StateFault()
        }
        unread = try reader.octets()
        guard reader.isAtEnd else { throw StateFault() }
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

/// Numbers as eight octets, the highest first; texts and octets behind their length as four.
private struct StateWriter {
    private(set) var bytes: [UInt8] = []

    mutating func add(_ octet: UInt8) { bytes.append(octet) }
    mutating func add(_ text: String) { add(Array(text.utf8)) }

    mutating func add(_ number: UInt64) {
        for shift in stride(from: 56, through: 0, by: -8) { bytes.append(UInt8(truncatingIfNeeded: number >> shift)) }
    }

    mutating func add(_ octets: [UInt8]) {
        let count = UInt32(octets.count)
        for shift in stride(from: 24, through: 0, by: -8) { bytes.append(UInt8(truncatingIfNeeded: count >> shift)) }
        bytes += octets
    }

    mutating func add(_ session: SessionMemory) {
        add(session.clientName)
        if let user = session.authenticatedUser { add(user) }
        for number in [
            session.errors, session.transactions, session.maximumMessageSize, session.maximumRecipients,
            session.maximumMessages,
        ] { add(UInt64(number)) }
        add(session.begunCommand)
    }
}

private struct StateReader {
    private let bytes: [UInt8]
    private var offset = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    var isAtEnd: Bool { offset == bytes.count }

    private mutating func take(_ count: Int) throws(StateFault) -> ArraySlice<UInt8> {
        guard count <= bytes.count - offset else { throw StateFault() }
        defer { offset += count }
        return bytes[offset..<offset + count]
    }

    mutating func octet() throws(StateFault) -> UInt8 {
        let found = try take(1)
        return found[found.startIndex]
    }

    mutating func number() throws(StateFault) -> UInt64 { try take(8).reduce(0) { $0 << 8 | UInt64($1) } }

    /// A number that counts something.
    private mutating func count() throws(StateFault) -> Int {
        guard let count = Int(exactly: try number()) else { throw StateFault() }
        return count
    }

    mutating func octets() throws(StateFault) -> [UInt8] {
        let count = try take(4).reduce(0) { $0 << 8 | Int($1) }
        return Array(try take(count))
    }

    mutating func text() throws(StateFault) -> String {
        guard let text = String(validating: try octets(), as: UTF8.self) else { throw StateFault() }
        return text
    }

    mutating func session(isExtended: Bool, hasUser: Bool) throws(StateFault) -> SessionMemory {
        var session = SessionMemory()
        session.clientName = try text()
        session.isExtended = isExtended
        if hasUser { session.authenticatedUser = try text() }
        session.errors = try count()
        session.transactions = try count()
        session.maximumMessageSize = try count()
        session.maximumRecipients = try count()
        session.maximumMessages = try count()
        session.begunCommand = try octets()
        return session
    }
}
