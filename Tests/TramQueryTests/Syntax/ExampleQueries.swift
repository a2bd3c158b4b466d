/// One short line for every common question of an operations centre; the language must read all of them.
enum ExampleQueries {
    static let all = #"""
        # Tốc độ trung bình từng tuyến đường trong một giờ qua
        traffic[1h] | mean(speed) by way
        # Lưu lượng xe từng 15 phút hôm nay, theo quận
        traffic[today] | sum(count) by district every 15m
        # 10 camera đông nhất hiện nay
        traffic[15m] | sum(count) by cam | top 10 sum
        # Giá trị mới nhất của mọi trạm đo mực nước
        mucnuoc | last(h) by tram
        # Trạm nào mất tín hiệu quá 10 phút
        mucnuoc | stale 10m by tram
        # p95 PM2.5 mỗi giờ, 24 giờ qua, theo trạm
        aqi[24h] | p95(pm25) by station every 1h
        # Ngày nào trong tháng PM2.5 trung bình vượt 50
        aqi[thismonth] | mean(pm25) every 1d | where mean > 50
        # So với cùng giờ tuần trước
        traffic[today] | mean(speed) by way every 1h vs 7d
        # Điện tiêu thụ từng giờ (công-tơ đếm tăng, có lúc về 0)
        meter[24h] | increase(kwh) by station every 1h
        # Phút cao điểm sáng: tốc độ lúc 7-9 giờ các ngày trong tuần
        traffic[lastmonth] where hour() in (7, 8) and weekday() <= 5 | mean(speed) by way
        # Trung bình trượt 30 phút, mỗi 5 phút
        noise[6h] | mean(db) by ward every 5m over 30m
        # Mưa tích luỹ 1 giờ, 3 giờ
        rain[3h] | h1 = sum(mm) where (age() <= 1h), h3 = sum(mm) by tram
        # Nước dâng nhanh hơn 20 cm trong 30 phút
        mucnuoc[30m] | rise = last(h) - first(h) by tram | where rise > 0.2
        # Điền chỗ trống bằng giá trị trước
        temp[6h] | mean(v) by room every 10m fill prev
        # Tỷ lệ báo cáo đầy đủ của từng xã hôm nay
        report[today] | n = count() by commune | set pct = 100 * n / expected(1m) | sort pct
        # Bất thường: lệch quá 3 MAD so với chính nó
        power[1h] | mean(kw) by station every 1m | set z = mad_z(mean, 60) | where abs(z) > 3
        # Dự báo mực nước 6 giờ tới
        mucnuoc[7d] where tram = "Phú An" | mean(h) every 1h | set f = forecast(mean, 6, 25)
        # Đèn tín hiệu đỏ bao lâu (thời gian ở từng trạng thái)
        signal[today] | runs_time = duration() by cross runs state
        # Chuyến xe buýt: nhóm các bản ghi cách nhau dưới 20 phút
        bus[today] | start = min(time), stop = max(time), km = max(odo) - min(odo) by plate session 20m
        # Công suất trung bình theo thời gian (mẫu thưa, không đều)
        power[today] | twa(kw) by station every 1h
        # Số thiết bị khác nhau đã gửi dữ liệu
        gateway[1d] | distinct(device) by province
        # Quạt chạy nhưng vẫn nóng: ghép hai dòng dữ liệu
        temp[1h] | mean(v) by room every 5m | join (fan[1h] | max(run) by room every 5m) on room | where mean > 30 and max = 1
        # Tỷ lệ xe tải trong tổng số
        traffic[1h] | trucks = sum(count) where (class = "truck"), all = sum(count) by way | set pct = 100 * trucks / all
        # Phân bố tốc độ theo khoảng 10 km/h
        traffic[1h] | histogram(speed, 10)
        # Xếp hạng phường theo số sự cố tuần này
        incident[thisweek] | n = count() by ward | set r = rank(-n)
        # Báo cáo ngày: bao nhiêu, cao nhất, lúc nào
        aqi[yesterday] | count(pm25), max(pm25), max_at(pm25), mean(pm25) by station
        # Một khoảng thời gian cụ thể, thứ tự mới nhất trước
        incident[2026-11-19T18:00..2026-11-20T06:00] | sort -time | limit 100
        # Tổng theo tháng, theo giờ Việt Nam
        waste[thisyear] | sum(ton) by district every 1mo
        # Cảnh báo: mực nước trên 1,5 m suốt 10 phút
        mucnuoc | mean(h) by tram every 1m | alert "Mực nước cao" when mean > 1.5 for 10m clear mean < 1.4 severity "warning" nodata keep escalate "ward > province 15m"
        # Cảnh báo mất tín hiệu
        mucnuoc | stale 10m by tram | alert "Mất tín hiệu" when age > 10m severity "info"
        # Có những số đo nào, thẻ nào
        show tags mucnuoc
        # Thời gian đi từ camera A đến camera B (ghép gần nhất trong 30 phút)
        plate[1h] where cam = "A" | join (plate[1h] where cam = "B") on number within 30m | median(gap) every 15m
        """#.split(separator: "\n").map(String.init).filter { !$0.hasPrefix("#") }
}
