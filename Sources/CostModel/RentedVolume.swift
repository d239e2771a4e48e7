import Measures

/// A disk of a known type with what it may do and what it costs.
package struct RentedVolume: Hashable, Sendable {
    package let type: VolumeType
    package let gigabytes: Double
    package let iops: Double
    package let mbPerSecond: Double

    /// What is less than included is given all the same.
    package init(_ type: VolumeType, gigabytes: Double, iops: Double? = nil, mbPerSecond: Double? = nil) {
        self.type = type
        self.gigabytes = gigabytes
        self.iops = max(iops ?? 0, type.iopsIncluded)
        self.mbPerSecond = max(mbPerSecond ?? 0, type.mbPerSecondIncluded)
    }

    /// The volume that the vendor's blog of 2025 names for its runs; the text of 2023 has the 7,200 IOPS alone.
    package static func published(_ type: VolumeType) -> RentedVolume {
        RentedVolume(type, gigabytes: 100, iops: 7200, mbPerSecond: 225)
    }

    package var usdPerMonth: Double {
        gigabytes * type.usdPerGBMonth + (iops - type.iopsIncluded) * type.usdPerIOPSMonth
            + (mbPerSecond - type.mbPerSecondIncluded) * type.usdPerMBPerSecondMonth
    }

    /// `gp3 100 GB, 7,200 IOPS, 225 MB/s`.
    package var description: String {
        "\(type.name) \(grouped(Int(gigabytes))) GB, \(grouped(Int(iops))) IOPS, \(grouped(Int(mbPerSecond))) MB/s"
    }
}
