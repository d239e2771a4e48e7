/// The name of a delivery's queue: `DESTINATION` for mail that leaves by the pool that is usual there,
/// `POOL>DESTINATION` for another pool. Rules, next hops and policies are looked up by ``destination``.
///
///     gmail-smtp-in.l.google.com:25          the usual pool
///     bulk>example.org                       the pool `bulk`
///     bulk>mx:(mx1>backup).example.org       the same, to a site
///
/// The names of sites have `>` in them, too, but only behind `mx:(`, and the name of a pool has neither.
package struct QueueName: Hashable, Sendable {
    /// Nil: the usual one.
    package var pool: String?
    package var destination: String

    package init(pool: String?, destination: String) {
        self.pool = pool
        self.destination = destination
    }

    /// Each text is the name of exactly one queue.
    package init(_ text: String) {
        let parts = Self.parts(of: text)
        self.init(pool: parts.pool.map { String($0) }, destination: String(parts.destination))
    }

    package var text: String { pool.map { "\($0)>\(destination)" } ?? destination }

    /// The destination alone, without a copy where there is no pool.
    package static func destination(of text: String) -> String {
        let parts = parts(of: text)
        return parts.pool == nil ? text : String(parts.destination)
    }

    /// Both parts where they stand, without copies.
    package static func parts(of text: String) -> (pool: Substring?, destination: Substring) {
        guard let end = endOfPool(text.utf8) else { return (nil, text[...]) }
        return (text[..<end], text[text.utf8.index(after: end)...])
    }

    /// What pools and sources may be called: letters, digits, `.`, `-` and `_`, at most 64.
    package static func isNameOfPool(_ name: String) -> Bool {
        !name.isEmpty && name.utf8.count <= 64 && name.utf8.allSatisfy(isNameByte)
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F: true
        default: false
        }
    }

    private static func endOfPool(_ bytes: String.UTF8View) -> String.Index? {
        guard let end = bytes.firstIndex(where: { !isNameByte($0) }), bytes[end] == 0x3E, end != bytes.startIndex else {
            return nil
        }
        return end
    }
}
