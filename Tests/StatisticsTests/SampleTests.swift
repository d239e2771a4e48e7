import Testing

import Statistics

@Suite struct SampleTests {
    @Test func theMedianIsInTheMiddle() {
        #expect(Sample([3, 1, 2]).median == 2)
        #expect(Sample([4, 1, 2, 3]).median == 2.5)
        #expect(Sample([4, 1, 2, 3]).mean == 2.5)
    }
}
