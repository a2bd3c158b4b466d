import Glibc

/// An area on the ground, as a query writes it.
///
/// Either a circle, `"10.77,106.70,500m"`: degrees of latitude and longitude of its centre, and the radius in m or km;
/// or a polygon, `"10.7 106.6, 10.8 106.6, 10.8 106.7"`: at least three corners, latitude before longitude. The last
/// corner is joined to the first. Sides are straight in degrees, and an area does not cross the 180th meridian.
struct Area: Equatable {
    struct Point: Equatable {
        /// Degrees, -90...90.
        var latitude: Double
        /// Degrees, -180...180.
        var longitude: Double
    }

    enum Shape: Equatable {
        /// Radius in metres.
        case circle(Point, radius: Double)
        case polygon([Point])
    }

    let shape: Shape

    static let mostCorners = 10_000

    /// Nil for a text that is neither.
    init?(_ text: String) {
        let parts = text.split(separator: ",", omittingEmptySubsequences: false).map(Area.trimmed)
        if parts.count == 3, let radius = Area.radius(parts[2]) {
            guard let center = Area.point(parts[0], parts[1]) else { return nil }
            shape = .circle(center, radius: radius)
            return
        }
        guard parts.count >= 3, parts.count <= Area.mostCorners else { return nil }
        var corners: [Point] = []
        for part in parts {
            let numbers = part.split(whereSeparator: \.isWhitespace)
            guard numbers.count == 2, let corner = Area.point(numbers[0], numbers[1]) else { return nil }
            corners.append(corner)
        }
        shape = .polygon(corners)
    }

    private static func trimmed(_ text: Substring) -> Substring {
        var text = text.drop(while: \.isWhitespace)
        while text.last?.isWhitespace == true { text.removeLast() }
        return text
    }

    private static func radius(_ text: Substring) -> Double? {
        let unit = text.hasSuffix("km") ? 1000.0 : 1
        guard text.hasSuffix("m") else { return nil }
        guard let number = Double(trimmed(text.dropLast(unit == 1 ? 1 : 2))), number > 0, number.isFinite else {
            return nil
        }
        return number * unit
    }

    private static func point(_ latitude: Substring, _ longitude: Substring) -> Point? {
        guard let latitude = Double(latitude), let longitude = Double(longitude), latitude.magnitude <= 90,
            longitude.magnitude <= 180
        else { return nil }
        return Point(latitude: latitude, longitude: longitude)
    }

    /// Whether `point` lies inside, or on the rim of a circle. Of a polygon's rim the lower and left sides count as
    /// inside, so that polygons that share a side share no point. O(corners).
    func contains(_ point: Point) -> Bool {
        switch shape {
        case .circle(let center, let radius): return Area.distance(center, point) <= radius
        case .polygon(let corners):
            // Counts the sides that a ray to the east crosses.
            var isInside = false
            var previous = corners[corners.count - 1]
            for corner in corners {
                if (corner.latitude > point.latitude) != (previous.latitude > point.latitude) {
                    let share = (point.latitude - corner.latitude) / (previous.latitude - corner.latitude)
                    let crossing = corner.longitude + share * (previous.longitude - corner.longitude)
                    if point.longitude < crossing { isInside.toggle() }
                }
                previous = corner
            }
            return isInside
        }
    }

    /// Metres between two points along a sphere of the earth's mean radius, 6,371,008.8 m (IUGG), by the haversine
    /// formula; within 0.6 % of the ellipsoid.
    static func distance(_ first: Point, _ second: Point) -> Double {
        func radians(_ degrees: Double) -> Double { degrees * .pi / 180 }
        let latitudes = sin(radians(second.latitude - first.latitude) / 2)
        let longitudes = sin(radians(second.longitude - first.longitude) / 2)
        let haversine =
            latitudes * latitudes
            + cos(radians(first.latitude)) * cos(radians(second.latitude)) * longitudes * longitudes
        return 2 * 6_371_008.8 * asin(min(1, haversine.squareRoot()))
    }
}

extension Area.Point {
    /// Nil outside -90...90 and -180...180.
    init?(latitudeBits: UInt64, longitudeBits: UInt64) {
        latitude = Double(bitPattern: latitudeBits)
        longitude = Double(bitPattern: longitudeBits)
        guard latitude.magnitude <= 90, longitude.magnitude <= 180 else { return nil }
    }
}
