import CostModel
import Measures
import Testing

@Suite struct CostQuantitiesTests {
    @Test(arguments: [("1000000", 1e6), ("300k", 3e5), ("1M", 1e6), ("1.5B", 1.5e9), ("1_000", 1000)])
    func countsOfMessages(text: String, count: Double) throws {
        #expect(try MessageCount(parsing: text).count == count)
    }

    @Test(arguments: ["", "1m", "1MM", "-1", "0", "1.5", "1M/h", "many", "1e6"])
    func oddCountsNameTheForm(text: String) throws {
        let fault = try #require(throws: UnitFault.self) { _ = try MessageCount(parsing: text) }
        #expect(fault.description == "'\(text)': expected a number of messages such as 250000, 300k, 1M or 1.5B")
    }

    @Test func volumesHaveTheirTime() throws {
        #expect(try MessageVolume(parsing: "1M/month") == MessageVolume(count: 1e6, per: .month))
        #expect(try MessageVolume(parsing: "1B/day").perHour(hoursPerDay: 24, days: 30) == 1e9 / 24)
        #expect(try MessageVolume(parsing: "1B/day").perHour(hoursPerDay: 10, days: 30) == 1e8)
        #expect(try MessageVolume(parsing: "300M/month").perHour(hoursPerDay: 10, days: 30) == 1e6)
        #expect(try MessageVolume(parsing: "5k/hour").perHour(hoursPerDay: 10, days: 30) == 5000)
        for text in ["1M", "1M/week", "x/day", "1M/day/2"] {
            let fault = try #require(throws: UnitFault.self) { _ = try MessageVolume(parsing: text) }
            #expect(fault.description.hasSuffix("expected a volume such as 1M/month, 1B/day or 250k/hour"))
        }
    }

    @Test func amountsHaveTheirCurrencyAndTime() throws {
        #expect(try MonthlyAmount(parsing: "3300USD/month").usd == 3300)
        #expect(try MonthlyAmount(parsing: "0 USD/month").usd == 0)
        for text in ["3300", "3300USD", "3300EUR/month", "-1USD/month", "USD/month"] {
            #expect(throws: UnitFault.self) { _ = try MonthlyAmount(parsing: text) }
        }
    }

    @Test func volumesOfDiskHaveTheirUnits() throws {
        let request = try VolumeRequest(parsing: "gp3:100GB:7200iops:225MB/s")
        #expect(request == VolumeRequest(type: "gp3", gigabytes: 100, iops: 7200, mbPerSecond: 225))
        #expect(try VolumeRequest(parsing: "gp3:2TB") == VolumeRequest(type: "gp3", gigabytes: 2000))
        for text in [
            "gp3", "gp3:100", "gp3:100GB:7200", "gp3:7200iops", "gp3:100GB:200GB", ":100GB", "gp3:100GB:225Mbit/s",
        ] {
            let fault = try #require(throws: UnitFault.self) { _ = try VolumeRequest(parsing: text) }
            #expect(fault.description.contains("gp3:100GB:7200iops:225MB/s"), "\(fault)")
        }
    }

    @Test(arguments: [(1588.48, "1,588.48"), (0.01467, "0.01467"), (1, "1.00"), (0, "0.00"), (2700, "2,700.00")])
    func dollarsHaveCentsUnlessCentsSayNothing(value: Double, text: String) { #expect(dollars(value) == text) }
}
