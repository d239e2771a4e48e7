/// How often a reply code came, and the first text it came with.
package struct ReplyCount: Codable, Hashable, Sendable {
    /// `mail`, `rcpt`, `data`, `final`, `greeting`, `ehlo`, or `connection` for failures without a reply.
    package var stage: String
    /// 0 where there was no reply.
    package var code: Int
    package var count: UInt64
    package var firstText: String

    enum CodingKeys: String, CodingKey {
        case stage, code, count
        case firstText = "first_text"
    }

    package init(stage: String, code: Int, count: UInt64, firstText: String) {
        self.stage = stage
        self.code = code
        self.count = count
        self.firstText = firstText
    }
}
