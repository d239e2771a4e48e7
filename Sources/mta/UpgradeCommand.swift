import ArgumentParser
import Glibc
import Measures
import ProgramSupport
import RelayService
import RunRecords

/// `mta upgrade`: the version that is installed now takes over from the one that runs.
struct UpgradeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "upgrade",
        abstract: "Let the installed version take over from the running one, without losing a connection.",
        discussion: """
            The running mta starts the program that lies at its path now, with its own words and its listening sockets. \
            When that has read its configuration, the old one lets clients finish their messages and closes the spool. \
            Clients in the clear go on with the new one on the same connection, those over TLS hear 421 between two \
            messages, and who comes meanwhile waits for the greeting. Returns when the new process serves. If the new \
            one cannot begin, the old one goes on; exit code 1.
            """)

    @OptionGroup var options: QueueCommand.Options
    @Option(help: "How long to wait for the new process to serve.") var timeout = "5m"

    func run() async throws {
        let limit: HumanDuration
        do { limit = try HumanDuration(parsing: timeout) } catch {
            throw UsageFault("--timeout '\(timeout)': \(error)")
        }
        guard let old = try options.ask(ControlRequest(.identify)).process,
            let new = try options.ask(ControlRequest(.upgrade)).process
        else { throw RunFault("the running mta does not know how to be replaced: restart it") }
        let progress = ProgressLine()
        let begun = MonotonicInstant.now()
        while MonotonicInstant.now().seconds(since: begun) < limit.seconds {
            // Between the two there is no control socket.
            let answering = try? options.ask(ControlRequest(.identify)).process
            if answering == new {
                progress.clear()
                return print("upgraded: process \(new) has taken over from \(old)")
            }
            if kill(new, 0) != 0, errno == ESRCH, answering == old {
                progress.clear()
                throw RunFault("process \(new) ended before it served; process \(old) goes on")
            }
            progress.show("process \(new) takes over from \(old)")
            try await Task.sleep(nanoseconds: 50_000_000)
        }
        progress.clear()
        throw RunFault("process \(new) does not serve after \(timeout)")
    }
}
