/// What went wrong since the start, each thing once; bounded.
package struct FaultHistory: Sendable {
    package private(set) var texts: [String] = []
    private static let limit = 100

    package init() {}

    package mutating func note(_ text: String) {
        if texts.count < Self.limit, !texts.contains(text) { texts.append(text) }
    }
}
