/// The description of the interface, in OpenAPI 3.1.
///
/// Written by hand, and held to the truth by tests: its paths and methods are those of the route table, and answers of
/// a running server are checked against its schemas.
package enum OpenAPIDocument {
    package static func text(version: String) -> String {
        document.replacing("\"VERSION\"", with: "\"\(version)\"", maxReplacements: 1)
    }

    private static let document = #"""
        {
          "openapi": "3.1.0",
          "info": {
            "title": "Tram",
            "version": "VERSION",
            "description": "Readings of sensors in, windows, alerts and answers out. Writes as InfluxDB's clients send them; questions in TQL. All times are UTC. Every answer has X-Request-Id and Request-Id; the caller's own X-Request-Id is kept."
          },
          "servers": [{"url": "http://127.0.0.1:8086"}],
          "tags": [
            {"name": "write", "description": "Line protocol in."},
            {"name": "read", "description": "Questions and what the standing queries have found."},
            {"name": "operate", "description": "Is the server there, and well."}
          ],
          "paths": {
            "/write": {
              "post": {
                "tags": ["write"],
                "operationId": "writeV1",
                "summary": "Write line protocol, as to InfluxDB 1.x.",
                "description": "Good lines are kept, bad ones named. With accept_partial=false one bad line keeps the whole body out. A 4xx that names lines has kept the good ones; any other answer but 204 has kept nothing. Sending the same body again is harmless.",
                "parameters": [
                  {"name": "db", "in": "query", "required": true, "description": "The database; made when it is not there.", "schema": {"type": "string"}},
                  {"name": "rp", "in": "query", "description": "Accepted and not used.", "schema": {"type": "string"}},
                  {"name": "precision", "in": "query", "description": "Unit of the timestamps.", "schema": {"enum": ["n", "ns", "u", "us", "ms", "s", "m", "h"], "default": "ns"}},
                  {"$ref": "#/components/parameters/acceptPartial"},
                  {"$ref": "#/components/parameters/contentEncoding"}
                ],
                "requestBody": {"$ref": "#/components/requestBodies/lines"},
                "responses": {
                  "431": {"$ref": "#/components/responses/headTooLarge"},
                  "204": {"description": "All lines are stored and visible."},
                  "400": {"description": "Some lines were refused, or the request makes no sense.", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/writeErrorV1"}}}},
                  "404": {"description": "The database is not there and may not be made.", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/writeErrorV1"}}}},
                  "413": {"$ref": "#/components/responses/tooLargeV1"},
                  "415": {"$ref": "#/components/responses/otherEncodingV1"},
                  "429": {"$ref": "#/components/responses/busyV1"},
                  "503": {"$ref": "#/components/responses/busyV1"}
                }
              }
            },
            "/api/v2/write": {
              "post": {
                "tags": ["write"],
                "operationId": "writeV2",
                "summary": "Write line protocol, as to InfluxDB 2.x.",
                "parameters": [
                  {"name": "bucket", "in": "query", "required": true, "description": "The database, with a retention policy behind a slash that is not used.", "schema": {"type": "string"}},
                  {"name": "org", "in": "query", "description": "Accepted and not used.", "schema": {"type": "string"}},
                  {"name": "precision", "in": "query", "schema": {"enum": ["ns", "us", "ms", "s"], "default": "ns"}},
                  {"$ref": "#/components/parameters/acceptPartial"},
                  {"$ref": "#/components/parameters/contentEncoding"}
                ],
                "requestBody": {"$ref": "#/components/requestBodies/lines"},
                "responses": {
                  "431": {"$ref": "#/components/responses/headTooLarge"},
                  "204": {"description": "All lines are stored and visible."},
                  "400": {"description": "Some lines could not be read (the good ones are stored), or the request makes no sense.", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/writeErrorV2"}}}},
                  "404": {"description": "No bucket, or one that is not there and may not be made.", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/writeErrorV2"}}}},
                  "413": {"$ref": "#/components/responses/tooLargeV2"},
                  "415": {"$ref": "#/components/responses/otherEncodingV2"},
                  "422": {"description": "Some lines conflict with what is stored (the others are stored).", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/writeErrorV2"}}}},
                  "429": {"$ref": "#/components/responses/busyV2"},
                  "503": {"$ref": "#/components/responses/busyV2"}
                }
              }
            },
            "/api/v3/write_lp": {
              "post": {
                "tags": ["write"],
                "operationId": "writeV3",
                "summary": "Write line protocol, as to InfluxDB 3.",
                "parameters": [
                  {"name": "db", "in": "query", "required": true, "schema": {"type": "string"}},
                  {"name": "precision", "in": "query", "description": "auto tells the unit by the size of the number.", "schema": {"enum": ["auto", "nanosecond", "microsecond", "millisecond", "second", "ns", "us", "ms", "s"], "default": "auto"}},
                  {"name": "no_sync", "in": "query", "description": "Accepted; changes nothing.", "schema": {"type": "boolean"}},
                  {"$ref": "#/components/parameters/acceptPartial"},
                  {"$ref": "#/components/parameters/contentEncoding"}
                ],
                "requestBody": {"$ref": "#/components/requestBodies/lines"},
                "responses": {
                  "431": {"$ref": "#/components/responses/headTooLarge"},
                  "204": {"description": "All lines are stored and visible."},
                  "400": {"description": "Some lines were refused, the body holds no line, or the request makes no sense.", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/writeErrorV3"}}}},
                  "404": {"description": "The database is not there and may not be made.", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/writeErrorV3"}}}},
                  "413": {"$ref": "#/components/responses/tooLargeV3"},
                  "415": {"$ref": "#/components/responses/otherEncodingV3"},
                  "422": {"description": "A limit on series was reached; lines of known series are stored.", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/writeErrorV3"}}}},
                  "429": {"$ref": "#/components/responses/busyV3"},
                  "503": {"$ref": "#/components/responses/busyV3"}
                }
              }
            },
            "/query": {
              "get": {
                "tags": ["operate"],
                "operationId": "manageGet",
                "summary": "SHOW DATABASES, as InfluxDB 1.x.",
                "parameters": [{"name": "q", "in": "query", "required": true, "schema": {"type": "string"}}],
                "responses": {
                  "431": {"$ref": "#/components/responses/headTooLarge"},
                  "200": {"description": "One result a statement.", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/influxResults"}}}},
                  "400": {"description": "A statement that is not answered here.", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/writeErrorV1"}}}}
                }
              },
              "post": {
                "tags": ["operate"],
                "operationId": "manage",
                "summary": "CREATE DATABASE, DROP DATABASE, CREATE RETENTION POLICY, SHOW DATABASES, as InfluxDB 1.x.",
                "parameters": [{"name": "q", "in": "query", "description": "Also as a form.", "schema": {"type": "string"}}],
                "requestBody": {"content": {"application/x-www-form-urlencoded": {"schema": {"type": "object", "properties": {"q": {"type": "string"}}}}}},
                "responses": {
                  "431": {"$ref": "#/components/responses/headTooLarge"},
                  "200": {"description": "One result a statement.", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/influxResults"}}}},
                  "400": {"description": "A statement that is not answered here.", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/writeErrorV1"}}}},
                  "413": {"$ref": "#/components/responses/tooLargeV1"},
                  "422": {"description": "No more databases may be made.", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/writeErrorV1"}}}}
                }
              }
            },
            "/api/v2/query": {
              "post": {
                "tags": ["operate"],
                "operationId": "flux",
                "summary": "Flux, which is not supported.",
                "responses": {"501": {"description": "Always.", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/writeErrorV2"}}}}}
              }
            },
            "/api/v2/delete": {
              "post": {
                "tags": ["write"],
                "operationId": "delete",
                "summary": "Take rows away, as from InfluxDB 2.x.",
                "parameters": [
                  {"name": "bucket", "in": "query", "required": true, "description": "The database, with a retention policy behind a slash that is not used.", "schema": {"type": "string"}},
                  {"name": "org", "in": "query", "description": "Accepted and not used.", "schema": {"type": "string"}}
                ],
                "requestBody": {"required": true, "content": {"application/json": {"schema": {"type": "object", "required": ["start", "stop"], "properties": {
                  "start": {"type": "string", "format": "date-time", "description": "The first time that goes."},
                  "stop": {"type": "string", "format": "date-time", "description": "The first time behind it that stays."},
                  "predicate": {"type": "string", "description": "tag=\"value\" joined by AND; _measurement is the measurement. Without it all series are meant.", "example": "_measurement=\"air\" AND station=\"t1\""}}}}}},
                "responses": {
                  "431": {"$ref": "#/components/responses/headTooLarge"},
                  "204": {"description": "The rows are gone, durably."},
                  "400": {"description": "The request makes no sense.", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/writeErrorV2"}}}},
                  "404": {"description": "No bucket, or one that is not there.", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/writeErrorV2"}}}},
                  "413": {"$ref": "#/components/responses/tooLargeV2"},
                  "429": {"$ref": "#/components/responses/busyV2"},
                  "503": {"$ref": "#/components/responses/busyV2"}
                }
              }
            },
            "/api/v2/buckets": {
              "get": {
                "tags": ["operate"],
                "operationId": "buckets",
                "summary": "The databases, as buckets of InfluxDB 2.x.",
                "parameters": [{"name": "name", "in": "query", "schema": {"type": "string"}}],
                "responses": {
                  "431": {"$ref": "#/components/responses/headTooLarge"},
                  "200": {"description": "The buckets.", "content": {"application/json": {"schema": {"type": "object", "required": ["buckets"], "properties": {"buckets": {"type": "array", "items": {"type": "object", "required": ["id", "orgID", "name", "retentionRules"]}}}}}}},
                  "400": {"description": "The request makes no sense.", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/writeErrorV2"}}}}
                }
              }
            },
            "/api/v2/orgs": {
              "get": {
                "tags": ["operate"],
                "operationId": "organizations",
                "summary": "The one organisation there is.",
                "responses": {"200": {"description": "It.", "content": {"application/json": {"schema": {"type": "object", "required": ["orgs"], "properties": {"orgs": {"type": "array", "items": {"type": "object", "required": ["id", "name"]}}}}}}}}
              }
            },
            "/ping": {
              "get": {
                "tags": ["operate"],
                "operationId": "ping",
                "summary": "Whether a server is there.",
                "parameters": [{"name": "verbose", "in": "query", "schema": {"type": "string"}}],
                "responses": {
                  "431": {"$ref": "#/components/responses/headTooLarge"},
                  "200": {"description": "With verbose=true.", "content": {"application/json": {"schema": {"type": "object", "required": ["version"], "properties": {"version": {"type": "string"}}}}}},
                  "204": {"description": "Yes.", "headers": {"X-Influxdb-Version": {"schema": {"type": "string"}}, "X-Influxdb-Build": {"schema": {"type": "string"}}}},
                  "400": {"$ref": "#/components/responses/failed"}
                }
              },
              "head": {
                "tags": ["operate"],
                "operationId": "pingHead",
                "summary": "Whether a server is there.",
                "responses": {"204": {"description": "Yes."}}
              }
            },
            "/health": {
              "get": {
                "tags": ["operate"],
                "operationId": "health",
                "summary": "How the server is, and how durable its data are.",
                "responses": {"200": {"description": "It answers; message and checks say more.", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/health"}}}}}
              }
            },
            "/ready": {
              "get": {
                "tags": ["operate"],
                "operationId": "ready",
                "summary": "Whether the server takes work.",
                "responses": {
                  "431": {"$ref": "#/components/responses/headTooLarge"},
                  "200": {"description": "It does.", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/ready"}}}},
                  "503": {"description": "It is starting or stopping.", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/ready"}}}}
                }
              }
            },
            "/metrics": {
              "get": {
                "tags": ["operate"],
                "operationId": "metrics",
                "summary": "Everything that is counted, in Prometheus' text format.",
                "responses": {"200": {"description": "The page.", "content": {"text/plain": {"schema": {"type": "string"}}}}}
              }
            },
            "/openapi.json": {
              "get": {
                "tags": ["operate"],
                "operationId": "openapi",
                "summary": "This document.",
                "responses": {"200": {"description": "The document.", "content": {"application/json": {"schema": {"type": "object"}}}}}
              }
            },
            "/api/tram/query": {
              "get": {
                "tags": ["read"],
                "operationId": "query",
                "summary": "Ask a question in TQL.",
                "parameters": [
                  {"name": "q", "in": "query", "required": true, "description": "The question: traffic[1h] | mean(speed) by sensor every 15m", "schema": {"type": "string", "maxLength": 16384}},
                  {"$ref": "#/components/parameters/db"},
                  {"name": "format", "in": "query", "schema": {"enum": ["json", "csv", "ndjson"], "default": "json"}},
                  {"$ref": "#/components/parameters/epoch"},
                  {"name": "now", "in": "query", "description": "What now is: RFC 3339, or nanoseconds since 1970.", "schema": {"type": "string"}},
                  {"name": "tz", "in": "query", "description": "Time zone of windows and words such as today.", "schema": {"type": "string"}},
                  {"name": "lang", "in": "query", "description": "Language of messages.", "schema": {"enum": ["vi", "en"]}},
                  {"name": "limit", "in": "query", "description": "Most rows to give.", "schema": {"type": "integer", "minimum": 0}},
                  {"name": "cache", "in": "query", "description": "Whether windows may come from the cache; the answer is the same.", "schema": {"type": "string", "enum": ["on", "off"], "default": "on"}}
                ],
                "responses": {
                  "431": {"$ref": "#/components/responses/headTooLarge"},
                  "200": {"description": "The result.", "content": {
                    "application/json": {"schema": {"$ref": "#/components/schemas/result"}},
                    "text/csv": {"schema": {"type": "string"}},
                    "application/x-ndjson": {"schema": {"type": "string"}}
                  }},
                  "400": {"$ref": "#/components/responses/failed"},
                  "404": {"$ref": "#/components/responses/failed"},
                  "408": {"$ref": "#/components/responses/failed"},
                  "413": {"$ref": "#/components/responses/failed"},
                  "422": {"$ref": "#/components/responses/failed"},
                  "501": {"$ref": "#/components/responses/failed"},
                  "503": {"$ref": "#/components/responses/failed"}
                }
              },
              "post": {
                "tags": ["read"],
                "operationId": "queryPost",
                "summary": "Ask a question in TQL, with the parameters as a form or a JSON object.",
                "requestBody": {
                  "content": {
                    "application/x-www-form-urlencoded": {"schema": {"$ref": "#/components/schemas/question"}},
                    "application/json": {"schema": {"$ref": "#/components/schemas/question"}}
                  }
                },
                "responses": {
                  "431": {"$ref": "#/components/responses/headTooLarge"},
                  "200": {"description": "The result.", "content": {
                    "application/json": {"schema": {"$ref": "#/components/schemas/result"}},
                    "text/csv": {"schema": {"type": "string"}},
                    "application/x-ndjson": {"schema": {"type": "string"}}
                  }},
                  "400": {"$ref": "#/components/responses/failed"},
                  "404": {"$ref": "#/components/responses/failed"},
                  "408": {"$ref": "#/components/responses/failed"},
                  "413": {"$ref": "#/components/responses/failed"},
                  "422": {"$ref": "#/components/responses/failed"},
                  "501": {"$ref": "#/components/responses/failed"},
                  "503": {"$ref": "#/components/responses/failed"}
                }
              }
            },
            "/api/tram/count": {
              "get": {
                "tags": ["read"],
                "operationId": "count",
                "summary": "How many points (series + timestamp) are visible now.",
                "parameters": [{"$ref": "#/components/parameters/db"}],
                "responses": {
                  "431": {"$ref": "#/components/responses/headTooLarge"},
                  "200": {"description": "One whole number.", "content": {"text/plain": {"schema": {"type": "string", "pattern": "^[0-9]+\\n$"}}}},
                  "400": {"$ref": "#/components/responses/failed"},
                  "404": {"$ref": "#/components/responses/failed"}
                }
              }
            },
            "/api/tram/schema": {
              "get": {
                "tags": ["read"],
                "operationId": "schema",
                "summary": "Measurements, tags and fields of a database.",
                "parameters": [{"$ref": "#/components/parameters/db"}],
                "responses": {
                  "431": {"$ref": "#/components/responses/headTooLarge"},
                  "200": {"description": "The schema.", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/schema"}}}},
                  "400": {"$ref": "#/components/responses/failed"},
                  "404": {"$ref": "#/components/responses/failed"}
                }
              }
            },
            "/api/tram/windows": {
              "get": {
                "tags": ["read"],
                "operationId": "streams",
                "summary": "The standing queries of the configuration.",
                "responses": {"200": {"description": "Their names and texts.", "content": {"application/json": {"schema": {"type": "object", "required": ["windows"], "properties": {"windows": {"type": "array", "items": {"type": "object", "required": ["name", "query", "db"]}}}}}}}}
              }
            },
            "/api/tram/windows/{name}": {
              "get": {
                "tags": ["read"],
                "operationId": "windows",
                "summary": "The windows that a standing query of the configuration has given, newest revision of each.",
                "parameters": [
                  {"name": "name", "in": "path", "required": true, "schema": {"type": "string"}},
                  {"name": "from", "in": "query", "description": "Windows that begin here or later: RFC 3339, or nanoseconds since 1970.", "schema": {"type": "string"}},
                  {"name": "to", "in": "query", "description": "Windows that begin before.", "schema": {"type": "string"}},
                  {"$ref": "#/components/parameters/db"},
                  {"$ref": "#/components/parameters/epoch"},
                  {"name": "If-None-Match", "in": "header", "description": "The ETag of the answer that you have.", "schema": {"type": "string"}}
                ],
                "responses": {
                  "431": {"$ref": "#/components/responses/headTooLarge"},
                  "200": {"description": "The windows.", "headers": {"ETag": {"schema": {"type": "string"}}}, "content": {"application/json": {"schema": {"$ref": "#/components/schemas/windows"}}}},
                  "304": {"description": "No row has changed."},
                  "400": {"$ref": "#/components/responses/failed"},
                  "404": {"$ref": "#/components/responses/failed"}
                }
              }
            },
            "/api/tram/alerts": {
              "get": {
                "tags": ["read"],
                "operationId": "alerts",
                "summary": "Alerts that are firing or stale now.",
                "parameters": [{"$ref": "#/components/parameters/db"}],
                "responses": {
                  "431": {"$ref": "#/components/responses/headTooLarge"},
                  "200": {"description": "The alerts, oldest first.", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/alerts"}}}},
                  "400": {"$ref": "#/components/responses/failed"},
                  "404": {"$ref": "#/components/responses/failed"}
                }
              }
            },
            "/api/tram/rules": {
              "get": {
                "tags": ["read"],
                "operationId": "rules",
                "summary": "The alert rules at work.",
                "responses": {"200": {"description": "The rules.", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/rules"}}}}}
              }
            }
          },
          "components": {
            "parameters": {
              "db": {"name": "db", "in": "query", "description": "The database. Without it: the only one there is, else default.", "schema": {"type": "string"}},
              "epoch": {"name": "epoch", "in": "query", "description": "Times as whole numbers of this unit since 1970.", "schema": {"enum": ["ns", "us", "ms", "s"]}},
              "acceptPartial": {"name": "accept_partial", "in": "query", "description": "false: one bad line keeps the whole body out.", "schema": {"type": "boolean", "default": true}},
              "contentEncoding": {"name": "Content-Encoding", "in": "header", "schema": {"enum": ["gzip", "identity"]}}
            },
            "requestBodies": {
              "lines": {"description": "Line protocol, whatever its content type says; at most 10 MiB as sent, 64 MiB inflated.", "content": {"text/plain": {"schema": {"type": "string"}}}}
            },
            "responses": {
              "headTooLarge": {"description": "The URL and the header fields are larger than 32 KiB together, or more than a hundred.", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/error"}}}},
              "failed": {"description": "What is wrong, and how to mend it.", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/error"}}}},
              "tooLargeV1": {"description": "The body is too large.", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/writeErrorV1"}}}},
              "busyV1": {"description": "Too much at once; send the same again after Retry-After seconds.", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/writeErrorV1"}}}},
              "otherEncodingV1": {"description": "An encoding other than gzip.", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/writeErrorV1"}}}},
              "tooLargeV2": {"description": "The body is too large.", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/writeErrorV2"}}}},
              "busyV2": {"description": "Too much at once; send the same again after Retry-After seconds.", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/writeErrorV2"}}}},
              "otherEncodingV2": {"description": "An encoding other than gzip.", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/writeErrorV2"}}}},
              "tooLargeV3": {"description": "The body is too large.", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/writeErrorV3"}}}},
              "busyV3": {"description": "Too much at once; send the same again after Retry-After seconds.", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/writeErrorV3"}}}},
              "otherEncodingV3": {"description": "An encoding other than gzip.", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/writeErrorV3"}}}}
            },
            "schemas": {
              "error": {
                "type": "object",
                "required": ["code", "message", "line", "column", "hint"],
                "properties": {
                  "code": {"type": "string"},
                  "message": {"type": "string"},
                  "line": {"type": ["integer", "null"], "minimum": 1},
                  "column": {"type": ["integer", "null"], "minimum": 1},
                  "hint": {"type": ["string", "null"]},
                  "id": {"type": "string"}
                }
              },
              "refusedLine": {
                "type": "object",
                "required": ["line", "column", "class", "text"],
                "properties": {
                  "line": {"type": "integer", "minimum": 1},
                  "column": {"type": "integer", "minimum": 1},
                  "class": {"type": "string"},
                  "text": {"type": "string"}
                }
              },
              "writeErrorV1": {
                "type": "object",
                "required": ["error", "id"],
                "properties": {
                  "error": {"type": "string"},
                  "accepted": {"type": "integer"},
                  "rejected": {"type": "integer"},
                  "lines": {"type": "array", "maxItems": 100, "items": {"$ref": "#/components/schemas/refusedLine"}},
                  "id": {"type": "string"}
                }
              },
              "writeErrorV2": {
                "type": "object",
                "required": ["code", "message", "id"],
                "properties": {
                  "code": {"type": "string"},
                  "message": {"type": "string"},
                  "accepted": {"type": "integer"},
                  "rejected": {"type": "integer"},
                  "lines": {"type": "array", "maxItems": 100, "items": {"$ref": "#/components/schemas/refusedLine"}},
                  "id": {"type": "string"}
                }
              },
              "writeErrorV3": {
                "type": "object",
                "required": ["error", "id"],
                "properties": {
                  "error": {"type": "string"},
                  "data": {"oneOf": [
                    {"type": "array", "items": {"$ref": "#/components/schemas/refusedLineV3"}},
                    {"$ref": "#/components/schemas/refusedLineV3"}
                  ]},
                  "accepted": {"type": "integer"},
                  "rejected": {"type": "integer"},
                  "lines": {"type": "array", "maxItems": 100, "items": {"$ref": "#/components/schemas/refusedLine"}},
                  "id": {"type": "string"}
                }
              },
              "refusedLineV3": {
                "type": "object",
                "required": ["error_message", "line_number", "original_line"],
                "properties": {
                  "error_message": {"type": "string"},
                  "line_number": {"type": "integer"},
                  "original_line": {"type": "string"}
                }
              },
              "influxResults": {
                "type": "object",
                "required": ["results"],
                "properties": {"results": {"type": "array", "items": {"type": "object", "required": ["statement_id"]}}}
              },
              "health": {
                "type": "object",
                "required": ["name", "message", "status", "checks", "durability", "version"],
                "properties": {
                  "name": {"const": "tram"},
                  "message": {"type": "string"},
                  "status": {"enum": ["pass", "fail"]},
                  "checks": {"type": "array", "items": {"type": "object", "required": ["name", "status", "message"]}},
                  "durability": {"enum": ["memory", "interval", "sync"]},
                  "version": {"type": "string"},
                  "commit": {"type": "string"}
                }
              },
              "ready": {
                "type": "object",
                "required": ["status"],
                "properties": {"status": {"enum": ["ready", "starting", "draining"]}, "started": {"type": "string"}, "up": {"type": "string"}}
              },
              "question": {
                "type": "object",
                "required": ["q"],
                "properties": {
                  "q": {"type": "string"},
                  "db": {"type": "string"},
                  "format": {"enum": ["json", "csv", "ndjson"]},
                  "epoch": {"enum": ["ns", "us", "ms", "s"]},
                  "now": {"type": ["string", "integer"]},
                  "tz": {"type": "string"},
                  "lang": {"enum": ["vi", "en"]},
                  "limit": {"type": ["integer", "string"]},
                  "cache": {"type": "string", "enum": ["on", "off"]}
                }
              },
              "column": {
                "type": "object",
                "required": ["name", "type"],
                "properties": {
                  "name": {"type": "string"},
                  "type": {"enum": ["time", "tag", "float", "int", "uint", "bool", "string", "duration"]}
                }
              },
              "result": {
                "type": "object",
                "required": ["columns", "rows", "partial", "warnings", "stats"],
                "properties": {
                  "columns": {"type": "array", "items": {"$ref": "#/components/schemas/column"}},
                  "rows": {"type": "array", "items": {"type": "array"}},
                  "partial": {"type": "boolean"},
                  "warnings": {"type": "array", "items": {"type": "string"}},
                  "stats": {
                    "type": "object",
                    "properties": {
                      "rows": {"type": "integer"},
                      "blocks": {"type": "integer"},
                      "blocks_decoded": {"type": "integer"},
                      "elapsed_ms": {"type": "number"}
                    }
                  }
                }
              },
              "windows": {
                "type": "object",
                "required": ["name", "query", "columns", "rows", "watermark"],
                "properties": {
                  "name": {"type": "string"},
                  "query": {"type": "string"},
                  "columns": {"type": "array", "items": {"$ref": "#/components/schemas/column"}},
                  "rows": {"type": "array", "items": {"type": "array"}},
                  "watermark": {"type": ["string", "null"]}
                }
              },
              "schema": {
                "type": "object",
                "required": ["db", "databases", "measurements"],
                "properties": {
                  "db": {"type": "string"},
                  "databases": {"type": "array", "items": {"type": "string"}},
                  "measurements": {"type": "array", "items": {
                    "type": "object",
                    "required": ["name", "tags", "fields", "series", "points", "first", "last"],
                    "properties": {
                      "name": {"type": "string"},
                      "tags": {"type": "array", "items": {"type": "string"}},
                      "fields": {"type": "array", "items": {"$ref": "#/components/schemas/column"}},
                      "series": {"type": "integer"},
                      "points": {"type": "integer"},
                      "first": {"type": ["string", "null"]},
                      "last": {"type": ["string", "null"]}
                    }
                  }}
                }
              },
              "alerts": {
                "type": "object",
                "required": ["alerts"],
                "properties": {"alerts": {"type": "array", "items": {
                  "type": "object",
                  "required": ["rule", "state", "at", "labels", "value", "severity", "window", "revision", "incident", "summary", "since", "db"],
                  "properties": {
                    "rule": {"type": "string"},
                    "state": {"enum": ["firing", "stale"]},
                    "at": {"type": "string"},
                    "labels": {"type": "object"},
                    "severity": {"enum": ["info", "warning", "critical"]},
                    "window": {"type": ["object", "null"]},
                    "revision": {"type": "integer"},
                    "incident": {"type": "string"},
                    "summary": {"type": "object", "required": ["vi", "en"]},
                    "since": {"type": "string"},
                    "db": {"type": "string"}
                  }
                }}}
              },
              "rules": {
                "type": "object",
                "required": ["rules"],
                "properties": {"rules": {"type": "array", "items": {
                  "type": "object",
                  "required": ["name", "group", "query", "when", "clear", "for", "keep", "severity", "nodata", "limit", "health", "pending", "firing", "stale"],
                  "properties": {
                    "name": {"type": "string"},
                    "group": {"type": "string"},
                    "query": {"type": "string"},
                    "when": {"type": ["string", "null"]},
                    "clear": {"type": ["string", "null"]},
                    "for": {"type": "string"},
                    "keep": {"type": "string"},
                    "severity": {"enum": ["info", "warning", "critical"]},
                    "nodata": {"enum": ["keep", "alert", "ok"]},
                    "limit": {"type": "integer"},
                    "db": {"type": ["string", "null"]},
                    "health": {"enum": ["ok", "error"]},
                    "error": {"type": ["string", "null"]},
                    "pending": {"type": "integer"},
                    "firing": {"type": "integer"},
                    "stale": {"type": "integer"}
                  }
                }}}
              }
            }
          }
        }
        """#
}
