import EventLog
import MTAConfiguration
import ProgramSupport
import RelayService
import WebHooks

// The event log and those who read it, and what is counted.
extension RelayAssembly {
    func metrics() -> MetricsConfiguration {
        var metrics = MetricsConfiguration()
        metrics.dimensions = Set(settings.metrics.by.map { RecipientDimension(rawValue: $0.rawValue)! })
        metrics.shown = settings.metrics.shown
        return metrics
    }

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
        select(section, &log)
        var configuration = EventConfiguration(log: log)
        configuration.hooks = try settings.webHooks.map { try hook($0, log) }
        return configuration
    }

    /// What of the events is written.
    private func select(_ section: LogSection, _ log: inout EventLogSettings) {
        log.exceptions = section.except.map { entry in
            var exception = EventException()
            exception.kinds = Set(entry.events)
            (exception.tenants, exception.campaigns) = (Set(entry.tenants), Set(entry.campaigns))
            (exception.listeners, exception.sites) = (Set(entry.listeners), Set(entry.sites))
            return exception
        }
        log.headers = NameList(section.headers.map { $0.lowercased() })
        log.metadata = NameList(section.metadata)
        log.node = section.nodeID
        (log.minimumFreeBytes, log.minimumFreeInodes) = (section.minFreeSpace.bytes, section.minFreeInodes)
    }

    private func hook(_ section: WebHookSection, _ log: EventLogSettings) throws -> WebHookSettings {
        var hook = WebHookSettings(
            name: section.name, url: section.url, kinds: section.events.isEmpty ? log.kinds : Set(section.events))
        hook.batchEvents = section.batch
        hook.lingerSeconds = section.linger.seconds
        hook.timeoutSeconds = section.timeout.seconds
        hook.retrySeconds = (section.retryFirst.seconds, section.retryCap.seconds)
        hook.giveUpSeconds = section.giveUp.seconds
        hook.format = WebHookFormat(rawValue: section.format.rawValue)!
        hook.eventsPerSecond = section.rate.map { $0.messages * 1000 / $0.milliseconds }
        guard let file = section.authorizationFile else { return hook }
        guard let text = SystemFiles().text(file) else { throw UsageFault("\(file): cannot be read") }
        hook.authorization = text.split(separator: "\n").first.map(String.init)
        return hook
    }
}
