/// `environment.json` beside a record: all of the machine and its software that somebody would want to compare who gets
/// other figures.
package struct EnvironmentFacts: Codable, Hashable, Sendable {
    package static let schema = "millrace.environment/1"

    package var schema = Self.schema
    /// As `uname` says it, without the host's name: `Linux 6.1.0-42-amd64 #1 SMP … x86_64`.
    package var kernel = ""
    /// `Debian GNU/Linux 12 (bookworm)`.
    package var distribution = ""
    /// Of the first processor: `model name`, `cpu MHz`, `cache size`, `governor`, `hypervisor`, where they are said.
    package var processor: [String: String] = [:]
    package var cores = 0
    package var memoryBytes: UInt64 = 0
    package var swapBytes: UInt64 = 0
    package var clockSource = ""
    /// Lines of `/proc/self/mounts` of what holds the root, the results and the spools.
    package var mounts: [String] = []
    package var sysctls: [String: String] = [:]
    /// Soft and hard, by the names of `/proc/self/limits`.
    package var limits: [String: String] = [:]
    /// Versions by name of the program or Debian package.
    package var versions: [String: String] = [:]
    /// Variables of the environment that change how programs run: `MALLOC_…`, `LD_PRELOAD`, `MILLRACE_…`.
    package var variables: [String: String] = [:]
    /// As in the record.
    package var commit = ""
    /// Files of the working tree that are not as in the commit, with git's two letters in front.
    package var changes: [String] = []
    /// SHA-256 of `git diff HEAD`; nil where nothing is changed.
    package var changesDigest: String?
    /// The command that made the run, word by word.
    package var command: [String] = []

    enum CodingKeys: String, CodingKey {
        case schema, kernel, distribution, processor, cores, mounts, sysctls, limits, versions, variables, commit
        case changes, command
        case memoryBytes = "memory_bytes"
        case swapBytes = "swap_bytes"
        case clockSource = "clock_source"
        case changesDigest = "changes_sha256"
    }

    package init() {}
}
