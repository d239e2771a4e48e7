/// Sockets that are bound, by the name of their listener.
package struct BoundSockets: Sendable, Hashable {
    /// The HTTP listener's name: one that no SMTP listener's can be mistaken for.
    package static let http = "@http"

    private var sockets: [String: Int32] = [:]
    package init() {}

    package subscript(name: String) -> Int32? {
        get { sockets[name] }
        set { sockets[name] = newValue }
    }

    /// In the order of their names.
    package var all: [(name: String, socket: Int32)] {
        sockets.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }
}

/// Why the program cannot begin as it was asked to.
package struct LifeFault: Error, Sendable, CustomStringConvertible {
    package let description: String
    package init(_ description: String) { self.description = description }
}
