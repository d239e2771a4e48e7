package import RunRecords

/// What the machine is made to be for one run: limits of disk, memory and network. The harness calls ``prepare()`` before
/// anything is started and ``remove()`` when all has ended, whatever happened between.
///
/// Commands are put in front of the programs' own words, and end by becoming the next (`exec`): the process stays the
/// one that was started. Control groups of version 2 have to be below ``RunScene/accountingGroup``, in which the
/// system's CPU is counted: a process is in one group only there.
package protocol RunConditions: AnyObject {
    /// - Throws: ``RecordFault``: the run is reported as NOT RUN with that reason.
    func prepare() throws(RecordFault)
    /// Words before the start command of the system, the sink and the generator.
    var systemPrefix: [String] { get }
    var sinkPrefix: [String] { get }
    var generatorPrefix: [String] { get }
    /// IPv4 addresses that the system and the sink listen at.
    var systemAddress: String { get }
    var sinkAddress: String { get }
    /// Rules of the sink's behaviour, items of a YAML list, that stand before those of the profile; empty: none.
    var sinkRules: String { get }
    /// What was done, a line each, for the record and the report.
    var lines: [String] { get }
    func remove()
}

extension RunConditions {
    package func prepare() throws(RecordFault) {}
    package var systemPrefix: [String] { [] }
    package var sinkPrefix: [String] { [] }
    package var generatorPrefix: [String] { [] }
    package var systemAddress: String { "127.0.0.1" }
    package var sinkAddress: String { "127.0.0.1" }
    package var sinkRules: String { "" }
    package var lines: [String] { [] }
    package func remove() {}
}

/// What conditions are made for.
package struct RunScene: Sendable {
    package var profile: RunProfile
    /// The run's work directory: the spool is below it.
    package var work: String
    /// Directory of the control group that the system will be in; nil: none.
    package var accountingGroup: String?
}
