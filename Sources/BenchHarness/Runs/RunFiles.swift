import Foundation
import Glibc
import Measures
import RunRecords

/// What stays in a run's directory. A valid run keeps its record and what people read; of an invalid one everything stays
/// for the search.
struct RunFiles {
    let directory: String
    let record: RunRecord

    func write(profileText: String) throws {
        try RecordFile.write(record, to: directory + "/run.json")
        try profileText.write(toFile: directory + "/profile.yaml", atomically: true, encoding: .utf8)
        try seriesCSV.write(toFile: directory + "/series.csv", atomically: true, encoding: .utf8)
        let spent =
            ["generator.json", "mta.json", "sink.json"]
            + (record.invalid.isEmpty ? ["generator.ledger", "sink.ledger"] : [])
        for name in spent {
            unlink(directory + "/" + name)
            unlink(directory + "/" + name + ".live")
        }
    }

    private var seriesCSV: String {
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
}
