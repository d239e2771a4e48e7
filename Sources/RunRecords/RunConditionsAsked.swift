/// How a profile spaces the messages: an open load, due at times that do not depend on the system.
package struct LoadPlan: Codable, Hashable, Sendable {
    /// As `traffic-gen --rate` takes it: `5000/s`, `300000/m`, `20MMH`, `max`.
    package var rate: String
    package var arrivals: LoadFacts.Arrivals
    /// Nil: until all messages are sent.
    package var seconds: Double?
    package var warmUpSeconds: Double
    package var rampUpSeconds: Double

    enum CodingKeys: String, CodingKey {
        case rate, arrivals
        case seconds = "duration_s"
        case warmUpSeconds = "warm_up_s"
        case rampUpSeconds = "ramp_up_s"
    }
}

/// What the network between system and receivers is made to be.
package struct NetworkLimit: Codable, Hashable, Sendable {
    /// One way.
    package var delaySeconds: Double
    /// 0 to 1.
    package var loss: Double

    enum CodingKeys: String, CodingKey {
        case loss
        case delaySeconds = "delay_s"
    }
}

/// What the disk under the spool is made to be.
package struct DiskLimit: Codable, Hashable, Sendable {
    package var writesPerSecond: Int?
    /// 10^6 bytes.
    package var megabytesPerSecond: Double?

    enum CodingKeys: String, CodingKey {
        case writesPerSecond = "writes_per_s"
        case megabytesPerSecond = "mb_per_s"
    }
}

/// The search for the highest rate that a system sustains.
package struct FindMaxPlan: Codable, Hashable, Sendable {
    package var from: String
    package var to: String
    package var stepSeconds: Double
    /// Final replies have to come within this time.
    package var replyLimitSeconds: Double
    package var deliveryLimitSeconds: Double

    enum CodingKeys: String, CodingKey {
        case from, to
        case stepSeconds = "step_s"
        case replyLimitSeconds = "reply_limit_s"
        case deliveryLimitSeconds = "delivery_limit_s"
    }
}

/// TLS between generator and system.
package enum TLSPlan: String, Codable, CaseIterable, Sendable { case none, starttls, implicit }

extension RunProfile {
    /// `dkim`: what the system signs with.
    package static let dkimAlgorithms = ["rsa2048", "rsa1024", "ed25519"]
    /// `injection`.
    package static let injections = ["smtp", "lmtp", "http"]

    /// Reads the keys that came with schema 2; all may be left out.
    mutating func takeConditions(_ values: StrictMapping) throws(RecordFault) {
        load = try LoadPlan(values)
        rampUpSeconds = try values.seconds("ramp_up", in: 0...3600)
        if rampUpSeconds != nil, let load, load.rampUpSeconds > 0 {
            throw values.fault("ramp_up", "expected here or in 'load', not in both")
        }
        domainCount = try values.integer("domain_count", in: 1...10_000_000)
        if domainCount != nil, values.has("domains") {
            throw values.fault("domain_count", "expected without 'domains'")
        }
        recipients = try values.integer("recipients", in: 1...1000)
        tls = try values.choice("tls", of: TLSPlan.allCases.map(\.rawValue)).flatMap { TLSPlan(rawValue: $0) }
        dkim = try values.choice("dkim", of: Self.dkimAlgorithms)
        injection = try values.choice("injection", of: Self.injections)
        sink = values.canonical("sink")
        if let mapping = try values.mapping("sink", keys: ["rules"]), !mapping.has("rules") {
            throw values.fault("sink", "expected 'rules'")
        }
        network = try NetworkLimit(values)
        disk = try DiskLimit(values)
        memoryBytes = try values.bytes("memory", in: (1 << 20)...(1 << 50))
        if let crash = try values.mapping("crash", keys: ["after"]) {
            crashAfterSeconds = try crash.required("after", try crash.seconds("after", in: 0.001...86_400))
        }
        findMax = try FindMaxPlan(values)
    }
}

extension LoadPlan {
    fileprivate init?(_ profile: StrictMapping) throws(RecordFault) {
        let keys = ["rate", "arrivals", "duration", "warm_up", "ramp_up"]
        guard let values = try profile.mapping("load", keys: keys) else { return nil }
        rate = try values.required("rate", try values.rate("rate"))
        arrivals =
            try values.choice("arrivals", of: ["constant", "poisson"]).flatMap { LoadFacts.Arrivals(rawValue: $0) }
            ?? .constant
        seconds = try values.seconds("duration", in: 0.1...604_800)
        warmUpSeconds = try values.seconds("warm_up", in: 0...3600) ?? 0
        rampUpSeconds = try values.seconds("ramp_up", in: 0...3600) ?? 0
    }
}

extension NetworkLimit {
    fileprivate init?(_ profile: StrictMapping) throws(RecordFault) {
        guard let values = try profile.mapping("network", keys: ["delay", "loss"]) else { return nil }
        delaySeconds = try values.seconds("delay", in: 0...60) ?? 0
        loss = try values.share("loss") ?? 0
    }
}

extension DiskLimit {
    fileprivate init?(_ profile: StrictMapping) throws(RecordFault) {
        guard let values = try profile.mapping("disk", keys: ["writes_per_s", "mb_per_s"]) else { return nil }
        writesPerSecond = try values.integer("writes_per_s", in: 1...10_000_000)
        megabytesPerSecond = try values.number("mb_per_s", in: 0.01...1_000_000)
        guard writesPerSecond != nil || megabytesPerSecond != nil else {
            throw profile.fault("disk", "expected 'writes_per_s', 'mb_per_s' or both")
        }
    }
}

extension FindMaxPlan {
    fileprivate init?(_ profile: StrictMapping) throws(RecordFault) {
        let keys = ["from", "to", "step", "reply_limit", "delivery_limit"]
        guard let values = try profile.mapping("find_max", keys: keys) else { return nil }
        from = try values.required("from", try values.rate("from"))
        to = try values.required("to", try values.rate("to"))
        stepSeconds = try values.seconds("step", in: 1...3600) ?? 20
        replyLimitSeconds = try values.seconds("reply_limit", in: 0.001...3600) ?? 5
        deliveryLimitSeconds = try values.seconds("delivery_limit", in: 0.001...3600) ?? 60
    }
}

extension StrictMapping {
    /// `5000/s`, `300000/m`, `18000000/h`, `20MMH` or `max`.
    fileprivate func rate(_ key: String) throws(RecordFault) -> String? {
        guard let text = try text(key) else { return nil }
        if text == "max" { return text }
        for unit in ["/s", "/m", "/h", "MMH"] where text.hasSuffix(unit) {
            if let value = Double(text.dropLast(unit.count).filter { $0 != "_" }), value > 0, value.isFinite {
                return text
            }
        }
        throw fault(key, "'\(text)': expected a rate such as 5000/s, 300000/m, 20MMH or max")
    }

    /// `0.5%` or `0.005`.
    fileprivate func share(_ key: String) throws(RecordFault) -> Double? {
        guard let text = try text(key) else { return nil }
        let isPercent = text.hasSuffix("%")
        guard let value = Double(isPercent ? String(text.dropLast()) : text), value >= 0,
            value <= (isPercent ? 100 : 1)
        else { throw fault(key, "'\(text)': expected a share such as 0.5% or 0.005") }
        return isPercent ? value / 100 : value
    }
}
