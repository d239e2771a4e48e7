import Foundation

/// What a check needs to know of files; tests have their own.
package protocol FileProbe {
    /// Nil: it is not there or cannot be read.
    func text(_ path: String) -> String?
    /// Others than its owner and group may read it.
    func isWorldReadable(_ path: String) -> Bool
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
}
