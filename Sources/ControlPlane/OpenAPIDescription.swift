/// The HTTP interface as OpenAPI 3.0 describes it, served at /openapi.json.
enum OpenAPIDescription {
    static let json = """
        {
          "openapi": "3.0.3",
          "info": {"title": "Millrace mta", "version": "1", "description": "Injection, metrics and liveness."},
          "paths": {
            "/api/inject/v1": {
              "post": {
                "summary": "Inject a message for one recipient or many.",
                "description": "Answers when every message is as safe as the spool's durability says. The shape is that of KumoMTA.",
                "security": [{}, {"basic": []}, {"bearer": []}],
                "requestBody": {
                  "required": true,
                  "content": {"application/json": {"schema": {"$ref": "#/components/schemas/InjectionRequest"}}}
                },
                "responses": {
                  "200": {
                    "description": "What became of each recipient.",
                    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/InjectionAnswer"}}}
                  },
                  "400": {"$ref": "#/components/responses/Fault"}, "401": {"$ref": "#/components/responses/Fault"},
                  "403": {"$ref": "#/components/responses/Fault"}, "413": {"$ref": "#/components/responses/Fault"},
                  "415": {"$ref": "#/components/responses/Fault"}, "422": {"$ref": "#/components/responses/Fault"},
                  "503": {"description": "No mail is taken now.", "content": {"text/plain": {"schema": {"type": "string"}}}}
                }
              }
            },
            "/metrics": {
              "get": {
                "summary": "Metrics in Prometheus' text format.",
                "security": [{}, {"basic": []}, {"bearer": []}],
                "parameters": [{"name": "prefix", "in": "query", "required": false, "schema": {"type": "string"}}],
                "responses": {
                  "200": {"description": "The metrics.", "content": {"text/plain": {"schema": {"type": "string"}}}},
                  "401": {"$ref": "#/components/responses/Fault"}, "403": {"$ref": "#/components/responses/Fault"}
                }
              }
            },
            "/api/check-liveness/v1": {
              "get": {
                "summary": "Whether mail is taken.",
                "responses": {
                  "200": {"description": "It is.", "content": {"text/plain": {"schema": {"type": "string"}}}},
                  "503": {"description": "It is not, and why.", "content": {"text/plain": {"schema": {"type": "string"}}}}
                }
              }
            }
          },
          "components": {
            "securitySchemes": {
              "basic": {"type": "http", "scheme": "basic"}, "bearer": {"type": "http", "scheme": "bearer"}
            },
            "responses": {
              "Fault": {
                "description": "What is wrong, and where in the request (RFC 6901).",
                "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Fault"}}}
              }
            },
            "schemas": {
              "Fault": {
                "type": "object", "required": ["error"],
                "properties": {"error": {"type": "string"}, "pointer": {"type": "string"}}
              },
              "Mailbox": {
                "type": "object", "additionalProperties": false, "required": ["email"],
                "properties": {"email": {"type": "string"}, "name": {"type": "string", "nullable": true}}
              },
              "Recipient": {
                "type": "object", "additionalProperties": false, "required": ["email"],
                "properties": {
                  "email": {"type": "string"}, "name": {"type": "string", "nullable": true},
                  "substitutions": {"type": "object", "nullable": true}, "metadata": {"type": "object", "nullable": true}
                }
              },
              "Attachment": {
                "type": "object", "additionalProperties": false, "required": ["data", "content_type"],
                "properties": {
                  "data": {"type": "string"}, "content_type": {"type": "string"},
                  "content_id": {"type": "string", "nullable": true}, "file_name": {"type": "string", "nullable": true},
                  "base64": {"type": "boolean"}
                }
              },
              "BuiltContent": {
                "type": "object", "additionalProperties": false,
                "properties": {
                  "text_body": {"type": "string", "nullable": true}, "html_body": {"type": "string", "nullable": true},
                  "amp_html_body": {"type": "string", "nullable": true},
                  "headers": {"type": "object", "additionalProperties": {"type": "string"}},
                  "from": {"$ref": "#/components/schemas/Mailbox"}, "subject": {"type": "string", "nullable": true},
                  "reply_to": {"$ref": "#/components/schemas/Mailbox"},
                  "attachments": {"type": "array", "items": {"$ref": "#/components/schemas/Attachment"}}
                }
              },
              "InjectionRequest": {
                "type": "object", "additionalProperties": false, "required": ["envelope_sender", "recipients", "content"],
                "properties": {
                  "envelope_sender": {"type": "string"},
                  "recipients": {"type": "array", "items": {"$ref": "#/components/schemas/Recipient"}},
                  "content": {"oneOf": [{"type": "string"}, {"$ref": "#/components/schemas/BuiltContent"}]},
                  "substitutions": {"type": "object"}, "deferred_spool": {"type": "boolean"},
                  "deferred_generation": {"type": "boolean"},
                  "trace_headers": {
                    "type": "object", "additionalProperties": false,
                    "properties": {
                      "received_header": {"type": "boolean"}, "supplemental_header": {"type": "boolean"},
                      "header_name": {"type": "string"}, "include_meta_names": {"type": "array", "items": {"type": "string"}}
                    }
                  },
                  "template_dialect": {"type": "string", "enum": ["Jinja", "Static", "Handlebars"]}
                }
              },
              "InjectionAnswer": {
                "type": "object", "required": ["success_count", "fail_count", "failed_recipients", "errors"],
                "properties": {
                  "success_count": {"type": "integer"}, "fail_count": {"type": "integer"},
                  "failed_recipients": {"type": "array", "items": {"type": "string"}},
                  "errors": {"type": "array", "items": {"type": "string"}}
                }
              }
            }
          }
        }

        """
}
