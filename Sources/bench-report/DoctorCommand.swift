import ArgumentParser
import BenchHarness
import Foundation
import Glibc
import Measures
import ProgramSupport
import RunRecords
import RunReporting

/// `bench-report doctor`: what on this machine would distort or limit a run.
struct Doctor: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Say what on this machine would distort or limit a run, what to do about it, and why.",
        discussion: """
            Takes about five seconds, most of them for measuring: synced writes where spools would lie, the same work \
            again and again, name servers of this machine.
            Exit code 0: nothing here would spoil a run; 1: something would, or --apply could not change all; 2: usage.
            """)

    @Argument(help: "The profile that is to be run: its connections and its volume are what is judged for.")
    var profile: String?
    @Option(help: "Connections that the generator would keep open; with a profile: those of the profile.")
    var connections: Int?
    @Option(name: .customLong("port"), help: "Ports that nobody else should listen on, repeatable.")
    var ports: [Int] = []
    @Option(help: "Spools would lie below this directory: its disk is looked at.")
    var spoolRoot = "results/.spools"
    @Option(help: "text, json or csv.")
    var format = "text"
    @Flag(help: "Print a file for /etc/sysctl.d instead, with what is recommended.")
    var sysctl = false
    @Flag(help: "Change the settings of the kernel that are recommended (root), and say exactly which.")
    var apply = false

    private static let usualConnections = 2000
    private static let usualPorts = [25, 465, 587, 2525, 2526]

    func run() async throws {
        guard let format = TableFormat(rawValue: format), format != .markdown else {
            throw UsageFault("--format '\(self.format)': expected text, json or csv")
        }
        if apply && geteuid() != 0 { throw UsageFault("--apply changes settings of the kernel: only root may") }
        if apply && sysctl { throw UsageFault("--apply and --sysctl: expected one of them") }
        let needs = try needs()
        let line = ProgressLine()
        let facts: DoctorFacts
        do {
            facts = try DoctorProbe.facts(for: needs) { line.show("looking at \($0)") }
        } catch let fault as RecordFault { throw RunFault(fault.description) }
        line.clear()
        let report = DoctorReport(DoctorJudgement(facts, for: needs).findings)
        if sysctl {
            print(SysctlChanges.file(report.findings), terminator: "")
            return
        }
        switch format {
        case .json: print(try report.json, terminator: "")
        case .csv: print(report.csv, terminator: "")
        default: print(report.text, terminator: "")
        }
        try applyChanges(report)
        if report.severity == .severe { throw ExitCode(1) }
    }

    /// The list goes to standard error where standard output is for a program.
    private func applyChanges(_ report: DoctorReport) throws {
        guard apply else { return }
        let changes = SysctlChanges.apply(report.findings.compactMap(\.setting), to: KernelSysctls())
        if format == "text" { print("\n" + changes.text, terminator: "") } else { writeError(changes.text) }
        if !changes.failures.isEmpty { throw ExitCode(1) }
    }

    private func needs() throws -> DoctorNeeds {
        let ports = ports.isEmpty ? Self.usualPorts : ports
        if let port = ports.first(where: { !(1...65535).contains($0) }) {
            throw UsageFault("--port \(port): expected 1 to 65535")
        }
        if let connections, !(1...100_000).contains(connections) {
            throw UsageFault("--connections \(connections): expected 1 to 100000")
        }
        var needs = DoctorNeeds(
            connections: connections ?? Self.usualConnections, ports: ports, spoolDirectory: spoolRoot)
        if let profile {
            let systems = try systems(of: profile)
            needs.connections = connections ?? systems.map(\.connections).max() ?? needs.connections
            needs.bytes = systems.map { UInt64($0.messages) * UInt64($0.messageSizeBytes) }.max() ?? 0
        }
        return needs
    }

    private func systems(of profile: String) throws -> [RunProfile] {
        guard let data = FileManager.default.contents(atPath: profile) else {
            throw UsageFault("\(profile): cannot be read")
        }
        do {
            return try BenchPlan(text: String(decoding: data, as: UTF8.self), file: profile, cores: processorCount())
                .systems
        } catch { throw UsageFault("\(error)") }
    }
}
