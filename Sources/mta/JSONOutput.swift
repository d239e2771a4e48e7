import Foundation
import ProgramSupport

/// For programs and for people: indented, keys in their order, a line feed at the end.
func prettyJSON(_ value: some Encodable) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(value), as: UTF8.self) + "\n"
}

/// `--format` of what is no table.
/// - Returns: false: it is to be text.
func wantsJSON(_ format: String) throws -> Bool {
    guard ["text", "json"].contains(format) else { throw UsageFault("--format '\(format)': expected text or json") }
    return format == "json"
}
