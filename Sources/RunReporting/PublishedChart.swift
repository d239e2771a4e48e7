import CGnuplot
import CostModel
import Measures
package import PublishedBenchmarks
package import RunRecords

/// The published chart again: bars from zero, a line for each machine, with what the original does not show beside it.
package struct PublishedChart {
    private let work: Reproduction

    package init(_ work: Reproduction) { self.work = work }

    /// - Parameter path: SVG or PNG by its suffix.
    /// - Throws: ``RecordFault`` with what gnuplot could not do.
    package func write(to path: String) throws(RecordFault) {
        var error = [CChar](repeating: 0, count: 512)
        let memory = LentMemory()
        let rows = work.table.rows.map { row in
            mr_bar_row(
                name: memory.text(row.name), note: memory.text("\(row.vcpu) vCPU, \(Int(row.memoryGiB)) GiB"),
                fill: mr_fill_light)
        }
        let panels = panels(memory)
        let title = "Published \(work.table.published): \(work.table.title)"
        let status = withExtendedLifetime(memory) {
            mr_plot_bars(path, title, rows, rows.count, panels, panels.count, &error, error.count)
        }
        guard status == 0 else { throw RecordFault(cText: error) }
    }

    private func panels(_ memory: LentMemory) -> [mr_bar_panel] {
        let rows = work.table.rows
        var panels = [panel(memory, "Published", "million messages an hour", rows.map { ($0.mmh, 3) })]
        if rows.contains(where: { $0.postfixMMH != nil }) {
            panels.append(
                panel(memory, "Postfix, published", "million messages an hour", rows.map { ($0.postfixMMH, 2) }))
        }
        panels.append(
            panel(memory, "Per vCPU", "MMH a vCPU", rows.map { ($0.mmhPerVCPU, 3) }))
        let costs = rows.map { work.cost($0)?.usdPerMillion }
        if costs.contains(where: { $0 != nil }) {
            panels.append(
                panel(memory, "Cost", "USD a million, on demand", costs.map { ($0, 3) }))
        }
        return panels
    }

    private func panel(
        _ memory: LentMemory, _ title: String, _ label: String, _ values: [(value: Double?, digits: Int)]
    ) -> mr_bar_panel {
        let bars = values.map { value, digits in
            guard let value else { return mr_bar(value: -1, low: -1, high: -1, text: memory.text("")) }
            return mr_bar(value: value, low: value, high: value, text: memory.text(fixed(value, digits)))
        }
        return mr_bar_panel(title: memory.text(title), x_label: memory.text(label), bars: memory.copy(bars))
    }
}
