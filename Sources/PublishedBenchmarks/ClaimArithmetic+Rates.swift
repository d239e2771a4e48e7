import CostModel
import Measures

extension ClaimArithmetic {
    static func billionADay(
        _ claim: PublishedClaim, _ work: Reproduction
    ) throws(Reproduction.Missing) -> [Finding] {
        let (nodes, each) = (try claim.number("nodes"), try claim.number("messages_per_hour_each"))
        let day = try claim.number("messages_per_day")
        let (computed, best) = (nodes * each * 24, work.table.byCores.largest)
        let asMeasured = nodes * best.messagesPerHour * 24
        return [
            Finding(
                claim.id, claim.text,
                "\(Int(nodes)) × \(grouped(Int(each))) × 24 h = \(grouped(Int(computed)))",
                .comparing(computed, claimed: day)),
            Finding(
                "\(claim.id), at least", "over 1 billion a day",
                "\(grouped(Int(computed))) against \(grouped(1_000_000_000))",
                computed > 1e9 ? .reproduced : .off(percent: (computed / 1e9 - 1) * 100)),
            Finding(
                "\(claim.id), the rate", "\(grouped(Int(each))) an hour of one machine",
                "the largest row, \(best.name), has \(grouped(Int(best.messagesPerHour)))",
                best.messagesPerHour >= each
                    ? .reproduced
                    : .contradicted(
                        by: "the table: no row reaches it; \(Int(nodes)) × the largest × 24 h = "
                            + grouped(Int(asMeasured)))),
        ]
    }

    /// The same volume is given three ways, and the table has five rates: which of them makes the number?
    static func postfixServers(
        _ claim: PublishedClaim, _ work: Reproduction
    ) throws(Reproduction.Missing) -> [Finding] {
        let servers = try claim.number("servers")
        let billion = try work.table.needed("billion-a-day")
        let volumes = [
            ("1 billion a day", 1e9), ("the claimed day", try billion.number("messages_per_day")),
            ("7 machines' day", try billion.number("nodes") * billion.number("messages_per_hour_each") * 24),
        ]
        var found: [Finding] = []
        for row in work.table.rows {
            guard let rate = row.postfixMMH else { continue }
            let counts = volumes.map { ($0.0, ($0.1 / 24 / (rate * 1e6) - 1e-9).rounded(.up)) }
            let nearest = counts.min { abs($0.1 - servers) < abs($1.1 - servers) }!
            let text = counts.map { "\($0.0): \(grouped(Int($0.1)))" }.joined(separator: ", ")
            found.append(
                Finding(
                    "\(claim.id), \(row.name)", claim.text, "at \(fixed(rate, 2)) MMH \(text); nearest \(nearest.0)",
                    nearest.1 == servers ? .reproduced : .off(percent: (nearest.1 / servers - 1) * 100)))
        }
        guard !found.isEmpty else { throw Reproduction.Missing(what: "a column of Postfix") }
        found.append(
            Finding(
                "\(claim.id), rounding", claim.text,
                "1 billion / 24 h / \(Int(servers)) servers = \(significant(1e9 / 24 / servers / 1e6, 4)) MMH each: 0.50 if "
                    + "the row's rate lies between 0.495 and \(significant(1e9 / 24 / (servers - 1) / 1e6, 4))",
                (1e9 / 24 / 0.495e6).rounded(.up) == servers
                    ? .reproduced : .off(percent: ((1e9 / 24 / 0.495e6).rounded(.up) / servers - 1) * 100)))
        return found
    }

    // MARK: To dev/null

    static func devnull96(_ claim: PublishedClaim, _ work: Reproduction) throws(Reproduction.Missing) -> [Finding] {
        let (mmh, other) = (try claim.number("mmh"), try work.table.needed("devnull-131").number("mmh"))
        return [
            Finding(
                claim.id, claim.text,
                "\(short(other, 3)) / \(short(mmh, 3)) = \(significant(other / mmh, 3)) for the same kind of machine",
                abs(other / mmh - 1) <= Finding.Verdict.tolerance ? .reproduced : .contradicted(by: "devnull-131"))
        ]
    }

    static func devnull131(_ claim: PublishedClaim, _ work: Reproduction) throws(Reproduction.Missing) -> [Finding] {
        let (mmh, card) = (try claim.number("mmh"), try claim.number("nic_gbit_per_s"))
        let gbit = mmh * 1e6 / 3600 * work.table.messageBytes * 8 / 1e9
        let fits = card * 1e9 / 8 / work.table.messageBytes * 3600 / 1e6
        var found = [
            Finding(
                claim.id, claim.text,
                "\(short(mmh, 3)) MMH × \(grouped(Int(work.table.messageBytes))) bytes × 8 / 3600 s = "
                    + "\(significant(gbit, 3)) Gbit/s one way; the card's \(short(card, 3)) carry \(significant(fits, 3)) MMH",
                gbit > card ? .reproduced : .off(percent: (gbit / card - 1) * 100))
        ]
        if let other = try? work.table.needed("devnull-96").number("mmh"), other != mmh {
            found.append(
                Finding(
                    "\(claim.id), the rate", "\(short(mmh, 3)) MMH", "\(short(other, 3)) MMH for the same",
                    .contradicted(by: "devnull-96")))
        }
        return found
    }

    static func devnullTwice(_ claim: PublishedClaim, _ work: Reproduction) throws(Reproduction.Missing) -> [Finding] {
        let one = try work.table.needed("devnull-96").number("mmh")
        let other = try work.table.needed("devnull-131").number("mmh")
        return [
            Finding(
                claim.id, claim.text, "\(short(one, 3)) and \(short(other, 3)) MMH are both claimed",
                one == other ? .contradicted(by: "the claims: they agree") : .reproduced)
        ]
    }

    // MARK: Disks

    /// Even if every write were as large as one operation may be, content that has to reach the disk has its bound there.
    static func fewOperations(_ claim: PublishedClaim, _ work: Reproduction) throws(Reproduction.Missing) -> [Finding] {
        let (iops, below) = (try claim.number("disk_iops"), try claim.number("mmh_below"))
        let bytes = iops * Projection.operationBytes
        let bound = bytes / work.table.messageBytes * 0.0036
        return [
            Finding(
                claim.id, claim.text,
                "\(Int(iops)) × 256 KiB = \(significant(bytes / 1e6, 3)) MB/s: \(significant(bound, 3)) MMH of content that "
                    + "has to reach the disk; \(short(below, 3)) MMH are \(significant(below / 0.0036 / iops, 3)) messages an "
                    + "operation, possible in the page cache alone",
                .notCheckable(why: "no row has such a disk; the bound agrees with it"))
        ]
    }

    static func manyOperations(_ claim: PublishedClaim, _ work: Reproduction) throws(Reproduction.Missing) -> [Finding]
    {
        let (iops, more) = (try claim.number("disk_iops"), try claim.number("disk_iops_more"))
        let best = work.table.byCores.largest
        let each = iops / best.messagesPerSecond
        let needed = (work.table.messageBytes / Projection.operationBytes).rounded(.up)
        return [
            Finding(
                claim.id, claim.text,
                "\(grouped(Int(iops))) / \(significant(best.messagesPerSecond, 4)) msg/s of \(best.name) = "
                    + "\(significant(each, 3)) operations a message, \(significant(more / best.messagesPerSecond, 3)) with "
                    + "\(grouped(Int(more))); \(Int(needed)) is needed to write its content",
                .notCheckable(why: "'little' is no figure and no row has that disk; the arithmetic agrees with it"))
        ]
    }

    // MARK: Notes

    static func firstRows(_ claim: PublishedClaim, _ work: Reproduction) throws(Reproduction.Missing) -> [Finding] {
        guard work.table.rows.count > 1 else { throw Reproduction.Missing(what: "a second row") }
        let (a, b) = (work.table.rows[0].messagesPerHour, work.table.rows[1].messagesPerHour)
        return [
            Finding(
                claim.id, claim.text, "\(grouped(Int(b))) − \(grouped(Int(a))) = \(grouped(Int(b - a)))",
                .comparing(b - a, claimed: 400_000))
        ]
    }

    static func sixtySeconds(_ claim: PublishedClaim, _ work: Reproduction) throws(Reproduction.Missing) -> [Finding] {
        let cap = work.table.messages * 60
        let below = work.table.rows.filter { $0.messagesPerHour < cap }
        let counts = below.map { grouped(Int(($0.messagesPerHour / 60).rounded())) }.joined(separator: ", ")
        return [
            Finding(
                claim.id, claim.text,
                "\(grouped(Int(work.table.messages))) in 60 s = \(fixed(cap / 1e6, 1)) MMH; \(below.count) of "
                    + "\(work.table.rows.count) rows are below (\(below.map(\.name).joined(separator: ", "))): in 60 s they would "
                    + "have sent \(counts)",
                cap == 6e6 && below.count == 3 ? .reproduced : .off(percent: (Double(below.count) / 3 - 1) * 100)),
            Finding(
                "\(claim.id), whether", "the runs were cut at 60 s", "–",
                .notCheckable(why: "the text names no duration and counts no acknowledgements")),
        ]
    }
}
