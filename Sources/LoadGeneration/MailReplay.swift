import Foundation

/// Mail that is to be sent again: an mbox, a Maildir, a folder of .eml files, or one message.
package enum MailReplay {
    /// What a run may keep in memory.
    package static let limit = 1 << 30

    /// - Throws: ``LoadFault`` that names the path.
    package static func read(_ path: String) throws(LoadFault) -> [[UInt8]] {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
            throw LoadFault("--replay \(path): there is no such file or folder")
        }
        let messages = isFolder.boolValue ? try folder(path) : parts(try file(path))
        guard !messages.isEmpty else { throw LoadFault("--replay \(path): no message in it") }
        return messages
    }

    private static func file(_ path: String) throws(LoadFault) -> [UInt8] {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw LoadFault("--replay \(path): cannot be read")
        }
        guard data.count <= limit else { throw LoadFault("--replay \(path): more than 1 GiB") }
        return [UInt8](data)
    }

    /// The files of a Maildir's `cur` and `new`, or `*.eml`, in the order of their names.
    private static func folder(_ path: String) throws(LoadFault) -> [[UInt8]] {
        let maildir = ["cur", "new"].map { path + "/" + $0 }.filter { FileManager.default.fileExists(atPath: $0) }
        var files: [String] = []
        for place in maildir.isEmpty ? [path] : maildir {
            guard let names = try? FileManager.default.contentsOfDirectory(atPath: place) else {
                throw LoadFault("--replay \(place): cannot be read")
            }
            files += names.filter { !$0.hasPrefix(".") && (!maildir.isEmpty || $0.lowercased().hasSuffix(".eml")) }
                .sorted().map { place + "/" + $0 }
        }
        var (found, size): ([[UInt8]], Int) = ([], 0)
        for name in files {
            let bytes = try file(name)
            size += bytes.count
            guard size <= limit else { throw LoadFault("--replay \(path): more than 1 GiB") }
            if !bytes.isEmpty { found.append(bytes) }
        }
        return found
    }

    /// The messages of an mbox (mboxrd: quoted From lines lose one `>`), or the one message that it is.
    static func parts(_ bytes: [UInt8]) -> [[UInt8]] {
        let separator = Array("From ".utf8)
        guard bytes.starts(with: separator) else { return bytes.isEmpty ? [] : [bytes] }
        var found: [[UInt8]] = []
        var message: [UInt8] = []
        var isBlankBefore = true
        for line in bytes.split(separator: 0x0A, omittingEmptySubsequences: false) {
            let isBlank = line.isEmpty || line.elementsEqual([0x0D])
            if isBlankBefore, line.starts(with: separator) {
                finish(&message, &found)
            } else {
                let quoted = line.first == 0x3E && line.drop { $0 == 0x3E }.starts(with: separator)
                message.append(contentsOf: quoted ? line.dropFirst() : line)
                message.append(0x0A)
            }
            isBlankBefore = isBlank
        }
        finish(&message, &found)
        return found
    }

    /// The blank line before a separator belongs to it.
    private static func finish(_ message: inout [UInt8], _ found: inout [[UInt8]]) {
        while message.last == 0x0A || message.last == 0x0D { message.removeLast() }
        if !message.isEmpty { found.append(message + [0x0A]) }
        message.removeAll()
    }
}
