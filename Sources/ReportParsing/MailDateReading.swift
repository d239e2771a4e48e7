import MailTypes

/// Dates of mail (RFC 5322 §3.3, and the old forms of §4.3) as seconds since 1970; nil for what is none.
///
///     Mon, 23 Nov 2026 20:14:56 +0000 (UTC)
enum MailDateReading {
    static func seconds(_ text: String) -> Int? {
        var words = text.prefix(200).split { $0 == " " || $0 == "\t" || $0 == "," }.map(String.init)
        if let first = words.first, first.first?.isNumber == false { words.removeFirst() }
        guard words.count >= 4, let day = Int(words[0]), (1...31).contains(day),
            let month = months.firstIndex(of: words[1].prefix(3).lowercased()), let year = year(words[2])
        else { return nil }
        let clock = words[3].split(separator: ":").compactMap { Int($0) }
        guard clock.count == 2 || clock.count == 3, (0...23).contains(clock[0]), (0...59).contains(clock[1]) else {
            return nil
        }
        let second = clock.count == 3 ? clock[2] : 0
        guard (0...60).contains(second) else { return nil }
        let time = clock[0] * 3600 + clock[1] * 60 + second
        return MailDate.days(year, month + 1, day) * 86_400 + time - zone(words.count > 4 ? words[4] : "")
    }

    private static let months = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]

    private static func year(_ text: String) -> Int? {
        guard text.utf8.count <= 4, let value = Int(text), value >= 0 else { return nil }
        return text.utf8.count >= 4 ? value : value < 50 ? 2000 + value : 1900 + value
    }

    /// Seconds east of Greenwich; 0 where it is not known (RFC 5322 §4.3).
    private static func zone(_ text: String) -> Int {
        let named = ["est": -5, "edt": -4, "cst": -6, "cdt": -5, "mst": -7, "mdt": -6, "pst": -8, "pdt": -7]
        if let hours = named[text.lowercased()] { return hours * 3600 }
        let sign = text.hasPrefix("-") ? -1 : 1
        guard text.utf8.count == 5, let digits = Int(text.dropFirst()), digits >= 0 else { return 0 }
        return sign * (digits / 100 * 3600 + digits % 100 * 60)
    }
}
