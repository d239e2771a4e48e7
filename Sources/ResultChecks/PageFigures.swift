import Foundation

/// The figures of an HTML report: those it carries for programs in `<script type="application/json"
/// id="millrace-figures">`, and those it shows in elements with `data-figure="KEY" data-system="SYSTEM"
/// data-value="VALUE"`, whose text begins with what `data-text` says.
struct PageFigures {
    static let identifier = "millrace-figures"

    struct Shown {
        var system: String
        var key: String
        var value: String
        /// What the element says to people.
        var text: String
        /// What it ought to say.
        var stated: String?
    }

    /// The JSON, as `table --format json` prints it.
    private(set) var embedded: [UInt8]?
    private(set) var shown: [Shown] = []

    init(_ page: String) {
        embedded = Self.script(page)
        for match in page.matches(of: /<([a-z0-9]+)\b([^<>]*\bdata-figure="[^"]*"[^<>]*)>([^<]*)/) {
            let attributes = String(match.2)
            guard let key = Self.attribute("data-figure", attributes),
                let system = Self.attribute("data-system", attributes)
            else { continue }
            shown.append(
                Shown(
                    system: system, key: key, value: Self.attribute("data-value", attributes) ?? "",
                    text: String(match.3), stated: Self.attribute("data-text", attributes)))
        }
    }

    private static func script(_ page: String) -> [UInt8]? {
        guard let mark = page.range(of: "id=\"\(identifier)\""),
            let start = page[mark.upperBound...].firstIndex(of: ">"),
            let end = page[start...].range(of: "</script>")
        else { return nil }
        return Array(page[page.index(after: start)..<end.lowerBound].utf8)
    }

    private static func attribute(_ name: String, _ attributes: String) -> String? {
        guard let start = attributes.range(of: name + "=\""),
            let end = attributes[start.upperBound...].firstIndex(of: "\"")
        else { return nil }
        return String(attributes[start.upperBound..<end])
    }

    /// Figures that are shown otherwise than they are embedded.
    func problems(_ path: String) -> [String] {
        var problems = Problems()
        guard let embedded, case .list(let systems)? = JSONValue(embedded) else { return [] }
        for figure in shown {
            let row = systems.first { $0["system"] == .text(figure.system) }
            guard let median = row?["figures"]?[figure.key]?["median"]?.asNumber else {
                problems.expect(false, "\(path) shows '\(figure.key)' of \(figure.system), which it does not carry")
                continue
            }
            problems.expect(
                Double(figure.value).map { Self.isNear($0, median) } ?? false,
                "\(path) shows \(figure.key) of \(figure.system) as \(figure.value), it carries \(median)")
            problems.expect(
                Self.says(figure.text, median) && figure.stated.map { $0 == figure.text } ?? true,
                "\(path) says '\(figure.text)' for \(figure.key) of \(figure.system), it carries \(median)")
        }
        return Array(problems.list.prefix(10))
    }

    /// Whether a text such as `12,345 msg/s` is the value, rounded to the digits that it has.
    private static func says(_ text: String, _ value: Double) -> Bool {
        let digits = text.drop { !$0.isNumber && $0 != "-" }.prefix { $0.isNumber || ".,-".contains($0) }
        let plain = digits.filter { $0 != "," }
        guard let number = Double(plain) else { return false }
        let decimals = plain.firstIndex(of: ".").map { plain.distance(from: $0, to: plain.endIndex) - 1 } ?? 0
        return abs(number - value) <= 0.501 * pow(10, -Double(decimals))
    }

    private static func isNear(_ a: Double, _ b: Double) -> Bool { abs(a - b) <= max(abs(b) * 1e-6, 1e-9) }

    /// The system with which a page compares the others: the one that is not compared itself.
    var baseline: String? {
        guard let embedded, case .list(let systems)? = JSONValue(embedded), systems.count > 1 else { return nil }
        for system in systems {
            guard case .object(let contrasts)? = system["contrasts"], contrasts.isEmpty,
                case .text(let name)? = system["system"]
            else { continue }
            return name
        }
        return nil
    }
}

extension JSONValue {
    fileprivate var asNumber: Double? {
        switch self {
        case .whole(let value): Double(value)
        case .number(let value): value
        default: nil
        }
    }
}
