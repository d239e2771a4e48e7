/// The HTTP interface as OpenAPI 3.1 describes it, served at /openapi.json. A test generates requests from it and holds
/// every answer against it; the limits in it are those of the code.
enum OpenAPIDescription {
    /// - Parameters:
    ///   - keyIsNeeded: no client goes without a key.
    ///   - recipientLimit: recipients of one request.
    ///   - admin: of the admin API; nil: there is none.
    static func json(keyIsNeeded: Bool, recipientLimit: Int, admin: AdminDescription? = nil) -> String {
        let security = (keyIsNeeded ? "" : "{}, ") + #"{"basic": []}, {"bearer": []}"#
        return """
            {
              "openapi": "3.1.0",
              "info": {
                "title": "Millrace mta", "version": "1",
                "description": "Injection, metrics and liveness. A key is asked of clients outside `trusted_networks`.",
                "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"}
              },
              "paths": {
            \(injection(security, recipientLimit)),
            \(metrics(security)),
            \(metrics(security, asJSON: true)),
            \(health("liveness", "Whether mail is taken.")),
            \(health("readiness", "Whether mail should be sent here: the spool was read, and nothing is refused.")),
            \(itself)\(admin.map { ",\n" + $0.paths } ?? "")
              },
              "components": {
            \(securitySchemes),
            \(responses),
                "schemas": {
            \(OpenAPISchemas.json(recipientLimit: recipientLimit))\(admin.map { ",\n" + $0.schemas } ?? "")
                }
              }
            }

            """
    }

    private static func injection(_ security: String, _ recipientLimit: Int) -> String {
        #"""
            "/api/inject/v1": {
              "post": {
                "operationId": "inject",
                "summary": "Inject a message for one recipient or many.",
                "description": "Answers when every message is as safe as the spool's durability says. The shape is that of KumoMTA. Bodies may be compressed (Content-Encoding: gzip or deflate); max_request_size holds after decompression. Objects with other fields than these, keys that come twice and nesting deeper than 64 are refused. null is as good as a field left out.",
                "security": [\#(security)],
                "requestBody": {
                  "required": true,
                  "content": {"application/json": {
                    "schema": {"$ref": "#/components/schemas/InjectionRequest"},
                    "examples": {
                      "whole": {"value": {
                        "envelope_sender": "news@example.com", "recipients": [{"email": "a@example.org"}],
                        "content": "From: news@example.com\nTo: a@example.org\nSubject: Hello\n\nHello!\n"
                      }},
                      "built": {"value": {
                        "envelope_sender": "news@example.com",
                        "recipients": [{"email": "a@example.org", "name": "A", "substitutions": {"code": 7}}],
                        "content": {
                          "from": {"email": "news@example.com", "name": "News"}, "subject": "Hello {{ name }}",
                          "text_body": "Hello {{ name }}, your code is {{ code }}.",
                          "attachments": [
                            {"data": "aGVsbG8=", "base64": true, "content_type": "text/plain", "file_name": "hello.txt"}
                          ]
                        }
                      }}
                    }
                  }}
                },
                "responses": {
                  "200": {
                    "description": "What became of each recipient. A wrong address is among the failures and holds up nobody else.",
                    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/InjectionAnswer"}}}
                  },
                  "400": {"$ref": "#/components/responses/Malformed"}, "401": {"$ref": "#/components/responses/KeyMissing"},
                  "403": {"$ref": "#/components/responses/KeyWrong"}, "405": {"$ref": "#/components/responses/MethodNotAllowed"},
                  "408": {"$ref": "#/components/responses/TooSlow"}, "413": {"$ref": "#/components/responses/TooLarge"},
                  "415": {"$ref": "#/components/responses/WrongType"}, "422": {"$ref": "#/components/responses/Wrong"},
                  "429": {"$ref": "#/components/responses/TooFast"},
                  "431": {"$ref": "#/components/responses/HeaderTooLarge"}, "503": {"$ref": "#/components/responses/NoMail"}
                }
              }
            }
        """#
    }

    private static func metrics(_ security: String, asJSON: Bool = false) -> String {
        #"""
            "/metrics\#(asJSON ? ".json" : "")": {
              "get": {
                "operationId": "\#(asJSON ? "metricsAsJSON" : "metrics")",
                "summary": "Metrics \#(asJSON ? "as JSON" : "in Prometheus' text format").",
                "security": [\#(security)],
                "parameters": [{
                  "name": "prefix", "in": "query", "required": false, "schema": {"type": "string"},
                  "description": "Only metrics whose names begin so."
                }],
                "responses": {
                  "200": {"description": "The metrics.", "content": {
                    "\#(asJSON ? "application/json" : "text/plain")": {"schema": {"type": "\#(asJSON ? "object" : "string")"}}}},
                  "400": {"$ref": "#/components/responses/Malformed"}, "401": {"$ref": "#/components/responses/KeyMissing"},
                  "403": {"$ref": "#/components/responses/KeyWrong"}, "405": {"$ref": "#/components/responses/MethodNotAllowed"},
                  "431": {"$ref": "#/components/responses/HeaderTooLarge"}
                }
              }
            }
        """#
    }

    private static func health(_ name: String, _ summary: String) -> String {
        #"""
            "/api/check-\#(name)/v1": {
              "get": {
                "operationId": "\#(name)",
                "summary": "\#(summary)",
                "responses": {
                  "200": {"description": "It is.", "content": {"text/plain": {"schema": {"const": "OK\n"}}}},
                  "400": {"$ref": "#/components/responses/Malformed"},
                  "405": {"$ref": "#/components/responses/MethodNotAllowed"},
                  "431": {"$ref": "#/components/responses/HeaderTooLarge"}, "503": {"$ref": "#/components/responses/NoMail"}
                }
              }
            }
        """#
    }

    private static let itself = #"""
            "/openapi.json": {
              "get": {
                "operationId": "description",
                "summary": "This description.",
                "responses": {
                  "200": {"description": "It.", "content": {"application/json": {"schema": {"type": "object"}}}},
                  "400": {"$ref": "#/components/responses/Malformed"},
                  "405": {"$ref": "#/components/responses/MethodNotAllowed"},
                  "431": {"$ref": "#/components/responses/HeaderTooLarge"}
                }
              }
            }
        """#

    private static let securitySchemes = #"""
            "securitySchemes": {
              "basic": {"type": "http", "scheme": "basic", "description": "Name and key."},
              "bearer": {"type": "http", "scheme": "bearer", "description": "NAME:KEY."}
            }
        """#

    private static let responses: String = {
        let faults = [
            ("Malformed", "The request is not HTTP, its body cannot be decompressed, or it is not JSON.", ""),
            ("KeyMissing", "A key is needed.", "WWW-Authenticate"),
            ("KeyWrong", "The key is wrong, or too many wrong ones came before it.", ""),
            ("MethodNotAllowed", "There is something here, with another method.", "Allow"),
            ("NotFound", "There is no such order, message, queue or connection.", ""),
            ("Unavailable", "Not now: the relay stops, or the order cannot be written down.", ""),
            ("TooSlow", "The body did not come in request_timeout, with a second more for each KB.", ""),
            ("TooLarge", "The body is larger than max_request_size.", ""),
            ("WrongType", "The body is something else than JSON, or compressed with something else.", ""),
            ("Wrong", "A field is not as it has to be; the pointer says which.", ""),
            ("TooFast", "More recipients lately than recipient_rate allows; nothing was taken.", "Retry-After"),
            ("HeaderTooLarge", "The header is larger than 64 KiB, or has more than 256 fields.", ""),
        ].map { name, text, field in
            let schema = name == "Wrong" ? "FaultOfField" : "Fault"
            let headers =
                field.isEmpty ? "" : ##""headers": {"\##(field)": {"required": true, "schema": {"type": "string"}}}, "##
            return ##"""
                      "\##(name)": {
                        "description": "\##(text)", \##(headers)
                        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/\##(schema)"}}}
                      }
                """##
        }
        let noMail =
            ##"      "NoMail": {"description": "No mail is taken now, or too much is being received, and why.", "content": {"text/plain": {"schema": {"type": "string"}}}}"##
        return "    \"responses\": {\n" + (faults + [noMail]).joined(separator: ",\n") + "\n    }"
    }()
}
