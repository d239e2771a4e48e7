/// What goes to the injection and comes back, as JSON Schema of 2020-12 tells it: the components of
/// ``OpenAPIDescription``.
enum OpenAPISchemas {
    static func json(recipientLimit: Int) -> String {
        [faults, people, content, request(recipientLimit), answer].joined(separator: ",\n")
    }

    private static let faults = #"""
              "Fault": {
                "type": "object", "additionalProperties": false, "required": ["error"],
                "properties": {"error": {"type": "string", "description": "What is wrong."}}
              },
              "FaultOfField": {
                "type": "object", "additionalProperties": false, "required": ["error", "pointer"],
                "properties": {
                  "error": {"type": "string", "description": "What is wrong."},
                  "pointer": {"type": "string", "format": "json-pointer", "description": "Where in the request (RFC 6901)."}
                }
              }
        """#

    private static let people = #"""
              "Mailbox": {
                "type": ["object", "null"], "additionalProperties": false, "required": ["email"],
                "properties": {
                  "email": {"type": "string", "description": "One address; a template."},
                  "name": {"type": ["string", "null"], "description": "A template."}
                }
              },
              "Recipient": {
                "type": "object", "additionalProperties": false, "required": ["email"],
                "properties": {
                  "email": {"type": "string"}, "name": {"type": ["string", "null"]},
                  "substitutions": {"type": ["object", "null"], "description": "Values for templates, before those of the request."},
                  "metadata": {"type": ["object", "null"], "description": "Taken, and not used."}
                }
              }
        """#

    private static let content = #"""
              "Attachment": {
                "type": "object", "additionalProperties": false, "required": ["data", "content_type"],
                "properties": {
                  "data": {"type": "string", "description": "A text, or base64 if base64 is true."},
                  "content_type": {"type": "string", "pattern": "^[\\t -~]*/[\\t -~]*$"},
                  "content_id": {"type": ["string", "null"], "pattern": "^[!-;=?-~]+$", "description": "Makes it inline."},
                  "file_name": {"type": ["string", "null"], "pattern": "^[^\\x00-\\x08\\x0a-\\x1f\\x7f]*$"},
                  "base64": {"type": ["boolean", "null"], "default": false}
                }
              },
              "BuiltContent": {
                "type": "object", "additionalProperties": false,
                "description": "At least one of text_body, html_body, amp_html_body and attachments. Texts are templates.",
                "properties": {
                  "text_body": {"type": ["string", "null"]}, "html_body": {"type": ["string", "null"]},
                  "amp_html_body": {"type": ["string", "null"]},
                  "headers": {
                    "type": ["object", "null"], "propertyNames": {"pattern": "^[!-9;-~]{1,76}$"},
                    "additionalProperties": {"type": "string"},
                    "description": "Fields of the message; not MIME-Version, Content-Type, Content-Transfer-Encoding and Bcc."
                  },
                  "from": {"$ref": "#/components/schemas/Mailbox"}, "subject": {"type": ["string", "null"]},
                  "reply_to": {"$ref": "#/components/schemas/Mailbox"},
                  "attachments": {"type": ["array", "null"], "items": {"$ref": "#/components/schemas/Attachment"}}
                }
              }
        """#

    private static func request(_ recipientLimit: Int) -> String {
        #"""
              "InjectionRequest": {
                "type": "object", "additionalProperties": false, "required": ["envelope_sender", "recipients", "content"],
                "properties": {
                  "envelope_sender": {"type": "string", "description": "An address (RFC 5321), or empty for none."},
                  "recipients": {
                    "type": "array", "maxItems": \#(recipientLimit), "items": {"$ref": "#/components/schemas/Recipient"}
                  },
                  "content": {
                    "oneOf": [
                      {"type": "string", "description": "A message (RFC 5322) with lines of at most 998 octets; a template."},
                      {"$ref": "#/components/schemas/BuiltContent"}
                    ]
                  },
                  "substitutions": {"type": ["object", "null"], "description": "Values for templates."},
                  "deferred_spool": {
                    "type": ["boolean", "null"], "default": false,
                    "description": "Not written down before its first attempt has failed; where http.deferred_spool allows it."
                  },
                  "deferred_generation": {"type": ["boolean", "null"], "description": "Taken, and not used."},
                  "trace_headers": {
                    "type": ["object", "null"], "additionalProperties": false,
                    "properties": {
                      "received_header": {"type": ["boolean", "null"], "default": false},
                      "supplemental_header": {"type": ["boolean", "null"], "default": true},
                      "header_name": {"type": ["string", "null"], "pattern": "^[!-9;-~]{1,76}$", "default": "X-KumoRef"},
                      "include_meta_names": {"type": ["array", "null"], "items": {"type": "string"}}
                    }
                  },
                  "template_dialect": {
                    "type": ["string", "null"], "enum": ["Jinja", "Static", "Handlebars", null], "default": "Jinja"
                  }
                }
              }
        """#
    }

    private static let answer = #"""
              "InjectionAnswer": {
                "type": "object", "additionalProperties": false,
                "required": ["success_count", "fail_count", "failed_recipients", "errors"],
                "properties": {
                  "success_count": {"type": "integer", "minimum": 0}, "fail_count": {"type": "integer", "minimum": 0},
                  "failed_recipients": {"type": "array", "items": {"type": "string"}},
                  "errors": {"type": "array", "items": {"type": "string"}, "description": "One for each that failed."}
                }
              }
        """#
}
