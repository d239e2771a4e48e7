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
            let old = try UsersCommand.text(file) ?? ""
            let kept = old.split(separator: "\n", omittingEmptySubsequences: false)
                .filter { !$0.hasPrefix(name + ":") && !$0.isEmpty }
            let text = (kept.map(String.init) + [line]).joined(separator: "\n") + "\n"
            do { _ = try UserFile(text: text, file: file) } catch { throw UsageFault("\(error)") }
            try replace(text)
        }

        /// The file is whole at every moment. A new one is its owner's alone, an old one keeps its mode and owner.
        private func replace(_ text: String) throws {
            let fresh = file + ".new-\(getpid())"
            var old = stat()
            let isThere = stat(file, &old) == 0
            do {
                guard
                    FileManager.default.createFile(
                        atPath: fresh, contents: Data(text.utf8), attributes: [.posixPermissions: 0o600])
                else { throw RunFault("\(fresh): \(String(cString: strerror(errno)))") }
                if isThere {
                    guard chown(fresh, old.st_uid, old.st_gid) == 0, chmod(fresh, old.st_mode & 0o7777) == 0 else {
                        throw RunFault("\(fresh): \(String(cString: strerror(errno)))")
                    }
                }
                // Where it is a link, what it leads to is replaced.
                let target = realpath(file, nil)
                defer { free(target) }
                guard rename(fresh, target.map { String(cString: $0) } ?? file) == 0 else {
                    throw RunFault("\(file): \(String(cString: strerror(errno)))")
                }
            } catch {
                unlink(fresh)
                throw error
            }
        }
    }

    /// - Returns: nil if there is no such file.
    /// - Throws: ``UsageFault`` where there is something that is not to be read as a file of users.
    fileprivate static func text(_ file: String) throws -> String? {
        let descriptor = open(file, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            if errno == ENOENT { return nil }
            throw UsageFault("\(file): \(String(cString: strerror(errno)))")
        }
        let handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        var kind = stat()
        guard fstat(descriptor, &kind) == 0, kind.st_mode & S_IFMT == S_IFREG,
            let data = try? handle.readToEnd() ?? Data()
        else { throw UsageFault("\(file): it is no file that can be read") }
        guard let text = String(validating: data, as: UTF8.self) else {
            throw UsageFault("\(file): it is not UTF-8; nothing was changed")
        }
        return text
    }

    struct Check: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Read the file and count its users.")
        @Option(help: "The file.") var file: String

        func run() async throws {
            guard let text = try UsersCommand.text(file) else { throw UsageFault("\(file): there is no such file") }
            do { print("\(try UserFile(text: text, file: file).count) users") } catch { throw UsageFault("\(error)") }
        }
    }
}
