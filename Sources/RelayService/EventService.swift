import AsyncHTTPClient
package import EventLog
import NIOPosix
package import WebHooks

/// What of the relay's events is kept, and who is told.
package struct EventConfiguration: Sendable {
    package var log: EventLogSettings
    package var hooks: [WebHookSettings] = []

    package init(log: EventLogSettings) { self.log = log }
}

/// The event log and the web hooks that read it, with threads of their own.
final class EventService: Sendable {
    let log: EventLog
    let hooks: [WebHook]
    private let tasks: [Task<Void, Never>]
    private let client: HTTPClient?
    private let group: MultiThreadedEventLoopGroup?

    /// - Throws: ``EventLogFault`` that names the directory.
    init(_ configuration: EventConfiguration) throws(EventLogFault) {
        let log = try EventLog(configuration.log, readers: configuration.hooks.map(\.name))
        self.log = log
        guard !configuration.hooks.isEmpty else {
            (hooks, tasks, client, group) = ([], [], nil, nil)
            return
        }
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let client = HTTPClient.forWebHooks(group)
        let hooks = zip(configuration.hooks, log.places).map { WebHook($0, at: $1, client: client) }
        self.hooks = hooks
        (self.client, self.group) = (client, group)
        tasks = hooks.map { hook in Task { await hook.run() } }
    }

    /// What an operator should know.
    var faults: [String] {
        log.faults.map { "event log: \($0)" }
            + hooks.flatMap { hook in hook.faults.map { "web hook \(hook.settings.name): \($0)" } }
    }

    /// What the hooks have not sent is sent after the next start: the log has it.
    func close() async {
        log.close()
        for task in tasks { task.cancel() }
        for task in tasks { await task.value }
        try? await client?.shutdown()
        try? await group?.shutdownGracefully()
    }
}
