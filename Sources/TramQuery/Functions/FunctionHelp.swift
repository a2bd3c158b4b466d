package import TramColumnar

/// Every function of the language with one line of help, for completion and manuals.
package struct FunctionHelp {
    package enum Kind: Sendable { case aggregate, running, scalar }

    package var name: String
    package var kind: Kind
    /// How a call is written.
    package var usage: String
    package var help: Bilingual

    /// Aggregates, running functions, scalars; each in the order of the manual.
    package static let all: [FunctionHelp] =
        AggregateFunction.allCases.map {
            FunctionHelp(name: $0.name, kind: .aggregate, usage: $0.usage, help: $0.help)
        }
        + RunningFunction.allCases.map {
            FunctionHelp(name: $0.rawValue, kind: .running, usage: $0.usage, help: $0.help)
        }
        + scalars.map { FunctionHelp(name: $0.name, kind: .scalar, usage: $0.usage, help: $0.help) }

    private static let scalars: [(name: String, usage: String, help: Bilingual)] = [
        ("abs", "abs(x)", Bilingual(vi: "Giá trị tuyệt đối", en: "Absolute value")),
        ("round", "round(x, 2)", Bilingual(vi: "Làm tròn đến n chữ số thập phân", en: "Rounded to n decimals")),
        ("floor", "floor(x)", Bilingual(vi: "Làm tròn xuống", en: "Rounded down")),
        ("ceil", "ceil(x)", Bilingual(vi: "Làm tròn lên", en: "Rounded up")),
        ("sqrt", "sqrt(x)", Bilingual(vi: "Căn bậc hai", en: "Square root")),
        ("log", "log(x)", Bilingual(vi: "Lôgarit tự nhiên", en: "Natural logarithm")),
        ("log10", "log10(x)", Bilingual(vi: "Lôgarit cơ số 10", en: "Logarithm to base 10")),
        ("log2", "log2(x)", Bilingual(vi: "Lôgarit cơ số 2", en: "Logarithm to base 2")),
        ("exp", "exp(x)", Bilingual(vi: "e mũ x", en: "e to the power of x")),
        ("pow", "pow(x, 2)", Bilingual(vi: "x mũ y", en: "x to the power of y")),
        ("clamp", "clamp(x, 0, 100)", Bilingual(vi: "Giới hạn trong hai mức", en: "Kept between two bounds")),
        ("if", "if(speed < 20, 1, 0)", Bilingual(vi: "a nếu đúng, không thì b", en: "a where true, else b")),
        (
            "coalesce", "coalesce(a, b)",
            Bilingual(vi: "Giá trị đầu tiên không rỗng", en: "The first value that is not null")
        ),
        ("lower", "lower(text)", Bilingual(vi: "Chữ thường", en: "In lower case")),
        ("upper", "upper(text)", Bilingual(vi: "Chữ hoa", en: "In upper case")),
        ("contains", "contains(text, \"QL\")", Bilingual(vi: "Có chứa chuỗi không", en: "Whether it has a part")),
        ("starts", "starts(text, \"QL\")", Bilingual(vi: "Có bắt đầu bằng chuỗi không", en: "Whether it begins with")),
        ("concat", "concat(a, \"/\", b)", Bilingual(vi: "Nối các chuỗi", en: "Texts joined")),
        ("float", "float(x)", Bilingual(vi: "Đổi ra số thực", en: "As a float")),
        ("int", "int(x)", Bilingual(vi: "Đổi ra số nguyên, bỏ phần lẻ", en: "As an int, towards zero")),
        ("string", "string(x)", Bilingual(vi: "Đổi ra chuỗi", en: "As a text")),
        ("hour", "hour()", Bilingual(vi: "Giờ địa phương, 0 đến 23", en: "Local hour, 0 to 23")),
        ("minute", "minute()", Bilingual(vi: "Phút, 0 đến 59", en: "Minute, 0 to 59")),
        ("weekday", "weekday()", Bilingual(vi: "Thứ trong tuần, 1 là thứ Hai", en: "Day of the week, 1 is Monday")),
        ("day", "day()", Bilingual(vi: "Ngày trong tháng", en: "Day of the month")),
        ("month", "month()", Bilingual(vi: "Tháng, 1 đến 12", en: "Month, 1 to 12")),
        ("year", "year()", Bilingual(vi: "Năm", en: "Year")),
        ("date", "date()", Bilingual(vi: "Ngày dạng 2026-11-19", en: "Date as 2026-11-19")),
        ("time_of_day", "time_of_day()", Bilingual(vi: "Khoảng từ nửa đêm", en: "Length of time since midnight")),
        ("age", "age()", Bilingual(vi: "Cách hiện tại bao lâu", en: "How long before now")),
        (
            "under", "under(\"31\")",
            Bilingual(vi: "Trạm có thuộc đơn vị này không", en: "Whether the station lies under a unit")
        ),
        (
            "within", "within(lat, lon, \"10.77,106.70,500m\")",
            Bilingual(vi: "Có nằm trong hình tròn hay đa giác không", en: "Whether it lies in a circle or polygon")
        ),
        (
            "distance", "distance(lat, lon, 10.77, 106.70)",
            Bilingual(vi: "Khoảng cách tính bằng mét", en: "Distance in metres")
        ),
    ]
}
