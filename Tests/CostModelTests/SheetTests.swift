import CostModel
import Foundation
import Testing

@Suite struct SheetTests {
    private static var sheet: Sheet {
        var sheet = Sheet(title: "Title")
        sheet.head = ["head"]
        sheet.tables = [
            Sheet.Table(
                "things", "Things",
                columns: [
                    .init("name", "name", isNumber: false), .init("usd", "USD"),
                    .init("source", "from", isNumber: false, shown: .below), .init("secret", "x", shown: .not),
                ],
                rows: [
                    [.init("a|b"), .usd(1234.5), .init("a list, long"), .count(3)],
                    [.init("c"), .none, .init("a list, long"), .count(4)],
                ])
        ]
        sheet.notes = ["note"]
        return sheet
    }

    @Test func textHasItsFootnotesOnce() {
        #expect(
            Self.sheet.render(.text) == """
                Title
                head

                Things
                name       USD  from
                ----  --------  ----
                a|b   1,234.50  [1]
                c            –  [1]

                [1] a list, long

                - note

                """)
    }

    /// 80 letters in words of 9 do not fit into 76: seven words and their spaces are 69.
    @Test func longTextsGoOnBelow() {
        var sheet = Sheet(title: "Title")
        let long = Array(repeating: "123456789", count: 8).joined(separator: " ")
        sheet.tables = [
            Sheet.Table(
                "long", "Long", columns: [.init("a", "a", isNumber: false), .init("b", "b")],
                rows: [[.init(long), .count(1)], [.init("x"), .count(2)]])
        ]
        let lines = sheet.render(.text).split(separator: "\n")
        #expect(lines[4] == "\(long.dropLast(10))   1")
        #expect(lines[5] == "123456789")
        #expect(lines[6].hasPrefix("x ") && lines[6].hasSuffix(" 2"))
        #expect(sheet.render(.markdown).contains("| \(long) |  1 |"))
    }

    @Test func markdownEscapesBars() {
        #expect(
            Self.sheet.render(.markdown) == """
                ## Title

                - head

                ### Things

                | name |      USD | from |
                | ---- | -------: | ---- |
                | a\\|b | 1,234.50 | [1]  |
                | c    |        – | [1]  |

                - [1] a list, long
                - note

                """)
    }

    @Test func programsGetEverythingWithoutSeparators() throws {
        #expect(
            Self.sheet.render(.csv) == """
                table,row,figure,value
                things,1,name,a|b
                things,1,usd,1234.5
                things,1,source,"a list, long"
                things,1,secret,3
                things,2,name,c
                things,2,usd,
                things,2,source,"a list, long"
                things,2,secret,4

                """)
        let object = try #require(
            try JSONSerialization.jsonObject(with: Data(Self.sheet.render(.json).utf8)) as? [String: Any])
        let rows = try #require(object["things"] as? [[String: Any]])
        #expect(rows[0]["usd"] as? Double == 1234.5)
        #expect(rows[1]["usd"] is NSNull)
        #expect(rows[1]["source"] as? String == "a list, long")
    }

    @Test func severalSheetsAreOneListAndOneTable() throws {
        let csv = Sheet.render([Self.sheet, Self.sheet], .csv).split(separator: "\n")
        #expect(csv[0] == "sheet,table,row,figure,value")
        #expect(csv.count == 17)
        #expect(csv[16] == "2,things,2,secret,4")
        let json = try JSONSerialization.jsonObject(with: Data(Sheet.render([Self.sheet, Self.sheet], .json).utf8))
        #expect((json as? [[String: Any]])?.count == 2)
    }
}
