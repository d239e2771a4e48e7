import ArgumentParser

/// The flags of `mta serve`, each also a key of the configuration file.
struct ServeOptions: ParsableArguments {
    @Option(help: "Configuration file (YAML); flags win over it.")
    var config: String?
    @Option(help: "Address to accept mail on; only clients on this machine may relay. Default 127.0.0.1:2525.")
    var listen: String?
    @Option(help: "segment, rocksdb, localdisk (one file a message), memory or null. Default segment.")
    var spool: String?
    @Option(help: "Directory of the spool.")
    var spoolDir: String?
    @Option(
        help:
            "fsync: on stable storage before 250; os: given to the kernel; deferred: in memory until the first attempt fails. Default fsync."
    )
    var durability: String?
    @Option(help: "All mail goes here: HOST:PORT.")
    var smartHost: String?
    @Option(help: "Name in the greeting, in EHLO and in Received. Default: this machine's.")
    var hostname: String?
    @Option(help: "Event loops. Default: one a core.")
    var threads: Int?
    @Option(help: "Connections to the smart host. Default 32.")
    var smartHostConnections: Int?
    @Option(help: "Content octets of a message, announced with SIZE: 32MiB.")
    var maxMessageSize: String?
    @Option(help: "Content kept in memory until the first attempt is over. Default 1GiB.")
    var residentMemory: String?
    @Option(help: "Content received and not yet in the spool; beyond it clients are not read from. Default 256MiB.")
    var receiveMemory: String?
    @Option(help: "How long 250 may wait while mail comes in faster than it goes out; 0s: never. Default 250ms.")
    var inflowDelay: String?
    @Option(help: "With less free on the spool's file system new mail is told 452. Default 256MiB.")
    var minFreeDisk: String?
    @Option(help: "With fewer free on the spool's file system new mail is told 452. Default 1000.")
    var minFreeInodes: Int?
    @Option(help: "What the process may hold before it sends mail away. Default 90 % of its control group's limit.")
    var memoryLimit: String?
    @Option(help: "Messages in the spool beyond which new mail is told 452. Default: no limit.")
    var maxQueued: Int?
    @Option(help: "Started as root: bind the ports, then become this user for good.")
    var user: String?
    @Option(help: "With --user: another group than the user's own.")
    var group: String?
    @Option(help: "Delay after the first failed attempt. Default 5m.")
    var retryFirst: String?
    @Option(help: "Each further delay is this times the one before. Default 2.")
    var retryFactor: Double?
    @Option(help: "Longest delay between attempts. Default 4h.")
    var retryCap: String?
    @Option(help: "Older messages are returned to their sender. Default 5d.")
    var retryMaxAge: String?
    @Option(help: "The sender is told once that a message is delayed when it is this old: 4h. Default: never.")
    var delayWarning: String?
    @Option(help: "What SIGTERM gives clients and deliveries in progress. Default 10s.")
    var drain: String?
    @Option(help: "RocksDB option by RocksDB's own name, repeatable: name=value.")
    var rocksdbOption: [String] = []
    @Option(help: "Write the run record (JSON) here at the end; FILE.live tells the count meanwhile.")
    var record: String?

    @Option(help: "Segment log with fsync: direct past the page cache, or cached. Default direct.")
    var segmentWrites: String?
    @Option(help: "Control socket for mta queue. Default: SPOOL_DIR/control.")
    var control: String?

    func settings() throws -> ServeSettings {
        var settings = try ServeSettings(file: config)
        try settings.set("--listen", to: listen)
        try settings.set("--spool", to: spool)
        try settings.set("--spool-dir", to: spoolDir)
        try settings.set("--durability", to: durability)
        try settings.set("--smart-host", to: smartHost)
        try settings.set("--hostname", to: hostname)
        try settings.set("--threads", to: threads.map { "\($0)" })
        try settings.set("--smart-host-connections", to: smartHostConnections.map { "\($0)" })
        try settings.set("--max-message-size", to: maxMessageSize)
        try settings.set("--resident-memory", to: residentMemory)
        try settings.set("--receive-memory", to: receiveMemory)
        try settings.set("--inflow-delay", to: inflowDelay)
        try settings.set("--min-free-disk", to: minFreeDisk)
        try settings.set("--min-free-inodes", to: minFreeInodes.map { "\($0)" })
        try settings.set("--memory-limit", to: memoryLimit)
        try settings.set("--max-queued", to: maxQueued.map { "\($0)" })
        try settings.set("--user", to: user)
        try settings.set("--group", to: group)
        try settings.set("--retry-first", to: retryFirst)
        try settings.set("--retry-factor", to: retryFactor.map { "\($0)" })
        try settings.set("--retry-cap", to: retryCap)
        try settings.set("--retry-max-age", to: retryMaxAge)
        try settings.set("--delay-warning", to: delayWarning)
        try settings.set("--drain", to: drain)
        try settings.set("--record", to: record)
        try settings.set("--segment-writes", to: segmentWrites)
        try settings.set("--control", to: control)
        for option in rocksdbOption { try settings.addRocksDBOption(option) }
        return settings
    }
}
