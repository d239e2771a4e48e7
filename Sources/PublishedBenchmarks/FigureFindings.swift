package import CostModel
import Measures

/// Published figures that stand alone: what can be said of each.
package enum FigureFindings {
    package static func findings(_ library: PublishedLibrary, _ book: PriceBook) -> [Finding] {
        library.figures.flatMap { figure in
            [rate(figure), cost(figure, book), littlesLaw(figure), earlier(figure, library)].compactMap { $0 }
        }
    }

    package static func sheet(_ library: PublishedLibrary, _ book: PriceBook) -> Sheet {
        var sheet = Sheet(title: "others: single published figures")
        sheet.head = library.figures.map { "\($0.id): \($0.system), \(significant($0.mmh, 4)) MMH: \($0.basis)" }
        sheet.tables = [.init("claims", "Each figure, worked through again", findings: findings(library, book))]
        return sheet
    }

    /// Messages a second and messages an hour are one figure printed twice.
    private static func rate(_ figure: PublishedFigure) -> Finding? {
        guard let rate = figure.messagesPerSecond else { return nil }
        let mmh = rate * 0.0036
        return Finding(
            "\(figure.id), rate", "\(grouped(Int(rate))) msg/s, \(significant(figure.mmh, 4)) MMH",
            "\(grouped(Int(rate))) × 3600 = \(significant(mmh, 4)) MMH", .comparing(mmh, claimed: figure.mmh))
    }

    private static func cost(_ figure: PublishedFigure, _ book: PriceBook) -> Finding? {
        guard let instance = figure.instance.flatMap(book.instance) else { return nil }
        // A figure is printed rounded: the rate it was made from is better where it is there.
        let mmh = figure.messagesPerSecond.map { $0 * 0.0036 } ?? figure.mmh
        let usd = instance.usdPerHour / mmh
        let arithmetic =
            "$\(instance.usdPerHour) an hour (\(instance.name) on demand) / \(significant(mmh, 5)) MMH = $\(significant(usd, 3))"
        guard let claimed = figure.usdPerMillion else {
            return Finding("\(figure.id), cost", "no price is published", arithmetic + " a million", .shown)
        }
        return Finding(
            "\(figure.id), cost", "$\(significant(claimed, 3)) a million", arithmetic, .comparing(usd, claimed: claimed)
        )
    }

    /// What is under way at once = rate × time that it takes.
    private static func littlesLaw(_ figure: PublishedFigure) -> Finding? {
        guard let connections = figure.connections, let rate = figure.messagesPerSecond else { return nil }
        let milliseconds = Double(connections) / rate * 1000
        return Finding(
            "\(figure.id), connections", "\(grouped(connections)) connections",
            "\(grouped(connections)) / \(grouped(Int(rate))) msg/s = \(significant(milliseconds, 3)) ms a message on the mean "
                + "(Little's law)", .shown)
    }

    /// The same vendor's figure for as many cores two years before.
    private static func earlier(_ figure: PublishedFigure, _ library: PublishedLibrary) -> Finding? {
        guard figure.id.hasPrefix("kumomta-2025"), let vcpu = figure.vcpu,
            let row = library.table("kumomta-2023")?.rows.first(where: { $0.vcpu == vcpu })
        else { return nil }
        return Finding(
            "\(figure.id), against 2023", "\(significant(figure.mmh, 3)) MMH on \(vcpu) vCPU",
            "2023: \(significant(row.mmh, 4)) MMH on \(row.name): now "
                + "\(significant((1 - figure.mmh / row.mmh) * 100, 3)) % less", .contradicted(by: "kumomta-2023"))
    }
}
