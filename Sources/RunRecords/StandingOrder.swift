import Foundation
package import MailTypes

/// What an operator has ordered and what still holds, or is still being done: kept in `SPOOL_DIR/suspensions.json` over
/// restarts, so that a crash neither forgets a suspension nor leaves half of a queue returned or renamed.
package struct StandingOrder: Codable, Hashable, Sendable {
    package enum Kind: String, Codable, Sendable {
        /// Mail waits.
        case suspend
        /// No connection is opened.
        case suspendConnections = "suspend-connections"
        /// Mail goes back to its senders.
        case bounce
        /// Mail gets other labels.
        case rebind
    }

    /// ``MailSelection``, as the file has it.
    package struct Selection: Codable, Hashable, Sendable {
        package var destination, domain, tenant, campaign, pool: String?
        package var routingDomain: String?
        package var ids: [String]?
        package var queueNames: [String]?
        package var source: String?

        enum CodingKeys: String, CodingKey {
            case destination, domain, tenant, campaign, pool, ids, source
            case queueNames = "queue_names"
            case routingDomain = "routing_domain"
        }

        package init(_ selection: MailSelection) {
            (destination, domain, pool) = (selection.destination, selection.domain, selection.pool)
            (tenant, campaign, routingDomain) = (selection.tenant, selection.campaign, selection.routingDomain)
            ids = selection.ids?.map(\.description).sorted()
            (queueNames, source) = (selection.queueNames?.map(\.text).sorted(), selection.source)
        }

        package var mail: MailSelection {
            MailSelection(
                destination: destination, domain: domain, tenant: tenant, campaign: campaign,
                routingDomain: routingDomain, pool: pool, ids: ids.map { Set($0.compactMap { MessageID($0) }) },
                queueNames: queueNames.map { Set($0.map { SenderQueueName($0) }) }, source: source)
        }
    }

    /// ``LabelChange``.
    package struct Change: Codable, Hashable, Sendable {
        package var tenant, campaign, pool: String?
        package var routingDomain: String?

        enum CodingKeys: String, CodingKey {
            case tenant, campaign, pool
            case routingDomain = "routing_domain"
        }

        package init(_ change: LabelChange) {
            (tenant, campaign) = (change.tenant, change.campaign)
            (pool, routingDomain) = (change.pool, change.routingDomain)
        }

        package var labels: LabelChange {
            LabelChange(tenant: tenant, campaign: campaign, pool: pool, routingDomain: routingDomain)
        }
    }

    package var id: String
    package var kind: Kind
    package var selection: Selection
    /// Why, in the operator's words.
    package var reason: String
    package var createdUnixMilliseconds: UInt64
    /// Mail that comes until then is meant, too; nil: only what was queued.
    package var untilUnixMilliseconds: UInt64?
    /// Of ``Kind/suspendConnections``: the queue, and the egress source if only its connections are meant.
    package var queue: String?
    package var source: String?
    /// Of ``Kind/bounce``: what senders are told, `550 5.7.1 text`, and whether they are.
    package var reply: String?
    package var isQuiet: Bool?
    /// Of ``Kind/rebind``.
    package var change: Change?
    /// What was queued has not been dealt with whole.
    package var isPending: Bool
    /// Deliveries that it has concerned so far.
    package var changed: Int

    enum CodingKeys: String, CodingKey {
        case id, kind, selection, reason, queue, source, reply, change, changed
        case createdUnixMilliseconds = "created_unix_ms"
        case untilUnixMilliseconds = "until_unix_ms"
        case isQuiet = "quiet"
        case isPending = "pending"
    }

    package init(_ kind: Kind, id: String, selection: MailSelection, reason: String, created: UInt64) {
        self.kind = kind
        self.id = id
        self.selection = Selection(selection)
        self.reason = reason
        createdUnixMilliseconds = created
        isPending = false
        changed = 0
    }

    /// Mail that comes now is meant, too.
    package func holds(_ now: UInt64) -> Bool { untilUnixMilliseconds.map { $0 > now } ?? false }
}

/// The file of them.
package struct StandingOrders: Codable, Hashable, Sendable {
    package static let schema = "millrace.orders/1"
    package var schema = Self.schema
    package var orders: [StandingOrder]

    package init(_ orders: [StandingOrder]) { self.orders = orders }

    /// - Returns: nothing where there is no file.
    /// - Throws: ``RecordFault`` that names the file: what operators have ordered must not be lost without a word.
    package static func read(_ file: String) throws(RecordFault) -> [StandingOrder] {
        guard FileManager.default.fileExists(atPath: file) else { return [] }
        guard let data = FileManager.default.contents(atPath: file) else {
            throw RecordFault("\(file): cannot be read")
        }
        do {
            let found = try JSONDecoder().decode(StandingOrders.self, from: data)
            guard found.schema == schema else {
                throw RecordFault("\(file): schema '\(found.schema)', expected '\(schema)'")
            }
            return found.orders
        } catch let fault as RecordFault {
            throw fault
        } catch {
            throw RecordFault("\(file): not a file of orders: \(error)")
        }
    }

    package func text() throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
        return Array(try encoder.encode(self)) + [0x0A]
    }
}
