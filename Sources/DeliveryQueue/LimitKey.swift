import MailTypes

/// What limits are counted by: a letter that says what it is, and its name.
package enum LimitKey {
    package static func destination(_ name: String) -> String { "d:" + name }
    package static func provider(_ name: String) -> String { "p:" + name }
    package static func source(_ name: String) -> String { "s:" + name }
    /// A source to all destinations of a provider; no destination has a blank in its name.
    package static func provider(_ name: String, from source: String) -> String { path(source, "provider " + name) }
    /// A source to a destination.
    package static func path(_ source: String, _ destination: String) -> String { "x:\(source)>\(destination)" }
    package static func tenant(_ name: String) -> String { "t:" + QueueName.escaped(name) }
    /// - Parameter tenant: nil: whoever's it is.
    package static func campaign(_ name: String, of tenant: String?) -> String {
        "c:" + QueueName.escaped(name) + (tenant.map { "@" + QueueName.escaped($0) } ?? "")
    }
    /// A tenant or campaign to a destination.
    package static func sender(_ key: String, to destination: String) -> String { "\(key)>\(destination)" }
}
