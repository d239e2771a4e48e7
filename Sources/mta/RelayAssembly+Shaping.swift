import MTAConfiguration
import ProgramSupport
import RelayService
import RunRecords
import TrafficShaping

// Shaping: what the files say, and what has a queue of its own for it.
extension RelayAssembly {
    /// - Throws: ``UsageFault``.
    func shaping() throws -> ShapingConfiguration? {
        guard !settings.shaping.isEmpty else { return nil }
        let plan = try ShapingFiles.plan(settings.shaping)
        let sources = settings.egressSources.map(\.name)
        if let name = plan.namedSources.subtracting(sources).sorted().first {
            throw UsageFault(
                "shaping: no egress source is named '\(name)'\(StrictMapping.suggestion(name, sources)); "
                    + (sources.isEmpty ? "there are none" : "there are \(sources.joined(separator: ", "))"))
        }
        let directory = ["memory", "null"].contains(settings.spool) ? nil : settings.spoolDirectory
        return ShapingConfiguration(plan: plan, stateFile: directory.map { $0 + "/shaping-state.json" })
    }
}
