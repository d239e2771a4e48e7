import DKIMSigning
import MailAuthentication
import MailTypes
import PolicyRules
import Synchronization

/// Runs what waits for nothing outside on the thread that calls: jobs go into a queue that is emptied here.
private final class InlineExecutor: TaskExecutor {
    private let jobs = Mutex<[UnownedJob]>([])

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        jobs.withLock { $0.append(job) }
    }

    func run<Value: Sendable>(_ body: @escaping @Sendable () async -> Value) -> Value {
        let value = Mutex<Value?>(nil)
        Task(executorPreference: self) {
            let found = await body()
            value.withLock { $0 = found }
        }
        while true {
            let next = jobs.withLock { $0.isEmpty ? nil : $0.removeFirst() }
            guard let next else { break }
            next.runSynchronously(on: asUnownedTaskExecutor())
        }
        guard let found = value.withLock({ $0 }) else { complain("a check waits for something else") }
        return found
    }
}

/// A DNS that says what the fuzzer wants, and counts.
private final class FuzzZone: AuthenticationLookups {
    private let texts: [[UInt8]]
    let asked = Atomic<Int>(0)

    init(_ texts: [[UInt8]]) { self.texts = texts }

    private func next() -> Int { asked.add(1, ordering: .relaxed).newValue }

    func texts(at name: String) async -> Lookup<[UInt8]> {
        let number = next()
        require(DNSName.isName(name), "asked for what is no name: \(name)")
        return texts.isEmpty ? .none(nameExists: false) : .found([texts[number % texts.count]])
    }
    func addresses(of name: String, _ family: AddressFamily) async -> Lookup<NetworkAddress> {
        next() % 2 == 0 ? .found([NetworkAddress("192.0.2.1")!]) : .none(nameExists: true)
    }
    func exchangers(of name: String) async -> Lookup<Exchanger> {
        _ = next()
        return .found([Exchanger(preference: 1, host: "mx." + name), Exchanger(preference: 1, host: "")])
    }
    func names(of address: NetworkAddress) async -> Lookup<String> {
        _ = next()
        return .found(["a.test", "b.test"])
    }
}

private let everything: VerificationPlan = {
    var plan = VerificationPlan()
    (plan.spf, plan.dkim, plan.dmarc, plan.arc) = (.enforce, .enforce, .enforce, .enforce)
    (plan.reverseName, plan.trustedSealers, plan.seals) = (.enforce, ["x.test"], true)
    return plan
}()

/// Behind zeros: a message, then texts that the DNS answers with, in turn.
func fuzzAuthentication(_ input: [UInt8]) {
    let parts = input.split(separator: 0, omittingEmptySubsequences: false).map(Array.init)
    let zone = FuzzZone(Array(parts.dropFirst()))
    var hash = MessageHash(.raw) { fields, _ in ContentVerifier.bodyKinds(fields, everything) }
    parts[0].withUnsafeBytes { hash.feed($0) }
    guard let message = hash.finish() else { return require(false, "a short header counts as too long") }
    require(message.bodies.count <= everything.mostSignatures + 2, "too much is hashed")
    let client = NetworkAddress("192.0.2.1")!
    let sender = String(decoding: parts[0].prefix(40), as: UTF8.self)
    let identity = SPFIdentity.mailFrom(localPart: sender, domain: "x.test", hello: "mail.x.test", client)
    let findings = InlineExecutor().run {
        let found = await ClientFindings.client(client, everything, zone).with(identity, everything, zone)
        return await ContentVerifier(message.fields, everything).verify(
            message, author: message.authorDomain, found, share: 0, now: 1_700_000_000, zone)
    }
    require(zone.asked.load(ordering: .relaxed) < 700, "questions without end")
    check(findings)
    checkClaims(parts[0])
}

/// What is written down is one field, and one line a reply.
private func check(_ findings: MessageFindings) {
    let results = AuthenticationResults(service: "mx.test", entries: findings.entries)
    require(HeaderField.all(results.field).count == 1, "the results are several fields")
    require(AuthenticationResults.claims("mx.test", HeaderField.all(results.field)[0]), "the results are not ours")
    require(
        results.field.allSatisfy { $0 < 0x7F && ($0 >= 0x20 || [9, 10, 13].contains($0)) }, "results of other octets")
    for reply in [everything.refusal(of: findings), everything.refusal(of: findings.client)].compactMap(\.self) {
        require(reply.text.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7F }, "a reply of several lines")
    }
}

/// No field claims to be ours afterwards, and the rest is what it was.
private func checkClaims(_ message: [UInt8]) {
    guard let kept = AuthenticationResults.removingClaims("mx.test", and: ["x-quarantine"], from: message) else {
        return
    }
    require(kept.count < message.count, "removed, and not shorter")
    require(
        AuthenticationResults.removingClaims("mx.test", and: ["x-quarantine"], from: kept) == nil,
        "a claim is left over")
}

/// A header as rules read it; the first octet says which names are wanted.
func fuzzPolicyHeader(_ input: [UInt8]) {
    guard let first = input.first else { return }
    let bytes = Array(input.dropFirst())
    let wanted: Set<String> = first & 1 == 0 ? ["a", "subject"] : ["a", "b", "x-very-long"]
    let header = PolicyHeader(bytes, wanted: wanted)
    for name in ["a", "b", "subject", "x-very-long"] {
        let values = header.values(name)
        require(values.isEmpty || wanted.contains(name), "a field that nobody wants")
        require(values.count <= PolicyHeader.mostFields, "too many fields")
        for value in values {
            // Octets that are no text become three each.
            require(value.utf8.count <= PolicyHeader.longestValue * 3, "a text that is too long")
            require(!value.utf8.contains { $0 == 0x0D || $0 == 0x0A }, "a text of several lines")
        }
    }
    guard let kept = PolicyHeader.removing(wanted, from: bytes) else { return }
    require(kept.count < bytes.count, "removed, and not shorter")
    let left = PolicyHeader(kept, wanted: wanted)
    require(wanted.allSatisfy { left.values($0).isEmpty }, "a removed field is still there")
}
