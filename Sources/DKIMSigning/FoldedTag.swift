/// Values of tags that are longer than a line: what is folded goes on behind a tab and a blank.
package enum FoldedTag {
    private static let width = 70
    private static let fold = "\r\n\t ".utf8

    /// Names with colons between, as `h=` has them.
    package static func append(_ names: [String], to out: inout [UInt8]) {
        var column = 0
        for (index, name) in names.enumerated() {
            if column > 0, column + name.utf8.count + 1 > width {
                out.append(contentsOf: fold)
                column = 0
            }
            out.append(contentsOf: name.utf8)
            if index + 1 < names.count { out.append(0x3A) }
            column += name.utf8.count + 1
        }
    }

    package static func append(base64: ArraySlice<UInt8>, to out: inout [UInt8]) {
        var rest = base64
        while !rest.isEmpty {
            out.append(contentsOf: rest.prefix(width))
            rest = rest.dropFirst(width)
            if !rest.isEmpty { out.append(contentsOf: fold) }
        }
    }
}
