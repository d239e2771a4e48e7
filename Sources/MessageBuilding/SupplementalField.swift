import TextCodecs

/// The field that says, in base64, whom a message was for and what was known of it, so that what comes back can be told
/// apart (KumoMTA's X-KumoRef):
///
///     X-KumoRef: eyJfQF8iOiJcXF8vIiwicmVjaXBpZW50IjoiYkB5LnRlc3QifQ==
package struct SupplementalField: Sendable, Hashable {
    package static let usualName = "X-KumoRef"

    package var name: String
    /// Names of metadata that are shown, in this order; `tenant` and `campaign` are labels.
    package var metaNames: [String]

    package init(name: String = usualName, metaNames: [String] = []) {
        self.name = name
        self.metaNames = metaNames
    }

    /// The field with its line end.
    /// - Parameters:
    ///   - recipient: nil: there are several, and none is to learn of the others.
    ///   - value: of a piece of metadata; nil: the message has none of that name.
    package func bytes(recipient: String?, value: (String) -> String?) -> [UInt8] {
        var members = [#""_@_":"\\_/""#]
        if let recipient { members.append(#""recipient":"# + JSONText.quoted(recipient)) }
        for name in metaNames {
            if let value = value(name) { members.append("\(JSONText.quoted(name)):\(JSONText.quoted(value))") }
        }
        let json = "{" + members.joined(separator: ",") + "}"
        return Array(name.utf8) + [0x3A, 0x20]
            + Base64.bytes(Array(json.utf8), lineWidth: 60, fold: [0x0D, 0x0A, 0x20]) + [0x0D, 0x0A]
    }
}
