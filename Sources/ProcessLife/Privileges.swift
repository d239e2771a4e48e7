import CLinux
import Glibc

/// What a program that was started with more rights than it needs does about it.
package struct Privileges: Sendable, Hashable {
    /// A user of this machine.
    package struct User: Sendable, Hashable {
        package var name: String
        package var id: UInt32
        package var group: UInt32

        package init(name: String, id: UInt32, group: UInt32) {
            self.name = name
            self.id = id
            self.group = group
        }

        /// - Parameter group: another one than the user's own; nil: that.
        /// - Throws: ``LifeFault`` that names who is not there.
        package static func named(_ name: String, group: String?) throws(LifeFault) -> User {
            guard let entry = getpwnam(name) else { throw LifeFault("user '\(name)': there is no such user") }
            var user = User(name: name, id: entry.pointee.pw_uid, group: entry.pointee.pw_gid)
            guard let group else { return user }
            guard let found = getgrnam(group) else { throw LifeFault("group '\(group)': there is no such group") }
            user.group = found.pointee.gr_gid
            return user
        }
    }

    /// What is to be done once everything that needs rights is open.
    package enum Step: Sendable, Hashable {
        case nothing
        /// Become this user and lose every capability.
        case become(User)
        /// Lose the capabilities that it took to bind ports.
        case shed
    }

    /// - Parameters:
    ///   - effective: whose rights the process has now.
    ///   - capabilities: that it may use (CapPrm of proc(5)).
    /// - Throws: ``LifeFault``: another user is wanted, and only root can become one.
    package static func step(wanted: User?, effective: UInt32, capabilities: UInt64) throws(LifeFault) -> Step {
        guard let wanted else { return effective != 0 && capabilities != 0 ? .shed : .nothing }
        if effective == 0, wanted.id != 0 { return .become(wanted) }
        guard wanted.id == effective else {
            throw LifeFault(
                "user '\(wanted.name)': only root can become another user, and this is user id \(effective); "
                    + "start it as root, or as '\(wanted.name)' without `user`")
        }
        return effective != 0 && capabilities != 0 ? .shed : .nothing
    }

    /// CapPrm of this process.
    package static func capabilities(status: String) -> UInt64 {
        for line in status.split(separator: "\n") where line.hasPrefix("CapPrm:") {
            return UInt64(line.dropFirst(7).drop { $0.isWhitespace }, radix: 16) ?? 0
        }
        return 0
    }

    /// Takes the step, for all threads: user, group and supplementary groups, capabilities and their bounding set; and
    /// nothing that this process starts can get them back (PR_SET_NO_NEW_PRIVS).
    /// - Throws: ``LifeFault`` if it did not work, or could be undone.
    package static func take(_ step: Step) throws(LifeFault) {
        switch step {
        case .nothing: return
        case .become(let user):
            guard mr_become_user(user.name, user.id, user.group) == 0 else {
                throw LifeFault("cannot become '\(user.name)': \(String(cString: strerror(errno)))")
            }
        case .shed: break
        }
        guard mr_shed_capabilities() == 0 else {
            throw LifeFault("cannot give up capabilities: \(String(cString: strerror(errno)))")
        }
        guard mr_is_unprivileged() == 1 else { throw LifeFault("rights that were given up can be had back") }
    }
}
