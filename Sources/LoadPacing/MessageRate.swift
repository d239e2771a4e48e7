/// How many messages a second; read as people write it: `5000/s`, `300000/m`, `20MMH`.
package struct MessageRate: Hashable, Sendable {
    package var perSecond: Double

    package init(perSecond: Double) { self.perSecond = perSecond }

    /// Million messages an hour.
    package var mmh: Double { perSecond * 0.0036 }
}
