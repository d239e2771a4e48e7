import DeliveryQueue
import Measures
import NIOCore
import ProgramSupport
import RelayService
import RunRecords
import SpoolContract

/// What file and flags together ask for, as written; units are read when the parts are made.
struct ServeSettings {
    var listen = "127.0.0.1:2525"
    var spool = "segment"
    var spoolDirectory: String?
    var durability = Durability.fsync.rawValue
    var smartHost: String?
    var hostname: String?
    var threads: Int?
    var smartHostConnections = 32
    var maxMessageSize = "32MiB"
    var residentMemory = "1GiB"
    var receiveMemory = "256MiB"
    var inflowDelay = "250ms"
    var minFreeDisk = "256MiB"
    var retryFirst = "5m"
    var retryFactor = 2.0
    var retryCap = "4h"
    var retryMaxAge = "5d"
    var drain = "10s"
    var record: String?
    var control: String?
    var segmentWrites = "direct"
    var delayWarning: String?
    var rocksdbOptions: [String: String] = [:]
    private var domains: [DomainSettings] = []

    init() {}

    /// The keys of the file are the flags' names with underscores; unknown ones are refused with their line.
    init(file: String) throws {
        let values: StrictMapping
        do {
            values = try StrictMapping(
                file: file,
                keys: [
                    "listen", "spool", "spool_dir", "durability", "smart_host", "hostname", "threads",
                    "smart_host_connections", "max_message_size", "resident_memory", "receive_memory", "inflow_delay",
                    "min_free_disk",
                    "retry_first",
                    "retry_factor", "retry_cap", "retry_max_age", "delay_warning", "drain", "record", "control",
                    "segment_writes",
                    "rocksdb_options", "domains",
                ])
            listen = try values.text("listen") ?? listen
            spool = try values.text("spool") ?? spool
            spoolDirectory = try values.text("spool_dir")
            durability = try values.text("durability") ?? durability
            smartHost = try values.text("smart_host")
            hostname = try values.text("hostname")
            threads = try values.integer("threads")
            smartHostConnections = try values.integer("smart_host_connections") ?? smartHostConnections
            maxMessageSize = try values.text("max_message_size") ?? maxMessageSize
            residentMemory = try values.text("resident_memory") ?? residentMemory
            inflowDelay = try values.text("inflow_delay") ?? inflowDelay
            receiveMemory = try values.text("receive_memory") ?? receiveMemory
            minFreeDisk = try values.text("min_free_disk") ?? minFreeDisk
            retryFirst = try values.text("retry_first") ?? retryFirst
            retryFactor = try values.number("retry_factor") ?? retryFactor
            retryCap = try values.text("retry_cap") ?? retryCap
            retryMaxAge = try values.text("retry_max_age") ?? retryMaxAge
            drain = try values.text("drain") ?? drain
            record = try values.text("record")
            control = try values.text("control")
            segmentWrites = try values.text("segment_writes") ?? segmentWrites
            delayWarning = try values.text("delay_warning")
            rocksdbOptions = try values.texts("rocksdb_options") ?? [:]
            domains = try DomainSettings.all(values)
        } catch {
            throw UsageFault(error.description)
        }
    }

    mutating func addRocksDBOption(_ text: String) throws {
        let parts = text.split(separator: "=", maxSplits: 1)
        guard parts.count == 2 else { throw UsageFault("--rocksdb-option '\(text)': expected name=value") }
        rocksdbOptions[String(parts[0])] = String(parts[1])
    }

    func relayConfiguration() throws -> RelayConfiguration {
        let endpoint = try Endpoint(parsing: listen, flag: "--listen")
        guard let smartHost else { throw UsageFault("--smart-host is missing: HOST:PORT of the next hop") }
        let next = try Endpoint(parsing: smartHost, flag: "--smart-host")
        let address: SocketAddress
        do {
            address = try SocketAddress.makeAddressResolvingHost(next.host, port: next.port)
        } catch {
            throw UsageFault("--smart-host \(smartHost): \(error)")
        }
        let loops = threads ?? processorCount()
        guard loops > 0 else { throw UsageFault("--threads \(loops): expected 1 or more") }
        guard smartHostConnections > 0 else {
            throw UsageFault("--smart-host-connections \(smartHostConnections): expected 1 or more")
        }
        let routes = RouteTable(
            smartHost: .init(addresses: [.init(address: address, name: next.host)], text: next.description),
            domains: Dictionary(
                uniqueKeysWithValues: domains.map { ($0.name, $0.nextHop.map { .hop($0) } ?? .usual) }))
        var listener = ListenerConfiguration(name: "smtp", host: endpoint.host, port: endpoint.port)
        listener.rules.limits.messageSize = try bytes(maxMessageSize, "--max-message-size", atLeast: 65_536)
        var configuration = RelayConfiguration(
            listeners: [listener], hostname: try checkedHostname(), routes: routes, threads: loops,
            policies: try policies(),
            spoolName: spool, durabilityName: try spoolSelection.durabilityName())
        configuration.outboundConnections = smartHostConnections
        configuration.residentBytes = try bytes(residentMemory, "--resident-memory", atLeast: 0)
        configuration.inflowDelayMilliseconds = try milliseconds(inflowDelay, "--inflow-delay")
        configuration.receptionBytes = try bytes(receiveMemory, "--receive-memory", atLeast: 1 << 20)
        configuration.minimumFreeBytes = try bytes(minFreeDisk, "--min-free-disk", atLeast: 0)
        configuration.recordPath = record
        configuration.controlPath =
            control ?? (spoolSelection.isVolatile ? nil : spoolDirectory.map { $0 + "/control" })
        configuration.drainSeconds = try seconds(drain, "--drain")
        configuration.arguments = CommandLine.arguments
        return configuration
    }

    /// - Note: `deferred` durability may keep as much in memory as the relay does.
    var spoolSelection: SpoolSelection {
        var selection = SpoolSelection(
            name: spool, directory: spoolDirectory, durability: durability, rocksdbOptions: rocksdbOptions,
            segmentWrites: segmentWrites)
        selection.deferredBytes = (try? ByteCount(parsing: residentMemory).bytes) ?? 0
        return selection
    }

    private func checkedHostname() throws -> String {
        let name = hostname ?? machineName()
        let isName =
            !name.isEmpty
            && name.utf8.allSatisfy {
                (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) || (0x61...0x7A).contains($0) || $0 == 0x2D
                    || $0 == 0x2E
            }
        guard isName else { throw UsageFault("--hostname '\(name)': expected a domain name such as mta.example.org") }
        return name
    }

    private func machineName() -> String {
        (readSmallFile("/proc/sys/kernel/hostname") ?? "").split(separator: "\n").first.map(String.init) ?? "localhost"
    }

    private func policies() throws -> DestinationPolicies {
        var policies = DestinationPolicies()
        policies.standard.retry = try retryPolicy()
        policies.standard.delayWarning = try delayWarning.map { try milliseconds($0, "--delay-warning") }
        do {
            for domain in domains { policies.named[domain.name] = try domain.policy(policies.standard) }
        } catch {
            throw UsageFault(error.description)
        }
        return policies
    }

    private func retryPolicy() throws -> RetryPolicy {
        guard retryFactor >= 1, retryFactor <= 10 else {
            throw UsageFault("--retry-factor \(retryFactor): expected 1 to 10")
        }
        return RetryPolicy(
            first: try milliseconds(retryFirst, "--retry-first"), factor: retryFactor,
            cap: try milliseconds(retryCap, "--retry-cap"),
            maximumAge: try milliseconds(retryMaxAge, "--retry-max-age"))
    }

    private func milliseconds(_ text: String, _ flag: String) throws -> UInt64 {
        UInt64(try seconds(text, flag) * 1000)
    }

    private func seconds(_ text: String, _ flag: String) throws -> Double {
        do {
            return try HumanDuration(parsing: text).seconds
        } catch { throw UsageFault("\(flag) \(error)") }
    }

    private func bytes(_ text: String, _ flag: String, atLeast: Int) throws -> Int {
        do {
            let bytes = try ByteCount(parsing: text).bytes
            guard bytes >= atLeast else { throw UsageFault("\(flag) \(text): expected at least \(atLeast) bytes") }
            return bytes
        } catch let error as UnitFault { throw UsageFault("\(flag) \(error)") }
    }
}
