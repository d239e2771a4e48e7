import Glibc

/// Makes a directory and those above it.
/// - Throws: ``SinkFault`` with the path and the system's reason.
func makeDirectory(_ path: String) throws(SinkFault) {
    var made = path.hasPrefix("/") ? "/" : ""
    for part in path.split(separator: "/") {
        made += part + "/"
        guard mkdir(made, 0o777) == 0 || errno == EEXIST else {
            throw SinkFault("\(path): cannot be made: \(String(cString: strerror(errno)))")
        }
    }
}
