import MTAConfiguration
import Measures
import ProgramSupport

/// What file and flags together ask for. Each flag is a key of the file, with hyphens for underscores.
struct ServeSettings {
    var values: MTASettings
    /// Read again on SIGHUP; nil: there is none.
    let file: String?

    init(file: String? = nil) throws {
        self.file = file
        guard let file else {
            values = MTASettings()
            return
        }
        do { values = try MTASettings.load(file: file) } catch { throw UsageFault(error.description) }
    }

    /// - Parameter flag: `--retry-first`, or nil if it was not given.
    mutating func set(_ flag: String, to text: String?) throws {
        guard let text else { return }
        do throws(UnitFault) {
            try values.set(String(flag.dropFirst(2).replacing("-", with: "_")), to: text)
        } catch {
            throw UsageFault("\(flag) \(error)")
        }
    }

    mutating func addRocksDBOption(_ text: String) throws {
        let parts = text.split(separator: "=", maxSplits: 1)
        guard parts.count == 2 else { throw UsageFault("--rocksdb-option '\(text)': expected name=value") }
        values.rocksdbOptions[String(parts[0])] = String(parts[1])
    }

    /// - Note: `deferred` durability may keep as much in memory as the relay does.
    var spoolSelection: SpoolSelection {
        var selection = SpoolSelection(
            name: values.spool, directory: values.spoolDirectory, durability: values.durability,
            rocksdbOptions: values.rocksdbOptions, segmentWrites: values.segmentWrites)
        selection.deferredBytes = values.residentMemory.bytes
        selection.defersOnRequest = values.http?.honoursDeferredSpool ?? false
        return selection
    }

    /// Where operators reach the relay; nil: nowhere.
    var controlPath: String? {
        values.control ?? (spoolSelection.isVolatile ? nil : values.spoolDirectory.map { $0 + "/control" })
    }
}
