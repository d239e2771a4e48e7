import Measures

/// What a program's live file says while it runs: `{"messages":N,…}`.
enum LiveCount {
    /// - Parameter record: the record's path; the file is beside it. 0 as long as there is none.
    static func messages(_ record: String) -> UInt64 {
        guard let text = readSmallFile(record + ".live"), let colon = text.firstIndex(of: ":") else { return 0 }
        return UInt64(text[text.index(after: colon)...].prefix { $0.isNumber }) ?? 0
    }
}
