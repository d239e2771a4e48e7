/// A text with places to be filled, in the language of Jinja (as minijinja reads it) or of Handlebars. What is not given
/// renders empty. Compiled once a request, rendered for each recipient.
///
/// ```
/// {% for item in items %}{{ loop.index }}. {{ item.name | title }}{% else %}nothing{% endfor %}
/// {{#each items}}{{@index}}. {{name}}{{else}}nothing{{/each}}
/// ```
package struct Template: Sendable {
    package enum Dialect: String, Sendable { case jinja = "Jinja", fixed = "Static", handlebars = "Handlebars" }

    package struct Fault: Error, Equatable, Sendable {
        /// With the line in the template.
        package var text: String
    }

    /// Templates and values come from strangers: whatever nests or repeats has an end.
    package enum Limit {
        /// `{% if %}` within `{% for %}` within …
        package static let blockDepth = 50
        /// Parentheses, lists, arguments and signs within each other.
        package static let expressionDepth = 50
        /// Lists within lists, as values have them while a template is rendered.
        package static let valueDepth = 128
        /// Passes of all loops, for all recipients of a request.
        package static let loopPasses = 1_000_000
        /// One rendering.
        package static let renderedBytes = 32 << 20
        /// All renderings of a request; its messages have a bound of their own (``MessageBuilder/sizeLimit``).
        package static let requestBytes = 512 << 20
        /// Values looked at and bytes touched by expressions, for all recipients of a request.
        package static let work = 128 << 20
    }

    private let nodes: [TemplateNode]
    private let style: TemplateStyle
    private let slotCount: Int

    /// Nothing in it depends on the recipient.
    package let isConstant: Bool

    /// - Parameter isHTML: values are escaped.
    package init(_ source: String, _ dialect: Dialect, isHTML: Bool = false) throws(Fault) {
        style = TemplateStyle(isHandlebars: dialect == .handlebars, isHTML: isHTML)
        guard dialect != .fixed, source.utf8.contains(0x7B) else {
            nodes = source.isEmpty ? [] : [.text(source)]
            (slotCount, isConstant) = (0, true)
            return
        }
        if dialect == .handlebars {
            var parser = HandlebarsParser(source, style)
            nodes = try parser.whole()
            (slotCount, isConstant) = (0, !parser.readsValues)
        } else {
            var parser = JinjaParser(source, style)
            nodes = try parser.whole()
            (slotCount, isConstant) = (parser.scope.slotCount, !parser.scope.readsValues)
        }
    }

    /// - Parameters:
    ///   - values: looked through in turn, the first that has the name wins.
    ///   - budget: what the request has left.
    package func render(_ values: [JSONValue], _ budget: inout TemplateBudget) throws(Fault) -> String {
        if nodes.count == 1, case .text(let text) = nodes[0] { return text }
        var rendering = TemplateRendering(values, style, slotCount: slotCount, budget)
        defer { budget = rendering.budget }
        try rendering.run(nodes)
        return rendering.text
    }
}

/// How values become text.
struct TemplateStyle: Sendable {
    var isHandlebars: Bool
    var isHTML: Bool
}
