import ArgumentParser
import Foundation
import MailTypes
import Measures
import ProgramSupport
import RunRecords
import SpoolContract
import SpoolTools

/// `mta spool`: looks at a spool, stopped or running, and moves mail between spools.
struct SpoolCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "spool",
        abstract: "Look at a spool, stopped or running; move mail between spools.",
        discussion: """
            All but import read only, and may be used beside a running mta; they then see the spool as it was a \
            moment ago. Exit code 1: something could not be read or taken; 2: usage.
            """,
        subcommands: [Stat.self, List.self, Show.self, Check.self, Export.self, Import.self])

    /// Which spool is meant.
    struct Options: ParsableArguments {
        @Option(help: "Configuration file of mta serve; flags win over it.")
        var config: String?
        @Option(help: "segment, rocksdb or localdisk. Default: as mta serve.")
        var spool: String?
        @Option(help: "Directory of the spool.")
        var spoolDir: String?

        func open(_ access: SpoolAccess) throws -> any Spool {
            var settings = try ServeSettings(file: config)
            settings.values.spool = spool ?? settings.values.spool
            settings.values.spoolDirectory = spoolDir ?? settings.values.spoolDirectory
            if let directory = settings.values.spoolDirectory, !FileManager.default.fileExists(atPath: directory),
                access == .readOnly
            {
                throw UsageFault("--spool-dir \(directory): there is no such directory")
            }
            guard !settings.spoolSelection.isVolatile else {
                throw UsageFault("--spool \(settings.values.spool): it has no files to look at")
            }
            return try settings.spoolSelection.open(access)
        }
    }

    /// Reads a spool, beside a running mta if there is one.
    private static func reading<Result>(_ options: Options, _ body: (any Spool) throws -> Result) throws -> Result {
        let spool = try options.open(.readOnly)
        defer { spool.close(clean: false) }
        return try body(spool)
    }

    struct Stat: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Messages, sizes and health.")
        @OptionGroup var options: Options
        @Option(help: "text or json.") var format = "text"

        func run() async throws {
            let isJSON = try wantsJSON(format)
            let summary = try SpoolCommand.reading(options) { try SpoolSummary($0) }
            print(isJSON ? try summary.json : summary.text, terminator: "")
            if summary.unreadable > 0 || summary.fault != nil { throw ExitCode(1) }
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Unfinished messages, oldest first.")
        @OptionGroup var options: Options
        @Option(help: "At most so many.") var limit = 1000
        @Option(help: "text, csv or json (one object a line).") var format = "text"

        func run() async throws {
            guard let format = ListFormat(rawValue: format) else {
                throw UsageFault("--format '\(format)': expected text, csv or json")
            }
            var count = 0
            let unreadable = try SpoolCommand.reading(options) { spool in
                if let header = format.header { print(header) }
                return try spool.enumerate { entry in
                    count += 1
                    if count <= limit { print(format.line(entry)) }
                }
            }
            if count > limit { writeError("mta: \(grouped(count - limit)) more; --limit \(count) shows them\n") }
            guard unreadable.count > 0 else { return }
            throw RunFault("\(unreadable.count) unreadable records, first: \(unreadable.first ?? "")")
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Envelope and delivery state as JSON on the first line, then the message.")
        @OptionGroup var options: Options
        @Argument(help: "The message's id: 32 hexadecimal digits.") var id: String

        func run() async throws {
            guard let wanted = MessageID(id) else { throw UsageFault("'\(id)': expected 32 hexadecimal digits") }
            let found = try SpoolCommand.reading(options) { spool in
                do { return try spool.load(wanted) } catch { throw RunFault("\(error)") }
            }
            guard let found else { throw RunFault("\(id) is not in the spool") }
            var out = try SpoolTransfer.envelopeLine(found)
            out += MessageText.raw(found.message.content)
            FileHandle.standardOutput.write(Data(out))
        }
    }

    struct Check: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Read every message and compare its checksum; name what cannot be read.")
        @OptionGroup var options: Options

        func run() async throws {
            let progress = ProgressLine()
            let check = try SpoolCommand.reading(options) { spool in
                do {
                    return try SpoolCheck(spool) {
                        if $0 % 1000 == 0 { progress.show("\(grouped($0)) messages read") }
                    }
                } catch {
                    throw RunFault("\(error)")
                }
            }
            progress.clear()
            print("\(grouped(check.messages)) messages, \(ByteCount(bytes: check.bytes)) read")
            for fault in check.faults { print("unreadable: \(fault)") }
            if !check.faults.isEmpty { throw ExitCode(1) }
        }
    }

    struct Export: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Write every message to DIR/ID.eml, its envelope and state to DIR/ID.json.")
        @OptionGroup var options: Options
        @Argument(help: "Directory to write to; made if it is not there.") var directory: String

        func run() async throws {
            try SpoolCommand.reading(options) { spool in
                try SpoolCommand.report("written to \(directory)") {
                    try SpoolTransfer.export(spool, to: directory, progress: $0)
                }
            }
        }
    }

    struct Import: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Take in what export wrote, ids and schedule included; the spool must not be in use.")
        @OptionGroup var options: Options
        @Argument(help: "Directory with ID.eml and ID.json files.") var directory: String

        func run() async throws {
            guard FileManager.default.fileExists(atPath: directory) else {
                throw UsageFault("\(directory): there is no such directory")
            }
            let spool = try options.open(.exclusive)
            let wasClean = spool.wasCleanlyClosed
            defer { spool.close(clean: wasClean) }
            _ = try spool.enumerate { _ in }
            try report("taken from \(directory)") {
                try SpoolTransfer.load(from: directory, into: spool, progress: $0)
            }
        }
    }

    private static func report(
        _ what: String, _ work: (@escaping (Int) -> Void) throws -> SpoolTransfer.Outcome
    ) throws {
        let progress = ProgressLine()
        let outcome: SpoolTransfer.Outcome
        do { outcome = try work { if $0 % 256 == 0 { progress.show("\(grouped($0)) messages") } } } catch {
            progress.clear()
            throw RunFault("\(error)")
        }
        progress.clear()
        print("\(grouped(outcome.messages)) messages, \(ByteCount(bytes: outcome.bytes)) \(what)")
        for fault in outcome.faults { writeError("mta: \(fault)\n") }
        if !outcome.faults.isEmpty { throw ExitCode(1) }
    }
}
