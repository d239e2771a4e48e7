import Glibc
import Measures
import Synchronization

/// Where a reader of the log is. Kept in a file of its own, `NAME.cursor`, so that a restart goes on there; the log
/// asks it before it compresses or removes segments. Moved by the reader's task, read by any thread.
package final class LogPlace: Sendable {
    private struct State {
        var cursor: LogCursor
        var isSaved: Bool
        var startFault: String?
    }

    let directory: String
    private let path: String
    private let state: Mutex<State>

    /// A new reader begins with what happens from now on, and its place is kept from now on. One whose place was lost or
    /// makes no sense begins with the oldest segment there is: events may come twice, none is missing.
    package init(_ directory: String, name: String) {
        self.directory = directory
        path = "\(directory)/\(name).cursor"
        state = Mutex(Self.start(directory, path))
        do throws(EventLogFault) { try save() } catch {
            state.withLock { $0.startFault = $0.startFault ?? error.description }
        }
    }

    private static func start(_ directory: String, _ path: String) -> State {
        guard let text = read(path) else { return State(cursor: end(of: directory), isSaved: false) }
        let stored = LogCursor(text).map { shortened($0, directory) }
        if let fault = stored.map({ fault(of: $0, directory) }) ?? "is not a place in a log" {
            let text = "\(path) \(fault): begins with the oldest segment"
            return State(cursor: .beginning, isSaved: false, startFault: text)
        }
        var state = State(cursor: stored ?? .beginning, isSaved: true)
        if let first = firstPacked(behind: state.cursor, directory) {
            state.startFault =
                "segments from \(first.base) on were compressed before they were read: they are left out"
        }
        return state
    }

    /// Why the reader does not begin where it was, or will not after a restart; nil: it does.
    package var startFault: String? { state.withLock { $0.startFault } }

    package var cursor: LogCursor { state.withLock { $0.cursor } }

    func move(to cursor: LogCursor) {
        state.withLock { state in
            state.isSaved = state.isSaved && state.cursor == cursor
            state.cursor = cursor
        }
    }

    /// After a restart the reader begins here.
    package func save() throws(EventLogFault) {
        let cursor = state.withLock { $0.isSaved ? nil : $0.cursor }
        guard let cursor else { return }
        // A power cut may take it: what is read again is sent again.
        do throws(OutputFault) {
            try replaceFile(path, with: Array(cursor.text.utf8), mode: 0o640, isSafe: false)
        } catch { throw EventLogFault(error.description) }
        state.withLock { $0.isSaved = $0.cursor == cursor }
    }

    /// Octets between the reader and the end of the log.
    package var lag: Int {
        let cursor = cursor
        var bytes = 0
        for (name, state) in SegmentName.list(directory) where name >= cursor.segment && state != .compressed {
            let size = fileSize(name.path(directory, state)) ?? 0
            bytes += name == cursor.segment ? max(0, size - cursor.offset) : size
        }
        return bytes
    }

    private static func end(of directory: String) -> LogCursor {
        guard let (name, state) = SegmentName.list(directory).last else { return .beginning }
        let size = state == .compressed ? 0 : fileSize(name.path(directory, state)) ?? 0
        return LogCursor(segment: name, offset: size)
    }

    /// What makes no sense in a place; nil: it does. Segments that are gone are none of it, if they are of the past.
    private static func fault(of cursor: LogCursor, _ directory: String) -> String? {
        guard SegmentName.list(directory).contains(where: { $0.name == cursor.segment }) else {
            let isToCome = cursor.segment.milliseconds ?? .max > WallInstant.now().milliseconds
            return isToCome ? "names segment \(cursor.segment.base), which is to come" : nil
        }
        return nil
    }

    /// A power cut takes a segment's end that was read before it was on the disk: all that is left was read.
    private static func shortened(_ cursor: LogCursor, _ directory: String) -> LogCursor {
        guard let (name, state) = SegmentName.list(directory).first(where: { $0.name == cursor.segment }),
            state != .compressed, let size = fileSize(name.path(directory, state)), cursor.offset > size
        else { return cursor }
        return LogCursor(segment: name, offset: size)
    }

    /// A reader that was away while others went on; the log itself compresses only what its readers have read.
    private static func firstPacked(behind cursor: LogCursor, _ directory: String) -> SegmentName? {
        guard cursor != .beginning else { return nil }
        return SegmentName.list(directory).first { $0.name > cursor.segment && $0.state == .compressed }?.name
    }

    /// - Returns: nil if there is none; empty if it cannot be read.
    private static func read(_ path: String) -> String? {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return errno == ENOENT ? nil : "" }
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: 256)
        let count = Glibc.read(file, &bytes, bytes.count)
        return String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
    }
}
