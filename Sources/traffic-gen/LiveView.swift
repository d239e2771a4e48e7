import Glibc
import LoadGeneration
import Measures

/// A few lines on a terminal that are rewritten each second; where standard error is no terminal, nothing, or a plain
/// line a second if that was asked for.
struct LiveView {
    private let configuration: LoadConfiguration
    private let isTerminal = isatty(2) == 1
    private let isPlain: Bool
    private var drawn = 0

    /// - Parameter plainLines: also where standard error is no terminal.
    init(_ configuration: LoadConfiguration, plainLines: Bool) {
        self.configuration = configuration
        isPlain = plainLines && isatty(2) != 1
    }

    mutating func show(_ status: LoadStatus) {
        if isPlain { writeError(plainLine(status) + "\n") }
        guard isTerminal else { return }
        let lines = [Self.rates(status), progress(status), Self.codes(status)].filter { !$0.isEmpty }
        let width = terminalWidth()
        clear()
        writeError(lines.map { String($0.prefix(width)) }.joined(separator: "\n"))
        drawn = lines.count
    }

    /// Takes away what was drawn.
    mutating func clear() {
        guard isTerminal, drawn > 0 else { return }
        writeError((drawn > 1 ? "\u{1B}[\(drawn - 1)A" : "") + "\r\u{1B}[J")
        drawn = 0
    }

    static func rates(_ status: LoadStatus) -> String {
        let rate = Double(status.sample.messages)
        return "\(grouped(status.sample.messages)) msg/s  \(fixed(rate * 0.0036, 2)) MMH  "
            + "\(fixed(Double(status.sample.bytes) / 1e6, 1)) MB/s  \(grouped(status.connections)) connections  "
            + "p50 \(milliseconds(status.latencyP50))  p99 \(milliseconds(status.latencyP99))"
    }

    static func counts(_ status: LoadStatus) -> String {
        var text = "\(grouped(status.accepted)) acknowledged, \(grouped(status.notAccepted)) failed"
        if status.lateStarts > 0 { text += ", \(grouped(status.lateStarts)) begun late" }
        return text
    }

    private func plainLine(_ status: LoadStatus) -> String {
        let (share, left) = advance(status)
        let advance = "\(fixed(share * 100, 0)) %" + Self.timeToGo(left)
        return [Self.rates(status), advance, Self.counts(status), Self.codes(status)].filter { !$0.isEmpty }
            .joined(separator: "  ")
    }

    private func advance(_ status: LoadStatus) -> (share: Double, left: Double?) {
        Self.advance(status, messageCount: configuration.messageCount, duration: configuration.duration)
    }

    private static func timeToGo(_ left: Double?) -> String {
        left.map { ", \(fixed($0.rounded(.up), 0)) s to go" } ?? ""
    }

    private func progress(_ status: LoadStatus) -> String {
        let (share, left) = advance(status)
        let filled = Int(share * 24)
        let bar = String(repeating: "█", count: filled) + String(repeating: "░", count: 24 - filled)
        return "\(bar) \(fixed(share * 100, 0)) %  \(fixed(status.elapsedSeconds, 0)) s\(Self.timeToGo(left))  "
            + Self.counts(status)
    }

    /// How far the run is, 0 to 1, and the seconds that it will still take; whichever of its ends comes first.
    static func advance(_ status: LoadStatus, messageCount: Int?, duration: Double?) -> (share: Double, left: Double?) {
        var best: (share: Double, left: Double?) = (0, nil)
        if let duration {
            best = (min(1, status.elapsedSeconds / duration), max(0, duration - status.elapsedSeconds))
        }
        if let messageCount {
            let done = Double(status.accepted + status.notAccepted)
            let share = min(1, done / Double(messageCount))
            let left = done > 0 ? status.elapsedSeconds / done * (Double(messageCount) - done) : nil
            if share >= best.share { best = (share, left) }
        }
        return best
    }

    /// What was answered other than 250 and 354, most first.
    static func codes(_ status: LoadStatus) -> String {
        status.replies.filter { $0.code / 100 != 2 && $0.code != 354 }.sorted { $0.count > $1.count }.prefix(4)
            .map { "\($0.stage) \($0.code) × \(grouped($0.count))" }.joined(separator: "  ")
    }

    private func terminalWidth() -> Int {
        var size = winsize()
        return ioctl(2, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0 ? Int(size.ws_col) : 80
    }
}
