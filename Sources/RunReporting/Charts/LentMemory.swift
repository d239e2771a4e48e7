/// Copies of values for C, for as long as the lender lives.
final class LentMemory {
    private var blocks: [UnsafeMutableRawPointer] = []

    func copy<Element>(_ values: [Element]) -> UnsafePointer<Element> {
        let block = UnsafeMutablePointer<Element>.allocate(capacity: max(1, values.count))
        block.initialize(from: values, count: values.count)
        blocks.append(UnsafeMutableRawPointer(block))
        return UnsafePointer(block)
    }

    func text(_ value: String) -> UnsafePointer<CChar> { copy(Array(value.utf8CString)) }

    deinit { blocks.forEach { $0.deallocate() } }
}
