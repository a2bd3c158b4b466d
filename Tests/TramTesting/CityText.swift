/// Line protocol as a city's gateways send it, the same for the same seed.
package struct CityText {
    private var generator: SeededGenerator
    package private(set) var bytes: [UInt8] = []
    /// Sums that an independent count of the columns must give.
    package private(set) var rowCount = 0
    package private(set) var valueCount = 0

    private init(seed: UInt64) {
        generator = SeededGenerator(seed: seed)
    }

    private mutating func below(_ bound: Int) -> Int {
        Int.random(in: 0..<bound, using: &generator)
    }

    /// A decimal in `range` hundredths, tenths …: `places` digits behind the point.
    private mutating func decimal(_ range: Range<Int>, places: Int) -> String {
        let value = Int.random(in: range, using: &generator)
        var unit = 1
        for _ in 0..<places { unit *= 10 }
        let fraction = String(value % unit)
        return "\(value / unit)." + String(repeating: "0", count: places - fraction.count) + fraction
    }

    private mutating func append(_ line: String, values: Int) {
        bytes += Array(line.utf8)
        rowCount += 1
        valueCount += values
    }

    private static let start = 1_763_679_600_000_000_000

    /// Traffic, air and power lines of five fields, series in random order, nanoseconds.
    package static func city(rows: Int, series: Int) -> CityText {
        var text = CityText(seed: 1)
        for row in 0..<rows {
            let id = text.below(series)
            let time = start + row / series * 1_000_000_000 + text.below(1000) * 1_000_000
            switch id % 3 {
            case 0:
                text.append(
                    "traffic,cam=CAM-\(id),way=QL51,district=hai-chau speed=\(text.decimal(0..<9000, places: 2)),"
                        + "count=\(text.below(60))i,occupancy=\(text.decimal(0..<1000, places: 1)),"
                        + "queue=\(text.below(200))i,jam=\(text.below(5) == 0 ? "t" : "f") \(time)\n", values: 5)
            case 1:
                text.append(
                    "air,station=ST-\(id),district=thanh-khe pm25=\(text.decimal(0..<2000, places: 1)),"
                        + "pm10=\(text.decimal(0..<3000, places: 1)),no2=\(text.decimal(0..<9000, places: 2)),"
                        + "temp=\(text.decimal(1500..<4000, places: 2)),"
                        + "humidity=\(text.decimal(300..<1000, places: 1)) \(time)\n", values: 5)
            default:
                text.append(
                    "power,meter=M-\(id),feeder=F\(id % 40),phase=a voltage=\(text.decimal(21_000..<24_000, places: 2)),"
                        + "current=\(text.decimal(0..<60_000, places: 3)),"
                        + "energy=\(text.decimal(1_000_000..<900_000_000, places: 3)),"
                        + "pf=\(text.decimal(800..<1000, places: 3)),freq=\(text.decimal(4990..<5010, places: 2)) \(time)\n",
                    values: 5)
            }
        }
        return text
    }

    /// Escaped names and tag values, and texts with quotes, backslashes and Vietnamese.
    package static func strings(rows: Int) -> CityText {
        var text = CityText(seed: 2)
        for row in 0..<rows {
            let id = text.below(1000)
            text.append(
                "event,site=bai\\ do\\ xe\\ \(id),khu\\,vuc=Q\\=\(id % 7) note=\"trạm bơm số \(text.below(9)) báo "
                    + "\\\"đầy\\\" lúc \(text.below(24))h\",state=\"open\",path=\"C:\\\\log\\\\\(text.below(100))\","
                    + "level=\(text.decimal(0..<900, places: 2)) \(start + row * 1000)\n", values: 4)
        }
        return text
    }

    /// One short field a line, seconds.
    package static func short(rows: Int) -> CityText {
        var text = CityText(seed: 3)
        for row in 0..<rows {
            text.append(
                "temp,s=\(text.below(1000)) v=\(text.decimal(100..<400, places: 1)) \(start / 1_000_000_000 + row / 100)\n",
                values: 1)
        }
        return text
    }

    /// Doubles as programs print them, up to 17 digits.
    package static func doubles(rows: Int) -> CityText {
        var text = CityText(seed: 4)
        for row in 0..<rows {
            let (x, y) = (
                Double.random(in: 0..<1, using: &text.generator), Double.random(in: -1e6..<1e6, using: &text.generator)
            )
            text.append(
                "bus,id=B\(text.below(1000)) lat=\(text.decimal(1_000_000_000..<1_100_000_000, places: 8)),"
                    + "lon=\(text.decimal(1_060_000_000..<1_080_000_000, places: 7)),x=\(x),y=\(y) \(start + row)\n",
                values: 4)
        }
        return text
    }
}
