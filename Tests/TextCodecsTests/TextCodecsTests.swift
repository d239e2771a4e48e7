import Testing
import TextCodecs

@Suite struct Base64Tests {
    @Test(arguments: [("", ""), ("Zg==", "f"), ("Zm8=", "fo"), ("Zm9v", "foo"), ("Zm9vYmFy", "foobar")])
    func base64IsRFC4648s(_ encoded: String, _ plain: String) {
        #expect(Base64.decode(encoded) == Array(plain.utf8))
        #expect(Base64.encode(Array(plain.utf8)) == encoded)
    }

    @Test(arguments: ["Z", "Zg", "Zg=", "Zh==", "Zm9=", "====", "Z===", "Zm9v\n", "Zm 9", "=Zg="])
    func looseBase64IsRefused(_ text: String) { #expect(Base64.decode(text) == nil) }

    /// A fold between lines, none at the end.
    @Test func linesAreFolded() {
        let bytes = Array("foobarfoobar".utf8)
        #expect(String(decoding: Base64.bytes(bytes, lineWidth: 8), as: UTF8.self) == "Zm9vYmFy\r\nZm9vYmFy")
        #expect(
            String(decoding: Base64.bytes(bytes, lineWidth: 4, fold: [0x0A, 0x20]), as: UTF8.self)
                == "Zm9v\n YmFy\n Zm9v\n YmFy")
    }
}

@Suite struct JSONTextTests {
    @Test(arguments: [
        ("", "\"\""), ("plain", "\"plain\""), ("a\"b\\c", "\"a\\\"b\\\\c\""), ("\n\r\t", "\"\\n\\r\\t\""),
        ("\u{0}\u{1f}", "\"\\u0000\\u001f\""), ("\u{7f}", "\"\u{7f}\""), ("Gr\u{fc}\u{df}e", "\"Gr\u{fc}\u{df}e\""),
        ("<&>'", "\"<&>'\""),
    ])
    func stringsAreQuoted(_ text: String, _ expected: String) { #expect(JSONText.quoted(text) == expected) }

    @Test func markupIsEscapedWhereItMustBe() {
        #expect(JSONText.quoted("a<&>'", isSafeInHTML: true) == "\"a\\u003c\\u0026\\u003e\\u0027\"")
    }

    @Test func whatIsNoUTF8IsRepaired() {
        var out: [UInt8] = []
        [UInt8]([0x61, 0xFF, 0x62]).withUnsafeBufferPointer { JSONText.append($0, to: &out) }
        #expect(String(decoding: out, as: UTF8.self) == "\"a\u{FFFD}b\"")
    }
}
