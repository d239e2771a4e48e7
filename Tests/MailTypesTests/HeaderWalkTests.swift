import MailTypes
import Testing

@Suite struct HeaderWalkTests {
    private func lines(_ text: String) -> [String] {
        let bytes = Array(text.utf8)
        return HeaderWalk(bytes).map { line in
            let name = line.name.map { String(decoding: bytes[$0], as: UTF8.self) } ?? "-"
            return name + "|" + String(decoding: bytes[line.value], as: UTF8.self)
        }
    }

    @Test func fieldsAreFoundWhole() {
        #expect(
            lines("A: one\r\n two\r\nB \t:\nno field\r\n: no name\r\nC:x\r\n\r\nD: body\r\n")
                == ["A| one\r\n two\r\n", "B|\n", "-|", "-| no name\r\n", "C|x\r\n"])
        #expect(lines("A: one\n\nB: body") == ["A| one\n"] && lines("A: no end") == ["A| no end"])
        #expect(lines("\rA: x\r\n\r\n") == ["\rA| x\r\n"] && lines("") == [] && lines("\r") == ["-|"])
    }

    @Test func namesHaveNoCase() throws {
        let bytes = Array("X-One : 1\r\n".utf8)
        let line = try #require(HeaderWalk(bytes).first { _ in true })
        #expect(line.isNamed(Array("x-one".utf8), in: bytes) && !line.isNamed(Array("x-on".utf8), in: bytes))
        #expect(line.whole == 0..<bytes.count)
    }
}
