import Foundation
import ProgramSupport
import RunRecords
import TrafficShaping

/// Where shaping files are, and what they say together.
enum ShapingFiles {
    /// Stands for the file that comes with the program.
    static let shipped = "default"

    /// - Throws: ``UsageFault`` with everything that is wrong.
    static func plan(_ names: [String]) throws -> ShapingPlan {
        do { return try ShapingPlan.load(files: try names.map(path)) } catch { throw UsageFault("\(error)") }
    }

    /// `default` is `profiles/shaping/default.yaml` above the program, or `share/millrace/shaping/default.yaml` where it
    /// is installed.
    static func path(_ name: String) throws -> String {
        guard name == shipped else { return name }
        var above = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
        var candidates: [String] = []
        while above.path != "/" {
            for place in ["profiles/shaping", "share/millrace/shaping", "share/millrace/profiles/shaping"] {
                candidates.append("\(above.path)/\(place)/default.yaml")
            }
            above = above.deletingLastPathComponent()
        }
        guard let found = candidates.first(where: { FileManager.default.fileExists(atPath: $0) }) else {
            throw UsageFault("shaping: default: profiles/shaping/default.yaml is nowhere above this program")
        }
        return found
    }
}
