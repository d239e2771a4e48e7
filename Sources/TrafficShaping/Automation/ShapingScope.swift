/// What an automatic rule counts by and acts on: a source to a destination, a source to a provider, a destination, or a
/// source.
package struct ShapingScope: Hashable, Sendable, Codable {
    package let kind: RuleScope
    /// Nil: where there are no sources, or from all.
    package let source: String?
    /// A destination or a provider; nil: to everywhere.
    package let target: String?

    package init(_ kind: RuleScope, of path: PathName) {
        switch kind {
        case .provider where path.provider != nil:
            (self.kind, source, target) = (.provider, path.source, path.provider)
        case .path, .provider: (self.kind, source, target) = (.path, path.source, path.destination)
        case .destination: (self.kind, source, target) = (.destination, nil, path.destination)
        case .source: (self.kind, source, target) = (.source, path.source, nil)
        }
    }

    /// All scopes that a path is in.
    static func all(of path: PathName) -> [ShapingScope] {
        let kinds: [RuleScope] = path.provider == nil ? [.path, .destination, .source] : RuleScope.allCases
        return kinds.map { ShapingScope($0, of: path) }
    }

    /// `warm-1>example.org`, `warm-1>provider google`, `example.org`, `source warm-1`; `-` is the usual source.
    package var text: String {
        switch kind {
        case .path: "\(source ?? "-")>\(target ?? "")"
        case .provider: "\(source ?? "-")>provider \(target ?? "")"
        case .destination: target ?? ""
        case .source: "source \(source ?? "-")"
        }
    }
}

/// Which rule, and what it counts by.
struct TriggerKey: Hashable, Sendable, Codable {
    var rule: String
    var scope: ShapingScope
}
