/// A system under test as data: `profiles/systems/NAME.yaml`, every key explained in `profiles/systems/README.md`. The
/// harness has no code for any of them.
package struct SystemDefinition: Sendable {
    /// What it is in a benchmark: an MTA, or one of its ends.
    package enum Kind: String, CaseIterable, Sendable { case mta, generator, sink }

    /// What a profile may ask for and not every system can do.
    package enum Capability: String, CaseIterable, Sendable {
        /// TLS after STARTTLS, and from the first octet.
        case startTLS = "starttls"
        case implicitTLS = "implicit_tls"
        case dkim
        /// Mail over HTTP, with the API that traffic-gen speaks.
        case http
        case lmtp
        /// BDAT (RFC 3030).
        case chunking
        /// Starts again on the queue of one that was killed, and delivers it.
        case restart
    }

    /// A file that is made for each run.
    package struct File: Sendable {
        /// Below the work directory; from `/` on: in the unpacked root.
        package var path: String
        /// A Jinja template.
        package var text: String
        /// Where its text stands in the definition.
        package var line: Int
    }

    /// A directory that is made for each run.
    package struct Directory: Sendable {
        package var path: String
        /// Nil: who runs the harness.
        package var owner: String?
        package var mode: UInt32
    }

    /// A command, each word a Jinja template.
    package struct Command: Sendable {
        package var words: [String]
        package var line: Int
    }

    /// How it ends.
    package struct Stop: Sendable {
        /// Sent to the process that was started; nil where a command does it.
        package var signal: Signal? = .terminate
        package var command: Command?
        /// Seconds until what is left is killed.
        package var limitSeconds = 60.0
    }

    package enum Signal: String, CaseIterable, Sendable {
        case terminate = "TERM"
        case interrupt = "INT"
        case quit = "QUIT"
        case hangUp = "HUP"
        case kill = "KILL"
    }

    /// How many messages wait in its queue.
    package enum Queue: Sendable {
        /// Files below these directories whose names match one of the patterns (`*`: any text).
        case files(below: [String], named: [String])
        /// The last whole number that it prints.
        case command(Command)
    }

    /// One of its configurations: an entry of its own in results.
    package struct Variant: Sendable {
        package var name: String
        package var about: String
        /// For people: what accepted mail is kept in.
        package var spool: String
        package var promise: SpoolPromise
        /// What is different in its templates.
        package var parameters: [String: String]
        package var line: Int
    }

    /// The file's name without `.yaml`.
    package var name: String
    /// The file, letter by letter.
    package var text: String
    /// Named in faults.
    package var file: String
    package var title: String
    package var about: String
    package var kind: Kind
    /// Debian's.
    package var packages: [String]
    /// The packages are not installed but unpacked into a root of their own.
    package var isUnpacked: Bool
    /// For people: how it is installed where no package does.
    package var install: String?
    package var executables: [String]
    package var version: Command?
    package var needsRoot: Bool
    /// Users that it needs and the host may not have; with ``isUnpacked`` only.
    package var users: [String]
    /// Directories of the unpacked root that are directories below the work directory.
    package var binds: [String: String]
    package var capabilities: Set<Capability>
    /// Templates may use these names; a variant or a profile may say otherwise.
    package var parameters: [String: String]
    package var directories: [Directory]
    package var files: [File]
    /// Run one after the other before the start.
    package var prepare: [Command]
    /// Stays in the foreground.
    package var start: Command
    package var environment: [String: String]
    /// Seconds until it has to greet.
    package var readySeconds: Double
    package var stop: Stop
    package var queue: Queue?
    /// Files below the work directory that are kept with the result, and quoted when it fails.
    package var logs: [String]
    /// A record of our own format (`millrace.mta/1`) that it writes; below the result's directory.
    package var record: String?
    /// At least one.
    package var variants: [Variant]

    /// The variant of that name, or the first in the file that begins with it and a hyphen (`segment`:
    /// `segment-fsync`); without a name the one called `default`, or the first.
    /// - Throws: ``RecordFault`` that lists the names there are.
    package func variant(_ wanted: String?) throws(RecordFault) -> Variant {
        guard let wanted else { return variants.first { $0.name == SystemFacts.onlyVariant } ?? variants[0] }
        if let found = variants.first(where: { $0.name == wanted })
            ?? variants.first(where: { $0.name.hasPrefix(wanted + "-") })
        {
            return found
        }
        throw RecordFault(
            "'\(name):\(wanted)': \(name) has the variants \(variants.map(\.name).joined(separator: ", "))")
    }
}
