import MessageBuilding
import Testing

private func nested(_ open: String, _ inner: String, _ close: String, _ depth: Int) -> String {
    String(repeating: open, count: depth) + inner + String(repeating: close, count: depth)
}

/// Templates and values of strangers: no recursion, loop or growth without an end.
@Suite struct TemplateLimitTests {
    @Test(arguments: [
        (Template.Dialect.jinja, "{% if t %}", "{% endif %}"), (.jinja, "{% for x in l %}", "{% endfor %}"),
        (.handlebars, "{{#if t}}", "{{/if}}"), (.handlebars, "{{#each l}}", "{{/each}}"),
        (.handlebars, "{{#l}}", "{{/l}}"),
    ])
    func blocksHaveADepth(_ dialect: Template.Dialect, _ open: String, _ close: String) {
        let values = "{\"t\":true,\"l\":[1]}"
        #expect(rendered(nested(open, "x", close, Template.Limit.blockDepth), values, dialect) == "x")
        let expected = "fault: line 1: blocks nested deeper than 50"
        #expect(rendered(nested(open, "x", close, Template.Limit.blockDepth + 1), values, dialect) == expected)
        #expect(rendered(nested(open, "x", close, 20_000), values, dialect) == expected)
    }

    @Test(arguments: [
        ("(", "1", ")"), ("[", "1", "]"), ("not ", "1", ""), ("- ", "1", ""), ("a[", "1", "]"),
        ("1|default(", "1", ")"),
        ("1 if 1 else ", "1", ""), ("1 is in (", "1", ")"), ("'a'.replace(", "1", ", 1)"), ("-not ", "1", ""),
    ])
    func expressionsHaveADepth(_ open: String, _ inner: String, _ close: String) {
        for depth in [Template.Limit.expressionDepth + 1, 50_000] {
            let text = rendered("{{ " + nested(open, inner, close, depth) + " }}")
            #expect(text.hasPrefix("fault: line 1: "), "\(text.prefix(80))")
        }
    }

    /// Long is not deep.
    @Test func chainsMayBeLong() {
        #expect(rendered("{{ 1" + String(repeating: " + 1 * 1", count: 20_000) + " }}") == "20001")
        #expect(rendered("{{ 'a'" + String(repeating: "|upper", count: 20_000) + " }}") == "A")
        #expect(rendered("{{ a" + String(repeating: ".b", count: 20_000) + " }}") == "")
        #expect(
            rendered("{% if a %}" + String(repeating: "{% elif a %}", count: 20_000) + "{% else %}x{% endif %}") == "x")
        let chain = "{{#if a}}" + String(repeating: "{{else if a}}", count: 20_000) + "{{else}}x{{/if}}"
        #expect(rendered(chain, "{}", .handlebars) == "x")
        #expect(rendered("{{" + String(repeating: "../", count: 20_000) + "a}}", "{}", .handlebars) == "")
    }

    @Test func loopsEnd() {
        let thousand = "{\"l\":[" + Array(repeating: "1", count: 1000).joined(separator: ",") + "]}"
        let twice = "{% for x in l %}{% for y in l %}{% endfor %}{% endfor %}"
        #expect(rendered(twice, thousand) == "fault: line 1: more than 1000000 passes of loops in one request")
        let each = "{{#each l}}{{#each ../l}}{{/each}}{{/each}}"
        #expect(rendered(each, thousand, .handlebars).hasSuffix("more than 1000000 passes of loops in one request"))
        let chosen = "{% for x in l %}{% for y in l if false %}{% endfor %}{% endfor %}"
        #expect(rendered(chosen, thousand).hasSuffix("more than 1000000 passes of loops in one request"))
        #expect(rendered("{% for x in l %}{{ x }}{% endfor %}", thousand).utf8.count == 1000)
    }

    @Test func textsEnd() {
        let hundred = "{\"l\":[" + Array(repeating: "1", count: 100).joined(separator: ",") + "]}"
        let kilobyte = String(repeating: "x", count: 1024)
        let large =
            "{% for x in l %}{% for y in l %}{% for z in [1, 2, 3, 4] %}\(kilobyte){% endfor %}{% endfor %}{% endfor %}"
        #expect(rendered(large, hundred) == "fault: line 1: more than 33554432 bytes come out")
        for source in [
            "{% set x = 'ab' %}" + String(repeating: "{% set x = x ~ x %}", count: 60),
            "{% set x = 'ab' %}" + String(repeating: "{% set x = x + x %}", count: 60),
            "{{ 'ab' * 9223372036854775807 }}", "{{ 'ab' * 100000000 }}",
            "{% set x = 'aa' %}" + String(repeating: "{% set x = x|replace('a', x) %}", count: 20),
            "{% set x = 'aa' %}" + String(repeating: "{% set x = x|join(x) %}", count: 20),
            "{% set x = [1] %}" + String(repeating: "{% set x = x + x %}", count: 60),
            "{% set x = [1] %}" + String(repeating: "{% set x = [x, x] %}", count: 60) + "{{ x == x }}",
        ] {
            #expect(
                rendered(source).hasSuffix("more than 134217728 steps of work in one request"), "\(source.prefix(80))")
        }
        let deep = "{% set x = [1] %}" + String(repeating: "{% set x = [x] %}", count: 200)
        #expect(rendered(deep) == "fault: line 1: values nested deeper than 128")
    }

    /// Whatever comes, it survives: fragments in any order, with values of every kind.
    @Test(arguments: [Template.Dialect.jinja, .handlebars])
    func randomTemplatesNeverTrap(_ dialect: Template.Dialect) throws {
        let jinja = [
            "{{ ", " }}", "{% ", " %}", "{%- ", " -%}", "{# ", " #}", "if ", "elif ", "else", "endif", "for ", "x ",
            "in ", "endfor", "set ", "=", "raw",
            "endraw", "{% if a %}", "{% endif %}", "{% for a in b %}", "{% for a, b in c %}", "{% endfor %}", "{{ a }}",
            "a", "b", "c", ".a", ".0", "[", "]", "(", ")",
            "-1", "0", "1.5e3", "9223372036854775807", "'é'", "\"", "|", ",", "~", "+", "-", "*", "/", "//", "%", "==",
            "<", " and ", " or ", " not ", " is ", "loop.index", "\n", "\\u", "{", "}",
        ]
        let handlebars = [
            "{{", "}}", "{{{", "}}}", "{{~", "~}}", "{{!", "{{!--", "--}}", "#if ", "/if", "{{#each a}}", "{{/each}}",
            "{{#a}}", "{{/a}}", "{{^", "{{else}}", "{{else if b}}", "{{#with b}}", "{{/with}}",
            "a", "b", ".", "..", "/", "../", "@index", "@root", "@../key", "this", "[", "]", "\"", "'", "\\", " ", "\n",
            "\r\n", "é", "&", ">", "1", "-", "true", "{", "}",
        ]
        let values = try [
            "{\"a\":[1,\"<é\",null,[2]],\"b\":{\"a\":1,\"c\":[[1,2]]},\"c\":-170141183460469231731687303715884105728}",
            "{\"a\":1e999,\"b\":\"é&\",\"c\":[]}", "[]",
        ].map { try JSONValue.parse($0) }
        let filters = [
            "{{ V|F }}", "{{ V|F(W) }}", "{{ V|F(W, V) }}", "{{ V O W }}", "{{ V[W] }}", "{{ V is T(W) }}",
            "{{ -V|F|F }}",
        ]
        let names = [
            "abs", "capitalize", "default", "dictsort", "escape", "first", "float", "int", "items", "join", "last",
            "length", "list", "lower", "max", "min", "pluralize", "replace", "reverse", "round", "safe", "sort",
            "string", "sum", "title", "tojson", "trim", "truncate", "unique", "upper", "urlencode",
        ]
        let tests = ["odd", "even", "divisibleby", "eq", "in", "float", "integer"]
        let operands = [
            "a", "b", "c", "u", "-1", "0", "300", "170141183460469231731687303715884105727", "c - 1", "1e308", "'é b'",
            "[]", "[a, b]", "none", "true", "''", "'-1e999'|float",
        ]
        let operators = ["+", "-", "*", "/", "//", "%", "==", "<", ">=", "~", "in", "and"]
        var dice = Dice(7)
        var count = 0
        for round in 0..<30_000 {
            var source = ""
            if dialect == .jinja, round % 2 == 0 {
                source = dice.pick(filters)
                for (mark, choices) in [
                    ("V", operands.map { "(\($0))" }), ("W", operands), ("F", names), ("O", operators), ("T", tests),
                ] {
                    while let place = source.firstRange(of: mark) {
                        source.replaceSubrange(place, with: dice.pick(choices))
                    }
                }
            } else {
                for _ in 0..<(1 + dice.next(12)) { source += dice.pick(dialect == .jinja ? jinja : handlebars) }
            }
            guard let template = try? Template(source, dialect, isHTML: round % 3 == 0) else { continue }
            var budget = TemplateBudget.whole
            if (try? template.render([dice.pick(values), dice.pick(values)], &budget)) != nil { count += 1 }
        }
        // Else nothing but the parser was tried.
        #expect(count > 3000)
    }
}
