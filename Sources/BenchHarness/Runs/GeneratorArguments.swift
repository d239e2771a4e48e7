import Measures
package import RunRecords

/// What `traffic-gen` is told for a profile.
package struct GeneratorArguments {
    private let profile: RunProfile
    private let isWarmUp: Bool

    /// - Parameter isWarmUp: as fast as it goes, whatever the profile's load is.
    package init(_ profile: RunProfile, isWarmUp: Bool) {
        (self.profile, self.isWarmUp) = (profile, isWarmUp)
    }

    /// - Parameters:
    ///   - target: `HOST:PORT`, or `http://HOST:PORT`.
    ///   - messages: 0: as many as the load's duration brings.
    package func words(target: String, messages: Int) -> [String] {
        var words = [
            "--target", target, "--concurrency", "\(profile.connections)", "--body-size",
            "\(profile.messageSizeBytes)", "--threads", "\(profile.generatorThreads)",
        ]
        if messages > 0 { words += ["--message-count", "\(messages)"] }
        words += profile.domains.flatMap { ["--domain", $0] }
        if let count = profile.domainCount { words += ["--domain-count", "\(count)"] }
        if let count = profile.recipients, count > 1 { words += ["--recipients", "\(count)"] }
        if !profile.pipelining { words.append("--no-pipelining") }
        if profile.chunking { words.append("--chunking") }
        if let tls = profile.tls, tls != .none { words += ["--tls", tls.rawValue, "--insecure"] }
        if let injection = profile.injection, injection != "smtp" { words += ["--protocol", injection] }
        if let seconds = profile.rampUpSeconds, seconds > 0 {
            words += ["--ramp-up", HumanDuration(seconds: seconds).description]
        }
        if let load = profile.load, !isWarmUp { words += Self.words(load) }
        return words
    }

    private static func words(_ load: LoadPlan) -> [String] {
        func seconds(_ value: Double) -> String { HumanDuration(seconds: value).description }
        // As fast as it goes is a closed load: there are no due times that arrivals could have.
        var words = load.rate == "max" ? [] : ["--rate", load.rate, "--arrivals", load.arrivals.rawValue]
        if let duration = load.seconds { words += ["--duration", seconds(duration)] }
        if load.warmUpSeconds > 0 { words += ["--warmup", seconds(load.warmUpSeconds)] }
        if load.rampUpSeconds > 0 { words += ["--ramp-up", seconds(load.rampUpSeconds)] }
        return words
    }
}
