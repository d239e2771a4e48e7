/// What `/metrics` tells beyond the totals.
package struct MetricsConfiguration: Sendable {
    /// Recipients are counted by these, too; none: the path of a message knows nothing of it.
    package var dimensions: Set<RecipientDimension> = []
    /// Tenants, campaigns, providers, sources and destinations with lines of their own, the largest; labels must not grow
    /// with the world.
    package var shown = 50

    package init() {}

    /// To count in; nil: nothing is counted.
    var breakdown: RecipientBreakdown? { dimensions.isEmpty ? nil : RecipientBreakdown(dimensions) }
}
