/// A table in front of which its last answer lies: neighbours in a queue are mostly alike.
struct Remembered<Key: Hashable, Value> {
    private var table: [Key: Value] = [:]
    private var last: (key: Key, value: Value)?

    var values: Dictionary<Key, Value>.Values { table.values }

    subscript(key: Key) -> Value? {
        get { last.flatMap { $0.key == key ? $0.value : nil } ?? table[key] }
        set {
            guard last?.key != key, let newValue else { return }
            last = (key, newValue)
            table[key] = newValue
        }
    }
}
