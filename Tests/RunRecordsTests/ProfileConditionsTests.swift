import Foundation
import RunRecords
import Testing

/// The profile keys that schema 2 brought: all optional, each refused with its line where it is wrong.
@Suite struct ProfileConditionsTests {
    static let head = "question: q\nmessage_size: 1KB\nconnections: 4\n"
    static let all =
        head + """
            load: {rate: 5000/s, arrivals: poisson, duration: 60s, warm_up: 5s, ramp_up: 2s}
            domain_count: 100000
            recipients: 3
            tls: starttls
            dkim: rsa2048
            injection: http
            sink:
              rules:
                - {at: end, action: defer, reply: "451 4.7.1 later", match: {share: 0.1}}
            network: {delay: 50ms, loss: 0.5%}
            disk: {writes_per_s: 120, mb_per_s: 225}
            memory: 4GiB
            crash: {after: 5s}
            find_max: {from: 500/s, to: 100000/s, step: 20s, reply_limit: 5s, delivery_limit: 60s}

            """

    @Test func everyKeyIsRead() throws {
        let profile = try profile(Self.all)
        #expect(profile.messages == 0, "as many as the duration brings")
        #expect(profile.load?.rate == "5000/s" && profile.load?.arrivals == .poisson)
        #expect(profile.load?.seconds == 60 && profile.load?.warmUpSeconds == 5 && profile.load?.rampUpSeconds == 2)
        #expect((profile.domainCount, profile.recipients) == (100_000, 3))
        #expect(profile.tls == .starttls && profile.dkim == "rsa2048" && profile.injection == "http")
        #expect(profile.sink?.contains("action: defer") == true)
        #expect(profile.network?.delaySeconds == 0.05 && profile.network?.loss == 0.005)
        #expect(profile.disk?.writesPerSecond == 120 && profile.disk?.megabytesPerSecond == 225)
        #expect(profile.memoryBytes == 4 << 30)
        #expect(profile.crashAfterSeconds == 5)
        #expect(profile.findMax?.to == "100000/s" && profile.findMax?.stepSeconds == 20)
    }

    @Test func theyComeBackFromARecord() throws {
        let profile = try profile(Self.all)
        #expect(try JSONDecoder().decode(RunProfile.self, from: JSONEncoder().encode(profile)) == profile)
    }

    @Test func withoutThemNothingIsWritten() throws {
        let text = String(
            decoding: try JSONEncoder().encode(try profile(Self.head + "messages: 10\n")), as: UTF8.self)
        for key in ["load", "tls", "disk", "crash_after_s", "find_max", "sink\""] {
            #expect(!text.contains(key), "\(key)")
        }
    }

    @Test(arguments: [
        ("", "1: key 'messages': is missing"),
        ("load: {duration: 5s}", "4: key 'load.rate': is missing"),
        ("load: {rate: 5000}", "4: key 'load.rate': '5000': expected a rate such as 5000/s, 300000/m, 20MMH or max"),
        ("load: {rate: 1/s, arrival: poisson}", "4: unknown key 'load.arrival', did you mean 'arrivals'?"),
        ("load: {rate: 1/s, arrivals: random}", "4: key 'load.arrivals': 'random': expected constant or poisson"),
        ("load: {rate: 1/s, ramp_up: 1s}\nramp_up: 1s", "5: key 'ramp_up': expected here or in 'load', not in both"),
        ("domains: [a]\ndomain_count: 5", "5: key 'domain_count': expected without 'domains'"),
        ("tls: ssl", "4: key 'tls': 'ssl': expected none or starttls or implicit"),
        ("dkim: yes", "4: key 'dkim': 'yes': expected rsa2048 or"),
        ("injection: pigeon", "4: key 'injection': 'pigeon': expected smtp or lmtp or http"),
        ("sink: {}", "4: key 'sink': expected 'rules'"),
        ("network: {loss: 2}", "4: key 'network.loss': '2': expected a share such as 0.5% or 0.005"),
        ("disk: {}", "4: key 'disk': expected 'writes_per_s', 'mb_per_s' or both"),
        ("memory: much", "4: key 'memory': "),
        ("crash: {}", "4: key 'crash.after': is missing"),
        ("find_max: {from: 5/s}", "4: key 'find_max.to': is missing"),
    ]) func refuses(text: String, fault: String) {
        let error = #expect(throws: RecordFault.self) { try profile(Self.head + text + "\n") }
        #expect(error?.description.hasPrefix("p.yaml:\(fault)") == true, "\(error?.description ?? "")")
    }

    private func profile(_ text: String) throws -> RunProfile {
        try BenchPlan(text: text, file: "p.yaml", cores: 1).systems[0]
    }
}
