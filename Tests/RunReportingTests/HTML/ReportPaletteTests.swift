import Foundation
import RunReporting
import Testing

/// Everything can be read on what lies behind it, by the arithmetic of WCAG 2.2.
@Suite struct ReportPaletteTests {
    /// Relative luminance of `#rrggbb`.
    private static func luminance(_ colour: String) throws -> Double {
        let bits = try #require(Int(colour.dropFirst(), radix: 16))
        let parts = [bits >> 16, bits >> 8 & 255, bits & 255].map { Double($0) / 255 }
        let linear = parts.map { $0 <= 0.04045 ? $0 / 12.92 : pow(($0 + 0.055) / 1.055, 2.4) }
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    }

    private static func contrast(_ first: String, _ second: String) throws -> Double {
        let both = [try luminance(first), try luminance(second)].sorted()
        return (both[1] + 0.05) / (both[0] + 0.05)
    }

    @Test func theArithmeticIsRight() throws {
        #expect(try abs(Self.contrast("#000000", "#ffffff") - 21) < 1e-9)
        #expect(try abs(Self.contrast("#777777", "#ffffff") - 4.48) < 0.01)
    }

    @Test(arguments: [ReportPalette.light, .dark]) func textCanBeRead(palette: ReportPalette) throws {
        #expect(palette.pairs.count >= 14 + palette.series.count)
        for (name, text, behind) in palette.pairs {
            let contrast = try Self.contrast(text, behind)
            #expect(contrast >= 4.5, "\(name): \(text) on \(behind) is \(contrast)")
        }
    }

    @Test(arguments: [ReportPalette.light, .dark]) func seriesAreTellable(palette: ReportPalette) {
        #expect(Set(palette.series).count == palette.series.count)
    }
}
