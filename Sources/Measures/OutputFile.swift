package import Glibc

/// A file that the user asked for and that could not be written; the text names it and says why.
package struct OutputFault: Error, CustomStringConvertible, Sendable {
    package let description: String

    init(_ path: String, _ code: Int32) {
        description = "\(path): cannot be written: \(String(cString: strerror(code)))"
    }
}

/// Writes a file whose name the user gave. A regular file, or one that is not there yet, is replaced in one step:
/// nobody sees half of it, and a full disk leaves the old one. Anything else (a device, a FIFO, a symbolic link) stays
/// what it is and takes the bytes: replacing `/dev/null` by a file would be the end of it for everybody.
/// - Throws: ``OutputFault`` with the system's reason.
package func writeOutput(_ bytes: [UInt8], to path: String) throws(OutputFault) {
    var found = stat()
    let isThere = lstat(path, &found) == 0
    if isThere, found.st_mode & S_IFMT != S_IFREG {
        try fill(path, O_WRONLY | O_CREAT | O_TRUNC, 0o666, bytes, named: path)
        return
    }
    // In the same directory, or the last step would not be one.
    let part = "\(path).\(getpid()).part"
    do throws(OutputFault) {
        try fill(part, O_WRONLY | O_CREAT | O_EXCL, isThere ? found.st_mode & 0o777 : 0o666, bytes, named: path)
    } catch {
        unlink(part)
        throw error
    }
    guard rename(part, path) == 0 else {
        let code = errno
        unlink(part)
        throw OutputFault(path, code)
    }
}

/// The same of a text, as UTF-8.
package func writeOutput(_ text: String, to path: String) throws(OutputFault) {
    try writeOutput(Array(text.utf8), to: path)
}

/// Whether ``writeOutput(_:to:)`` could write the file, asked before a run of which it is the result. Leaves nothing behind
/// and an existing file as it is.
/// - Throws: ``OutputFault`` with the system's reason.
package func checkOutput(_ path: String) throws(OutputFault) {
    var found = stat()
    let isThere = lstat(path, &found) == 0
    switch isThere ? found.st_mode & S_IFMT : S_IFREG {
    case S_IFDIR: throw OutputFault(path, EISDIR)
    // Nobody may be reading yet.
    case S_IFIFO: return
    case S_IFREG:
        let part = "\(path).\(getpid()).part"
        try tryOpening(part, O_WRONLY | O_CREAT | O_EXCL, named: path)
        unlink(part)
    default: try tryOpening(path, O_WRONLY | O_CREAT, named: path)
    }
}

private func tryOpening(_ path: String, _ flags: Int32, named name: String) throws(OutputFault) {
    let file = open(path, flags | O_CLOEXEC | O_NONBLOCK, 0o666)
    guard file >= 0 else { throw OutputFault(name, errno) }
    close(file)
}

/// Whether a path is, or would become, a regular file: not a device, a FIFO or a directory.
package func isRegularOutput(_ path: String) -> Bool {
    var found = stat()
    return stat(path, &found) != 0 || found.st_mode & S_IFMT == S_IFREG
}

/// Replaces a file of the program's own, or makes it, in one step: whoever reads it sees the old one or the new one.
/// - Parameters:
///   - mode: of the new file.
///   - isSafe: it is on the disk afterwards, and so is its name.
/// - Throws: ``OutputFault`` with the system's reason; the old file is there.
package func replaceFile(
    _ path: String, with bytes: [UInt8], mode: mode_t, isSafe: Bool = true
) throws(OutputFault) {
    let fresh = path + ".new"
    try fill(fresh, O_WRONLY | O_CREAT | O_TRUNC, mode, bytes, named: path, isSafe: isSafe)
    guard rename(fresh, path) == 0 else { throw OutputFault(path, errno) }
    guard isSafe else { return }
    let end = path.utf8.lastIndex(of: UInt8(ascii: "/"))
    let directory = open(end.map { String(path[..<$0]) + "/" } ?? ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard directory >= 0 else { return }
    defer { close(directory) }
    fsync(directory)
}

/// Writes all of the bytes, in as many calls as it takes.
/// - Parameter offset: where in the file; nil: where it stands, as a pipe wants it.
/// - Returns: 0, or the number of the error after which some of them may have been written.
package func writeWhole(_ bytes: [UInt8], to file: Int32, at offset: Int? = nil) -> Int32 {
    bytes.withUnsafeBytes { writeWhole($0, to: file, at: offset) }
}

/// The same of octets elsewhere.
package func writeWhole(_ bytes: UnsafeRawBufferPointer, to file: Int32, at offset: Int? = nil) -> Int32 {
    var done = 0
    while done < bytes.count {
        let (from, rest) = (bytes.baseAddress! + done, bytes.count - done)
        let count = offset.map { pwrite(file, from, rest, off_t($0 + done)) } ?? write(file, from, rest)
        if count < 0, errno == EINTR { continue }
        guard count > 0 else { return count < 0 ? errno : EIO }
        done += count
    }
    return 0
}

private func fill(
    _ path: String, _ flags: Int32, _ mode: mode_t, _ bytes: [UInt8], named name: String, isSafe: Bool = false
) throws(OutputFault) {
    let file = open(path, flags | O_CLOEXEC, mode)
    guard file >= 0 else { throw OutputFault(name, errno) }
    var code = writeWhole(bytes, to: file)
    if code == 0, isSafe, fsync(file) != 0 { code = errno }
    guard code == 0 else {
        close(file)
        throw OutputFault(name, code)
    }
    // Some file systems tell of a full disk only here.
    guard close(file) == 0 else { throw OutputFault(name, errno) }
}
