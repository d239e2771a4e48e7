import Testing

import PublishedBenchmarks

@Suite struct PublishedRowTests {
    @Test func anHourHas3600Seconds() {
        let row = PublishedRow(instance: "c5.2xlarge", vcpu: 8, memoryGiB: 16, messagesPerHour: 3_600_000)
        #expect(row.messagesPerSecond == 1000)
    }
}
