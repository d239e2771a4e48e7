import DeliveryQueue
import Measures
import NIOCore
import ProgramSupport
import RelayService
import RunRecords
import SpoolContract
import SpoolRocksDB
import SpoolSegmentLog

/// What file and flags together ask for, as written; units are read when the parts are made.
struct ServeSettings {
    var listen = "127.0.0.1:2525"
    var spool = "rocksdb"
    var spoolDirectory: String?
    var durability = Durability.fsync.rawValue
    var smartHost: String?
    var hostname: String?
    var threads: Int?
    var smartHostConnections = 32
    var maxMessageSize = "32MiB"
    var residentMemory = "1GiB"
    var minFreeDisk = "256MiB"
    var retryFirst = "5m"
    var retryFactor = 2.0
    var retryCap = "4h"
    var retryMaxAge = "5d"
    var drain = "10s"
    var record: String?
    var rocksdbOptions: [String: String] = [:]

    init() {}

    /// The keys of the file are the flags' names with underscores; unknown ones are refused with their line.
    init(file: String) throws {
        let values: StrictMapping
        do {
            values = try StrictMapping(
                file: file,
                keys: [
                    "listen", "spool", "spool_dir", "durability", "smart_host", "hostname", "threads",
                    "smart_host_connections", "max_message_size", "resident_memory", "min_free_disk", "retry_first",
                    "retry_factor",
                    "retry_cap", "retry_max_age", "drain", "record", "rocksdb_options",
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
            minFreeDisk = try values.text("min_free_disk") ?? minFreeDisk
            retryFirst = try values.text("retry_first") ?? retryFirst
            retryFactor = try values.number("retry_factor") ?? retryFactor
            retryCap = try values.text("retry_cap") ?? retryCap
            retryMaxAge = try values.text("retry_max_age") ?? retryMaxAge
            drain = try values.text("drain") ?? drain
            record = try values.text("record")
            rocksdbOptions = try values.texts("rocksdb_options") ?? [:]
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
        var configuration = RelayConfiguration(
            host: endpoint.host, port: endpoint.port, hostname: try checkedHostname(), smartHost: address,
            smartHostText: next.description, threads: loops, retry: try retryPolicy(),
            maximumMessageSize: try bytes(maxMessageSize, "--max-message-size", atLeast: 65_536),
            spoolName: spool, durabilityName: try checkedDurability().rawValue)
        configuration.outboundConnections = smartHostConnections
        configuration.residentBytes = try bytes(residentMemory, "--resident-memory", atLeast: 0)
        configuration.minimumFreeBytes = try bytes(minFreeDisk, "--min-free-disk", atLeast: 0)
        configuration.recordPath = record
        configuration.drainSeconds = try seconds(drain, "--drain")
        configuration.arguments = CommandLine.arguments
        return configuration
    }

    /// The one place that names the spools.
    func openSpool() throws -> any Spool {
        switch spool {
        case "memory": return MemorySpool()
        case "rocksdb", "segment": return try openOnDisk()
        default: throw UsageFault("--spool '\(spool)': expected rocksdb, segment or memory")
        }
    }

    private func openOnDisk() throws -> any Spool {
        guard let directory = spoolDirectory else {
            throw UsageFault("--spool-dir is missing: the directory of the spool")
        }
        let durability = try checkedDurability()
        do {
            if spool == "segment" {
                return try SegmentLogSpool(SegmentLogSettings(directory: directory, durability: durability))
            }
            return try RocksDBSpool(
                RocksDBSettings(directory: directory, durability: durability, options: rocksdbOptions))
        } catch {
            throw RunFault("spool \(directory): \(error)")
        }
    }

    private func checkedDurability() throws -> Durability {
        guard let value = Durability(rawValue: durability) else {
            throw UsageFault("--durability '\(durability)': expected fsync or os")
        }
        return value
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
