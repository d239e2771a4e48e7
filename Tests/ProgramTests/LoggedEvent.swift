import Foundation

/// A line of the event log, or of what a web hook was sent, with the fields that tests look at.
struct LoggedEvent: Decodable {
    enum Recipients: Decodable {
        case one(String)
        case several([String])
        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let text = try? container.decode(String.self) {
                self = .one(text)
            } else {
                self = .several(try container.decode([String].self))
            }
        }
        var list: [String] {
            switch self {
            case .one(let text): [text]
            case .several(let texts): texts
            }
        }
    }
    struct Response: Decodable {
        var code: Int
        var content: String
        var command: String?
    }
    var type: String
    var id: String?
    var sender: String?
    var recipient: Recipients?
    var response: Response?
    var reception_protocol: String?
    var listener: String?
    var queue: String?
    var tenant: String?
    var egress_pool: String?
    var meta: [String: String]?
    var tls_protocol_version: String?
    var tls_cipher: String?
    var tls_peer_subject_name: [String]?

    /// What the log says, over all closed segments.
    static func all(in directory: String) throws -> [LoggedEvent] {
        try FileManager.default.contentsOfDirectory(atPath: directory).filter { $0.hasSuffix(".jsonl") }.sorted()
            .flatMap { try lines(directory + "/" + $0) }
    }

    static func lines(_ path: String) throws -> [LoggedEvent] {
        let data = FileManager.default.contents(atPath: path) ?? Data()
        return try data.split(separator: 0x0A).map { try JSONDecoder().decode(LoggedEvent.self, from: $0) }
    }
}
