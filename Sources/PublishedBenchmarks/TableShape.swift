import CostModel
import Foundation
import Measures

extension Reproduction {
    /// What the rows show together, whoever made them: growth with cores, cost, disk, memory, the generator's limit.
    package var shape: [Finding] {
        guard table.rows.count > 1 else { return [] }
        return growth + perCore + cheapest + cap + diskWrites + inMemory + elsewhere
    }

    private var growth: [Finding] {
        let (small, large) = table.byCores
        let cores = Double(large.vcpu) / Double(small.vcpu)
        let rate = large.messagesPerHour / small.messagesPerHour
        return [
            Finding(
                "growth", "more cores, more messages",
                "cores × \(short(cores, 3)) (\(small.vcpu) → \(large.vcpu)) give MMH × \(fixed(rate, 2)): as cores to the "
                    + "power of \(fixed(log(rate) / log(cores), 2)), where 1 would be all of it", .shown)
        ]
    }

    private var perCore: [Finding] {
        let (small, large) = table.byCores
        return [
            Finding(
                "per-vcpu", "what a core does",
                "MMH per vCPU \(fixed(small.mmhPerVCPU, 3)) → \(fixed(large.mmhPerVCPU, 3)), "
                    + "× \(fixed(large.mmhPerVCPU / small.mmhPerVCPU, 3))", .shown)
        ]
    }

    private var cheapest: [Finding] {
        let costs = table.rows.compactMap { row in cost(row).map { (row, $0) } }
        guard costs.count == table.rows.count, let volume else {
            return [
                Finding(
                    "cheapest", "which machine is the cheapest a message", "–",
                    .notCheckable(why: "the rows name no machine that has a price"))
            ]
        }
        let best = costs.min { $0.1.usd < $1.1.usd }!.0
        let list = costs.map { significant($0.1.usdPerMillion, 3) }.joined(separator: ", ")
        return [
            Finding(
                "cheapest", "which machine is the cheapest a message",
                "$ a million, on demand with a volume (\(volume.description), $\(dollars(volume.usdPerMonth)) a month / 730 h): "
                    + "\(list): \(best.name)"
                    + (best == table.byCores.smallest ? ", the smallest" : ", not the smallest"), .shown)
        ]
    }

    /// The generator of the time ended a run after a minute unless told otherwise.
    private var cap: [Finding] {
        let cap = table.messages * 60
        let below = table.rows.filter { $0.messagesPerHour < cap }.count
        return [
            Finding(
                "cap", "a run of 60 s",
                "\(grouped(Int(table.messages))) messages in 60 s = \(fixed(cap / 1e6, 1)) MMH; \(below) of "
                    + "\(table.rows.count) rows are below, \(table.rows.count - below) above", .shown)
        ]
    }

    /// Each message once into the write-ahead log and once more when it is flushed.
    private var diskWrites: [Finding] {
        guard let volume else { return [] }
        let each = table.rows.map { ($0, $0.messagesPerSecond * table.messageBytes / 1e6) }
        let list = each.map { "\($0.0.name) \(significant($0.1 * 2, 4))" }.joined(separator: ", ")
        let within = each.filter { $0.1 * 2 <= volume.mbPerSecond }.count
        let (small, once) = each.min { $0.0.vcpu < $1.0.vcpu }!
        return [
            Finding(
                "disk-writes", "content written twice, against a volume of \(Int(volume.mbPerSecond)) MB/s",
                "\(small.name): \(significant(small.messagesPerSecond, 4)) msg/s × \(grouped(Int(table.messageBytes))) bytes × 2 "
                    + "= \(significant(once * 2, 4)) MB/s, \(fixed(once * 2 / volume.mbPerSecond * 100, 1)) % of it; all rows, MB/s: "
                    + "\(list): \(within) of \(each.count) fit. The volume is that of the vendor's runs of 2025: the text "
                    + "of 2023 names its IOPS alone", .shown)
        ]
    }

    private var inMemory: [Finding] {
        let gib = table.bytes / 1_073_741_824
        let whole = table.rows.filter { $0.memoryGiB > gib }.map(\.name)
        // vm.dirty_ratio's default: so much of the memory may wait to be written before a writer has to wait.
        let dirty = table.rows.filter { $0.memoryGiB * 0.2 > gib }.map(\.name)
        return [
            Finding(
                "memory", "a whole run in memory",
                "\(grouped(Int(table.messages))) × \(grouped(Int(table.messageBytes))) bytes = \(significant(gib, 3)) GiB: less than "
                    + "the memory of \(whole.count) of \(table.rows.count) rows; less than 20 % of it, which Linux lets wait "
                    + "unwritten by default, of \(dirty.isEmpty ? "none" : dirty.joined(separator: ", ")): there a run "
                    + "without syncs need not touch the disk. So the curve may show memory and disk, not cores: a run with "
                    + "both limited says whether", .shown)
        ]
    }

    /// Rows of other tables with as many cores.
    private var elsewhere: [Finding] {
        let others = library.tables.filter { $0.id != table.id && $0.messageBytes == table.messageBytes }
        return table.rows.flatMap { row in
            others.flatMap { other in
                other.rows.filter { $0.vcpu == row.vcpu }.map { same in
                    let share = (row.messagesPerHour / same.messagesPerHour - 1) * 100
                    return Finding(
                        "elsewhere, \(row.vcpu) vCPU", "\(fixed(row.mmh, 3)) MMH on \(row.name)",
                        "\(other.id): \(fixed(same.mmh, 3)) MMH on \(same.name); here \(significant(abs(share), 3)) % "
                            + (share < 0 ? "less" : "more"), .shown)
                }
            }
        }
    }
}
