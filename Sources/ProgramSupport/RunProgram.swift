package import ArgumentParser
import Glibc
import Measures
import UnixSignals

/// What was asked cannot be done as written: exit code 2.
package struct UsageFault: Error, CustomStringConvertible {
    package let description: String
    package init(_ description: String) { self.description = description }
}

/// The run itself failed: exit code 1.
package struct RunFault: Error, CustomStringConvertible {
    package let description: String
    package init(_ description: String) { self.description = description }
}

/// Parses the command line, runs the command and ends the process: 0 done, 1 the run failed, 2 usage or
/// configuration. Errors go to standard error, one line, the program's name in front.
package func runProgram(_ program: any AsyncParsableCommand.Type) async -> Never {
    do {
        var command = try program.parseAsRoot()
        if var asynchronous = command as? any AsyncParsableCommand {
            try await asynchronous.run()
        } else {
            try command.run()
        }
        exit(0)
    } catch {
        flushStandardOutput()
        let name = program.configuration.commandName ?? "\(program)"
        switch error {
        case let fault as UsageFault: leave("\(name): \(fault)", 2)
        case let fault as UnitFault: leave("\(name): \(fault)", 2)
        case let fault as RunFault: leave("\(name): \(fault)", 1)
        case let code as ExitCode: exit(code.rawValue)
        default: break
        }
        let code = program.exitCode(for: error)
        if code == .success { program.exit(withError: error) }
        leave(
            code == .validationFailure ? program.fullMessage(for: error) : "\(name): \(error)",
            code == .validationFailure ? 2 : 1)
    }
}

private func leave(_ message: String, _ code: Int32) -> Never {
    writeError(message + "\n")
    exit(code)
}

/// SIGINT and SIGTERM from now on: make it before the program says that it is ready, or a signal that comes early ends
/// it in the middle of its work.
package struct TerminationSignals: Sendable {
    private let signals: UnixSignalsSequence

    package init() async { signals = await UnixSignalsSequence(trapping: .sigint, .sigterm) }

    /// Returns on the first one; a second one ends the process at once, with 130.
    package func first() async {
        await withCheckedContinuation { (first: CheckedContinuation<Void, Never>) in
            Task {
                var waiting: CheckedContinuation<Void, Never>? = first
                for await _ in signals {
                    guard let continuation = waiting else { exit(130) }
                    waiting = nil
                    continuation.resume()
                }
            }
        }
    }
}

/// SIGHUP from now on: make it first, or one that comes while the program starts ends it.
package struct HangupSignals: Sendable {
    private let signals: UnixSignalsSequence

    package init() async { signals = await UnixSignalsSequence(trapping: .sighup) }

    /// `body` runs for each, also for one that came before, one after the other.
    package func forEach(_ body: @escaping @Sendable () async -> Void) -> Task<Void, Never> {
        Task { for await _ in signals { await body() } }
    }
}

/// A peer that closes early must cost a write error, not the process.
package func ignoreBrokenPipes() { signal(SIGPIPE, SIG_IGN) }
