import Foundation

/// Reading and writing of records: JSON, sorted keys, one file a record, replaced atomically.
package enum RecordFile {
    package static func write(_ record: some Encodable, to path: String) throws {
        try Data(text(record).utf8).write(to: URL(fileURLWithPath: path), options: .atomic)
    }

    /// The same as a text that ends with a line feed.
    package static func text(_ record: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(record), as: UTF8.self) + "\n"
    }

    /// - Throws: ``RecordFault`` that names the file and the key that is missing or wrong.
    package static func read<Record: Decodable>(_ type: Record.Type, from path: String) throws -> Record {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw RecordFault("\(path): cannot be read")
        }
        return try decode(type, from: data, name: path)
    }

    /// - Parameter name: stands in front of a fault.
    /// - Throws: ``RecordFault`` as ``read(_:from:)``.
    package static func decode<Record: Decodable>(
        _ type: Record.Type, from bytes: [UInt8], name: String
    ) throws -> Record { try decode(type, from: Data(bytes), name: name) }

    private static func decode<Record: Decodable>(_ type: Record.Type, from data: Data, name: String) throws -> Record {
        do {
            return try JSONDecoder().decode(type, from: data)
        } catch let error as DecodingError {
            throw RecordFault("\(name): \(Self.explain(error))")
        }
    }

    private static func explain(_ error: DecodingError) -> String {
        func path(_ context: DecodingError.Context) -> String {
            context.codingPath.map(\.stringValue).joined(separator: ".")
        }
        switch error {
        case .keyNotFound(let key, let context): return "key '\(key.stringValue)' is missing at '\(path(context))'"
        case .typeMismatch(_, let context), .valueNotFound(_, let context), .dataCorrupted(let context):
            return "'\(path(context))': \(context.debugDescription)"
        @unknown default: return "\(error)"
        }
    }
}

/// A record, profile or result that cannot be used; the text names file and place.
package struct RecordFault: Error, CustomStringConvertible {
    package let description: String
    package init(_ description: String) { self.description = description }
}
