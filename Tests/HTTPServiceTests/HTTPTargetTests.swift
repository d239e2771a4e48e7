import HTTPService
import Testing

@Suite struct HTTPTargetTests {
    @Test(
        arguments: [
            ("/metrics", "/metrics", [:]), ("/metrics?prefix=a", "/metrics", ["prefix": "a"]),
            ("/m?prefix=a%5Fb&x", "/m", ["prefix": "a_b", "x": ""]), ("/m?a=1&a=2=3", "/m", ["a": "2=3"]),
            ("/m?bad=%zz", "/m", ["bad": "%zz"]), ("http://host:1/m?a=b", "/m", ["a": "b"]), ("http://host", "/", [:]),
            ("http://host?a=b", "/", ["a": "b"]), ("*", "*", [:]), ("", "/", [:]),
            ("/x?u=http://y", "/x", ["u": "http://y"]),
        ] as [(String, String, [String: String])])
    func pathAndQueryComeApart(_ text: String, _ path: String, _ query: [String: String]) {
        let target = HTTPTarget(text)
        #expect(target.path == path && target.query == query)
    }

    /// A name may be empty: `?=` once ended the whole program.
    @Test(arguments: ["/m?=", "/m?&", "/m??", "/m?=&=", "/m?&&a", "?", "?=", "://"])
    func nothingTraps(_ text: String) {
        _ = HTTPTarget(text)
    }

    @Test func allValuesOfANameAreKeptInOrder() {
        let target = HTTPTarget("/compare?r=a%2Fb&q=1&r=&r=c")
        #expect(target.parameters == [.init("r", "a/b"), .init("q", "1"), .init("r", ""), .init("r", "c")])
        #expect(target.query == ["r": "c", "q": "1"])
    }
}
