import MailTypes
import SMTPProtocol

/// All that was read so far is handed over each time: what was said of less must hold for more.
func fuzzProxy(_ input: [UInt8]) {
    var header: (value: ProxyHeader, consumed: Int)?
    var isMalformed = false
    for count in 0...input.count {
        switch ProxyHeader.parse(Array(input[..<count])) {
        case .needsInput: require(header == nil && !isMalformed, "decided, and then not")
        case .malformed:
            require(header == nil, "a header that is malformed with what follows it")
            isMalformed = true
        case .header(let found, let consumed):
            require(!isMalformed, "malformed, and then not")
            require(header == nil ? consumed == count : consumed == header?.consumed, "the header's end moved")
            require(header == nil || header?.value == found, "the header changed")
            header = (found, consumed)
        }
    }
    for peer in [header?.value.source, header?.value.destination] {
        guard let peer else { continue }
        require(NetworkAddress(peer.address) != nil, "'\(peer.address)' is no address")
        require((0..<65_536).contains(peer.port), "\(peer.port) is no port")
    }
}
