import EventLog
import Foundation
import MailTypes
import Testing

@Suite struct MailEventTests {
    private func object(_ event: MailEvent) throws -> [String: Any] {
        var bytes: [UInt8] = Array("before\n".utf8)
        event.append(to: &bytes)
        #expect(bytes.starts(with: "before\n".utf8) && bytes.last == 0x0A)
        let line = bytes.dropFirst(7)
        #expect(line.starts(with: MailEvent.prefix(event.kind)))
        #expect(line.count(where: { $0 == 0x0A }) == 1)
        return try #require(try JSONSerialization.jsonObject(with: Data(line)) as? [String: Any])
    }

    /// Field by field what a reader of KumoMTA's logs expects.
    @Test func fieldsHaveTheirNames() throws {
        var event = MailEvent(.delivery, at: 1_764_108_780_007)
        event.id = MessageID(high: 1, low: 2)
        event.sender = MailAddress("a@x.test")
        event.recipients = [MailAddress("b@y.test")]
        event.queue = "y.test"
        event.size = 7
        event.response = SMTPReply(250, .init(2, 0, 0), "Ok: queued")
        event.peer = .init(name: "mx.y.test", address: "192.0.2.7:25")
        event.createdMilliseconds = 1_764_108_779_999
        event.attempts = 3
        event.source = .init(address: "192.0.2.1:4000", proxyProtocol: "socks5", proxyAddress: "192.0.2.9:1080")
        (event.session, event.node) = ("o0.17@1764108000", "out-3")
        event.headers = [.init(name: "Subject", values: ["a \"b\""]), .init(name: "X-Tag", values: ["1", "2"])]
        event.deliveryProtocol = "ESMTPS"
        event.tlsVersion = "TLSv1.3"
        event.tlsCipher = "TLS_AES_128_GCM_SHA256"
        event.tlsPeerSubject = ["C=DE", "CN=mx.y.test"]
        event.command = "RCPT TO:<b@y.test>"
        let object = try object(event)
        #expect(object["type"] as? String == "Delivery")
        #expect(object["timestamp"] as? Int == 1_764_108_780)
        #expect(object["event_time"] as? String == "2025-11-25T22:13:00.007Z")
        #expect(object["created"] as? Int == 1_764_108_779)
        #expect(object["created_time"] as? String == "2025-11-25T22:12:59.999Z")
        #expect(object["id"] as? String == "00000000000000010000000000000002")
        #expect(object["sender"] as? String == "a@x.test" && object["recipient"] as? String == "b@y.test")
        let response = try #require(object["response"] as? [String: Any])
        #expect(response["code"] as? Int == 250 && response["content"] as? String == "Ok: queued")
        #expect(response["enhanced_code"] as? [String: Int] == ["class": 2, "subject": 0, "detail": 0])
        #expect(object["peer_address"] as? [String: String] == ["name": "mx.y.test", "addr": "192.0.2.7:25"])
        #expect(object["num_attempts"] as? Int == 3 && object["delivery_protocol"] as? String == "ESMTPS")
        #expect(object["tls_protocol_version"] as? String == "TLSv1.3")
        #expect(object["tls_cipher"] as? String == "TLS_AES_128_GCM_SHA256")
        #expect(object["tls_peer_subject_name"] as? [String] == ["C=DE", "CN=mx.y.test"])
        #expect(response["command"] as? String == "RCPT TO:<b@y.test>")
        #expect(
            object["source_address"] as? [String: String] == [
                "address": "192.0.2.1:4000", "protocol": "socks5", "server": "192.0.2.9:1080",
            ])
        #expect(object["session_id"] as? String == "o0.17@1764108000" && object["nodeid"] as? String == "out-3")
        let headers = try #require(object["headers"] as? [String: Any])
        #expect(headers["Subject"] as? String == "a \"b\"" && headers["X-Tag"] as? [String] == ["1", "2"])
        #expect(object["reception_protocol"] == nil && object["authn_id"] == nil && object["listener"] == nil)
    }

    @Test func severalRecipientsAreAList() throws {
        var event = MailEvent(.reception, at: 0)
        event.recipients = [MailAddress("b@y.test"), MailAddress("c@y.test")]
        event.sender = .null
        let object = try object(event)
        #expect(object["recipient"] as? [String] == ["b@y.test", "c@y.test"])
        #expect(object["sender"] as? String == "")
        #expect(object["event_time"] as? String == "1970-01-01T00:00:00.000Z")
    }

    /// What servers and clients say goes into a line and never out of it.
    @Test(arguments: [
        "a\"b\\c", "line\nline", "\u{0}\u{1}\u{1f}\u{7f}", "Gr\u{fc}\u{df}e \u{1F600}", "}{\"type\":\"Bounce\"",
        "\r\n\r\n",
    ])
    func anyTextIsEscaped(_ text: String) throws {
        var event = MailEvent(.bounce, at: 1)
        event.response = SMTPReply(550, nil, text)
        event.sender = MailAddress(text)
        let object = try object(event)
        #expect((object["response"] as? [String: Any])?["content"] as? String == text)
        #expect(object["sender"] as? String == text)
    }

    @Test func whatIsNoUTF8IsRepaired() throws {
        var event = MailEvent(.rejection, at: 1)
        event.sender = MailAddress(bytes: [0x61, 0xFF, 0xC3, 0x40, 0x78])
        #expect(try object(event)["sender"] as? String == "a\u{FFFD}\u{FFFD}@x")
    }
}
