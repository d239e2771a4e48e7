import Foundation
import LoadGeneration
import LoadPacing
import RunRecords
import Testing

@Suite struct LoadProfileTests {
    private func profile(_ text: String) throws -> LoadProfile {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("load-\(UUID().uuidString).yaml").path
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        defer { try? FileManager.default.removeItem(atPath: path) }
        return try LoadProfile(file: path)
    }

    @Test func profilesHaveTheirStages() throws {
        let read = try profile(
            """
            arrivals: poisson
            warm_up: 5s
            ramp_up: 2s
            stages:
              - {for: 30s, rate: 1000/s}
              - {for: 10s, from: 1000/s, to: 5000/s}
              - repeat: 3
                stages: [{for: 2s, rate: 9000/s}, {for: 8s, rate: 0/s}]
            """)
        #expect(read.arrivals == .poisson && read.warmUp == 5 && read.rampUp == 2 && read.rate == nil)
        #expect(read.stages.map(\.seconds) == [30, 10, 2, 8, 2, 8, 2, 8])
        #expect(read.stages.map(\.messages) == [30_000, 30_000, 18_000, 0, 18_000, 0, 18_000, 0])
        let times = try profile("rate: 1/s\nconnect_timeout: 5s\nreply_timeout: 1500ms\n")
        #expect(times.connectTimeout == 5 && times.replyTimeout == 1.5 && read.connectTimeout == nil)
        #expect(try profile("rate: 3.6MMH\nduration: 1m\n").rate?.perSecond == 1000)
    }

    @Test(arguments: [
        ("rate: 5/s\nstages: [{for: 1s, rate: 1/s}]", "either 'rate' or 'stages'"), ("arrivals: poisson", "rate"),
        ("rat: 5/s", "did you mean 'rate'"), ("rate: fast", "expected a rate"), ("rate: 0/s", "above 0"),
        ("rate: 5/s\narrivals: often", "constant or poisson"), ("stages: [{rate: 1/s}]", "'for'"),
        ("stages: [{for: 1s, from: 1/s}]", "'from' and 'to'"), ("stages: [{for: 1s, rate: 0/s}]", "above 0"),
        ("stages: [{repeat: 0, stages: []}]", "expected 1 to"), ("stages: [{repeat: 2, for: 1s}]", "alone"),
        ("rate: 5/s\nreply_timeout: 0s", "1s to 24h"), ("rate: 5/s\nconnect_timeout: 1ms", "1s to 24h"),
    ])
    func mistakesInProfilesAreNamed(text: String, says: String) throws {
        do {
            _ = try profile(text)
            Issue.record("taken: \(text)")
        } catch let fault as RecordFault {
            #expect(fault.description.contains(says), "\(fault)")
        }
    }
}
