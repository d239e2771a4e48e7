/// One part of a message, and the parts that it is made of. Messages in messages are not looked into: a report that
/// somebody returned is not ours to read.
struct MIMEPart {
    var header: HeaderFields
    var type: MediaType
    /// Behind the header, as it came.
    var body: ArraySlice<UInt8>
    var parts: [MIMEPart] = []

    /// The content without its encoding.
    var decoded: ArraySlice<UInt8> { TransferDecoding.decode(body, header["content-transfer-encoding"]) }

    /// A whole message.
    init(message bytes: ArraySlice<UInt8>) {
        var budget = ReportLimits.parts
        self.init(bytes, depth: 0, &budget)
    }

    private init(_ bytes: ArraySlice<UInt8>, depth: Int, _ budget: inout Int) {
        let end = HeaderFields.end(of: bytes)
        header = HeaderFields(bytes[bytes.startIndex..<end.header])
        type = header["content-type"].map(MediaType.init) ?? MediaType()
        body = bytes[end.body...]
        guard type.isMultipart, depth < ReportLimits.depth else { return }
        for range in Self.ranges(body, type.boundary) {
            guard budget > 0 else { return }
            budget -= 1
            parts.append(MIMEPart(bytes[range], depth: depth + 1, &budget))
        }
    }

    /// Itself and what is in it, from the outside to the inside.
    func find(_ isWanted: (MIMEPart) -> Bool) -> MIMEPart? {
        if isWanted(self) { return self }
        for part in parts {
            if let found = part.find(isWanted) { return found }
        }
        return nil
    }

    /// Where the parts of a multipart are (RFC 2046 §5.1). Without a closing boundary the last one ends with the whole;
    /// where no boundary is known, or none of that name is found, the first line that looks like one is taken.
    private static func ranges(_ body: ArraySlice<UInt8>, _ boundary: String?) -> [Range<Int>] {
        if let boundary {
            let found = ranges(body, delimiter: Array(("--" + boundary).utf8))
            if !found.isEmpty { return found }
        }
        guard let guessed = guess(body) else { return [] }
        return ranges(body, delimiter: guessed)
    }

    private static func ranges(_ body: ArraySlice<UInt8>, delimiter: [UInt8]) -> [Range<Int>] {
        var found: [Range<Int>] = []
        var start: Int?
        var lines = LineScan(body)
        while let line = lines.next(), found.count < ReportLimits.parts {
            guard line.count >= delimiter.count, body[line].starts(with: delimiter) else { continue }
            let rest = body[(line.lowerBound + delimiter.count)..<line.upperBound]
            let isEnd = rest.starts(with: [0x2D, 0x2D])
            guard rest.dropFirst(isEnd ? 2 : 0).allSatisfy({ $0 == 0x20 || $0 == 0x09 }) else { continue }
            if let start { found.append(start..<withoutLineEnd(body, line.lowerBound, from: start)) }
            start = lines.position
            if isEnd { return found }
        }
        if let start, start < body.endIndex { found.append(start..<body.endIndex) }
        return found
    }

    /// The line end in front of a boundary belongs to the boundary.
    private static func withoutLineEnd(_ body: ArraySlice<UInt8>, _ end: Int, from start: Int) -> Int {
        guard end > start else { return start }
        guard end - 1 > start, body[end - 2] == 0x0D else { return end - 1 }
        return end - 2
    }

    /// A line with hyphens in front, and a field of MIME on the next.
    private static func guess(_ body: ArraySlice<UInt8>) -> [UInt8]? {
        var lines = LineScan(body)
        var last: Range<Int>?
        while let line = lines.next() {
            if let last, body[line].begins("content-") { return Array(body[last].trimmed) }
            last = line.count > 4 && line.count < 200 && body[line].starts(with: [0x2D, 0x2D]) ? line : nil
        }
        return nil
    }
}
