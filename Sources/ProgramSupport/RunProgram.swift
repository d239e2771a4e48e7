package import ArgumentParser
import CLinux
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
/// configuration. Errors go to standard error, one line, the program's name in front. What was said on standard output
/// and did not get there, as on a full disk, is a failed run, too.
package func runProgram(_ program: any AsyncParsableCommand.Type) async -> Never {
    let name = program.configuration.commandName ?? "\(program)"
    do {
        var command = try program.parseAsRoot()
        if var asynchronous = command as? any AsyncParsableCommand {
            try await asynchronous.run()
        } else {
            try command.run()
        }
        finish(name, 0)
    } catch {
        switch error {
        case let fault as UsageFault: leave("\(name): \(fault)", 2)
        case let fault as UnitFault: leave("\(name): \(fault)", 2)
        case let fault as RunFault: leave("\(name): \(fault)", 1)
        case let code as ExitCode: finish(name, code.rawValue)
        default: break
        }
        let code = program.exitCode(for: error)
        if code == .success {
            let text = program.fullMessage(for: error)
            if !text.isEmpty { print(text) }
            finish(name, 0)
        }
        leave(
            code == .validationFailure ? program.fullMessage(for: error) : "\(name): \(error)",
            code == .validationFailure ? 2 : 1)
    }
}

private func leave(_ message: String, _ code: Int32) -> Never {
    flushStandardOutput()
    writeError(message + "\n")
    exit(code)
}

/// Ends the process: with 1 instead of 0 if standard output did not take all. A reader who has left, as `head` does,
/// has had what he wanted.
private func finish(_ name: String, _ code: Int32) -> Never {
    let fault = mr_flush_standard_output()
    guard fault != 0, fault != EPIPE, !readerHasLeft else { exit(code) }
    let reason = fault > 0 ? ": \(String(cString: strerror(fault)))" : ""
    leave("\(name): standard output: not all was written\(reason)", code == 0 ? 1 : code)
}

private var readerHasLeft: Bool {
    var output = pollfd(fd: 1, events: 0, revents: 0)
    return poll(&output, 1, 0) > 0 && output.revents & Int16(POLLERR | POLLHUP) != 0
}

/// SIGINT and SIGTERM from now on: make it before the program says that it is ready, or a signal that comes early ends
/// it in the middle of its work.
package struct TerminationSignals: Sendable {
    fileprivate let signals: UnixSignalsSequence

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

extension TerminationSignals {
    /// `body` runs for the first and for the second one, with 1 and 2; a third one ends the process at once, with 130.
    package func forEach(_ body: @escaping @Sendable (Int) -> Void) -> Task<Void, Never> {
        Task {
            var count = 0
            for await _ in signals {
                count += 1
                guard count <= 2 else { exit(130) }
                body(count)
            }
        }
    }
}

/// SIGHUP, or SIGUSR2, from now on: make it first, or one that comes while the program starts ends it.
package struct HangupSignals: Sendable {
    private let signals: UnixSignalsSequence

    package init() async { signals = await UnixSignalsSequence(trapping: .sighup) }

    private init(_ signals: UnixSignalsSequence) { self.signals = signals }

    /// SIGUSR2: another version is to take over.
    package static func upgrades() async -> HangupSignals { .init(await UnixSignalsSequence(trapping: .sigusr2)) }

    /// `body` runs for each, also for one that came before, one after the other.
    package func forEach(_ body: @escaping @Sendable () async -> Void) -> Task<Void, Never> {
        Task { for await _ in signals { await body() } }
    }
}

/// A peer that closes early must cost a write error, not the process.
package func ignoreBrokenPipes() { signal(SIGPIPE, SIG_IGN) }
