import Glibc
import Measures
import Synchronization

/// A signal has asked the program to end.
private let endIsWanted = Atomic(false)

/// The operator's terminal: key by key, on a screen of its own; as it was when it is closed, whatever ends the program but
/// SIGKILL.
final class Terminal {
    private var usual = termios()

    /// SIGTERM or SIGHUP has come.
    static var isOver: Bool { endIsWanted.load(ordering: .relaxed) }

    init() {
        for signalNumber in [SIGTERM, SIGHUP] {
            handle(signalNumber) { _ in endIsWanted.store(true, ordering: .relaxed) }
        }
        // Only so that a wait for keys ends, and what is shown fits again.
        handle(SIGWINCH) { _ in }
        tcgetattr(0, &usual)
        open()
    }

    private func handle(_ signalNumber: Int32, _ body: @escaping @convention(c) (Int32) -> Void) {
        var action = sigaction()
        action.__sigaction_handler.sa_handler = body
        sigaction(signalNumber, &action, nil)
    }

    private func open() {
        var raw = usual
        raw.c_lflag &= ~UInt32(ICANON | ECHO | ISIG)
        tcsetattr(0, TCSANOW, &raw)
        write("\u{1B}[?1049h\u{1B}[?25l")
    }

    func close() {
        write("\u{1B}[?25h\u{1B}[?1049l")
        tcsetattr(0, TCSANOW, &usual)
    }

    /// Ctrl-Z: the shell has the terminal until `fg`.
    func suspend() {
        close()
        raise(SIGTSTP)
        open()
    }

    /// Columns and lines; 80×24 where nobody knows.
    var size: (Int, Int) { Self.size(of: 1) ?? (80, 24) }

    /// - Returns: nil: it is no terminal.
    static func size(of descriptor: Int32) -> (columns: Int, lines: Int)? {
        var found = winsize()
        guard ioctl(descriptor, UInt(TIOCGWINSZ), &found) == 0, found.ws_col > 0, found.ws_row > 0 else { return nil }
        return (Int(found.ws_col), Int(found.ws_row))
    }

    /// - Parameter inverse: the line that is shown so.
    func show(_ lines: [String], inverse: Int) {
        let shown = lines.enumerated().map { index, line in
            let text = Self.printable(line)
            return index == inverse && !text.isEmpty ? "\u{1B}[7m\(text)\u{1B}[0m\u{1B}[K" : text + "\u{1B}[K"
        }
        write("\u{1B}[H" + shown.joined(separator: "\r\n") + "\u{1B}[J")
    }

    /// What others have written is not to do anything to a terminal.
    static func printable(_ line: String) -> String {
        String(
            String.UnicodeScalarView(
                line.unicodeScalars.map { $0.value < 0x20 || (0x7F...0x9F).contains($0.value) ? "?" : $0 }))
    }

    /// Nil: none was pressed so long, or a signal has come.
    func key(milliseconds: Int32) -> UInt8? {
        var waiting = pollfd(fd: 0, events: Int16(POLLIN), revents: 0)
        guard poll(&waiting, 1, milliseconds) > 0 else { return nil }
        var byte: UInt8 = 0
        // The end of the input is the end of the watching.
        return read(0, &byte, 1) == 1 ? byte : 3
    }

    private func write(_ text: String) { _ = writeWhole(Array(text.utf8), to: 1) }
}
