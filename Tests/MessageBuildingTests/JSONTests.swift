import MessageBuilding
import Testing

@Suite struct JSONTests {
    @Test(arguments: [
        ("null", JSONValue.null), (" [1, -0.5e+3,true ] ", .array([.number("1"), .number("-0.5e+3"), .bool(true)])),
        ("{\"a\":{\"b\":[]}}", .object([.init("a", .object([.init("b", .array([]))]))])),
        ("\"a\\n\\u00e9\\ud83d\\ude00\\/\"", .string("a\né😀/")), ("{}", .object([])),
    ])
    func valuesAreRead(_ text: String, _ expected: JSONValue) throws { #expect(try JSONValue.parse(text) == expected) }

    @Test(arguments: [
        "", "{", "[1,]", "{\"a\":1,}", "{\"a\" 1}", "{a:1}", "01", "1.", "-", "1e", "tru", "\"a", "\"\\x\"",
        "\"\\ud800\"",
        "\"\\ud800\\u0041\"", "\"\u{1}\"", "[] []", "{\"a\":1,\"a\":2}", "'a'", "+1", "\"\\u12g4\"", "nul",
        String(repeating: "[", count: 65) + String(repeating: "]", count: 65),
    ])
    func nonsenseIsRefused(_ text: String) { #expect(throws: JSONValue.Fault.self) { try JSONValue.parse(text) } }

    @Test func placesAreNamed() {
        #expect {
            try JSONValue.parse("{\n \"a\" 1}")
        } throws: {
            ($0 as? JSONValue.Fault)?.text == "line 2, column 6: expected ':'"
        }
    }

    /// In small objects and large ones, and values beyond a number.
    @Test func whatIsTooMuchIsRefused() {
        let many = (0..<20).map { "\"k\($0)\":1" }.joined(separator: ",")
        #expect(throws: Never.self) { try JSONValue.parse("{\(many)}") }
        #expect(throws: JSONValue.Fault.self) { try JSONValue.parse("{\(many),\"k7\":1}") }
        let list = String(repeating: "0,", count: JSONValue.countLimit - 2)
        #expect(throws: Never.self) { try JSONValue.parse("[\(list)0]") }
        #expect(throws: JSONValue.Fault.self) { try JSONValue.parse("[\(list)0,0]") }
    }

    @Test func textsAreUTF8() {
        let bytes: [UInt8] = [0x22, 0xFF, 0x22]
        bytes.withUnsafeBytes { buffer in
            _ = #expect(throws: JSONValue.Fault.self) { try JSONValue.parse(buffer) }
        }
    }

    /// Whatever comes, it survives.
    @Test func randomBytesNeverTrap() {
        var state: UInt64 = 1
        let alphabet = Array("{}[]\",:\\u0123456789eE+-.truefalsn \n\u{FF}".utf8)
        for _ in 0..<20_000 {
            var bytes: [UInt8] = []
            for _ in 0..<24 {
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                bytes.append(alphabet[Int(state >> 33) % alphabet.count])
            }
            _ = bytes.withUnsafeBytes { try? JSONValue.parse($0) }
        }
    }
}
