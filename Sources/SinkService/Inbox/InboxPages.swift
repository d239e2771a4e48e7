import HTTPService
import MailTypes
import Measures
import NIOCore
import NIOHTTP1
import TextCodecs

/// What arrived, as pages without scripts: a list, a message, its source. Whatever a message holds is text here, never
/// markup, and the browser is told to run and load nothing.
struct InboxPages {
    let inbox: Inbox

    /// - Returns: nil if the path is none of these.
    func answer(_ call: HTTPCall) -> HTTPAnswer? {
        let path = call.path.split(separator: "/").map(String.init)
        guard call.method == .GET || call.method == .HEAD else { return nil }
        switch path.count {
        case 0: return page("Received mail", list(before: call.query["before"].flatMap { Int($0) }))
        case 1 where path[0] == "messages": return json()
        case 2...3 where path[0] == "message":
            guard let number = Int(path[1]), let message = inbox.message(number) else {
                return page("Not here", "<p>This message is not kept, or no longer.</p>", status: .notFound)
            }
            if path.count == 2 { return page("Message \(number)", show(message)) }
            return path[2] == "raw" ? raw(message) : nil
        default: return nil
        }
    }

    private static let policy =
        "default-src 'none'; style-src 'unsafe-inline'; form-action 'none'; frame-ancestors 'none'"
    private static let style = """
        body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:70rem;padding:0 1rem;color:#1a1a1a;background:#fff}
        table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.3rem .6rem;border-bottom:1px solid #ddd;
        vertical-align:top;overflow-wrap:anywhere}td.n{text-align:right;white-space:nowrap}
        pre{white-space:pre-wrap;overflow-wrap:anywhere;background:#f5f5f5;padding:1rem}
        @media(prefers-color-scheme:dark){body{color:#eee;background:#161616}th,td{border-color:#444}pre{background:#222}
        a{color:#8bf}}
        """

    private func page(_ title: String, _ body: String, status: HTTPResponseStatus = .ok) -> HTTPAnswer {
        let text = """
            <!DOCTYPE html>
            <html lang="en"><head><meta charset="utf-8"><title>\(Self.escaped(title))</title>
            <meta name="viewport" content="width=device-width"><style>\(Self.style)</style></head>
            <body><h1>\(Self.escaped(title))</h1>
            \(body)
            </body></html>

            """
        return HTTPAnswer(
            status, text, contentType: "text/html; charset=utf-8",
            headers: ["Content-Security-Policy": Self.policy, "X-Content-Type-Options": "nosniff"])
    }

    static let listed = 100

    private func list(before number: Int?) -> String {
        let messages = inbox.latest(Self.listed, before: number)
        var out = "<p id=\"count\">\(grouped(inbox.arrived)) arrived; the last are shown, newest first.</p>\n<table>"
        out += "<tr><th>#</th><th>Received</th><th>From</th><th>To</th><th>Subject</th><th>Size</th></tr>\n"
        for message in messages {
            let subject = MailReading(message.content.prefix(65_536)).field("subject")
            let link = "<a href=\"/message/\(message.number)\">"
            out += "<tr><td class=\"n\">\(message.number)</td><td>\(Self.time(message))</td>"
            out += "<td>\(Self.escaped(message.sender.isEmpty ? "<>" : message.sender))</td>"
            out += "<td>\(Self.escaped(Self.names(message.recipients)))</td>"
            out += "<td>\(link)\(Self.escaped(subject.isEmpty ? "(no subject)" : subject))</a></td>"
            out += "<td class=\"n\">\(ByteCount(bytes: message.size))</td></tr>\n"
        }
        out += "</table>"
        if messages.count == Self.listed, let last = messages.last {
            out += "<p><a href=\"/?before=\(last.number)\">Older</a></p>"
        }
        return out
    }

    private func show(_ message: Inbox.Message) -> String {
        let reading = MailReading(message.content)
        var out =
            "<p><a href=\"/\">All</a> · <a href=\"/message/\(message.number)/raw\">Source</a></p>\n<table id=\"envelope\">"
        let envelope = [
            ("Received", Self.time(message)), ("Envelope from", "<\(message.sender)>"),
            ("Envelope to", message.recipients.map { "<\($0)>" }.joined(separator: ", ")),
            ("Size", "\(ByteCount(bytes: message.size))"),
        ]
        for (name, value) in envelope { out += Self.row(name, value) }
        out += "</table>\n<h2>Header</h2>\n<table id=\"header\">"
        for field in reading.fields.prefix(200) { out += Self.row(field.name, field.value) }
        out += "</table>\n"
        for part in reading.parts {
            let name = part.name.isEmpty ? "" : ", " + part.name
            out += "<h2>\(Self.escaped(part.type + name)), \(ByteCount(bytes: part.size))</h2>\n"
            if let text = part.text { out += "<pre>\(Self.escaped(text))</pre>\n" }
        }
        if message.content.count < message.size { out += "<p>Only the begin of this message is kept.</p>" }
        return out
    }

    /// As text whatever it is: a browser must not make a page of it.
    private func raw(_ message: Inbox.Message) -> HTTPAnswer {
        HTTPAnswer(
            .ok, ByteBuffer(bytes: message.content), contentType: "text/plain; charset=utf-8",
            headers: ["Content-Security-Policy": Self.policy, "X-Content-Type-Options": "nosniff"])
    }

    private func json() -> HTTPAnswer {
        let items = inbox.latest(Self.listed).map { message in
            let reading = MailReading(message.content.prefix(65_536))
            let recipients = message.recipients.map { JSONText.quoted($0) }.joined(separator: ",")
            return "{\"number\":\(message.number),\"received_unix_ns\":\(message.unixNanoseconds),"
                + "\"sender\":\(JSONText.quoted(message.sender)),\"recipients\":[\(recipients)],"
                + "\"subject\":\(JSONText.quoted(reading.field("subject"))),\"size_bytes\":\(message.size)}"
        }
        return HTTPAnswer(
            .ok, "{\"arrived\":\(inbox.arrived),\"messages\":[\(items.joined(separator: ","))]}\n",
            contentType: "application/json")
    }

    private static func names(_ recipients: [String]) -> String {
        recipients.prefix(3).joined(separator: ", ") + (recipients.count > 3 ? " and \(recipients.count - 3) more" : "")
    }

    private static func time(_ message: Inbox.Message) -> String {
        MailDate.text(unixSeconds: Int(message.unixNanoseconds / 1_000_000_000))
    }

    private static func row(_ name: String, _ value: String) -> String {
        "<tr><th>\(escaped(name))</th><td>\(escaped(value))</td></tr>\n"
    }

    static func escaped(_ text: String) -> String {
        var out = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": out += "&amp;"
            case "<": out += "&lt;"
            case ">": out += "&gt;"
            case "\"": out += "&quot;"
            case "'": out += "&#39;"
            case "\n", "\t": out.unicodeScalars.append(scalar)
            case "\r": break
            // Control characters are no text in HTML.
            case _ where scalar.value < 0x20 || (0x7F..<0xA0).contains(scalar.value): out += "\u{FFFD}"
            default: out.unicodeScalars.append(scalar)
            }
        }
        return out
    }
}
