import Foundation
import Glibc

/// What a check needs to know of files; tests have their own.
package protocol FileProbe {
    /// Nil: it is not there or cannot be read.
    func text(_ path: String) -> String?
    /// Others than its owner and group may read it.
    func isWorldReadable(_ path: String) -> Bool
    /// What is said of a file whose ``text(_:)`` is nil.
    func unreadable(_ path: String) -> String
}

extension FileProbe {
    package func unreadable(_ path: String) -> String { "cannot be read" }
}

/// The files of this machine.
package struct SystemFiles: FileProbe {
    package init() {}

    package func text(_ path: String) -> String? {
        FileManager.default.contents(atPath: path).map { String(decoding: $0, as: UTF8.self) }
    }

    package func isWorldReadable(_ path: String) -> Bool {
        let mode = (try? FileManager.default.attributesOfItem(atPath: path))?[.posixPermissions] as? Int
        return (mode ?? 0) & 0o004 != 0
    }

    /// With the user that may not, where it is a matter of rights: often root could.
    package func unreadable(_ path: String) -> String {
        guard access(path, R_OK) != 0, errno == EACCES, let user = getpwuid(geteuid()) else { return "cannot be read" }
        let (name, group) = (String(cString: user.pointee.pw_name), user.pointee.pw_gid)
        return "cannot be read by user '\(name)': chgrp \(group) \(path) && chmod 640 \(path)"
    }
}
