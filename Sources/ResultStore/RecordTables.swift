import Measures
package import RunRecords

/// The seconds of a run as CSV (RFC 4180), a line each.
package enum RecordTables {
    /// `series.csv`: what each program counted in each second.
    package static func series(_ record: RunRecord) -> String {
        var lines = ["program,unix_s,messages,bytes,failed,connections"]
        let series = [
            ("traffic-gen", record.generator.series), ("mta", record.mta?.series ?? []),
            ("sink-mta", record.sink.series),
        ]
        for (name, samples) in series {
            for sample in samples {
                lines.append(
                    "\(name),\(fixed(sample.unixSeconds, 3)),\(sample.messages),\(sample.bytes),"
                        + "\(sample.failed),\(sample.connections)")
            }
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// `resources.csv`: what each group of processes used in each second. Device and loopback are anybody's and stand
    /// in lines of their own, under `machine`. Nil where nothing was sampled.
    package static func resources(_ record: RunRecord) -> String? {
        guard let resources = record.resources else { return nil }
        var lines = ["unix_s,group,cpu_user_s,cpu_system_s,memory_bytes,device_write_bytes,loopback_bytes"]
        for sample in resources.samples {
            let time = fixed(sample.unixSeconds, 3)
            let groups = Set(sample.cpuUserSeconds.keys).union(sample.cpuSystemSeconds.keys)
                .union(sample.memoryBytes.keys)
            for group in groups.sorted() {
                lines.append(
                    "\(time),\(csvField(group)),\(seconds(sample.cpuUserSeconds[group])),"
                        + "\(seconds(sample.cpuSystemSeconds[group])),"
                        + "\(sample.memoryBytes[group].map(String.init) ?? ""),,")
            }
            lines.append("\(time),machine,,,,\(sample.deviceWriteBytes),\(sample.loopbackBytes)")
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func seconds(_ value: Double?) -> String { value.map { fixed($0, 3) } ?? "" }
}
