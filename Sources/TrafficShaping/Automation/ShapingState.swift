import Foundation
package import RunRecords

/// What has to survive a restart, as the file says it.
package struct ShapingState: Codable, Sendable, Hashable {
    package static let version = 1
    var version = ShapingState.version
    var nextID: UInt64
    var active: [ActiveAutomation]
    var windows: [SlidingWindows.Kept]

    package func encoded() throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return Array(try encoder.encode(self)) + [0x0A]
    }

    /// - Throws: ``RecordFault`` where this is no such file.
    package init(_ bytes: [UInt8]) throws(RecordFault) {
        let state: ShapingState
        do { state = try JSONDecoder().decode(ShapingState.self, from: Data(bytes)) } catch {
            throw RecordFault("no state of automatic shaping: \(error)")
        }
        guard state.version == Self.version else {
            throw RecordFault("state of automatic shaping of version \(state.version), expected \(Self.version)")
        }
        self = state
    }

    init(nextID: UInt64, active: [ActiveAutomation], windows: [SlidingWindows.Kept]) {
        (self.nextID, self.active, self.windows) = (nextID, active, windows)
    }
}

extension ShapingAutomaton {
    package var state: ShapingState { ShapingState(nextID: nextID, active: active, windows: windows.kept) }

    /// Goes on where another one ended.
    /// - Returns: what ended meanwhile.
    package mutating func restore(_ state: ShapingState, now: UInt64) -> [ShapingEvent] {
        take(state)
        return adopt(plan, now: now) + expire(now: now)
    }
}
