package import NIOCore
package import SpoolContract

/// What a segment log needs of a disk: a flat directory of files of fixed length. ``FileLogDisk`` is the real one; the
/// tests run the log on one that fails as disks do.
///
/// Nothing is on stable storage before the sync that belongs to it: ``LogFile/sync()`` for what a file holds and how
/// long it is, ``sync()`` for which names there are. Until then each part may be kept or lost by itself.
package protocol LogDisk: AnyObject, Sendable {
    /// Shuts out a second process until ``unlock()``.
    func lock() throws(SpoolFault)
    func unlock()
    /// All names, in no order.
    func list() throws(SpoolFault) -> [String]
    /// A new file of zeros whose space is taken.
    /// - Throws: ``SpoolFault/noSpace(_:)`` if there is none; then there is no such file.
    func create(_ name: String, bytes: Int) throws(SpoolFault) -> any LogFile
    /// - Returns: nil if there is no such file (any more).
    func open(_ name: String) throws(SpoolFault) -> (any LogFile)?
    func remove(_ name: String) throws(SpoolFault)
    /// All names made or removed so far are so on stable storage when it returns.
    func sync() throws(SpoolFault)
    /// Keeps bytes that no record was found in, on stable storage when it returns; a name that is there stays as it is.
    /// - Returns: where they are.
    func keepAside(_ bytes: ByteBuffer, as name: String) throws(SpoolFault) -> String
    /// Bytes free for anybody; nil if that is not known.
    var freeBytes: Int? { get }
}

/// A file of a ``LogDisk``. It can be read by several threads, also after its name was removed.
package protocol LogFile: AnyObject, Sendable {
    var name: String { get }
    /// Its length, which does not change.
    var bytes: Int { get }
    /// - Returns: nil if the file ends before.
    func read(at offset: Int, count: Int) throws(SpoolFault) -> ByteBuffer?
    /// Writes the buffers one behind the other.
    func write(_ buffers: [ByteBuffer], at offset: Int) throws(SpoolFault)
    /// On stable storage when it returns. A failure is final: the kernel may have dropped the pages and would say yes
    /// the next time.
    func sync() throws(SpoolFault)
}
