import Yams

/// The sink's behaviour as text, put together from several.
package enum SinkRuleText {
    /// - Parameters:
    ///   - first: items of a YAML list of rules; empty: none.
    ///   - behaviour: a whole behaviour, a mapping with the key `rules`; nil: none.
    /// - Returns: the behaviour with the first rules before its own; nil if there are no rules at all.
    package static func joined(_ first: String, _ behaviour: String?) throws(RecordFault) -> String? {
        guard !first.isEmpty else { return behaviour }
        guard let behaviour else { return "rules:\n" + first }
        do {
            guard var mapping = try Yams.compose(yaml: behaviour)?.mapping else {
                throw RecordFault("the sink's behaviour is no mapping")
            }
            let added = try Yams.compose(yaml: first)?.sequence.map(Array.init) ?? []
            let own = mapping["rules"]?.sequence.map(Array.init) ?? []
            mapping["rules"] = Node(added + own)
            return try Yams.serialize(node: Node.mapping(mapping))
        } catch let fault as RecordFault { throw fault } catch {
            throw RecordFault("the sink's behaviour: \(error)")
        }
    }
}
