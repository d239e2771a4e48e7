package import DKIMSigning

/// One set of an ARC chain (RFC 8617 §4.1): what a forwarder saw, and his seal on it.
struct ARCSet: Sendable {
    var results: HeaderField
    var signature: HeaderField
    var seal: HeaderField
    static let fieldNames = ["arc-authentication-results", "arc-message-signature", "arc-seal"]
}

package struct ARCResult: Sendable, Hashable {
    /// none, pass or fail.
    package var outcome: AuthenticationOutcome
    package var reason = ""
    /// The DNS did not answer: it may come out otherwise later.
    package var isTemporary = false
    /// The newest signature covers a part of the body: for the rest nobody vouches.
    package var isPartial = false
    /// Sets there are.
    package var count = 0
    /// d= of the seals, the oldest first.
    package var sealers: [String] = []
    /// What the oldest set says of the message, as it stands in it.
    package var oldestResults = ""

    package init(_ outcome: AuthenticationOutcome, _ reason: String = "") {
        self.outcome = outcome
        self.reason = reason
    }
}

/// The ARC chain of one message (RFC 8617 §5.2). It is made when the header is there, says which hash of the body it
/// wants, and is verified when that is known.
package struct ARCChain: Sendable {
    /// RFC 8617 §4.2.1.
    package static let mostSets = 50

    private(set) var sets: [ARCSet] = []
    private var newest: ContentSignature?
    private var fault: String?
    /// A set says that the chain before it was broken: it is over.
    private(set) var isOver = false

    package init(_ fields: [HeaderField]) {
        do throws(SignatureTags.Fault) {
            sets = try Self.sets(fields)
            guard let last = sets.last else { return }
            let list = try Self.list(last.signature)
            newest = try ContentSignature(
                last.signature, try SignatureTags(list, required: ["i", "a", "b", "bh", "d", "h", "s"]))
            for (index, set) in sets.enumerated() { try checkSeal(set.seal, index) }
        } catch {
            fault = error.reason
        }
    }

    package var isEmpty: Bool { sets.isEmpty && fault == nil }
    package var bodyKinds: Set<BodyHashKind> { newest.map { [$0.body] } ?? [] }

    private static func list(_ field: HeaderField) throws(SignatureTags.Fault) -> TagList {
        guard let list = TagList(field.value) else {
            throw SignatureTags.Fault(.fail, "\(field.name) is no list of tags")
        }
        return list
    }

    /// All sets, 1 to n: each has one field of each kind.
    private static func sets(_ fields: [HeaderField]) throws(SignatureTags.Fault) -> [ARCSet] {
        var found: [Int: [String: HeaderField]] = [:]
        for field in fields where ARCSet.fieldNames.contains(field.name) {
            guard let instance = instance(field), (1...mostSets).contains(instance) else {
                throw SignatureTags.Fault(.fail, "\(field.name) without i= of 1 to 50")
            }
            guard found[instance]?[field.name] == nil else {
                throw SignatureTags.Fault(.fail, "\(field.name) twice in set \(instance)")
            }
            found[instance, default: [:]][field.name] = field
        }
        var sets: [ARCSet] = []
        for instance in 0..<found.count {
            guard let set = found[instance + 1], set.count == 3 else {
                throw SignatureTags.Fault(.fail, "set \(instance + 1) is not whole")
            }
            sets.append(
                ARCSet(
                    results: set[ARCSet.fieldNames[0]]!, signature: set[ARCSet.fieldNames[1]]!,
                    seal: set[ARCSet.fieldNames[2]]!))
        }
        return sets
    }

    /// `i=`: in front of the results, anywhere in the others.
    private static func instance(_ field: HeaderField) -> Int? {
        let isFirst = field.name == ARCSet.fieldNames[0]
        let tags = isFirst ? field.value.split(separator: 0x3B, maxSplits: 1).first ?? [] : field.value
        return TagList(tags)?.compact("i").flatMap { DecimalNumber.read($0, digits: 2) }
    }

    /// `cv=`: none in the first set, pass in all others; fail ends the chain (§5.1.1).
    private mutating func checkSeal(_ seal: HeaderField, _ index: Int) throws(SignatureTags.Fault) {
        let list = try Self.list(seal)
        guard list["h"] == nil else { throw SignatureTags.Fault(.fail, "h= in the seal of set \(index + 1)") }
        switch list.compact("cv")?.lowercased() {
        case "none" where index == 0: break
        case "pass" where index > 0: break
        case "fail":
            isOver = true
            throw SignatureTags.Fault(.fail, "set \(index + 1) says that the chain was broken")
        default: throw SignatureTags.Fault(.fail, "cv= of set \(index + 1) is not what it has to be")
        }
    }

    /// What stands in the results behind `i=`, unfolded.
    private static func text(_ results: HeaderField) -> String {
        let parts = results.value.split(separator: 0x3B, maxSplits: 1)
        guard parts.count == 2 else { return "" }
        let text = String(decoding: parts[1].filter { $0 != 0x0D && $0 != 0x0A }, as: UTF8.self)
        return String(text.drop { $0 == " " || $0 == "\t" })
    }

    // MARK: Verifying

    package func verify(
        _ message: HashedMessage, now: Int, _ lookups: any AuthenticationLookups
    ) async -> ARCResult {
        if isEmpty { return ARCResult(.none) }
        var result = ARCResult(.fail, fault ?? "")
        result.count = sets.count
        guard fault == nil, let newest else { return result }
        result.oldestResults = Self.text(sets[0].results)
        do throws(SignatureTags.Fault) {
            try newest.tags.checkTimes(now: now)
            if let remark = try newest.check(message, try await KeyLookup.record(newest.tags, lookups)) {
                (result.isPartial, result.reason) = (true, remark)
            }
        } catch {
            result.reason = "signature of set \(sets.count): \(error.reason)"
            result.isTemporary = error.outcome == .temperror
            return result
        }
        for index in sets.indices.reversed() {
            do throws(SignatureTags.Fault) {
                result.sealers.insert(try await verifySeal(index, lookups), at: 0)
            } catch {
                result.reason = "seal of set \(index + 1): \(error.reason)"
                result.isTemporary = error.outcome == .temperror
                return result
            }
        }
        result.outcome = .pass
        return result
    }

    private func verifySeal(
        _ index: Int, _ lookups: any AuthenticationLookups
    ) async throws(SignatureTags.Fault) -> String {
        let tags = try SignatureTags(try Self.list(sets[index].seal), required: ["i", "a", "b", "d", "s", "cv"])
        let key = try tags.key(try await KeyLookup.record(tags, lookups))
        guard key.verifies(tags.signature, of: Self.sealedOctets(Array(sets[...index]))) else {
            throw SignatureTags.Fault(.fail, "the seal is not that of this chain")
        }
        return tags.domain
    }

    /// All sets in their order, in relaxed form; the last seal with `b=` empty and without its line end (§5.1.1).
    static func sealedOctets(_ sets: [ARCSet]) -> [UInt8] {
        var octets: [UInt8] = []
        octets.reserveCapacity(4096)
        for (index, set) in sets.enumerated() {
            set.results.appendCanonical(.relaxed, to: &octets)
            set.signature.appendCanonical(.relaxed, to: &octets)
            if index + 1 < sets.count { set.seal.appendCanonical(.relaxed, to: &octets) }
        }
        return octets + (sets.last?.seal.withoutSignature(.relaxed) ?? [])
    }
}
