package import DeliveryQueue
package import MailTypes
package import Measures

/// A value that a key can have, as it is written in the file.
package protocol ConfigurationValue {
    /// What may stand there, for the reference.
    static var form: String { get }
    /// - Throws: ``UnitFault`` that says what would be right, without the text.
    init(written text: String) throws(UnitFault)
    var written: String { get }
}

extension String: ConfigurationValue {
    package static var form: String { "text" }
    package init(written text: String) throws(UnitFault) {
        guard !text.isEmpty, !text.contains(where: \.isNewline) else { throw UnitFault("expected one line of text") }
        self = text
    }
    package var written: String { self }
}

extension Int: ConfigurationValue {
    package static var form: String { "whole number" }
    package init(written text: String) throws(UnitFault) {
        guard let value = Int(text.filter { $0 != "_" }) else { throw UnitFault("expected a whole number") }
        self = value
    }
    package var written: String { String(self) }
}

extension Double: ConfigurationValue {
    package static var form: String { "number" }
    package init(written text: String) throws(UnitFault) {
        guard let value = Double(text), value.isFinite else { throw UnitFault("expected a number") }
        self = value
    }
    package var written: String { self == rounded() ? String(Int(self)) : String(self) }
}

extension Bool: ConfigurationValue {
    package static var form: String { "true or false" }
    package init(written text: String) throws(UnitFault) {
        switch text {
        case "true", "yes", "on": self = true
        case "false", "no", "off": self = false
        default: throw UnitFault("expected true or false")
        }
    }
    package var written: String { self ? "true" : "false" }
}

extension ByteCount: ConfigurationValue {
    package static var form: String { "byte count such as 100KB or 64KiB" }
    package init(written text: String) throws(UnitFault) {
        do throws(UnitFault) { self = try ByteCount(parsing: text) } catch {
            throw UnitFault("expected \(Self.allowedForm)")
        }
    }
    /// In binary units where that is exact.
    package var written: String {
        for (unit, name) in [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB"), (1_000_000_000, "GB")]
        where bytes >= unit && bytes % unit == 0 { return "\(bytes / unit)\(name)" }
        return String(bytes)
    }
}

extension HumanDuration: ConfigurationValue {
    package static var form: String { "duration such as 300ms, 5m or 5d" }
    package init(written text: String) throws(UnitFault) {
        do throws(UnitFault) { self = try HumanDuration(parsing: text) } catch {
            throw UnitFault("expected \(Self.allowedForm)")
        }
    }
    package var written: String {
        for (unit, name) in [(86_400.0, "d"), (3600.0, "h"), (60.0, "m"), (1.0, "s")]
        where seconds >= unit && (seconds / unit).rounded() == seconds / unit { return "\(Int(seconds / unit))\(name)" }
        return seconds == 0 ? "0s" : "\(Int(seconds * 1000))ms"
    }
    var milliseconds: UInt64 { nanoseconds / 1_000_000 }
}

extension NetworkPrefix: ConfigurationValue {
    package static var form: String { "network such as 192.0.2.0/24 or ::1" }
    package init(written text: String) throws(UnitFault) {
        guard let network = NetworkPrefix(text) else {
            throw UnitFault("expected a network such as 192.0.2.0/24 or ::1, without bits behind the prefix")
        }
        self = network
    }
    package var written: String { description }
}

extension NetworkAddress: ConfigurationValue {
    package static var form: String { "IP address" }
    package init(written text: String) throws(UnitFault) {
        guard let address = NetworkAddress(text) else {
            throw UnitFault("expected an IP address such as 192.0.2.1 or 2001:db8::1")
        }
        self = address
    }
    package var written: String { description }
}

extension Endpoint: ConfigurationValue {
    package static var form: String { "HOST:PORT" }
    package init(written text: String) throws(UnitFault) {
        do throws(UnitFault) { self = try Endpoint(parsing: text, flag: "") } catch {
            throw UnitFault("expected HOST:PORT, such as 127.0.0.1:2525 or [::1]:2525")
        }
    }
    package var written: String { description }
}

extension DeliveryRate: ConfigurationValue {
    package static var form: String { "messages/duration such as 100/1m or 20/s or 20/s,max_burst=5" }
    package init(written text: String) throws(UnitFault) {
        let expected = UnitFault("expected messages/duration, such as 100/1m or 20/s, perhaps with ,max_burst=5 behind")
        let (rate, rest) = Self.halves(text, ",")
        var burst: Double?
        if let rest {
            guard rest.hasPrefix("max_burst="), let value = Int(rest.dropFirst(10)), (1...1_000_000_000).contains(value)
            else { throw expected }
            burst = Double(value)
        }
        guard let messages = Double(Self.halves(rate, "/").0), let unit = Self.halves(rate, "/").1, messages > 0,
            messages <= 1e9,
            let duration = try? HumanDuration(parsing: unit.first?.isNumber ?? false ? unit : "1" + unit),
            duration.seconds > 0
        else { throw expected }
        self.init(messages: messages, milliseconds: duration.seconds * 1000, burst: burst)
    }

    /// Both sides of the first separator.
    private static func halves(_ text: String, _ separator: Character) -> (String, String?) {
        guard let at = text.firstIndex(of: separator) else { return (text, nil) }
        return (String(text[..<at]), String(text[text.index(after: at)...]))
    }

    package var written: String {
        "\(messages.written)/\(HumanDuration(seconds: milliseconds / 1000).written)"
            + (burst.map { ",max_burst=\($0.written)" } ?? "")
    }
}

/// One of several words.
package protocol ConfigurationChoice: ConfigurationValue, CaseIterable, RawRepresentable where RawValue == String {}

extension ConfigurationChoice {
    package static var form: String { allCases.map(\.rawValue).joined(separator: " or ") }
    package init(written text: String) throws(UnitFault) {
        guard let value = Self(rawValue: text) else { throw UnitFault("expected \(Self.form)") }
        self = value
    }
    package var written: String { rawValue }
}

/// A domain name, an ASCII one or with U-labels, lower case.
package struct DomainName: Hashable, Sendable, ConfigurationValue {
    package let text: String
    package static var form: String { "domain" }
    package init(written text: String) throws(UnitFault) {
        let isName =
            !text.isEmpty && text.utf8.count <= 253
            && text.unicodeScalars.allSatisfy {
                ("a"..."z").contains($0) || ("A"..."Z").contains($0) || ("0"..."9").contains($0) || $0 == "-"
                    || $0 == "." || $0 == "_" || $0.value >= 0x80
            }
        guard isName else { throw UnitFault("expected a domain name such as mta.example.org") }
        self.text = text.lowercased()
    }
    package var written: String { text }
}
