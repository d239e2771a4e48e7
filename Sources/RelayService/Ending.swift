/// Why a relay takes its leave.
package enum Ending: String, Sendable {
    case stopping
    /// Another process takes its listeners and its spool over.
    case upgrading
}
