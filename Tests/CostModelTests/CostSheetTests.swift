import CostModel
import Foundation
import Testing

@Suite struct CostSheetTests {
    private func sheet(_ bend: (inout Setup) -> Void = { _ in }) throws -> Sheet {
        var setup = try MonthlyCostTests.setup()
        bend(&setup)
        return CostSheet(
            setup, MonthlyCostTests.plan, book: try Prices.book(), volumes: CostSheet.usualVolumes
        ).sheet
    }

    /// One machine of $730 for 300 million messages: $0.002433 a thousand.
    @Test func thePartsStandWithFourDigits() throws {
        let text = try sheet().render(.text)
        #expect(text.contains("compute       730.00             0.002433          2.433  [1]"), "\(text)")
        #expect(text.contains("none counted (--egress)"))
        #expect(text.contains("1 million messages an hour, 10 h a day, 30 days: 300 million messages a month"))
    }

    /// $730 / $0.0001 a message of the flat service; a billion a day at 10 h is 100 MMH: 25 machines of 4.
    @Test func breakEvenAndMachinesAreThere() throws {
        let sheet = try sheet()
        let object = try #require(
            try JSONSerialization.jsonObject(with: Data(sheet.render(.json).utf8)) as? [String: Any])
        let services = try #require(object["break_even"] as? [[String: Any]])
        #expect(services[0]["own_cheaper_from_messages_per_month"] as? Double == 7_300_000)
        #expect(services[0]["times_own_cost"] as? Double == 30_000 / 730.0)
        let machines = try #require(object["machines"] as? [[String: Any]])
        #expect(machines.map { $0["machines"] as? Double } == [1, 25, 1])
        #expect(machines[1]["usd_per_month"] as? Double == 18_250)
    }

    @Test func whatWasProjectedSaysSoEverywhere() throws {
        let sheet = try sheet { $0.rate.kind = .projected }
        #expect(sheet.title.contains("projected"))
        #expect(sheet.tables.allSatisfy { $0.title.contains("projected") })
        #expect(sheet.notes[0].contains("projected, not measured"))
    }

    @Test func aRateThatWasAskedForIsNotCalledTheMachines() throws {
        let sheet = try sheet { $0.rate.kind = .asked }
        #expect(sheet.notes[0].contains("asked for no more"))
        #expect(sheet.render(.text).contains("asked for\n"), "the table of machines says so, too")
    }

    @Test func whatWasRememberedHasToBeVerified() throws {
        let plain = try sheet { $0.instance.source.text = "recalled, verify" }
        #expect(plain.notes.contains { $0.hasPrefix("VERIFY before paying by it: recalled, verify") })
        #expect(try !sheet().notes.contains { $0.hasPrefix("VERIFY") })
    }
}
