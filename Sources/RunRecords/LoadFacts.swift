package import Measures

/// How the generator's messages were spaced.
package struct LoadFacts: Codable, Hashable, Sendable {
    /// Closed: a connection begins its next message when the last one is over, so that a slow target is asked less.
    /// Open: messages are due at times that do not depend on the target.
    package enum Model: String, Codable, Sendable { case closed, open }
    /// Gaps between the due times of an open load.
    package enum Arrivals: String, Codable, Sendable { case constant, poisson }

    package var model: Model
    package var arrivals: Arrivals?
    /// Asked for, messages a second; nil of a closed load, and where stages changed it.
    package var ratePerSecond: Double?
    /// In order; empty for one rate throughout.
    package var stages: [Stage]

    /// A part of the run with a rate of its own.
    package struct Stage: Codable, Hashable, Sendable {
        package var seconds: Double
        /// At its begin and end, messages a second: different in a ramp.
        package var fromPerSecond: Double
        package var toPerSecond: Double

        enum CodingKeys: String, CodingKey {
            case seconds
            case fromPerSecond = "from_per_s"
            case toPerSecond = "to_per_s"
        }

        package init(seconds: Double, fromPerSecond: Double, toPerSecond: Double) {
            self.seconds = seconds
            self.fromPerSecond = fromPerSecond
            self.toPerSecond = toPerSecond
        }
    }

    enum CodingKeys: String, CodingKey {
        case model, arrivals, stages
        case ratePerSecond = "rate_per_s"
    }

    package init(model: Model, arrivals: Arrivals? = nil, ratePerSecond: Double? = nil, stages: [Stage] = []) {
        self.model = model
        self.arrivals = arrivals
        self.ratePerSecond = ratePerSecond
        self.stages = stages
    }
}

/// The part of a run that is kept, marked, and left out of its figures.
package struct WarmUpFacts: Codable, Sendable {
    package var seconds: Double
    package var offered: UInt64
    package var accepted: UInt64
    package var transactionLatency: LatencyHistogram

    enum CodingKeys: String, CodingKey {
        case seconds, offered, accepted
        case transactionLatency = "transaction_latency"
    }

    package init(seconds: Double, offered: UInt64, accepted: UInt64, transactionLatency: LatencyHistogram) {
        self.seconds = seconds
        self.offered = offered
        self.accepted = accepted
        self.transactionLatency = transactionLatency
    }
}

/// How the generator's mail got to its target.
package struct TransportFacts: Codable, Hashable, Sendable {
    /// `smtp`, `lmtp` or `http`.
    package var protocolName: String
    /// `none`, `starttls` or `implicit`.
    package var tls: String
    package var isAuthenticated: Bool
    /// Nil: no limit.
    package var messagesPerConnection: Int?
    /// Messages a request over HTTP.
    package var batchSize: Int?
    /// Of each message.
    package var recipients: Int

    enum CodingKeys: String, CodingKey {
        case tls, recipients
        case protocolName = "protocol"
        case isAuthenticated = "authenticated"
        case messagesPerConnection = "messages_per_connection"
        case batchSize = "batch_size"
    }

    package init(
        protocolName: String, tls: String, isAuthenticated: Bool, messagesPerConnection: Int?, batchSize: Int?,
        recipients: Int
    ) {
        self.protocolName = protocolName
        self.tls = tls
        self.isAuthenticated = isAuthenticated
        self.messagesPerConnection = messagesPerConnection
        self.batchSize = batchSize
        self.recipients = recipients
    }
}
