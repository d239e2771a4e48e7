import Glibc
import NIOCore

/// Sockets that a process keeps while it runs a program once more (``Successor/becomePredecessorAgain(arguments:clients:)``),
/// with what is known of them in a file in memory.
package enum KeptSockets {
    /// Where the file is.
    static let variable = "MILLRACE_KEPT_CLIENTS"
    /// Longest file that is read back.
    private static let mostOctets = 256 << 20

    /// Puts the sockets where the next program finds them.
    /// - Parameter first: descriptors from here on are left alone by whoever starts it.
    /// - Returns: the descriptor of the file; nil: there are none, or they cannot be kept.
    static func keep(_ sockets: [PassedSocket], from first: Int32) -> Int32? {
        guard !sockets.isEmpty else { return nil }
        var octets = ByteBuffer()
        for socket in sockets {
            let kept = fcntl(socket.descriptor, F_DUPFD, first)
            guard kept >= 0 else { break }
            octets.writeInteger(kept)
            octets.writeState(socket.state)
        }
        let name = "/millrace-clients-\(getpid())"
        let file = shm_open(name, O_RDWR | O_CREAT | O_EXCL, 0o600)
        guard file >= 0 else { return nil }
        shm_unlink(name)
        let place = fcntl(file, F_DUPFD, first)
        guard place >= 0, write(Array(octets.readableBytesView), to: place) else { return nil }
        return place
    }

    /// Those that were kept for this process; they are not passed on to programs that it starts.
    package static func take(_ environment: [String: String]) -> [PassedSocket] {
        guard let file = environment[variable].flatMap({ Int32($0) }), file > 2 else { return [] }
        unsetenv(variable)
        defer { close(file) }
        var status = stat()
        guard fstat(file, &status) == 0, status.st_size <= mostOctets else { return [] }
        var bytes = [UInt8](repeating: 0, count: Int(status.st_size))
        guard pread(file, &bytes, bytes.count, 0) == bytes.count else { return [] }
        return sockets(bytes).filter { fcntl($0.descriptor, F_SETFD, FD_CLOEXEC) == 0 }
    }

    private static func sockets(_ bytes: [UInt8]) -> [PassedSocket] {
        var sockets: [PassedSocket] = []
        var octets = ByteBuffer(bytes: bytes)
        while let descriptor: Int32 = octets.readInteger(), descriptor > 2, let state = octets.readState() {
            sockets.append(PassedSocket(descriptor: descriptor, state: state))
        }
        return sockets
    }

    private static func write(_ bytes: [UInt8], to file: Int32) -> Bool {
        var written = 0
        while written < bytes.count {
            let count = bytes[written...].withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return false }
            written += count
        }
        return true
    }
}
