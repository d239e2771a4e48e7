import MessageBuilding
import Testing

private let values = """
    {"n":3,"l":[3,1],"o":{"b":1,"a":2},"t":true,"no":false,"z":null,"e":"","zero":0,"html":"<a'b=`>","el":[],"eo":{},
    "people":[{"name":"A"},{"name":"B"}],"nested":[[1,2],[3]],"name":"top","odd key":{"x":1}}
    """

private func handlebars(_ source: String, isHTML: Bool = false) -> String {
    rendered(source, values, .handlebars, isHTML: isHTML)
}

@Suite struct HandlebarsTests {
    @Test(arguments: [
        ("{{n}} {{ o.a }} {{o/b}} {{l.[0]}} {{l.1}} {{[odd key].x}} {{z}}{{u}}{{u.x}}", "3 2 1 3 1 1 "),
        ("{{l}} {{o}} {{people}} {{t}}", "[3, 1] [object] [[object], [object]] true"),
        ("{{html}} {{{html}}} {{&html}}", "<a'b=`> <a'b=`> <a'b=`>"),
        ("{{#if n}}y{{else}}n{{/if}}{{#if zero}}y{{else}}n{{/if}}{{#if u}}y{{/if}}", "yn"),
        ("{{#if e}}a{{else if el}}b{{else if n}}c{{else}}d{{/if}}{{#if eo}}a{{else}}b{{/if}}", "cb"),
        ("{{#unless z}}a{{else}}b{{/unless}}{{#unless n}}a{{else unless e}}b{{/unless}}", "ab"),
        (
            "{{#each people}}{{@index}}{{@key}}{{@first}}{{@last}}{{name}}{{this.name}}{{../name}};{{/each}}",
            "00truefalseAAtop;11falsetrueBBtop;"
        ),
        ("{{#each o}}{{@key}}={{this}} {{/each}}{{#each l}}{{.}}{{/each}}", "b=1 a=2 31"),
        ("{{#each el}}x{{else}}none{{/each}}{{#each u}}x{{else}}none{{/each}}{{#each n}}x{{/each}}", "nonenone"),
        ("{{#each nested}}{{#each this}}{{@../index}}{{@index}}{{this}} {{/each}}{{/each}}", "001 012 103 "),
        ("{{#with o}}{{a}}{{n}}{{../n}}{{/with}}{{#with u}}x{{else}}y{{/with}}", "233y"),
        (
            "{{#people}}{{name}}{{/people}}{{#o}}{{a}}{{/o}}{{#t}}{{n}}{{/t}}{{#n}}{{this}}{{/n}}{{#no}}x{{/no}}",
            "AB233"
        ), ("{{^u}}x{{/u}}{{^n}}y{{/n}}{{#el}}x{{^}}y{{/el}}{{#if no}}x{{^}}z{{/if}}", "xyz"),
        (
            "{{#each people}}{{#if name}}{{../n}}{{#with ../o}}{{a}}{{../name}}{{../../n}}{{/with}}{{/if}}{{/each}}",
            "32A332B3"
        ), ("{{#each el}}x{{else if n}}y{{else}}z{{/each}}", "y"),
        ("{{#each people}}{{n}}{{./n}}{{@root.n}}{{/each}}", "3333"),
        ("{{! c }}{{!-- {{n}} }} --}}x{{!--c--~}} y", "xy"), ("a {{~n~}} b {{~#if t~}} c {{~/if~}} d", "a3bcd"),
        ("{{#if t}}\n x\n{{else}}\n y\n{{/if}}\nz", " x\nz"),
        ("  {{#each l}}  \r\n- {{this}}\r\n  {{/each}}\r\nz", "- 3\r\n- 1\r\nz"),
        ("a\n {{! c }} \nb\n{{n}}\nc", "a\nb\n3\nc"),
        ("x {{#if t}}\ny{{/if}}\n{{#if t}}{{#if n}}\nz{{/if}}{{/if}}", "x \ny\n\nz"),
        ("\\{{n}} \\\\{{n}}", "{{n}} \\3"), ("{{#if true}}{{\"a b\"}}{{1}}{{/if}} {n} {% if %}", "a b1 {n} {% if %}"),
        ("{{@index}}{{../n}}{{#each l}}{{@nope}}{{@../index}}{{/each}}", ""), ("{{#with this}}{{n}}{{/with}}", "3"),
    ])
    func templatesAreFilled(_ source: String, _ expected: String) { #expect(handlebars(source) == expected) }

    @Test func valuesAreEscapedInHTML() {
        #expect(
            handlebars("{{html}} {{{html}}} {{& html}}", isHTML: true) == "&lt;a&#x27;b&#x3D;&#x60;&gt; <a'b=`> <a'b=`>"
        )
    }

    @Test(arguments: [
        ("\n{{#if n}}", "line 2: 'if' is never closed: expected '{{/if}}'"),
        ("{{#if n}}\n{{/each}}", "line 2: '{{/each}}': expected '{{/if}}' for the block of line 1"),
        ("{{/if}}", "line 1: '{{/if}}' has no beginning"),
        ("{{else}}", "line 1: 'else' outside of a block"),
        ("{{#if n}}{{else}}{{else}}{{/if}}", "line 1: a second 'else': expected '{{/if}}'"),
        ("{{#if n}}{{else each l}}{{/if}}", "line 1: 'else each l': expected 'else', 'else if' or 'else unless'"),
        ("{{> head}}", "line 1: partials such as '> head' are not taken here"),
        ("{{up n}}", "line 1: unknown helper 'up': expected a name alone"),
        ("{{#up n}}{{/up}}", "line 1: unknown helper '#up': expected #if, #unless, #each, #with or a name alone"),
        ("{{#if (eq n 3)}}{{/if}}", "line 1: 'if': expected one name, found '(eq n 3)'"),
        ("{{#each l as |x|}}{{/each}}", "line 1: '#each': expected one name, found 'l as |x|'"),
        ("{{#if}}{{/if}}", "line 1: 'if': expected one name, found ''"),
        ("{{}}", "line 1: a tag without a name"), ("{{#}}{{/}}", "line 1: a block without a name"),
        ("{{n", "line 1: '{{' without '}}'"), ("{{{n}}", "line 1: '{{{' without '}}}'"),
        ("{{!-- }}", "line 1: '{{!--' without '--}}'"),
        ("{{a..b}}", "line 1: 'a..b': expected a name"), ("{{a-b!}}", "line 1: 'a-b!': expected a name"),
        ("{{{{raw}}}}{{{{/raw}}}}", "line 1: '{{{{': raw blocks are not taken here"),
    ])
    func mistakesAreNamed(_ source: String, _ expected: String) {
        let text = handlebars(source)
        #expect(text.hasPrefix("fault: " + expected), "\(text)")
    }

    @Test(arguments: [
        ("x", true), ("{{! c }}x", true), ("\\{{n}}", true), ("{{n}}", false), ("{{#if n}}{{/if}}", false),
    ])
    func constancyIsExact(_ source: String, _ expected: Bool) throws {
        #expect(try Template(source, .handlebars).isConstant == expected)
    }
}
