import TramColumnar

/// What `show` answers.
enum ShowTables {
    static func columns(_ subject: Show.Subject, tagKeys: [String]?, hasMeasurement: Bool) -> [TableColumn] {
        let measurement = hasMeasurement ? [] : [TableColumn(name: "measurement", type: .string)]
        switch subject {
        case .measurements:
            return [
                TableColumn(name: "measurement", type: .string), TableColumn(name: "series", type: .int),
                TableColumn(name: "fields", type: .int), TableColumn(name: "first", type: .time),
                TableColumn(name: "last", type: .time),
            ]
        case .tags:
            return measurement + [
                TableColumn(name: "tag", type: .string), TableColumn(name: "values", type: .int),
                TableColumn(name: "example", type: .string),
            ]
        case .fields:
            return measurement + [TableColumn(name: "field", type: .string), TableColumn(name: "type", type: .string)]
        case .series:
            if let tagKeys { return tagKeys.map { .group($0, .tag) } }
            return [TableColumn(name: "measurement", type: .string), TableColumn(name: "series", type: .string)]
        }
    }

    static func table(
        _ show: Show, measurement: String?, columns: [TableColumn], source: any ColumnSource, pool: TextPool
    ) -> Table {
        var table = Table(infos: columns)
        let texts = source.strings.snapshot()
        for name in measurement.map({ [$0] }) ?? source.measurements {
            guard let schema = source.schema(of: name) else { continue }
            let lead: [UInt64?] = measurement == nil ? [pool.code(name)] : []
            switch show.subject {
            case .measurements:
                let extent = source.extent(of: name)
                table.append([
                    pool.code(name), UInt64(source.series(of: name, in: nil).count), UInt64(schema.fields.count),
                    extent.map { UInt64(bitPattern: $0.start) }, extent.map { UInt64(bitPattern: $0.end - 1) },
                ])
            case .tags:
                let series = source.series(of: name, in: nil)
                for (index, key) in schema.tagKeys.enumerated() {
                    let codes = Set(series.compactMap { $0.tagCodes[index] })
                    let example = codes.map { texts[Int($0)] }.min { $0.utf8.lexicographicallyPrecedes($1.utf8) }
                    table.append(lead + [pool.code(key), UInt64(codes.count), example.map(pool.code)])
                }
            case .fields:
                for field in schema.fields.sorted(by: { $0.name < $1.name }) {
                    table.append(lead + [pool.code(field.name), pool.code(field.type.name)])
                }
            case .series:
                let rows = source.series(of: name, in: nil).map { $0.tagCodes }
                for codes in rows {
                    if measurement != nil {
                        table.append(codes.map { $0.map(UInt64.init) })
                    } else {
                        let tags = zip(schema.tagKeys, codes).compactMap { key, code in
                            code.map { "\(key)=\(texts[Int($0)])" }
                        }
                        table.append(lead + [pool.code(tags.joined(separator: ","))])
                    }
                }
            }
        }
        guard show.subject == .series else { return table }
        let keys = table.infos.indices.map { (column: $0, descending: false) }
        return table.gathered(table.order(by: keys, pool: pool))
    }
}
