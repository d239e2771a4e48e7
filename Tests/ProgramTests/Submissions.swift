import Foundation

/// A message with its ESMTP parameters, for `send_messages.py`.
struct Submission: Encodable {
    struct Recipient: Encodable {
        var address: String
        var options: [String] = []
    }

    var sender: String
    var mailOptions: [String] = []
    var recipients: [Recipient]
    var content: Data
    /// BDAT in two parts, octets as they are, instead of DATA.
    var chunks = false
}

extension Stage {
    /// Sends them over one connection.
    /// - Returns: the last reply to each.
    func send(_ messages: [Submission], to port: Int) async throws -> [String] {
        let file = path("messages-\(UUID().uuidString).json")
        try JSONEncoder().encode(messages).write(to: URL(fileURLWithPath: file))
        return try await runScript("send_messages.py", [String(port), file]).split(separator: "\n").map(String.init)
    }
}
