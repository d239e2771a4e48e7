import DeliveryQueue
import TrafficShaping

/// What shaping files say of the ways to one destination, as layers of limits. What automatic rules of a running mta are
/// doing is not among it: `mta shaping list` says that.
struct ShapedLayers {
    let plan: ShapingPlan

    /// One destination.
    struct Place {
        var destination: String
        /// Of recipients; nil where several have one queue.
        var domain: String?
        /// Names, lower case.
        var exchangers: [String]
    }

    private func question(_ place: Place, _ source: String?) -> ShapingQuestion {
        ShapingQuestion(
            destination: place.destination, domain: place.domain, exchangers: place.exchangers, source: source)
    }

    func path(_ place: Place, from source: String?) -> ShapedPath { plan.path(question(place, source)) }

    func layers(_ place: Place, from source: String?) -> [LimitLayer] {
        let (path, said) = plan.explanation(question(place, source))
        // Where there are no sources a path is the destination.
        let groups: [(of: String, scope: String, limits: EgressLimits)] = [
            ("path", source == nil ? "destination" : "source to destination", path.limits),
            ("destination", "destination", path.destinationLimits), ("provider", "provider", path.providerLimits),
            ("provider and source", "source to provider", path.providerSourceLimits),
            ("source", "source", path.sourceLimits),
        ]
        return groups.filter { !$0.limits.isEmpty }.map { group in
            var layer = LimitLayer(scope: group.scope, origin: "shaping", limits: group.limits)
            for limit in said where limit.of == group.of { layer.origins[limit.key] = limit.origin }
            return layer
        }
    }
}
