import Glibc
import Measures

/// Octets with descriptors on a Unix socket (SCM_RIGHTS of unix(7)).
enum DescriptorMessages {
    /// A header, and a number of descriptors behind it.
    private static let header = MemoryLayout<cmsghdr>.size

    private static func space(_ count: Int) -> Int { (header + count * 4 + 7) & ~7 }

    /// Sends all of it; the descriptors go with the first octet.
    /// - Parameter deadline: CLOCK_MONOTONIC nanoseconds.
    /// - Returns: false: the other end is gone, or has not taken all of it by then.
    static func send(_ bytes: [UInt8], _ descriptors: [Int32], on socket: Int32, until deadline: UInt64) -> Bool {
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes { send($0, sent == 0 ? descriptors : [], on: socket) }
            if count < 0, errno == EINTR || errno == EAGAIN && hasRoom(socket, before: deadline) { continue }
            guard count > 0 else { return false }
            sent += count
        }
        return true
    }

    /// Waits until the socket takes something, or says that nobody is there any more.
    private static func hasRoom(_ socket: Int32, before deadline: UInt64) -> Bool {
        var waiting = pollfd(fd: socket, events: Int16(POLLOUT), revents: 0)
        while true {
            let now = MonotonicInstant.now().nanoseconds
            guard now < deadline else { return false }
            let count = poll(&waiting, 1, Int32(clamping: (deadline - now) / 1_000_000 + 1))
            guard count < 0, errno == EINTR else { return count > 0 }
        }
    }

    private static func send(_ bytes: UnsafeRawBufferPointer, _ descriptors: [Int32], on socket: Int32) -> Int {
        var vector = iovec(iov_base: UnsafeMutableRawPointer(mutating: bytes.baseAddress), iov_len: bytes.count)
        let control = UnsafeMutableRawBufferPointer.allocate(byteCount: space(descriptors.count), alignment: 8)
        defer { control.deallocate() }
        control.initializeMemory(as: UInt8.self, repeating: 0)
        return withUnsafeMutablePointer(to: &vector) { vector in
            var message = msghdr()
            message.msg_iov = vector
            message.msg_iovlen = 1
            if !descriptors.isEmpty {
                var head = cmsghdr()
                head.cmsg_len = header + descriptors.count * 4
                head.cmsg_level = SOL_SOCKET
                head.cmsg_type = Int32(SCM_RIGHTS)
                withUnsafeBytes(of: &head) { control.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[..<header])) }
                descriptors.withUnsafeBytes {
                    UnsafeMutableRawBufferPointer(rebasing: control[header...]).copyMemory(from: $0)
                }
                message.msg_control = control.baseAddress
                message.msg_controllen = control.count
            }
            return sendmsg(socket, &message, Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL))
        }
    }

    /// Receives so many octets, and descriptors that come with them; they are not passed on to programs.
    /// - Parameter most: descriptors; more are closed by the kernel.
    /// - Returns: nil: the other end is gone.
    static func receive(_ count: Int, most: Int, on socket: Int32) -> (bytes: [UInt8], descriptors: [Int32])? {
        var bytes = [UInt8](repeating: 0, count: count)
        var (received, descriptors) = (0, [Int32]())
        while received < count {
            let room = most - descriptors.count
            let found = bytes[received...].withUnsafeMutableBytes { receive(into: $0, &descriptors, room, on: socket) }
            if found < 0, errno == EINTR { continue }
            guard found > 0 else {
                for descriptor in descriptors { close(descriptor) }
                return nil
            }
            received += found
        }
        return (bytes, descriptors)
    }

    private static func receive(
        into bytes: UnsafeMutableRawBufferPointer, _ descriptors: inout [Int32], _ most: Int, on socket: Int32
    ) -> Int {
        var vector = iovec(iov_base: bytes.baseAddress, iov_len: bytes.count)
        let control = UnsafeMutableRawBufferPointer.allocate(byteCount: space(most), alignment: 8)
        defer { control.deallocate() }
        return withUnsafeMutablePointer(to: &vector) { vector in
            var message = msghdr()
            message.msg_iov = vector
            message.msg_iovlen = 1
            message.msg_control = control.baseAddress
            message.msg_controllen = control.count
            let count = recvmsg(socket, &message, Int32(MSG_CMSG_CLOEXEC))
            if count > 0 { descriptors += Self.descriptors(UnsafeRawBufferPointer(control), message.msg_controllen) }
            return count
        }
    }

    /// The kernel writes one message of them.
    private static func descriptors(_ control: UnsafeRawBufferPointer, _ length: Int) -> [Int32] {
        guard length >= header else { return [] }
        let head = control.loadUnaligned(as: cmsghdr.self)
        guard head.cmsg_level == SOL_SOCKET, head.cmsg_type == Int32(SCM_RIGHTS) else { return [] }
        let end = min(length, Int(head.cmsg_len))
        return stride(from: header, to: end - 3, by: 4).map {
            control.loadUnaligned(fromByteOffset: $0, as: Int32.self)
        }
    }
}
