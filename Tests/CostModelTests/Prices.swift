import CostModel
import RunRecords

/// Prices with round figures.
enum Prices {
    static let text = """
        as_of: 2026-11
        cloud: test
        instances:
          - name: small
            vcpu: 4
            memory_gib: 8
            nic_mbit_per_s_baseline: 1000
            disk_mb_per_s_max: 100
            usd_per_hour: 1.0
            usd_per_hour_reserved_1y: 0.5
            coremark_per_s: 80000
            source: made up
          - name: plain
            vcpu: 2
            memory_gib: 4
            nic_mbit_per_s_baseline: 100
            usd_per_hour: 0.1
            date: 2026-07-20
            source: made up, verify
        volumes:
          - name: gp3
            usd_per_gb_month: 0.08
            iops_included: 3000
            usd_per_iops_month: 0.005
            mb_per_s_included: 125
            usd_per_mb_per_s_month: 0.04
            source: made up
        egress:
          name: test
          tiers:
            - {up_to_gb: 100, usd_per_gb: 0.10}
            - {usd_per_gb: 0.05}
          source: made up
        support:
          - {name: gold, usd_per_month: 300, source: made up}
        licences:
          - {name: free, usd_per_month: 0, source: made up}
        saas:
          - {name: Flat, usd_per_thousand: 0.10, source: made up}
          - {name: Range, usd_per_thousand_low: 0.5, usd_per_thousand_high: 1.3, source: made up}
          - name: Tiers
            tiers:
              - {up_to_messages: 10000000, usd_per_thousand: 0.16}
              - {usd_per_thousand: 0.14}
            source: made up

        """

    static func book(_ text: String = text) throws -> PriceBook {
        var book = PriceBook()
        try book.add(text: text, file: "prices/test.yaml")
        return book
    }
}
