import EventLog
import MTAConfiguration
import ProgramSupport
import RelayService
import WebHooks

// The event log and those who read it.
extension RelayAssembly {
    func events() throws -> EventConfiguration? {
        guard let section = settings.log else { return nil }
        var log = EventLogSettings(directory: section.directory)
        log.segmentBytes = section.segmentSize.bytes
        log.segmentSeconds = section.segmentAge.seconds
        log.compresses = section.compression == .zstd
        log.keptSeconds = section.keepFor?.seconds
        log.keptBytes = section.keepSize?.bytes
        log.bufferBytes = section.buffer.bytes
        if !section.events.isEmpty { log.kinds = Set(section.events) }
        var configuration = EventConfiguration(log: log)
        configuration.hooks = try settings.webHooks.map { try hook($0, log) }
        return configuration
    }

    private func hook(_ section: WebHookSection, _ log: EventLogSettings) throws -> WebHookSettings {
        var hook = WebHookSettings(
            name: section.name, url: section.url, kinds: section.events.isEmpty ? log.kinds : Set(section.events))
        hook.batchEvents = section.batch
        hook.lingerSeconds = section.linger.seconds
        hook.timeoutSeconds = section.timeout.seconds
        hook.retrySeconds = (section.retryFirst.seconds, section.retryCap.seconds)
        hook.giveUpSeconds = section.giveUp.seconds
        guard let file = section.authorizationFile else { return hook }
        guard let text = SystemFiles().text(file) else { throw UsageFault("\(file): cannot be read") }
        hook.authorization = text.split(separator: "\n").first.map(String.init)
        return hook
    }
}
