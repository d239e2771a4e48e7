import MTAConfiguration
import SASLAuthentication
import TextCodecs

/// One user, whose password no fuzzer finds.
private let users: UserFile = {
    let line = UserFile.line(
        name: "joe", password: "three blind mice", iterations: StoredKeys.leastIterations,
        salt: Array(repeating: 7, count: 16))
    do { return try UserFile(text: line, file: "users", secret: [1]) } catch { complain("\(error)") }
}()

/// Octets: mechanism and rules, then lines of the client, each as it is or put into base64.
func fuzzSASL(_ input: [UInt8]) {
    guard let bits = input.first else { return }
    let mechanism = SASLMechanism.allCases[Int(bits & 15) % SASLMechanism.allCases.count]
    let lines = input.dropFirst().split(separator: 0x0A, omittingEmptySubsequences: false).map { line in
        bits & 16 == 0 ? String(decoding: line, as: UTF8.self) : Base64.encode(Array(line))
    }
    for line in lines {
        guard let bytes = Base64.decode(line) else { continue }
        require(Base64.encode(bytes) == line, "base64 that is not the only way to write it")
    }
    var exchange = SASLExchange(mechanism, users: users, nonce: "nonce")
    var rest = lines[...]
    var step = exchange.start(bits & 32 == 0 ? nil : rest.popFirst())
    while let line = rest.popFirst() {
        switch step {
        case .challenge(let text):
            require(Base64.decode(text) != nil, "a challenge that is not base64")
            step = exchange.respond(line)
        case .check(let check):
            require(!check.name.isEmpty && exchange.claimedName == check.name, "nobody tried")
            step = exchange.checked(false)
            require(step == .failed, "a wrong password was right")
        case .succeeded: return require(false, "authenticated without the password")
        case .failed, .malformed:
            guard case .malformed = exchange.respond(line) else { return require(false, "went on after its end") }
            return
        }
    }
}

/// A file of users.
func fuzzUsers(_ input: [UInt8]) {
    let text = String(decoding: input, as: UTF8.self)
    do throws(UserFile.Fault) {
        let found = try UserFile(text: text, file: "users", secret: [1])
        require(found.count <= text.split(whereSeparator: \.isNewline).count, "more users than lines")
    } catch {
        require(error.description.hasPrefix("users:"), "a fault without its place")
    }
}

/// Files that are all there.
private struct AnyFile: FileProbe {
    func text(_ path: String) -> String? { "" }
    func isWorldReadable(_ path: String) -> Bool { false }
}

func fuzzConfiguration(_ input: [UInt8]) {
    let text = String(decoding: input, as: UTF8.self)
    do throws(ConfigurationFaults) {
        let settings = try MTASettings.load(text: text, file: "mta.yaml", probe: AnyFile())
        require(settings.snapshot.changes(to: settings.snapshot).all.isEmpty, "differs from itself")
        _ = settings.warnings(AnyFile())
    } catch {
        require(!error.faults.isEmpty && !error.description.isEmpty, "refused without a reason")
    }
}
