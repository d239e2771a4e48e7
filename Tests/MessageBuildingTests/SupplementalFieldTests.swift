import Foundation
import MessageBuilding
import Testing

@Suite struct SupplementalFieldTests {
    private static func decoded(_ field: [UInt8], name: String) throws -> String {
        let text = String(decoding: field, as: UTF8.self)
        try #require(text.hasPrefix(name + ": ") && text.hasSuffix("\r\n"))
        for line in text.split(separator: "\r\n") { #expect(line.utf8.count <= 76, "\(line)") }
        let base64 = text.dropFirst(name.count + 2).replacing("\r\n ", with: "").replacing("\r\n", with: "")
        return String(decoding: try #require(Data(base64Encoded: String(base64))), as: UTF8.self)
    }

    @Test func metadataStandsInItInTheOrderOfItsNames() throws {
        let field = SupplementalField(name: "X-Ref", metaNames: ["tenant", "missing", "job \"1\""])
        let values = ["tenant": "acme", "job \"1\"": "line\nbreak", "other": "hidden"]
        let bytes = field.bytes(recipient: "b@y.test") { values[$0] }
        #expect(
            try Self.decoded(bytes, name: "X-Ref")
                == #"{"_@_":"\\_/","recipient":"b@y.test","tenant":"acme","job \"1\"":"line\nbreak"}"#)
    }

    /// Recipients do not learn of each other.
    @Test func severalRecipientsAreNotNamed() throws {
        let bytes = SupplementalField().bytes(recipient: nil) { _ in nil }
        #expect(try Self.decoded(bytes, name: "X-KumoRef") == #"{"_@_":"\\_/"}"#)
    }

    @Test func longValuesAreFolded() throws {
        let field = SupplementalField(metaNames: ["long"])
        let bytes = field.bytes(recipient: "b@y.test") { _ in String(repeating: "x", count: 1_024) }
        #expect(try Self.decoded(bytes, name: "X-KumoRef").contains(String(repeating: "x", count: 1_024)))
    }
}
