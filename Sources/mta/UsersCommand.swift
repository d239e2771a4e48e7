import ArgumentParser
import Foundation
import Glibc
import Measures
import ProgramSupport
import SASLAuthentication

/// `mta users`: the file of users and salted hashes.
struct UsersCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "users", abstract: "Keep the file of users for AUTH.", subcommands: [Add.self, Check.self])

    struct Add: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Add a user, or change the password of one.",
            discussion: "The password is the first line of standard input. Send the mta SIGHUP afterwards.")
        @Argument(help: "The user's name.") var name: String
        @Option(help: "The file; made if it is not there.") var file: String
        @Option(help: "An address or @domain that the user may send as; repeatable. Default: any.")
        var sender: [String] = []
        @Option(help: "Iterations of the key derivation: what each guess costs.")
        var iterations = StoredKeys.usualIterations

        func run() async throws {
            if isatty(0) == 1 { writeError("password: ") }
            guard let password = readLine(strippingNewline: true), !password.isEmpty else {
                throw UsageFault("standard input: expected the password on its first line")
            }
            let line = UserFile.line(name: name, password: password, iterations: iterations, senders: sender)
            let old = (try? String(contentsOfFile: file, encoding: .utf8)) ?? ""
            let kept = old.split(separator: "\n", omittingEmptySubsequences: false)
                .filter { !$0.hasPrefix(name + ":") && !$0.isEmpty }
            let text = (kept.map(String.init) + [line]).joined(separator: "\n") + "\n"
            do { _ = try UserFile(text: text, file: file) } catch { throw UsageFault("\(error)") }
            try replace(text)
        }

        /// The file is whole at every moment, and its owner's alone.
        private func replace(_ text: String) throws {
            let fresh = file + ".new"
            guard
                FileManager.default.createFile(
                    atPath: fresh, contents: Data(text.utf8), attributes: [.posixPermissions: 0o600]),
                rename(fresh, file) == 0
            else { throw RunFault("\(file): \(String(cString: strerror(errno)))") }
        }
    }

    struct Check: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Read the file and count its users.")
        @Option(help: "The file.") var file: String

        func run() async throws {
            guard let text = try? String(contentsOfFile: file, encoding: .utf8) else {
                throw UsageFault("\(file): cannot be read")
            }
            do { print("\(try UserFile(text: text, file: file).count) users") } catch { throw UsageFault("\(error)") }
        }
    }
}
