import Synchronization

/// Whether the DNS has the key of a signature that is made only then. Shared by all who sign; somebody looks now and then.
package final class KeyPublication: Sendable {
    /// Where verifiers look: `selector._domainkey.domain`.
    package let name: String
    /// What they have to find (``DKIMKey/publicRecord``).
    package let record: String
    private let published = Atomic<Bool>(false)

    package init(name: String, record: String) {
        self.name = name
        self.record = record
    }

    /// False until somebody has looked.
    package var isPublished: Bool {
        get { published.load(ordering: .relaxed) }
        set { published.store(newValue, ordering: .relaxed) }
    }
}
