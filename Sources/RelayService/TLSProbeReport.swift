package import TransportSecurity

/// What `mta tls-probe` found out about the hosts of a domain, and what it would do with mail for it.
package struct TLSProbeReport: Sendable, Codable {
    /// The MTA-STS policy of the domain (RFC 8461).
    package struct StrictTransport: Sendable, Codable {
        /// `enforce`, `testing`, `none`; nil: there is no policy.
        package var mode: String?
        package var patterns: [String]
        package var maxAgeSeconds: Int?
        /// Why it could not be had.
        package var fault: String?
        private enum CodingKeys: String, CodingKey {
            case mode, fault
            case patterns = "mx"
            case maxAgeSeconds = "max_age_seconds"
        }
    }

    /// TLSA records of one host (RFC 7672).
    package struct DANE: Sendable, Codable {
        /// `none`, `usable`, `unusable`, `failed`.
        package var state: String
        package var baseDomain: String?
        package var records: [String]
        /// Names that a certificate may have with usage 2.
        package var names: [String]
        package var fault: String?
        private enum CodingKeys: String, CodingKey {
            case state, records, names, fault
            case baseDomain = "base_domain"
        }
    }

    /// One check of what a host showed.
    package struct Check: Sendable, Codable {
        /// `dane`, `certificate` (signed by somebody trusted, for the host's name), `mta-sts`.
        package var name: String
        package var passed: Bool
        /// Why not.
        package var reason: String?
    }

    package struct Host: Sendable, Codable {
        package var name: String
        /// `192.0.2.7:25`
        package var address: String
        /// DNSSEC vouches for its name.
        package var isNameSecure: Bool
        package var dane: DANE
        /// Nil: it could not be asked.
        package var offersTLS: Bool?
        package var version: String?
        package var cipher: String?
        package var certificates: [CertificateReport] = []
        package var checks: [Check] = []
        /// Why the connection came to nothing.
        package var fault: String?
        package var verdict: Verdict
        private enum CodingKeys: String, CodingKey {
            case name, address, dane, version, cipher, certificates, checks, fault, verdict
            case isNameSecure = "name_is_secure"
            case offersTLS = "offers_starttls"
        }
    }

    /// What would become of mail.
    package struct Verdict: Sendable, Codable, Hashable {
        package enum Way: String, Sendable, Codable {
            case encrypted
            case clear
            /// The next host is tried; if it is the last, mail waits.
            case waits
        }
        package var way: Way
        package var reason: String
    }

    /// As it was asked for.
    package var target: String
    /// What has the queue: a domain, a next hop, exchangers.
    package var destination: String
    /// By MX records, or by configuration.
    package var route: String
    /// `tls` of the destination.
    package var tls: String
    package var usesDANE: Bool
    package var usesStrictTransport: Bool
    package var strictTransport: StrictTransport?
    package var hosts: [Host] = []
    package var verdict: Verdict
    private enum CodingKeys: String, CodingKey {
        case target, destination, route, tls, hosts, verdict
        case usesDANE = "uses_dane"
        case usesStrictTransport = "uses_mta_sts"
        case strictTransport = "mta_sts"
    }
}
