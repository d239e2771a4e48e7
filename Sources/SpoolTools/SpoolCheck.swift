import MailTypes
package import SpoolContract

/// Reads everything in a spool and says what cannot be read.
package struct SpoolCheck: Sendable {
    package private(set) var messages = 0
    /// Octets of content whose checksum matched.
    package private(set) var bytes = 0
    /// One line each.
    package private(set) var faults: [String] = []

    /// - Parameter progress: told the messages so far.
    package init(_ spool: any Spool, progress: (Int) -> Void = { _ in }) throws(SpoolFault) {
        var ids: [MessageID] = []
        let unreadable = try spool.enumerate { ids.append($0.id) }
        if unreadable.count > 0 {
            faults.append("\(unreadable.count) unreadable records, first: \(unreadable.first ?? "")")
        }
        for id in ids {
            do throws(SpoolFault) {
                guard let stored = try spool.load(id) else { continue }
                messages += 1
                bytes += stored.message.content.size
            } catch {
                faults.append("\(id): \(error)")
            }
            progress(messages)
        }
    }
}
