import Foundation
import MessageBuilding
import Testing

private func build(_ json: String) throws -> [BuiltContent] {
    let request = try InjectionRequest(try JSONValue.parse(json))
    var budget = TemplateBudget.whole
    return try MessageBuilder(request, hostname: "mta.test", date: "DATE") { "ID" }.build(&budget)
}

private func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

/// The pointer of the fault that this request ends with.
private func pointer(_ json: String) -> String? {
    do {
        _ = try build(json)
        return nil
    } catch let fault as InjectionRequest.Fault {
        return fault.pointer
    } catch {
        return "\(error)"
    }
}

private func request(_ content: String, _ recipients: String = "[{\"email\":\"b@y.test\"}]", more: String = "")
    -> String
{
    "{\"envelope_sender\":\"a@x.test\",\"recipients\":\(recipients),\"content\":\(content)\(more)}"
}

@Suite struct BuilderTests {
    /// What does not differ is there once, whatever the number of recipients.
    @Test func constantContentIsBuiltOnce() throws {
        let two = "[{\"email\":\"b@y.test\",\"name\":\"B\"},{\"email\":\"c@y.test\"}]"
        for content in ["\"Subject: x\\n\\nHi\\n.\\n\"", "{\"text_body\":\"Hi\",\"subject\":\"x\"}"] {
            let built = try build(request(content, two))
            #expect(built.count == 1 && built[0].recipients.map(\.index) == [0, 1])
        }
        let whole = try build(request("\"Subject: x\\n\\nHi\\n.\\n\"", two))[0]
        #expect(text(whole.shared) == "Subject: x\r\n\r\nHi\r\n.\r\n")
        #expect(text(whole.recipients[0].header).hasPrefix("X-KumoRef: "))
        let parts = try build(
            request("{\"text_body\":\"Hi\"}", two, more: ",\"trace_headers\":{\"supplemental_header\":false}"))[0]
        #expect(text(parts.recipients[0].header) == "To: B <b@y.test>\r\n")
        #expect(text(parts.recipients[1].header) == "To: <c@y.test>\r\n")
    }

    /// Of each recipient what it has, and nothing that was not asked for.
    @Test func metadataStandsInTheTraceField() throws {
        let two =
            "[{\"email\":\"b@y.test\",\"metadata\":{\"tenant\":\"t\",\"x\":1}},{\"email\":\"c@y.test\"}]"
        let names = ",\"trace_headers\":{\"header_name\":\"X-Ref\",\"include_meta_names\":[\"tenant\"]}"
        let headers = try build(request("\"Subject: x\\n\\nHi\\n\"", two, more: names))[0].recipients.map(\.header)
        let shown = try headers.map { header in
            let line = text(header)
            try #require(line.hasPrefix("X-Ref: "))
            let base64 = line.dropFirst(7).replacing("\r\n", with: "").replacing(" ", with: "")
            return String(decoding: try #require(Data(base64Encoded: String(base64))), as: UTF8.self)
        }
        #expect(
            shown == [
                #"{"_@_":"\\_/","recipient":"b@y.test","tenant":"t"}"#, #"{"_@_":"\\_/","recipient":"c@y.test"}"#,
            ])
    }

    @Test func templatesAreFilledForEach() throws {
        let recipients =
            "[{\"email\":\"b@y.test\",\"substitutions\":{\"n\":\"<B>\",\"u\":{\"v\":7}}},{\"email\":\"c@y.test\"}]"
        let built = try build(
            request(
                "{\"text_body\":\"{{ n }} {{u.v}} {{ x | default('d') | upper }}{# no #}\",\"html_body\":\"<i>{{n}}</i>\",\"subject\":\"{{ email }}\"}",
                recipients, more: ",\"substitutions\":{\"n\":\"all\"}"))
        #expect(built.count == 2)
        let (first, second) = (text(built[0].shared), text(built[1].shared))
        #expect(
            first.contains("\r\n<B> 7 D\r\n") && first.contains("<i>&lt;B&gt;</i>")
                && first.contains("Subject: b@y.test\r\n"))
        #expect(second.contains("\r\nall  D\r\n") && second.contains("<i>all</i>"))
    }

    /// As clients of KumoMTA write them: statements in every part, for each recipient.
    @Test func statementsAreFilledForEach() throws {
        let recipients =
            "[{\"email\":\"b@y.test\",\"name\":\"B\",\"substitutions\":{\"l\":[\"<1>\",2]}},{\"email\":\"c@y.test\"}]"
        let content =
            "{\"text_body\":\"{% for x in l %}{{ loop.index }}{{ x }};{% else %}none{% endfor %}\",\"html_body\":\"{% for x in l %}{{ x }}{% endfor %}\",\"subject\":\"{{ name | default('you') }}\"}"
        let built = try build(request(content, recipients))
        #expect(built.count == 2)
        let (first, second) = (text(built[0].shared), text(built[1].shared))
        #expect(first.contains("\r\n1<1>;22;\r\n") && first.contains("&lt;1&gt;2\r\n"))
        #expect(first.contains("Subject: B\r\n"))
        #expect(second.contains("\r\nnone\r\n") && second.contains("Subject: you\r\n"))
        let handlebars = try build(
            request(
                "{\"text_body\":\"{{#each l}}{{this}};{{else}}none{{/each}}\"}", recipients,
                more: ",\"template_dialect\":\"Handlebars\""))
        #expect(text(handlebars[0].shared).contains("\r\n<1>;2;\r\n"))
        #expect(text(handlebars[1].shared).contains("\r\nnone\r\n"))
    }

    /// What a template without names comes to is shared too.
    @Test func constantStatementsAreFollowedOnce() throws {
        let two = "[{\"email\":\"b@y.test\"},{\"email\":\"c@y.test\"}]"
        for content in [
            "\"Subject: x\\n\\n{{ 'a'|upper }}{# no #}\\n\"", "{\"text_body\":\"{{ 'a'|upper }}{# no #}\"}",
        ] {
            let built = try build(request(content, two))
            #expect(built.count == 1 && built[0].recipients.count == 2)
            #expect(text(built[0].shared).hasSuffix("\r\n\r\nA\r\n"))
        }
    }

    /// A template can be sound and fail with what it is given.
    @Test(arguments: [
        ("\"Subject: x\\n\\n{{ v + 1 }}\"", "/content"), ("{\"text_body\":\"{{ v + 1 }}\"}", "/content/text_body"),
        ("{\"html_body\":\"{{ v + 1 }}\"}", "/content/html_body"),
        ("{\"amp_html_body\":\"{{ v + 1 }}\"}", "/content/amp_html_body"),
        ("{\"text_body\":\"x\",\"subject\":\"{{ v + 1 }}\"}", "/content/subject"),
        ("{\"text_body\":\"x\",\"headers\":{\"X-A\":\"{{ v + 1 }}\"}}", "/content/headers/X-A"),
        ("{\"text_body\":\"x\",\"from\":{\"email\":\"{{ v + 1 }}\"}}", "/content/from/email"),
        ("{\"text_body\":\"x\",\"reply_to\":{\"email\":\"a@x\",\"name\":\"{{ v + 1 }}\"}}", "/content/reply_to/name"),
        ("\"Subject: x\\n\\n{{ 1 / 0 }}\"", "/content"), ("{\"text_body\":\"{{ 1 / 0 }}\"}", "/content/text_body"),
    ])
    func failedRenderingIsPointedAt(_ content: String, _ expected: String) {
        #expect(pointer(request(content, more: ",\"substitutions\":{\"v\":\"text\"}")) == expected)
    }

    @Test func staticTextIsLeftAlone() throws {
        let built = try build(request("{\"text_body\":\"{{ n }}\"}", more: ",\"template_dialect\":\"Static\""))
        #expect(text(built[0].shared).contains("{{ n }}"))
    }

    @Test func partsAreNestedAsTheyShould() throws {
        let built = try build(
            request(
                "{\"text_body\":\"t\",\"html_body\":\"h\",\"attachments\":[{\"data\":\"x\",\"content_type\":\"image/png\",\"content_id\":\"i\"},{\"data\":\"eA==\",\"base64\":true,\"content_type\":\"a/b\",\"file_name\":\"q\\\"z\"}]}"
            ))
        let message = text(built[0].shared)
        let order = [
            "multipart/mixed", "multipart/related", "multipart/alternative", "text/plain", "text/html", "image/png",
            "a/b",
        ]
        var rest = message[...]
        for type in order {
            let found = try #require(rest.firstRange(of: "Content-Type: \(type)"), "\(type) in \(message)")
            rest = rest[found.upperBound...]
        }
        #expect(message.contains("Content-ID: <i>") && message.contains("filename=\"q\\\"z\""))
        #expect(message.split(separator: "eA==", omittingEmptySubsequences: false).count == 3)
    }

    /// RFC 2231 §4: the octets of what is not ASCII, in UTF-8.
    @Test func foreignFileNamesAreEncoded() throws {
        let built = try build(
            request("{\"attachments\":[{\"data\":\"\",\"content_type\":\"a/b\",\"file_name\":\"Grüße, 50%.txt\"}]}"))
        #expect(text(built[0].shared).contains("filename*=utf-8''Gr%C3%BC%C3%9Fe%2C%2050%25.txt\r\n"))
    }

    /// Receivers take the last kind that they can show; AMP stands before HTML for those that take the first or last only
    /// of what they know (AMP for Email: text, AMP, HTML).
    @Test func theAMPPartStandsBeforeHTML() throws {
        let built = try build(
            request("{\"html_body\":\"h\",\"amp_html_body\":\"<html amp4email>\",\"text_body\":\"t\"}"))
        let types = text(built[0].shared).matches(of: /Content-Type: ([a-z\/-]+)/).map { String($0.1) }
        #expect(types == ["multipart/alternative", "text/plain", "text/x-amp-html", "text/html"])
    }

    @Test func longAndForeignTextIsEncoded() throws {
        let long = String(repeating: "x", count: 2000)
        let built = try build(
            request("{\"text_body\":\"\(long)\\nGrüße = \\n\",\"subject\":\"\(String(repeating: "ü", count: 80))\"}"))
        let message = text(built[0].shared)
        #expect(message.contains("quoted-printable") && message.contains("Gr=C3=BC=C3=9Fe =3D=20\r\n"))
        #expect(built[0].shared.allSatisfy { $0 < 0x80 })
        #expect(message.split(separator: "\r\n").allSatisfy { $0.utf8.count <= 78 })
    }

    /// RFC 5322 §2.1.1 holds for every line, however long the values are.
    @Test(arguments: [
        String(repeating: "x", count: 5000), String(repeating: "long ", count: 1000),
        String(repeating: " ", count: 3000),
        "a" + String(repeating: "\u{301}", count: 2000),
        String(repeating: "word \(String(repeating: "y", count: 899)) ", count: 3),
    ])
    func longValuesAreFolded(_ value: String) throws {
        let built = try build(
            request(
                "{\"text_body\":\"t\",\"subject\":\"\(value)\",\"headers\":{\"X-A\":\"\(value)\"},\"from\":{\"email\":\"a@x.test\",\"name\":\"\(value)\"}}"
            ))
        let lines = text(built[0].shared).split(separator: "\r\n", omittingEmptySubsequences: false)
        #expect(lines.allSatisfy { $0.utf8.count <= 998 })
        #expect(!lines.dropLast().contains { !$0.isEmpty && $0.allSatisfy(\.isWhitespace) })
        let file = "{\"attachments\":[{\"data\":\"\",\"content_type\":\"a/b\",\"file_name\":\"\(value)\"}]}"
        #expect(pointer(request(file)) == "/content/attachments/0")
    }

    /// A small request asks for a bounded amount.
    @Test func allMessagesTogetherAreBounded() {
        let many = "[" + Array(repeating: "{\"email\":\"a@b.test\"}", count: 300).joined(separator: ",") + "]"
        let line = String(repeating: "x", count: 900) + "\\n"
        let big = "Subject: {{ email }}\\n\\n" + String(repeating: line, count: 1000)
        #expect(pointer(request("\"\(big)\"", many)) == "/recipients")
    }

    /// Nobody gets a header field of his own out of a value (CR and LF in every place that goes into the header).
    @Test(arguments: [
        ("{\"text_body\":\"x\",\"subject\":\"a\\r\\nBcc: z\"}", "/content/subject"),
        ("{\"text_body\":\"x\",\"headers\":{\"X-A\":\"a\\nB: c\"}}", "/content/headers/X-A"),
        ("{\"text_body\":\"x\",\"headers\":{\"X-A\\r\\nB\":\"a\"}}", "/content/headers/X-A\r\nB"),
        ("{\"text_body\":\"x\",\"headers\":{\"Bcc\":\"a@x\"}}", "/content/headers/Bcc"),
        ("{\"text_body\":\"x\",\"from\":{\"email\":\"a@x\\r\\nB: c\"}}", "/content/from/email"),
        ("{\"text_body\":\"x\",\"from\":{\"email\":\"a@x\",\"name\":\"a\\nB: c\"}}", "/content/from/name"),
        ("{\"text_body\":\"x\",\"subject\":\"{{ s }}\"}", "/content/subject"),
        ("{\"attachments\":[{\"data\":\"\",\"content_type\":\"a/b\\nX: y\"}]}", "/content/attachments/0/content_type"),
        (
            "{\"attachments\":[{\"data\":\"\",\"content_type\":\"a/b\",\"file_name\":\"a\\nX: y\"}]}",
            "/content/attachments/0/file_name"
        ),
        (
            "{\"attachments\":[{\"data\":\"\",\"content_type\":\"a/b\",\"content_id\":\"a> x\"}]}",
            "/content/attachments/0/content_id"
        ),
        (
            "{\"attachments\":[{\"data\":\"%\",\"base64\":true,\"content_type\":\"a/b\"}]}",
            "/content/attachments/0/data"
        ),
    ])
    func fieldsCannotBeSmuggledIn(_ content: String, _ expected: String) {
        #expect(pointer(request(content, more: ",\"substitutions\":{\"s\":\"a\\r\\nBcc: z\"}")) == expected)
    }

    @Test(arguments: [
        ("[]", ""), ("{\"envelope_sender\":\"\",\"recipients\":[],\"content\":\"a: b\\n\\n\",\"extra\":1}", "/extra"),
        ("{\"recipients\":[],\"content\":\"\"}", "/envelope_sender"),
        ("{\"envelope_sender\":\"\",\"content\":\"\"}", "/recipients"),
        ("{\"envelope_sender\":\"\",\"recipients\":{},\"content\":\"\"}", "/recipients"),
        ("{\"envelope_sender\":\"\",\"recipients\":[{\"email\":\"a\"},{}],\"content\":\"\"}", "/recipients/1/email"),
        ("{\"envelope_sender\":\"\",\"recipients\":[{\"email\":1}],\"content\":\"\"}", "/recipients/0/email"),
        (
            "{\"envelope_sender\":\"\",\"recipients\":[{\"email\":\"a\",\"a/b~\":1}],\"content\":\"\"}",
            "/recipients/0/a~1b~0"
        ),
        ("{\"envelope_sender\":\"\",\"recipients\":[],\"content\":7}", "/content"),
        ("{\"envelope_sender\":\"\",\"recipients\":[],\"content\":\"no header\"}", "/content"),
        ("{\"envelope_sender\":\"\",\"recipients\":[],\"content\":\"a: b\\n\\n\\u0000\"}", "/content"),
        ("{\"envelope_sender\":\"\",\"recipients\":[],\"content\":{}}", "/content"),
        ("{\"envelope_sender\":\"\",\"recipients\":[],\"content\":{\"text_body\":\"{{ a\"}}", "/content/text_body"),
        (
            "{\"envelope_sender\":\"\",\"recipients\":[],\"content\":{\"text_body\":\"{% if a %}\"}}",
            "/content/text_body"
        ),
        (
            "{\"envelope_sender\":\"\",\"recipients\":[],\"content\":{\"text_body\":\"{{ a | nope }}\"}}",
            "/content/text_body"
        ),
        (
            "{\"envelope_sender\":\"\",\"recipients\":[],\"content\":\"\",\"template_dialect\":\"jinja\"}",
            "/template_dialect"
        ),
    ])
    func mistakesArePointedAt(_ json: String, _ expected: String) { #expect(pointer(json) == expected) }

    @Test(arguments: [("a\nb", "a\r\nb\r\n"), ("a\rb\r", "a\r\nb\r\n"), ("a\r\n", "a\r\n"), ("\n\r\n", "\r\n\r\n")])
    func lineEndsBecomeCRLF(_ source: String, _ expected: String) throws {
        let escaped = source.unicodeScalars.map { $0 == "\n" ? "\\n" : $0 == "\r" ? "\\r" : String($0) }.joined()
        let built = try build(request("\"X: y\\n\\n\(escaped)\""))
        #expect(text(built[0].shared) == "X: y\r\n\r\n" + expected)
    }
}
