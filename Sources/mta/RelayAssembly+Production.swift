import MTAConfiguration
import ProcessLife
import RelayService

// As whom it runs, on which sockets, and when it sends mail away.
extension RelayAssembly {
    func applyLoadLimits(_ configuration: inout RelayConfiguration, _ spool: SpoolSelection) {
        let production = settings.production
        configuration.minimumFreeInodes = production.minFreeInodes
        configuration.memoryLimitBytes = production.memoryLimit?.bytes
        configuration.maximumQueued = production.maxQueued
        configuration.spoolDirectory = spool.isVolatile ? nil : spool.directory
    }

    /// Every address that is listened on.
    func wantedSockets() -> [WantedSocket] {
        var wanted = settings.listeners.map {
            WantedSocket(name: $0.name, host: $0.address!.host, port: $0.address!.port)
        }
        if wanted.isEmpty {
            wanted = [WantedSocket(name: "smtp", host: settings.listen.host, port: settings.listen.port)]
        }
        if let http = settings.http {
            wanted.append(WantedSocket(name: BoundSockets.http, host: http.address.host, port: http.address.port))
        }
        return wanted
    }

    /// Nil: who started it.
    func user() throws(LifeFault) -> Privileges.User? {
        guard let name = settings.production.user else { return nil }
        return try Privileges.User.named(name, group: settings.production.group)
    }
}
