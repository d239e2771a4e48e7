/// The interval of a median that is honest for the number of values there is: order statistics, whose confidence is exact,
/// from six values on for 95 %; with fewer the range, called so.
///
/// A bootstrap of the median would always give something, and too little: with 5 to 20 values its 95 % are 87 to 94 in
/// the simulations of `docs/STATISTICS.md`.
package enum MedianInterval {
    package static func of(_ sample: Sample, confidence: Double = 0.95) -> ConfidenceInterval {
        OrderStatistics.interval(sample, confidence: confidence)
    }
}
