import Foundation
import Glibc

extension Command {
    /// Where a program lies: in `PATH`, or where administrators' programs are; nil if it is nowhere.
    static func path(of name: String) -> String? {
        let directories = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").map(String.init)
        return (directories + ["/usr/sbin", "/sbin"]).lazy.map { $0 + "/" + name }.first { access($0, X_OK) == 0 }
    }
}
