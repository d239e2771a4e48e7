/// A sentence of a published text with its figures.
package struct PublishedClaim: Hashable, Sendable {
    package var id: String
    package var text: String
    /// By key of the file.
    package var numbers: [String: Double]
    package var instance: String?

    package init(id: String, text: String, numbers: [String: Double] = [:], instance: String? = nil) {
        (self.id, self.text, self.numbers, self.instance) = (id, text, numbers, instance)
    }
}

/// A benchmark as it was published: a table, what is said of how it was made, and what is concluded from it.
package struct PublishedTable: Sendable {
    package var id: String
    package var title: String
    /// Date, or what is known of it.
    package var published: String
    /// Name and where, sorted by name.
    package var sources: [(name: String, text: String)]
    package var messageBytes: Double
    package var messages: Double
    package var connections: Int?
    /// What else is said of the load and of the system, sorted by key.
    package var facts: [(key: String, text: String)]
    package var rows: [PublishedRow]
    /// Prices that are printed with the table, by key of the file.
    package var costNotes: [String: Double]
    package var claims: [PublishedClaim]
    package var notes: [PublishedClaim]

    package var byCores: (smallest: PublishedRow, largest: PublishedRow) {
        (rows.min { $0.vcpu < $1.vcpu }!, rows.max { $0.vcpu < $1.vcpu }!)
    }

    /// Bytes of a whole run.
    package var bytes: Double { messages * messageBytes }
    package func claim(_ id: String) -> PublishedClaim? { claims.first { $0.id == id } }
}

/// A published or recorded figure that stands alone.
package struct PublishedFigure: Sendable {
    package var id: String
    package var system: String
    package var instance: String?
    package var vcpu: Int?
    package var mmh: Double
    package var messagesPerSecond: Double?
    package var usdPerMillion: Double?
    package var connections: Int?
    package var messageBytes: Double?
    package var durability: String?
    /// How far it can be trusted.
    package var basis: String
}

/// All of `profiles/published/`.
package struct PublishedLibrary: Sendable {
    package var tables: [PublishedTable] = []
    package var figures: [PublishedFigure] = []
    package init() {}

    package func table(_ id: String) -> PublishedTable? { tables.first { $0.id == id } }
    package func figure(_ id: String) -> PublishedFigure? { figures.first { $0.id == id } }
}
