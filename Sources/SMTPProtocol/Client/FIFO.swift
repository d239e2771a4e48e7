/// A short queue: a session has a handful of outstanding commands, so an array with a head beats a ring.
struct FIFO<Element> {
    private var storage: [Element] = []
    private var head = 0

    var count: Int { storage.count - head }
    var isEmpty: Bool { head == storage.count }
    var first: Element? { isEmpty ? nil : storage[head] }

    subscript(index: Int) -> Element { storage[index] }

    mutating func append(_ element: Element) { storage.append(element) }

    mutating func prepend(_ element: Element) {
        if head > 0 {
            head -= 1
            storage[head] = element
        } else {
            storage.insert(element, at: 0)
        }
    }

    mutating func popFirst() -> Element? {
        guard head < storage.count else { return nil }
        let element = storage[head]
        head += 1
        if head == storage.count {
            storage.removeAll(keepingCapacity: true)
            head = 0
        } else if head >= Self.slack, head >= storage.count / 2 {
            // Where transactions overlap it is never empty: without this it would keep all that ever were in it.
            storage.removeFirst(head)
            head = 0
        }
        return element
    }

    /// Elements that are taken out before the array is moved up.
    private static var slack: Int { 16 }

    func firstIndex(where predicate: (Element) -> Bool) -> Int? {
        (head..<storage.count).first { predicate(storage[$0]) }
    }
}
