import MessageBuilding
import Testing

private let values = """
    {"n":3,"f":2.5,"s":"héllo wOrld","l":[3,1,2,1],"o":{"b":1,"a":{"c":2}},"t":true,"z":null,"e":"","html":"<a'b>",
    "items":[{"name":"x","price":2},{"name":"y","price":1}],"big":12345678901234567890}
    """

@Suite struct JinjaTests {
    @Test(arguments: [
        ("{% if n %}a{% endif %}", "a"), ("{% if u %}a{% else %}b{% endif %}", "b"),
        ("{% if e %}a{% elif n == 3 %}b{% elif t %}c{% else %}d{% endif %}", "b"),
        ("{% for x in l %}{{ x }},{% endfor %}", "3,1,2,1,"),
        ("{% for x in u %}{{ x }}{% else %}none{% endfor %}", "none"), ("{% for x in u %}x{% endfor %}", ""),
        ("{% for x in l %}{{ loop.index }}{{ loop.index0 }}{{ loop.length }} {% endfor %}", "104 214 324 434 "),
        (
            "{% for x in l %}{% if not loop.first %}, {% endif %}{{ x }}{% if loop.last %}.{% endif %}{% endfor %}",
            "3, 1, 2, 1."
        ),
        ("{% for k, v in o %}{{ k }}={{ v }};{% endfor %}", "b=1;a={\"c\": 2};"),
        ("{% for k, v in o|items %}{{ k }};{% endfor %}{% for k in o %}{{ k }}{% endfor %}", "b;a;ba"),
        ("{% for a, b in [[1, 2], [3, 4]] %}{{ a + b }} {% endfor %}", "3 7 "),
        ("{% for x in l if x > 1 %}{{ x }}{{ loop.length }} {% endfor %}", "32 22 "),
        (
            "{% for x in l %}{% for y in [x] %}{{ loop.index }}{{ y }}{% endfor %}{{ loop.index }}{% endfor %}",
            "131112123114"
        ),
        ("{% for i in items %}{{ i.name }}:{{ i.price * 2 }} {% endfor %}", "x:4 y:2 "),
        ("{% set x = 1 %}{% for i in l %}{% set x = i %}{% endfor %}{{ x }}", "1"),
        ("{% set x = 1 %}{% if t %}{% set x = 2 %}{% endif %}{{ x }}", "2"),
        ("{% set n = n + 1 %}{{ n }}{% set a, b = [1, 2] %}{{ b }}", "42"),
        ("{% raw %}{{ n }}{% if %}{% endraw %}{{ n }}", "{{ n }}{% if %}3"), ("a{# {{ n }} #}b", "ab"),
        ("a {%- if t -%} b {%- endif -%} c", "abc"), ("a {{- n -}} b {#- c -#} d", "a3bd"),
        ("{%- raw -%} x {%- endraw -%} y", "xy"), ("{%+ if t +%} x{% endif %}", " x"),
        ("a {b} { {c} % }", "a {b} { {c} % }"),
    ])
    func statementsAreFollowed(_ source: String, _ expected: String) { #expect(rendered(source, values) == expected) }

    @Test(arguments: [
        ("{{ 1 + 2 * 3 }} {{ (1 + 2) * 3 }} {{ 7 - 2 - 1 }}", "7 9 4"),
        ("{{ 4 / 2 }} {{ 1 / 4 }} {{ 1.5 + 1 }}", "2.0 0.25 2.5"),
        ("{{ 7 // 2 }} {{ -7 // 2 }} {{ -7 % 3 }} {{ 7 % -3 }} {{ 7.5 // 2 }}", "3 -4 2 1 3.0"),
        ("{{ -n }} {{ - -n }} {{ -n|abs }}", "-3 3 3"),
        ("{{ big + 1 }} {{ big }}", "12345678901234567891 12345678901234567890"),
        ("{{ 1e20 }} {{ 1.5e-7 }} {{ 1/3 }}", "100000000000000000000.0 0.00000015 0.3333333333333333"),
        ("{{ 'a' ~ 1 ~ none ~ u ~ true }} {{ 'a' + 'b' }} {{ 'ab' * 2 }} {{ [1] + [2] }}", "a1nonetrue ab abab [1, 2]"),
        (
            "{{ 'it''s' if false }}{{ \"q\" }} {{ 'a\\n\\u00e9\\'' }}",
            "fault: line 1: expected the end of the tag, found the text 's'"
        ),
        ("{{ \"q\" }} {{ 'a\\n\\u00e9\\'' }}", "q a\né'"),
        ("{{ 1 < 2 }} {{ 2 <= 1 }} {{ 1 < 3 < 2 }} {{ 3 > 2 > 1 }} {{ 2 > 1 in [1] }}", "true false false true true"),
        (
            "{{ 1 == 1.0 }} {{ '1' == 1 }} {{ [1, 'a'] == [1, 'a'] }} {{ o == o }} {{ u == none }}",
            "true false true true false"
        ),
        ("{{ 'a' < 'b' }} {{ [1, 2] < [1, 3] }} {{ 1 != 2 }}", "true true true"),
        ("{{ 1 in l }} {{ 9 not in l }} {{ 'llo' in s }} {{ 'b' in o }} {{ 1 in u }}", "true true true true false"),
        ("{{ t and n }} {{ e or 'x' }} {{ not n == 4 and t }} {{ none and 1 / 0 }}", "3 x true none"),
        ("{{ 'a' if n > 2 else 'b' }}{{ 'a' if u }}{{ 'a' if u else 'b' if e else 'c' }}", "ac"),
        (
            "{{ o.a.c }} {{ o['a']['c'] }} {{ l[0] }} {{ l[-1] }} {{ l.2 }} {{ items[1].name }} {{ s[1] }}",
            "2 2 3 1 2 y é"
        ),
        ("{{ u }}{{ u.x }}{{ u.x.y }}{{ l[9] }}{{ n.x }}{{ o['q'] }}", ""),
        ("{{ [1, 'a\"', none, true, 2.0, ] }} {{ (1, 2) }} {{ z }}", "[1, \"a\\\"\", none, true, 2.0] [1, 2] none"),
        (
            "{{ n is defined }} {{ u is defined }} {{ u is undefined }} {{ z is none }} {{ n is not none }}",
            "true false true true true"
        ),
        (
            "{{ s is string }} {{ n is odd }} {{ n is divisibleby(3) }} {{ l is sequence }} {{ o is mapping }} {{ n is eq 3 }}",
            "true true true true true true"
        ),
        (
            "{{ f is float }} {{ n is integer }} {{ t is true }} {{ t is number }} {{ n is in l }} {{ not u is defined }}",
            "true true true false true true"
        ),
        ("{{ s.upper() }} {{ ' x '.strip() }} {% for k, v in o.items() %}{{ k }}{% endfor %}", "HÉLLO WORLD x ba"),
    ])
    func expressionsAreCalculated(_ source: String, _ expected: String) {
        #expect(rendered(source, values) == expected)
    }

    @Test(arguments: [
        ("{{ s|upper }} {{ 'ABC'|lower }} {{ s|title }} {{ s|capitalize }}", "HÉLLO WORLD abc Héllo World Héllo world"),
        ("[{{ ' a '|trim }}] {{ 'xxax'|trim('x') }} {{ u|upper }}", "[a] a "),
        ("{{ html|e }} {{ html|escape|e }} {{ html|safe }}", "&lt;a&#x27;b&gt; &lt;a&#x27;b&gt; <a'b>"),
        (
            "{{ u|default('d') }}{{ u|d }}{{ e|default('d') }}{{ e|default('d', true) }}{{ e|d('q', boolean=true) }}",
            "ddq"
        ),
        ("{{ l|length }} {{ s|count }} {{ o|length }} {{ u|length }}", "4 11 2 0"),
        ("{{ l|first }} {{ l|last }} {{ 'ab'|first }} {{ []|first }}{{ u|last }}", "3 1 a "),
        ("{{ l|join }} {{ l|join(', ') }} {{ 'abc'|join('-') }} {{ u|join }}", "3121 3, 1, 2, 1 a-b-c "),
        (
            "{{ s|replace('o', '0') }} {{ 'aaa'|replace('aa', 'b') }} {{ 'ab'|replace('', '-') }}",
            "héll0 wOrld ba -a-b-"
        ),
        (
            "{{ 2.5|round }} {{ 3.456|round(2) }} {{ 3|round }} {{ 3.7|round(method='floor') }} {{ 3.2|round(0, 'ceil') }}",
            "3.0 3.46 3 3.0 4.0"
        ),
        (
            "{{ '42'|int }} {{ 4.9|int }} {{ 'x'|int(5) }} {{ u|int }} {{ '4'|float }} {{ 'x'|float(1.5) }}",
            "42 4 5 0 4.0 1.5"
        ),
        ("{{ -4|abs }} {{ (-4.5)|abs }}", "4 4.5"),
        ("{{ 'abc'|list }} {{ o|list }} {{ u|list }}", "[\"a\", \"b\", \"c\"] [\"b\", \"a\"] []"),
        (
            "{{ l|sort }} {{ l|sort(reverse=true) }} {{ ['b', 'A', 'a']|sort }}",
            "[1, 1, 2, 3] [3, 2, 1, 1] [\"A\", \"a\", \"b\"]"
        ),
        (
            "{% for i in items|sort(attribute='price') %}{{ i.name }}{% endfor %} {% for k, v in o|dictsort %}{{ k }}{% endfor %}",
            "yx ab"
        ),
        (
            "{{ l|reverse }} {{ 'abc'|reverse }} {{ l|unique }} {{ ['a', 'A']|unique }}",
            "[1, 2, 1, 3] cba [3, 1, 2] [\"a\"]"
        ),
        ("{{ 'a b/c&é~'|urlencode }} {{ {}|urlencode }}", "fault: line 1: '{' is not expected in a tag"),
        ("{{ 'a b/c&é~'|urlencode }}", "a%20b/c%26%C3%A9%7E"),
        (
            "{{ o|tojson }} {{ html|tojson }} {{ [none, true]|tojson }} {{ u|tojson }}",
            "{\"b\":1,\"a\":{\"c\":2}} \"\\u003ca\\u0027b\\u003e\" [null,true] null"
        ),
        ("{{ [1]|tojson(indent=2) }}", "[\n  1\n]"),
        ("{{ 'hello big world'|truncate(9) }} {{ 'hello big world'|truncate(9, true, '!', 0) }}", "hello... hello bi!"),
        ("{{ 'short'|truncate(3) }}", "short"), ("{{ l|sum }} {{ l|min }} {{ l|max }} {{ n|string ~ 1 }}", "7 1 3 31"),
        ("{{ 1|pluralize }}{{ 2|pluralize }}{{ l|pluralize('y', 'ies') }}", "sies"),
    ])
    func filtersAreApplied(_ source: String, _ expected: String) { #expect(rendered(source, values) == expected) }

    /// What comes from values is escaped once, and only there.
    @Test(arguments: [
        ("<b>{{ html }}</b>", "<b>&lt;a&#x27;b&gt;</b>"), ("{{ html|safe }}{{ html|e }}", "<a'b>&lt;a&#x27;b&gt;"),
        ("{{ '<' }}{{ ['<'] }}{{ u|default('<') }}", "&lt;[&quot;&lt;&quot;]&lt;"),
        ("{{ html|upper }}{{ html|safe|upper }}", "&lt;A&#x27;B&gt;<A'B>"),
        ("{{ '<b>'|safe ~ html }}", "<b>&lt;a&#x27;b&gt;"),
        ("{{ 'a'|safe|replace('a', '<') }}{{ 'a'|replace('a', '<') }}", "&lt;&lt;"),
        ("{% set x = html %}{{ x }}{% for y in [html] %}{{ y }}{% endfor %}", "&lt;a&#x27;b&gt;&lt;a&#x27;b&gt;"),
        ("{{ html|tojson }}", "\"\\u003ca\\u0027b\\u003e\""),
        (
            "{{ html if t else '' }}{{ [html]|join('<') }}{{ html|e|trim }}",
            "&lt;a&#x27;b&gt;&lt;a&#x27;b&gt;&lt;a&#x27;b&gt;"
        ),
    ])
    func valuesAreEscapedInHTML(_ source: String, _ expected: String) {
        #expect(rendered(source, values, isHTML: true) == expected)
    }

    @Test(arguments: [
        ("a\n{% if n %}", "line 2: 'if' is never closed: expected '{% endif %}'"),
        ("{% for x in l %}", "line 1: 'for' is never closed: expected '{% endfor %}'"),
        (
            "{% if n %}\n{% endfor %}",
            "line 2: 'endfor' has no beginning: expected the end of 'if' in line 1, '{% endif %}'"
        ),
        ("{% endif %}", "line 1: 'endif' has no beginning: nothing is open here"),
        ("{% else %}", "line 1: 'else' has no beginning: nothing is open here"),
        (
            "{% if n %}{% else %}{% else %}{% endif %}",
            "line 1: 'else' has no beginning: expected the end of 'if' in line 1, '{% endif %}'"
        ),
        ("{% include 'x' %}", "line 1: unknown tag 'include': expected if, for, set or raw"),
        ("{{ n|nope }}", "line 1: unknown filter 'nope': expected one of abs,"),
        ("{{ n is nope }}", "line 1: unknown test 'nope': expected one of defined,"),
        ("{{ s.nope() }}", "line 1: unknown method 'nope': expected one of capitalize,"),
        ("{{ f(1) }}", "line 1: functions cannot be called here, only filters"),
        ("{{ a b }}", "line 1: expected the end of the tag, found 'b'"),
        ("{{ }}", "line 1: expected a value, found the end of the tag"),
        ("{{ (1 }}", "line 1: expected ')', found the end of the tag"),
        ("{{ [1 2] }}", "line 1: expected ',' or ']', found '2'"),
        ("\n{{ n", "line 2: '{{' without '}}'"), ("{% if", "line 1: '{%' without '%}'"),
        ("{# a", "line 1: '{#' without '#}'"), ("{{ 'a }}", "line 1: a text without its closing quote"),
        ("{% raw %} {% endra %}", "line 1: 'raw' is never closed: expected '{% endraw %}'"),
        ("{% for x of l %}", "line 1: expected 'in' behind 'for x'"),
        ("{% set x %}", "line 1: expected '=', found the end of the tag"),
        ("{% set 1 = 2 %}", "line 1: expected a name behind 'set', found '1'"),
        ("{{ l[1:] }}", "line 1: slices such as x[1:2] are not taken here"),
        ("{{ n ? 1 }}", "line 1: '?' is not expected in a tag"),
        ("{{ s|replace('a') }}", "line 1: filter 'replace': expected what is replaced and by what"),
        ("{{ s|upper(1) }}", "line 1: filter 'upper': expected at most 0 arguments"),
        ("{{ s|default(x=1) }}", "line 1: filter 'default' has no argument 'x'"),
        ("\n{{ 1 / 0 }}", "line 2: a calculation without a result: division by 0"),
        ("{{ 1 % 0 }}", "line 1: a calculation without a result"),
        ("{{ 170141183460469231731687303715884105727 + 1 }}", "line 1: a calculation without a result"),
        ("{{ 'a' + 1 }}", "line 1: calculation with a text and a number: expected numbers"),
        ("{% for x in 5 %}{% endfor %}", "line 1: 'for': expected a list or an object, found a number"),
        ("{% for a, b in [1] %}{% endfor %}", "line 1: expected a list of 2, found a number"),
        ("{{ 'x'|int }}", "line 1: filter 'int': expected a number, found a text"),
        ("{{ n|length }}", "line 1: filter 'length': expected a text, a list or an object"),
        ("{{ n|join }}", "line 1: filter 'join': expected a list, found a number"),
        ("{{ 1 in 5 }}", "line 1: 'in': expected a list, an object or a text, found a number"),
        ("{{ 2.5|round(1, 'x') }}", "line 1: filter 'round': expected the method common, floor or ceil"),
    ])
    func mistakesAreNamed(_ source: String, _ expected: String) {
        let text = rendered(source, values)
        #expect(text.hasPrefix("fault: " + expected), "\(text)")
    }

    /// Exactly what reads nothing of the recipient is made once for all.
    @Test(arguments: [
        ("text", true), ("{# c #}{% raw %}{{ x }}{% endraw %}", true), ("{{ 1 + 1 }}{{ 'a'|upper }}", true),
        ("{% set x = 1 %}{{ x }}", true), ("{% for i in [1, 2] %}{{ i }}{{ loop.index }}{% endfor %}", true),
        ("{{ x }}", false),
        ("{% for i in [1] %}{% endfor %}{{ i }}", false), ("{% if true %}{% set x = 1 %}{% endif %}{{ x }}", false),
        ("{{ x }}{% set x = 1 %}", false), ("{% for i in l %}{% endfor %}", false), ("{{ loop }}", false),
        ("{% set x = y %}", false), ("{{ 1|default(y) }}", false),
    ])
    func constancyIsExact(_ source: String, _ expected: Bool) throws {
        #expect(try Template(source, .jinja).isConstant == expected)
    }

    @Test func sourcesAreLookedThroughInTurn() throws {
        let template = try Template("{{ a.b }}{{ c }}{{ d is defined }}", .jinja)
        let values = [try JSONValue.parse("{\"a\":{\"b\":1}}"), try JSONValue.parse("{\"a\":{\"b\":2},\"c\":3}")]
        var budget = TemplateBudget.whole
        #expect(try template.render(values, &budget) == "13false")
    }
}
