package import MailTypes

/// What a header field says of when a message may be tried, in KumoMTA's form (its `import_scheduling_header`):
///
///     X-Schedule: {"first_attempt": "2026-12-01T09:00:00+01:00", "expires": "2026-12-02T09:00:00Z",
///                  "dow": "Mon,Tue,Wed", "tz": "Europe/Berlin", "start": "09:00:00", "end": "17:00:00"}
///
/// All of it may be left out; of `dow`, `tz`, `start` and `end` all stand there or none, but for `dow`: every day.
package enum ScheduleHeader {
    package struct Fault: Error, Equatable, Sendable {
        package var text: String
    }

    /// Further ahead than that nothing is scheduled, milliseconds: a mistake rather than a wish.
    package static let farthest: UInt64 = 366 * 86_400_000

    private static let names = ["first_attempt", "expires", "dow", "tz", "start", "end"]
    private static let days = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]

    /// - Parameters:
    ///   - now: milliseconds since 1970.
    ///   - isTimeZone: the time zone database has it.
    package static func terms(
        _ text: String, now: UInt64, isTimeZone: (String) -> Bool
    ) throws(Fault) -> DeliveryTerms {
        let json: JSONValue
        do throws(JSONValue.Fault) { json = try JSONValue.parse(text) } catch { throw Fault(text: error.text) }
        guard case .object(let members) = json else { throw Fault(text: "\(json.kind): expected an object") }
        if let other = members.first(where: { !names.contains($0.key) }) {
            throw Fault(text: "'\(other.key.prefix(40))': expected one of \(names.joined(separator: ", "))")
        }
        var terms = DeliveryTerms()
        if let date = try date("first_attempt", json, now) { terms.notBefore = date }
        terms.expires = try date("expires", json, now)
        terms.window = try window(json, isTimeZone)
        if let end = terms.expires, end <= max(terms.notBefore, now) {
            throw Fault(text: "'expires' is over before the first attempt")
        }
        return terms
    }

    private static func member(_ name: String, _ json: JSONValue) throws(Fault) -> String? {
        switch json[name] {
        case nil, .null?: return nil
        case .string(let text)?: return text
        case let other?: throw Fault(text: "'\(name)' is \(other.kind), expected a text")
        }
    }

    private static func date(_ name: String, _ json: JSONValue, _ now: UInt64) throws(Fault) -> UInt64? {
        guard let text = try member(name, json) else { return nil }
        guard let seconds = InternetDate.unixSeconds(text) else {
            throw Fault(text: "'\(name)': '\(text.prefix(40))': expected a date such as 2026-12-01T09:00:00Z")
        }
        let date = UInt64(max(0, seconds)) * 1_000
        guard date <= now + farthest else { throw Fault(text: "'\(name)' is more than a year ahead") }
        return date
    }

    private static func window(
        _ json: JSONValue, _ isTimeZone: (String) -> Bool
    ) throws(Fault) -> DeliveryWindow? {
        let (days, zone) = (try member("dow", json), try member("tz", json))
        let (start, end) = (try member("start", json), try member("end", json))
        guard days != nil || zone != nil || start != nil || end != nil else { return nil }
        guard let zone, let start, let end else { throw Fault(text: "'tz', 'start' and 'end' have to stand together") }
        guard isTimeZone(zone) else { throw Fault(text: "'tz': '\(zone.prefix(40))' is no time zone") }
        return DeliveryWindow(
            days: try days.map { (text) throws(Fault) in try mask(text) } ?? DeliveryWindow.everyDay, timeZone: zone,
            start: try time("start", start), end: try time("end", end))
    }

    /// By their names or the first three letters, with commas between.
    private static func mask(_ text: String) throws(Fault) -> UInt8 {
        var mask: UInt8 = 0
        for word in text.split(separator: ",", omittingEmptySubsequences: false) {
            let name = word.filter { $0 != " " }.lowercased()
            guard let day = days.firstIndex(where: { $0 == name || $0.prefix(3) == name }) else {
                throw Fault(text: "'dow': '\(word.prefix(40))': expected days such as Mon,Tue")
            }
            mask |= 1 << day
        }
        return mask
    }

    /// `09:00:00` or `09:00`, in seconds.
    private static func time(_ name: String, _ text: String) throws(Fault) -> Int {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        let numbers = parts.compactMap { $0.utf8.count == 2 && $0.first != "+" ? UInt8($0) : nil }
        guard numbers.count == parts.count, (2...3).contains(numbers.count), numbers[0] < 24,
            numbers.dropFirst().allSatisfy({ $0 < 60 })
        else { throw Fault(text: "'\(name)': '\(text.prefix(40))': expected a time of the day such as 09:00:00") }
        return Int(numbers[0]) * 3_600 + Int(numbers[1]) * 60 + (numbers.count == 3 ? Int(numbers[2]) : 0)
    }
}
