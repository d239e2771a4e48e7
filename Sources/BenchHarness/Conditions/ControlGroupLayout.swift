import Measures

/// Where control groups are mounted on this machine, and in which of them this process is.
package struct ControlGroupLayout: Sendable, Equatable {
    /// What a group can limit, by the names of both versions.
    package enum Controller: String, Sendable, CaseIterable {
        case disk, memory, processor

        /// The controller in a hierarchy of version 1, a directory for each.
        var first: String {
            switch self {
            case .disk: "blkio"
            case .memory: "memory"
            case .processor: "cpu"
            }
        }
        /// The same in the one hierarchy of version 2.
        var second: String { self == .disk ? "io" : self == .memory ? "memory" : "cpu" }
    }

    /// One tree of groups.
    package struct Hierarchy: Sendable, Equatable {
        /// 1 or 2.
        package var version: Int
        /// Where it is mounted.
        package var directory: String
        /// The group of this process, from ``directory``: `/`, `/user.slice`.
        package var ownGroup: String

        package init(version: Int, directory: String, ownGroup: String) {
            self.version = version
            self.directory = directory
            self.ownGroup = ownGroup
        }

        /// The directories of the own group and of all groups that hold it, the innermost first.
        package var ownDirectories: [String] {
            var parts = ownGroup.split(separator: "/")
            var found: [String] = []
            while !parts.isEmpty {
                found.append(directory + "/" + parts.joined(separator: "/"))
                parts.removeLast()
            }
            return found + [directory]
        }
    }

    private var hierarchies: [Controller: Hierarchy] = [:]

    /// - Parameters:
    ///   - mounts: text of /proc/self/mounts.
    ///   - ownGroups: text of /proc/self/cgroup.
    ///   - unifiedControllers: what `cgroup.controllers` at this mount point of version 2 holds.
    package init(mounts: String, ownGroups: String, unifiedControllers: (String) -> String) {
        let own = Self.ownGroups(ownGroups)
        for line in mounts.split(separator: "\n") {
            let words = line.split(separator: " ")
            guard words.count > 3 else { continue }
            let directory = String(words[1])
            let controllers: [Substring]
            let version: Int
            switch words[2] {
            case "cgroup": (controllers, version) = (words[3].split(separator: ","), 1)
            case "cgroup2": (controllers, version) = (unifiedControllers(directory).split { " \n".contains($0) }, 2)
            default: continue
            }
            for controller in Controller.allCases {
                let name = version == 1 ? controller.first : controller.second
                guard controllers.contains(Substring(name)) else { continue }
                hierarchies[controller] = Hierarchy(
                    version: version, directory: directory, ownGroup: own[version == 1 ? name : ""] ?? "/")
            }
        }
    }

    /// As this machine is.
    package static func current() -> ControlGroupLayout {
        ControlGroupLayout(
            mounts: readSmallFile("/proc/self/mounts") ?? "", ownGroups: readSmallFile("/proc/self/cgroup") ?? ""
        ) { readSmallFile($0 + "/cgroup.controllers") ?? "" }
    }

    /// Nil where no hierarchy has the controller.
    package func hierarchy(_ controller: Controller) -> Hierarchy? { hierarchies[controller] }

    /// From a controller's name to the group; version 2 has the name "".
    private static func ownGroups(_ text: String) -> [String: String] {
        var found: [String: String] = [:]
        for line in text.split(separator: "\n") {
            let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard parts.count == 3 else { continue }
            for name in parts[1].split(separator: ",", omittingEmptySubsequences: false) {
                found[String(name)] = String(parts[2])
            }
        }
        return found
    }
}
