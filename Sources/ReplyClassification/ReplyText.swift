/// A reply's text in the form in which patterns are looked for and answers are remembered: lower case, blanks joined,
/// and without what is different each time: addresses, numbers and ids. Numbers and ids that some pattern names stay.
struct ReplyText {
    /// Octets of a reply that are looked at.
    static let most = 1024
    /// Stand for what was taken out.
    static let (number, address): (UInt8, UInt8) = (0x01, 0x02)
    /// Letters and digits mixed: so many of them are an id.
    static let idLength = 8

    /// Numbers and ids that stay, as patterns write them: those of up to eight octets, and the others.
    private let kept: Set<UInt64>
    private let keptLong: Set<[UInt8]>

    /// - Parameter kept: see ``runs(_:)``.
    init(kept: Set<[UInt8]>) {
        self.kept = Set(kept.filter { $0.count <= 8 }.map { Self.packed($0[...]) })
        keptLong = kept.filter { $0.count > 8 }
    }

    private static func packed(_ run: ArraySlice<UInt8>) -> UInt64 { run.reduce(0) { $0 << 8 | UInt64($1) } }

    private func isKept(_ run: ArraySlice<UInt8>) -> Bool {
        run.count <= 8 ? kept.contains(Self.packed(run)) : !keptLong.isEmpty && keptLong.contains(Array(run))
    }

    /// Replaces what is in `out`.
    func write(_ text: String, to out: inout [UInt8]) {
        out.removeAll(keepingCapacity: true)
        var text = text
        text.withUTF8 { bytes in
            var index = 0
            let end = min(bytes.count, Self.most)
            while index < end {
                if Self.isBlank(bytes[index]) {
                    if let last = out.last, last != 0x20 { out.append(0x20) }
                    index += 1
                } else if Self.isSeparator(bytes[index]) {
                    out.append(bytes[index])
                    index += 1
                } else {
                    index = word(bytes, from: index, end, &out)
                }
            }
        }
        if out.last == 0x20 { out.removeLast() }
    }

    /// What stands between blanks and separators.
    /// - Returns: where it ends.
    private func word(_ bytes: UnsafeBufferPointer<UInt8>, from start: Int, _ end: Int, _ out: inout [UInt8]) -> Int {
        var stop = start
        var at: Int?
        while stop < end, !Self.isBlank(bytes[stop]), !Self.isSeparator(bytes[stop]) {
            if bytes[stop] == 0x40 { at = at ?? stop }
            stop += 1
        }
        if let at, at > start, at + 1 < stop {
            out.append(Self.address)
            return stop
        }
        var index = start
        while index < stop {
            guard Self.isAlphanumeric(bytes[index]) else {
                out.append(bytes[index])
                index += 1
                continue
            }
            index = run(bytes, from: index, stop, &out)
        }
        return stop
    }

    /// Letters and digits.
    private func run(_ bytes: UnsafeBufferPointer<UInt8>, from start: Int, _ end: Int, _ out: inout [UInt8]) -> Int {
        let mark = out.count
        var (index, digits) = (start, 0)
        while index < end, Self.isAlphanumeric(bytes[index]) {
            if bytes[index] <= 0x39 { digits += 1 }
            out.append(Self.lower(bytes[index]))
            index += 1
        }
        let length = index - start
        guard digits > 0, digits == length || length >= Self.idLength, !isKept(out[mark...]) else {
            return index
        }
        out.removeSubrange(mark...)
        out.append(Self.number)
        return index
    }

    static func lower(_ byte: UInt8) -> UInt8 { byte >= 0x41 && byte <= 0x5A ? byte | 0x20 : byte }
    static func isBlank(_ byte: UInt8) -> Bool { byte <= 0x20 || byte == 0x7F }
    static func isDigit(_ byte: UInt8) -> Bool { byte >= 0x30 && byte <= 0x39 }
    /// Letters of other alphabets count as letters.
    static func isAlphanumeric(_ byte: UInt8) -> Bool {
        isDigit(byte) || (byte | 0x20 >= 0x61 && byte | 0x20 <= 0x7A) || byte >= 0x80
    }
    /// What addresses stand between: `<>()[]{}"',;:=`
    private static func isSeparator(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x3C, 0x3E, 0x28, 0x29, 0x5B, 0x5D, 0x7B, 0x7D, 0x22, 0x27, 0x2C, 0x3B, 0x3A, 0x3D: true
        default: false
        }
    }

    /// The runs of letters and digits in a pattern that would be taken out of a reply.
    static func runs(_ pattern: [UInt8]) -> [[UInt8]] {
        pattern.split { !isAlphanumeric($0) }.map(Array.init).filter { run in
            let digits = run.count(where: isDigit)
            return digits > 0 && (digits == run.count || run.count >= idLength)
        }
    }
}
