package import CostModel
import Measures

/// Works through a published benchmark again: its rows with what follows from them, its claims, its notes, its shape.
package struct Reproduction: Sendable {
    package let table: PublishedTable
    package let library: PublishedLibrary
    package let book: PriceBook

    package init(_ table: PublishedTable, library: PublishedLibrary, book: PriceBook) {
        (self.table, self.library, self.book) = (table, library, book)
    }

    /// Why a statement cannot be worked through: what is missing.
    struct Missing: Error {
        var what: String
    }

    /// A line or more for each claim and note, in their order.
    package var claims: [Finding] { (table.claims + table.notes).flatMap(work) + printedPrices }

    private func work(_ claim: PublishedClaim) -> [Finding] {
        guard let arithmetic = ClaimArithmetic.all[claim.id] else {
            return [Finding(claim.id, claim.text, "–", .notCheckable(why: "no arithmetic is known for it"))]
        }
        do throws(Missing) { return try arithmetic(claim, self) } catch {
            return [Finding(claim.id, claim.text, "–", .notCheckable(why: "\(error.what) is missing"))]
        }
    }

    /// Prices of traffic that are printed with the table, against the price data.
    private var printedPrices: [Finding] {
        ["aws", "azure"].compactMap { cloud in
            guard let printed = table.costNotes["\(cloud)_transfer_usd_per_gb"] else { return nil }
            let (id, claim) = ("transfer-\(cloud)", "traffic out of \(cloud): $\(printed) a GB")
            guard let known = book.egress(cloud)?.tariff.tiers[0].usd else {
                return Finding(id, claim, "–", .notCheckable(why: "the prices have no egress of \(cloud)"))
            }
            let arithmetic = "$\(printed) / $\(known) of the prices' first tier = \(significant(printed / known, 4))"
            guard abs(printed / known - 10) > 1e-6 else {
                return Finding(
                    id, claim, arithmetic + ": a slip of the decimal point",
                    .contradicted(by: "the prices: $\(known)"))
            }
            return Finding(id, claim, arithmetic, .comparing(known, claimed: printed))
        }
    }

    // MARK: Prices

    /// The volume of the vendor's runs; the costs of rows count it.
    package var volume: RentedVolume? { book.volume("gp3").map(RentedVolume.published) }

    func instance(_ row: PublishedRow) -> Instance? { row.instance.flatMap(book.instance) }

    /// On demand, machine and volume, no longer than it sends at the rate of the row; nil: no price is known.
    package func cost(_ row: PublishedRow) -> CostPerThousand? {
        guard let instance = instance(row), let volume else { return nil }
        return CostPerThousand(
            usdPerHour: instance.usdPerHour + volume.usdPerMonth / Setup.hoursOfAMonth,
            messagesPerHour: row.messagesPerHour)
    }
}

extension PublishedClaim {
    func number(_ key: String) throws(Reproduction.Missing) -> Double {
        guard let number = numbers[key] else { throw Reproduction.Missing(what: "\(id): \(key)") }
        return number
    }
}

extension PublishedTable {
    func needed(_ id: String) throws(Reproduction.Missing) -> PublishedClaim {
        guard let claim = claim(id) else { throw Reproduction.Missing(what: "the claim \(id)") }
        return claim
    }
}
