import TramColumnar
import TramServer

extension QueryClient.Failure {
    /// What a person is told who asked the server at `url`.
    ///
    /// - Parameter text: the text in which an error has its place.
    func message(_ url: String, _ text: String, _ language: Language) -> String {
        let isVietnamese = language == .vi
        switch self {
        case .slow(let seconds):
            return isVietnamese
                ? "máy chủ \(url) đang chạy nhưng chưa trả lời sau \(seconds) giây; thu hẹp câu hỏi, hoặc hỏi lại sau"
                : "the server at \(url) is there but has not answered in \(seconds) seconds; ask for less, or again later"
        case .unreachable(let reason):
            return isVietnamese
                ? "không có máy chủ Trạm nào trả lời tại \(url) (\(reason))\nkhởi động: tram serve    máy chủ khác: --url http://HOST:PORT    hỏi tệp số liệu: --feed TỆP    hỏi thư mục dữ liệu: --data DIR"
                : "no Tram server answers at \(url) (\(reason))\nstart one: tram serve    ask another: --url http://HOST:PORT    ask a recorded feed: --feed FILE    ask a data directory: --data DIR"
        case .refused(let answer, _):
            return answer.rendered(in: text, language: language)
        case .foreign(let status):
            return isVietnamese
                ? "\(url) trả lời (\(status)), nhưng không phải máy chủ Trạm"
                : "what answers at \(url) (\(status)) is no Tram server"
        case .badURL:
            return isVietnamese
                ? "\(url) không phải địa chỉ máy chủ; viết http://HOST:PORT"
                : "\(url) is not the address of a server; write http://HOST:PORT"
        }
    }
}
