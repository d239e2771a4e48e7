import PolicyRules
import Testing

@Suite struct PolicyHeaderTests {
    private func values(_ text: String, _ name: String = "a") -> [String] {
        PolicyHeader(Array(text.utf8), wanted: ["a", "b"]).values(name)
    }

    @Test func fieldsAreFoundUnfolded() {
        #expect(values("A: one\r\nB: x\r\na : two\r\n  and\r\n\tmore\r\n\r\nA: body\r\n") == ["one", "two  and\tmore"])
        #expect(values("A:\r\n\r\n") == [""])
        #expect(values("C: one\r\n\r\n") == [])
        #expect(values("") == [])
        #expect(values("A: no line end") == [])
    }

    /// A line that is no field hides none behind it from rules: DMARC and mail readers go on there, too.
    @Test func linesThatAreNoFieldsArePassedOver() {
        #expect(values("no colon\r\nA: one\r\n\r\nA: body\r\n") == ["one"])
        #expect(values(": no name\r\n A: folded\r\nA: one\r\n") == ["one"])
        #expect(values("\rC: 1\r\n\r\r\nA: one\r\n\r\nA: body\r\n") == ["one"])
        let rest = PolicyHeader.removing(["a"], from: Array("no colon\r\nA: one\r\n two\r\nB: 2\r\n\r\nA: b".utf8))
        #expect(rest.map { String(decoding: $0, as: UTF8.self) } == "no colon\r\nB: 2\r\n\r\nA: b")
    }

    /// No line is read beyond the bound.
    @Test func hostileHeadersAreBounded() {
        let padding = "C: " + String(repeating: "x", count: PolicyHeader.most) + "\r\n"
        #expect(values(padding + "A: behind\r\n\r\n") == [])
        let folded = "A: one\r\n" + String(repeating: " \r\n", count: PolicyHeader.most / 3)
        #expect(values(folded + " more\r\n\r\n") == [])
        let long = values("A: " + String(repeating: "y", count: 10_000) + "\r\n\r\n")
        #expect(long.map(\.utf8.count) == [PolicyHeader.longestValue - 1])
        let many = String(repeating: "A: 1\r\n", count: PolicyHeader.mostFields + 500)
        #expect(values(many + "\r\n").count == PolicyHeader.mostFields)
    }

    @Test func fieldsAreTakenOutWhole() {
        let text = "A: one\r\n folded\r\nC: 1\r\na: two\r\nB: 2\r\n\r\nA: body\r\n"
        let rest = PolicyHeader.removing(["a"], from: Array(text.utf8))
        #expect(rest.map { String(decoding: $0, as: UTF8.self) } == "C: 1\r\nB: 2\r\n\r\nA: body\r\n")
        #expect(PolicyHeader.removing(["d"], from: Array(text.utf8)) == nil)
    }
}
