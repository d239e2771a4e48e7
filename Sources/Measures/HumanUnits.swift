/// Why a human-written quantity was refused; the text names the allowed form.
package struct UnitFault: Error, CustomStringConvertible, Equatable {
    package let description: String
    package init(_ description: String) { self.description = description }
}

/// Bytes written as people do: `100kb` and `100KB` are 100,000, `100KiB` is 102,400, `1024` is itself.
package struct ByteCount: Hashable, Sendable, CustomStringConvertible {
    package let bytes: Int
    package init(bytes: Int) { self.bytes = bytes }

    package static let allowedForm = "a byte count such as 1024, 100kb, 1.5MB or 64KiB"

    package init(parsing text: String) throws(UnitFault) {
        let units: [(String, Double)] = [
            ("kib", 1024), ("mib", 1_048_576), ("gib", 1_073_741_824),
            ("kb", 1e3), ("mb", 1e6), ("gb", 1e9), ("k", 1e3), ("m", 1e6), ("g", 1e9), ("b", 1), ("", 1),
        ]
        let value = try scaled(text, units, Self.allowedForm)
        guard value < 1e15, value == value.rounded() else { throw UnitFault("'\(text)': expected \(Self.allowedForm)") }
        bytes = Int(value)
    }

    package var description: String {
        for (unit, size) in [("GB", 1_000_000_000), ("MB", 1_000_000), ("KB", 1_000)] where bytes >= size {
            return bytes % size == 0 ? "\(bytes / size) \(unit)" : "\(fixed(Double(bytes) / Double(size), 2)) \(unit)"
        }
        return "\(bytes) B"
    }
}

/// A span of time: `60s`, `500ms`, `2m`, `1.5h`, `5d`; a bare number is seconds.
package struct HumanDuration: Hashable, Sendable, CustomStringConvertible {
    package let nanoseconds: UInt64
    package init(nanoseconds: UInt64) { self.nanoseconds = nanoseconds }
    package init(seconds: Double) { nanoseconds = UInt64(seconds * 1e9) }

    package static let allowedForm = "a duration such as 500ms, 60s, 2m, 1.5h or 5d"

    package init(parsing text: String) throws(UnitFault) {
        let units: [(String, Double)] = [
            ("ns", 1), ("us", 1e3), ("ms", 1e6), ("s", 1e9), ("m", 60e9), ("h", 3600e9), ("d", 86400e9), ("", 1e9),
        ]
        let value = try scaled(text, units, Self.allowedForm)
        // What is not nothing must not become nothing.
        guard value < 1e19, value == 0 || value >= 1 else {
            throw UnitFault("'\(text)': expected \(Self.allowedForm)")
        }
        nanoseconds = UInt64(value)
    }

    package var seconds: Double { Double(nanoseconds) / 1e9 }

    package var description: String {
        for (unit, size) in [("d", 86400e9), ("h", 3600e9), ("m", 60e9), ("s", 1e9), ("ms", 1e6), ("us", 1e3)]
        where Double(nanoseconds) >= size
            && (Double(nanoseconds) / size * 100).rounded() == Double(nanoseconds) / size * 100
        {
            let value = Double(nanoseconds) / size
            return value == value.rounded() ? "\(Int(value))\(unit)" : "\(value)\(unit)"
        }
        return "\(nanoseconds)ns"
    }
}

/// `value` with `digits` decimals, without a locale; `n/a` if it is not finite or too large to write out.
package func fixed(_ value: Double, _ digits: Int) -> String {
    var scale = 1.0
    for _ in 0..<digits { scale *= 10 }
    // Also what no Int can hold: a nonsensical figure must not end the program that reports it.
    guard value.isFinite, value.magnitude * scale < 9e18 else { return "n/a" }
    let units = Int((value.magnitude * scale).rounded())
    let sign = value < 0 && units != 0 ? "-" : ""
    guard digits > 0 else { return "\(sign)\(units)" }
    let fraction = String(units % Int(scale))
    return "\(sign)\(units / Int(scale))." + String(repeating: "0", count: digits - fraction.count) + fraction
}

/// `1234567` as `1,234,567`.
package func grouped(_ value: some BinaryInteger) -> String {
    var digits = Array(String(value.magnitude))
    var index = digits.count - 3
    while index > 0 {
        digits.insert(",", at: index)
        index -= 3
    }
    return (value < 0 ? "-" : "") + String(digits)
}

/// One field of a CSV line (RFC 4180): in quotes if it holds what would end it.
package func csvField(_ text: String) -> String {
    text.utf8.contains { $0 == 0x2C || $0 == 0x22 || $0 == 0x0D || $0 == 0x0A } ? csvQuoted(text) : text
}

/// The same, in quotes whatever it holds.
package func csvQuoted(_ text: String) -> String {
    "\"" + text.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
}

private func scaled(_ text: String, _ units: [(String, Double)], _ form: String) throws(UnitFault) -> Double {
    // A comma only groups thousands: '1,5MB' is not 15 MB.
    let groups = text.split(separator: ",", omittingEmptySubsequences: false).dropFirst()
    guard groups.allSatisfy({ $0.prefix { $0.isNumber }.count == 3 }) else {
        throw UnitFault("'\(text)': expected \(form)")
    }
    let compact = text.lowercased().filter { $0 != " " && $0 != "_" && $0 != "," }
    let digits = compact.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
    let suffix = String(compact.dropFirst(digits.count))
    guard let number = Double(digits), let unit = units.first(where: { $0.0 == suffix }) else {
        throw UnitFault("'\(text)': expected \(form)")
    }
    return number * unit.1
}
