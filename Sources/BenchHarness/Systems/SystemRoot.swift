import Foundation
import Glibc
package import RunRecords

/// Packages of a system that cannot stand beside those of another (Debian's MTAs exclude each other), unpacked into a
/// directory of their own; a run lays it over the machine's root in a mount namespace of its own and changes into that.
/// Nothing of the host is touched.
package struct SystemRoot {
    package let definition: SystemDefinition
    /// `.build/systems/NAME`.
    package let directory: String

    package var root: String { directory + "/root" }
    private var marker: String { directory + "/installed" }

    package init(_ definition: SystemDefinition, below systems: String) {
        self.definition = definition
        directory = systems + "/" + definition.name
    }

    package var isInstalled: Bool { access(marker, R_OK) == 0 }

    /// Packages with their versions, as they were unpacked.
    var installed: String { (try? String(contentsOfFile: marker, encoding: .utf8)) ?? "" }

    /// Downloads the packages, and those that they need and the host does not have, and unpacks them.
    /// - Parameter say: told what is done.
    func install(_ say: (String) -> Void) throws(RecordFault) {
        try? FileManager.default.removeItem(atPath: directory)
        let archives = directory + "/archives"
        for path in [archives, root] { try HarnessPaths.make(path) }
        // What apt would install: without doing so, and without anything of what it would remove.
        let plan = try run(
            ["apt-get", "--simulate", "--no-install-recommends", "install"] + definition.packages, in: archives)
        let names = plan.split(separator: "\n").filter { $0.hasPrefix("Inst ") }
            .map { String($0.split(separator: " ")[1]) }
        // One that is on the host already is there beneath.
        let wanted = Array(Set(names).union(definition.packages)).sorted()
        say("downloading \(wanted.joined(separator: ", "))")
        _ = try run(["apt-get", "-qq", "download"] + wanted, in: archives)
        let files = ((try? FileManager.default.contentsOfDirectory(atPath: archives)) ?? [])
            .filter { $0.hasSuffix(".deb") }.sorted()
        guard !files.isEmpty else { throw RecordFault("apt-get downloaded no package of \(wanted)") }
        for file in files { _ = try run(["dpkg-deb", "-x", archives + "/" + file, root], in: directory) }
        try mergeUsr()
        try addUsers()
        let list = files.joined(separator: "\n") + "\n"
        guard (try? list.write(toFile: marker, atomically: true, encoding: .utf8)) != nil else {
            throw RecordFault("\(marker): cannot be written")
        }
    }

    private func run(_ words: [String], in directory: String) throws(RecordFault) -> String {
        let outcome = try Command.run(words, directory: directory, limit: 300)
        guard outcome.status == 0 else {
            throw RecordFault("\(words.joined(separator: " ")) ended with \(outcome.status): \(outcome.errors)")
        }
        return outcome.output
    }

    /// `/bin`, `/sbin` and `/lib` are links into `/usr` on the host: a directory of that name would hide it.
    private func mergeUsr() throws(RecordFault) {
        for name in ["bin", "sbin", "lib", "lib64"] where access("\(root)/\(name)", F_OK) == 0 {
            try HarnessPaths.make("\(root)/usr/\(name)")
            _ = try run(["cp", "-a", "\(root)/\(name)/.", "\(root)/usr/\(name)/"], in: directory)
            _ = try run(["rm", "-r", "\(root)/\(name)"], in: directory)
        }
    }

    /// Users that the packages' scripts would make, for this root alone: the host's and these.
    private func addUsers() throws(RecordFault) {
        try HarnessPaths.make(root + "/etc")
        for file in ["passwd", "group"] {
            let host = (try? String(contentsOfFile: "/etc/" + file, encoding: .utf8)) ?? ""
            let known = Set(host.split(separator: "\n").map { $0.prefix { $0 != ":" } })
            var text = host
            for (index, name) in definition.users.enumerated() where !known.contains(Substring(name)) {
                let id = Self.firstUser + index
                text +=
                    file == "passwd" ? "\(name):x:\(id):\(id)::/nonexistent:/usr/sbin/nologin\n" : "\(name):x:\(id):\n"
            }
            guard (try? text.write(toFile: "\(root)/etc/\(file)", atomically: true, encoding: .utf8)) != nil else {
                throw RecordFault("\(root)/etc/\(file): cannot be written")
            }
        }
    }

    /// Numbers that Debian gives nobody by itself.
    private static let firstUser = 64_101

    /// User and group number of a name, in this root.
    package func owner(_ name: String) -> (user: UInt32, group: UInt32)? {
        let text = (try? String(contentsOfFile: root + "/etc/passwd", encoding: .utf8)) ?? ""
        for line in text.split(separator: "\n") {
            let fields = line.split(separator: ":", omittingEmptySubsequences: false)
            if fields.count > 3, fields[0] == name, let user = UInt32(fields[2]), let group = UInt32(fields[3]) {
                return (user, group)
            }
        }
        return nil
    }

    // MARK: Entering

    /// Words before a command that run it with this root laid over the host's. What is written outside of the work
    /// directory goes to memory and is gone afterwards; `dev`, `proc` and `sys` are the host's.
    /// - Parameters:
    ///   - files: a directory with more files for the root; nil: none.
    ///   - work: seen at the same path inside, on the disk that it is on.
    ///   - binds: paths inside to directories outside.
    package func prefix(files: String?, work: String, programs: String, binds: [String: String]) -> [String] {
        let pairs = [work: work, programs: programs].merging(binds) { $1 }.sorted { $0.key < $1.key }
        return ["unshare", "--mount", "sh", "-c", Self.script, "enter", root, files ?? "", work, "\(pairs.count)"]
            + pairs.flatMap { [$0.key, $0.value] }
    }

    /// The upper layer is in memory and holds a copy of what was unpacked (a few megabytes): a layer within the lower
    /// one, `/`, is refused by the kernel.
    private static let script = """
        set -eu
        root=$1 files=$2 work=$3 pairs=$4
        shift 4
        mount --make-rprivate /
        inner=$work/.root
        mkdir -p "$inner"
        mount -t tmpfs -o mode=0755 millrace "$inner"
        mkdir "$inner/upper" "$inner/work" "$inner/root"
        cp -a "$root/." "$inner/upper/"
        if [ -n "$files" ]; then cp -a "$files/." "$inner/upper/"; fi
        mount -t overlay -o "lowerdir=/,upperdir=$inner/upper,workdir=$inner/work" millrace "$inner/root"
        for each in proc sys dev; do mount --rbind "/$each" "$inner/root/$each"; done
        while [ "$pairs" -gt 0 ]; do
            mkdir -p "$inner/root$1"
            mount --bind "$2" "$inner/root$1"
            shift 2
            pairs=$((pairs - 1))
        done
        exec chroot "$inner/root" "$@"
        """
}
