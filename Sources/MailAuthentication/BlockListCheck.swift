package import MailTypes

/// A list of addresses in the DNS (RFC 5782).
package struct BlockList: Sendable, Hashable {
    /// Such as zen.example.org.
    package var zone: String
    /// Answers that mean that the address is listed; others are no answers (a list that refuses to answer says so with
    /// one, RFC 5782 §2.1).
    package var answers: [NetworkPrefix]
    /// Who is listed there is welcome, whatever other lists say.
    package var isAllowList: Bool

    package init(zone: String, answers: [NetworkPrefix], isAllowList: Bool = false) {
        self.zone = DNSName.plain(zone)
        self.answers = answers
        self.isAllowList = isAllowList
    }

    /// All of 127.0.0.0/8 but 127.0.0.1, which no list has, and 127.255.255.0/24, with which lists refuse.
    package func means(_ answer: NetworkAddress) -> Bool {
        answers.contains { $0.contains(answer) }
            && (answers != Self.usualAnswers || !Self.refusals.contains { $0.contains(answer) })
    }

    package static let usualAnswers = [NetworkPrefix("127.0.0.0/8")!]
    private static let refusals = [NetworkPrefix("127.255.255.0/24")!, NetworkPrefix("127.0.0.1")!]
}

package struct BlockListResult: Sendable, Hashable {
    package var zone: String
    /// The answer that says so.
    package var answer: NetworkAddress

    package init(zone: String, answer: NetworkAddress) {
        self.zone = zone
        self.answer = answer
    }
}

/// What lists say of one client.
package struct BlockListResults: Sendable, Hashable {
    /// Zones that list it, in their order; none where one of the allow lists does.
    package var listed: [BlockListResult] = []
    package var allowed: BlockListResult?
    /// Zones that gave no answer, or one that is none, with why.
    package var faults: [String] = []

    package init() {}
}

package enum BlockListCheck {
    package static func run(
        _ address: NetworkAddress, _ lists: [BlockList], _ lookups: any AuthenticationLookups
    ) async -> BlockListResults {
        let name = DNSName.reversed(address)
        // At the same time: a list that is silent does not hold up the others.
        let answers = await withTaskGroup(of: (Int, Lookup<NetworkAddress>).self) { group in
            for (place, list) in lists.enumerated() {
                group.addTask { (place, await lookups.addresses(of: "\(name).\(list.zone)", .ipv4)) }
            }
            var answers = [Lookup<NetworkAddress>](repeating: .none(nameExists: false), count: lists.count)
            for await (place, answer) in group { answers[place] = answer }
            return answers
        }
        var results = BlockListResults()
        for (list, answer) in zip(lists, answers) {
            switch answer {
            case .none: continue
            case .failed(let text): results.faults.append("\(list.zone): \(text)")
            case .found(let addresses):
                guard let meaning = addresses.first(where: list.means) else {
                    results.faults.append("\(list.zone) answers \(addresses[0])")
                    continue
                }
                let result = BlockListResult(zone: list.zone, answer: meaning)
                if list.isAllowList {
                    results.allowed = results.allowed ?? result
                } else {
                    results.listed.append(result)
                }
            }
        }
        if results.allowed != nil { results.listed = [] }
        return results
    }
}
