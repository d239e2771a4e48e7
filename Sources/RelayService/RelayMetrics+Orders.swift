import Measures

extension RelayMetrics {
    static let orderSlices = MetricFamily(
        "millrace_order_slice_seconds", .histogram,
        "What operators' commands and the work behind them take of an event loop at a time.")
    static let longestOrderSlice = MetricFamily(
        "millrace_order_slice_longest_seconds", .gauge, "The longest of those so far.")
    static let orderCount = MetricFamily(
        "millrace_operator_orders", .gauge, "Operators' orders that hold or are being worked off.")

    static let orders = [orderSlices, longestOrderSlice, orderCount]
}

extension RelayServer {
    func addOrders(_ text: inout MetricText) async throws {
        var (slices, longest) = (LatencyHistogram(), UInt64(0))
        for shard in shards {
            let part = try await shard.context.eventLoop.submit { (shard.desk.work.slices, shard.desk.work.longest) }
                .get()
            if let part = part.0 { slices.merge(part) }
            longest = max(longest, part.1)
        }
        text.add(RelayMetrics.orderSlices, slices)
        text.add(RelayMetrics.longestOrderSlice, Double(longest) / 1e9)
        text.add(RelayMetrics.orderCount, await administrator.orders.count)
    }
}
