#!/usr/bin/env python3
"""Works out what the examples of the language answer over this sample, without Tram, and writes their case files.

usage: answers.py FOLDER [NUMBER]     FOLDER: Tests/tramTests/Cases

Plain Python: it reads the feeds as text, counts in decimals, and has one function an example. Times in the functions
are local; what is written is UTC. The number of a function is the example's place on the language page.
"""
import csv
import datetime
import decimal
import io
import itertools
import pathlib
import statistics
import sys
import zoneinfo

HERE = pathlib.Path(__file__).resolve().parent
ZONE = zoneinfo.ZoneInfo("Asia/Ho_Chi_Minh")
SECOND = 10**9
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
D = decimal.Decimal


# Time: nanoseconds since 1970.

def at(text):
    """2026-11-20 09:00 in Việt Nam."""
    return int(datetime.datetime.fromisoformat(text).replace(tzinfo=ZONE).timestamp()) * SECOND


def local(time):
    return datetime.datetime.fromtimestamp(time // SECOND, ZONE)


def utc(time):
    text = datetime.datetime.fromtimestamp(time // SECOND, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S")
    fraction = f"{time % SECOND:09}".rstrip("0")
    return f"{text}.{fraction}Z" if fraction else f"{text}Z"


class Span(int):
    """A length of time; written 1h30m."""


def spelled(value):
    if value is None:
        return ""
    if isinstance(value, Span):
        rest, text = abs(value), "-" if value < 0 else ""
        lengths = {"d": DAY, "h": HOUR, "m": MINUTE, "s": SECOND, "ms": 10**6, "us": 1000, "ns": 1}
        for unit, length in lengths.items():
            if rest >= length:
                text += f"{rest // length}{unit}"
                rest %= length
        return text or "0s"
    if isinstance(value, D):
        return spelled(float(value))
    if isinstance(value, float):
        return repr(value).removesuffix(".0")
    return str(value)


# Line protocol, as far as this sample uses it.

def unescaped(text, mark):
    """Splits at marks that no backslash stands before and that are not inside quotes."""
    parts, part, quoted, index = [], "", False, 0
    while index < len(text):
        letter = text[index]
        if letter == "\\" and index + 1 < len(text):
            part += text[index:index + 2]
            index += 2
            continue
        if letter == '"':
            quoted = not quoted
        if letter == mark and not quoted:
            parts.append(part)
            part = ""
        else:
            part += letter
        index += 1
    return parts + [part]


def plain(text):
    result, letters = "", iter(text)
    for letter in letters:
        result += next(letters) if letter == "\\" else letter
    return result


def value(text):
    if text.startswith('"'):
        return plain(text[1:-1])
    if text in ("true", "false"):
        return text == "true"
    return int(text[:-1]) if text.endswith("i") else D(text)


def rows(measurement, first=None, last=None):
    """Points of [first, last), by time; what came twice is one point."""
    points = {}
    for text in (HERE / f"{measurement}.lp").read_text(encoding="utf-8").splitlines():
        head, fields, time = unescaped(text, " ")
        tags = dict(pair.split("=") for pair in map(plain, unescaped(head, ",")[1:]))
        point = points.setdefault((int(time), tuple(sorted(tags.items()))), {"time": int(time), **tags})
        for field in unescaped(fields, ","):
            name, text = field.split("=", 1)
            point[name] = value(text)
    def is_inside(time):
        return (first is None or time >= first) and (last is None or time < last)
    return sorted((row for row in points.values() if is_inside(row["time"])), key=lambda row: row["time"])


# Aggregates: nulls are skipped, of nothing there is null.

def values(rows, field):
    return [row[field] for row in rows if row.get(field) is not None]


def total(rows, field):
    present = values(rows, field)
    return sum(present) if present else None


def mean(rows, field):
    present = values(rows, field)
    return sum(present) / D(len(present)) if present else None


def quantile(numbers, share):
    """Between order statistics."""
    ordered = sorted(numbers)
    place = share * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)


def grouped(rows, *names):
    """Rows by the values of the names, in the order of the keys."""
    groups = {}
    for row in rows:
        groups.setdefault(tuple(row.get(name) for name in names), []).append(row)
    return sorted(
        groups.items(), key=lambda item: [cell.encode() if isinstance(cell, str) else cell for cell in item[0]])


def start_of(time, width):
    """The start of the row's window: widths that divide a day count from local midnight."""
    moment = local(time)
    midnight = int(moment.replace(hour=0, minute=0, second=0).timestamp()) * SECOND
    return midnight + (time - midnight) // width * width


def windows(rows, width, *names):
    """[(key, window's start, rows)] by key, then time; windows without a row are not there."""
    return [
        (key, start, inside)
        for key, group in grouped(rows, *names)
        for (start,), inside in grouped([{**row, "window": start_of(row["time"], width)} for row in group], "window")
    ]


EXAMPLES = {}


def example(title, query, now, header, keys, feeds, **more):
    def register(work):
        EXAMPLES[work.__name__.removeprefix("example_")] = (title, query, now, header, keys, feeds, more, work)
        return work
    return register


NOW = "2026-11-20 09:00"
NOW_10 = "2026-11-20 09:10"
MIDNIGHT = at("2026-11-20 00:00")


@example(
    "Tốc độ trung bình từng tuyến đường trong một giờ qua",
    "traffic[1h] | mean(speed) by way", NOW_10, "way,mean", "way", "traffic")
def example_01_mean_by_way(now):
    for (way,), group in grouped(rows("traffic", now - HOUR, now), "way"):
        yield way, mean(group, "speed")


@example(
    "Lưu lượng xe từng 15 phút hôm nay, theo quận",
    "traffic[today] | sum(count) by district every 15m", NOW_10, "time,district,sum", "time district", "traffic")
def example_02_quarters_by_district(now):
    for (district,), start, group in windows(rows("traffic", MIDNIGHT, now), 15 * MINUTE, "district"):
        yield utc(start), district, total(group, "count")


@example(
    "10 camera đông nhất hiện nay",
    "traffic[15m] | sum(count) by cam | top 10 sum", NOW_10, "cam,sum", "cam", "traffic")
def example_03_busiest_cameras(now):
    sums = [(cam, total(group, "count")) for (cam,), group in grouped(rows("traffic", now - 15 * MINUTE, now), "cam")]
    # Level ones keep the order of the groups.
    yield from sorted((row for row in sums if row[1] is not None), key=lambda row: -row[1])[:10]


@example(
    "Giá trị mới nhất của mọi trạm đo mực nước",
    "mucnuoc | last(h) by tram", NOW, "tram,last", "tram", "mucnuoc")
def example_04_last_levels(now):
    for (station,), group in grouped(rows("mucnuoc", None, now), "tram"):
        yield station, values(group, "h")[-1]


@example(
    "Trạm nào mất tín hiệu quá 10 phút",
    "mucnuoc | stale 10m by tram", NOW, "tram,time,age", "tram", "mucnuoc")
def example_05_silent_stations(now):
    for (station,), group in grouped(rows("mucnuoc", None, now), "tram"):
        if now - group[-1]["time"] > 10 * MINUTE:
            yield station, utc(group[-1]["time"]), Span(now - group[-1]["time"])


@example(
    "p95 PM2.5 mỗi giờ, 24 giờ qua, theo trạm",
    "aqi[24h] | p95(pm25) by station every 1h", NOW, "time,station,p95", "time station", "aqi", within="p95=0.01")
def example_06_p95_hours(now):
    for (station,), start, group in windows(rows("aqi", now - 24 * HOUR, now), HOUR, "station"):
        present = values(group, "pm25")
        yield utc(start), station, quantile(present, D("0.95")) if present else None


@example(
    "Ngày nào trong tháng PM2.5 trung bình vượt 50",
    "aqi[thismonth] | mean(pm25) every 1d | where mean > 50", NOW, "time,mean", "time", "aqi")
def example_07_bad_days(now):
    for _, start, group in windows(rows("aqi", at("2026-11-01 00:00"), now), DAY):
        if mean(group, "pm25") > 50:
            yield utc(start), mean(group, "pm25")


@example(
    "So với cùng giờ tuần trước",
    "traffic[today] | mean(speed) by way every 1h vs 7d", NOW_10, "time,way,mean,mean_vs,mean_pct", "time way",
    "traffic")
def example_08_against_last_week(now):
    def means(first, last):
        return {(way, start): mean(group, "speed")
                for (way,), start, group in windows(rows("traffic", first, last), HOUR, "way")}
    # Today is the whole day, so of last week all hours count to their end, the one that now lies in as well.
    before = means(MIDNIGHT - 7 * DAY, MIDNIGHT - 6 * DAY)
    for (way, start), speed in means(MIDNIGHT, now).items():
        then = before.get((way, start - 7 * DAY))
        yield utc(start), way, speed, then, then and 100 * (speed - then) / then


@example(
    "Điện tiêu thụ từng giờ (công-tơ đếm tăng, có lúc về 0)",
    "meter[24h] | increase(kwh) by station every 1h", NOW, "time,station,increase", "time station", "meter")
def example_09_energy_by_hour(now):
    day = rows("meter", now - 24 * HOUR, now)
    gains = []
    for _, one in grouped(day, "no"):
        for before, row in zip(one, one[1:]):
            # A fall means that it began again at 0. What was gained since the reading before counts in this one's hour.
            gain = row["kwh"] - before["kwh"] if row["kwh"] >= before["kwh"] else row["kwh"]
            gains.append({**row, "gain": gain})
    for (station,), start, group in windows(gains, HOUR, "station"):
        yield utc(start), station, total(group, "gain")


@example(
    "Phút cao điểm sáng: tốc độ lúc 7-9 giờ các ngày trong tuần",
    "traffic[lastmonth] where hour() in (7, 8) and weekday() <= 5 | mean(speed) by way", NOW_10, "way,mean", "way",
    "traffic")
def example_10_morning_peak(now):
    month = rows("traffic", at("2026-10-01 00:00"), at("2026-11-01 00:00"))
    peak = [row for row in month if local(row["time"]).hour in (7, 8) and local(row["time"]).isoweekday() <= 5]
    for (way,), group in grouped(peak, "way"):
        yield way, mean(group, "speed")


@example(
    "Trung bình trượt 30 phút, mỗi 5 phút",
    "noise[6h] | mean(db) by ward every 5m over 30m", NOW_10, "time,ward,mean", "time ward", "noise")
def example_11_sliding_noise(now):
    first = now - 6 * HOUR
    for (ward,), group in grouped(rows("noise", first, now), "ward"):
        for start in range(first - 25 * MINUTE, now, 5 * MINUTE):
            inside = [row for row in group if start <= row["time"] < start + 30 * MINUTE]
            if inside:
                yield utc(start), ward, mean(inside, "db")


@example(
    "Mưa tích luỹ 1 giờ, 3 giờ",
    "rain[3h] | h1 = sum(mm) where (age() <= 1h), h3 = sum(mm) by tram", NOW, "tram,h1,h3", "tram", "rain")
def example_12_rain(now):
    for (station,), group in grouped(rows("rain", now - 3 * HOUR, now), "tram"):
        yield station, total([row for row in group if now - row["time"] <= HOUR], "mm"), total(group, "mm")


@example(
    "Nước dâng nhanh hơn 20 cm trong 30 phút",
    "mucnuoc[30m] | rise = last(h) - first(h) by tram | where rise > 0.2", NOW, "tram,rise", "tram", "mucnuoc")
def example_13_rising_water(now):
    for (station,), group in grouped(rows("mucnuoc", now - 30 * MINUTE, now), "tram"):
        levels = values(group, "h")
        if levels and levels[-1] - levels[0] > D("0.2"):
            yield station, levels[-1] - levels[0]


@example(
    "Điền chỗ trống bằng giá trị trước",
    "temp[6h] | mean(v) by room every 10m fill prev", NOW, "time,room,mean", "time room", "temp")
def example_14_fill_previous(now):
    first = now - 6 * HOUR
    for (room,), group in grouped(rows("temp", first, now), "room"):
        known = {start: mean(inside, "v") for _, start, inside in windows(group, 10 * MINUTE)}
        previous = None
        for start in range(first, now, 10 * MINUTE):
            previous = known.get(start, previous)
            yield utc(start), room, previous


COMMUNES = {"10546": "Chí Linh", "11311": "Hồng Bàng", "10660": "Ái Quốc", "10675": "Kinh Môn"}


@example(
    "Tỷ lệ báo cáo đầy đủ của từng xã hôm nay",
    "report[today] | n = count() by commune | set pct = 100 * n / expected(1m) | sort pct", "2026-11-20 00:30",
    "commune,commune_name,n,pct", "commune", "report", catalogue="examples/catalogue.yaml")
def example_15_completeness(now):
    with open(HERE / "report-sensors.csv", encoding="utf-8", newline="") as table:
        commune = {row["sensor"]: row["unit"] for row in csv.DictReader(table)}
    today = [{**row, "commune": commune[row["sensor"]]} for row in rows("report", MIDNIGHT, now)]
    found = []
    for (code,), group in grouped(today, "commune"):
        # Whole minutes since midnight, however many sensors stand in the commune.
        expected = (now - MIDNIGHT) // MINUTE
        found.append((code, COMMUNES[code], len(group), 100 * len(group) / expected))
    yield from sorted(found, key=lambda row: row[3])


@example(
    "Bất thường: lệch quá 3 MAD so với chính nó",
    "power[1h] | mean(kw) by station every 1m | set z = mad_z(mean, 60) | where abs(z) > 3", NOW,
    "time,station,mean,z", "time station", "power")
def example_16_unusual_power(now):
    for (station,), group in grouped(rows("power", now - HOUR, now), "station"):
        levels = [(start, mean(inside, "kw")) for _, start, inside in windows(group, MINUTE)]
        for place, (start, level) in enumerate(levels):
            # The values before, without this one; of fewer than five nothing is said.
            seen = [before for _, before in levels[max(0, place - 60):place]]
            if len(seen) < 5 or len(set(seen)) == 1:
                continue
            middle = statistics.median(seen)
            distances = [abs(before - middle) for before in seen]
            spread = statistics.median(distances) / D("0.6745")
            if spread == 0:
                # Most are equal: the mean distance takes the place of the median one.
                spread = D("1.253314") * sum(distances) / len(distances)
            z = (level - middle) / spread
            if abs(z) > 3:
                yield utc(start), station, level, z


def smoothed(values, season, weights):
    """Additive Holt-Winters in component form: after every value the squared errors so far and the forecasts."""
    alpha, beta, gamma = weights
    first, second = statistics.fmean(values[:season]), statistics.fmean(values[season:2 * season])
    trend = (second - first) / season
    seasonal = []
    for place in range(season):
        # What is left of both seasons when their means and the trend are taken off.
        moved = trend * (place - (season - 1) / 2)
        seasonal.append(statistics.fmean([values[place] - first - moved, values[season + place] - second - moved]))
    level = second + trend * (season - 1) / 2
    squares, result = 0.0, []
    for number in range(2 * season - 1, len(values)):
        if number >= 2 * season:
            place, before = number % season, level
            squares += (values[number] - (level + trend + seasonal[place])) ** 2
            level = alpha * (values[number] - seasonal[place]) + (1 - alpha) * (level + trend)
            trend = beta * (level - before) + (1 - beta) * trend
            seasonal[place] = gamma * (values[number] - level) + (1 - gamma) * seasonal[place]
        ahead = [level + n * trend + seasonal[(number + n) % season] for n in range(1, season + 1)]
        result.append((squares, ahead))
    return result


@example(
    "Dự báo mực nước 6 giờ tới",
    'mucnuoc[7d] where tram = "Phú An" | mean(h) every 1h | set f = forecast(mean, 6, 25)', NOW, "time,mean,f", "time",
    "mucnuoc")
def example_17_forecast(now):
    week = [row for row in rows("mucnuoc", now - 7 * DAY, now) if row["tram"] == "Phú An"]
    hours = [(start, mean(group, "h")) for _, start, group in windows(week, HOUR)]
    grid = [(alpha, beta, gamma) for alpha in (0.2, 0.5, 0.8) for beta in (0.05, 0.2) for gamma in (0.1, 0.4)]
    models = [smoothed([float(level) for _, level in hours], 25, weights) for weights in grid]
    for place, (start, level) in enumerate(hours):
        # Each row says what is expected six rows later, from the rows up to it; two seasons come first.
        step = place - 49
        best = min((model[step] for model in models), key=lambda state: state[0]) if step >= 0 else None
        yield utc(start), level, best and best[1][6 - 1]


@example(
    "Đèn tín hiệu đỏ bao lâu (thời gian ở từng trạng thái)",
    "signal[today] | runs_time = duration() by cross runs state", "2026-11-20 06:30", "time,cross,state,runs_time",
    "time cross", "signal")
def example_18_signal_runs(now):
    for (cross,), group in grouped(rows("signal", MIDNIGHT, now), "cross"):
        runs = [(state, list(run)) for state, run in itertools.groupby(group, key=lambda row: row["state"])]
        for (state, run), (_, after) in itertools.zip_longest(runs, runs[1:], fillvalue=(None, None)):
            # A state lasts until the first row of the next one; the last one until its last row.
            end = after[0]["time"] if after else run[-1]["time"]
            yield utc(run[0]["time"]), cross, state, Span(end - run[0]["time"])


@example(
    "Chuyến xe buýt: nhóm các bản ghi cách nhau dưới 20 phút",
    "bus[today] | start = min(time), stop = max(time), km = max(odo) - min(odo) by plate session 20m", NOW,
    "time,plate,start,stop,km", "time plate", "bus")
def example_19_bus_trips(now):
    for (plate,), group in grouped(rows("bus", MIDNIGHT, now), "plate"):
        trips = []
        for row in group:
            # A trip ends when nothing comes for longer than the pause.
            if trips and row["time"] - trips[-1][-1]["time"] <= 20 * MINUTE:
                trips[-1].append(row)
            else:
                trips.append([row])
        for trip in trips:
            start, stop = utc(trip[0]["time"]), utc(trip[-1]["time"])
            yield start, plate, start, stop, max(values(trip, "odo")) - min(values(trip, "odo"))


@example(
    "Công suất trung bình theo thời gian (mẫu thưa, không đều)",
    "power[today] | twa(kw) by station every 1h", NOW, "time,station,twa", "time station", "power")
def example_20_time_weighted_power(now):
    for (station,), day in grouped(rows("power", MIDNIGHT, now), "station"):
        for _, start, _ in windows(day, HOUR):
            # A value holds until the next one comes, also into and out of this hour; after the last one nothing is
            # known.
            held = []
            for row, after in zip(day, day[1:]):
                length = min(after["time"], start + HOUR) - max(row["time"], start)
                if length > 0:
                    held.append((row["kw"], length))
            lengths = sum(length for _, length in held)
            yield utc(start), station, sum(kw * length for kw, length in held) / lengths if held else None


@example(
    "Số thiết bị khác nhau đã gửi dữ liệu",
    "gateway[1d] | distinct(device) by province", NOW, "province,distinct", "province", "gateway")
def example_21_devices(now):
    for (province,), group in grouped(rows("gateway", now - DAY, now), "province"):
        yield province, len(set(values(group, "device")))


@example(
    "Quạt chạy nhưng vẫn nóng: ghép hai dòng dữ liệu",
    "temp[1h] | mean(v) by room every 5m | join (fan[1h] | max(run) by room every 5m) on room "
    "| where mean > 30 and max = 1", NOW, "time,room,mean,max", "time room", "temp fan")
def example_22_hot_though_fanned(now):
    runs = {(room, start): max(values(group, "run"))
            for (room,), start, group in windows(rows("fan", now - HOUR, now), 5 * MINUTE, "room")}
    for (room,), start, group in windows(rows("temp", now - HOUR, now), 5 * MINUTE, "room"):
        if mean(group, "v") > 30 and runs.get((room, start)) == 1:
            yield utc(start), room, mean(group, "v"), runs[room, start]


@example(
    "Tỷ lệ xe tải trong tổng số",
    'traffic[1h] | trucks = sum(count) where (class = "truck"), all = sum(count) by way | set pct = 100 * trucks / all',
    NOW_10, "way,trucks,all,pct", "way", "traffic")
def example_23_share_of_trucks(now):
    for (way,), group in grouped(rows("traffic", now - HOUR, now), "way"):
        trucks, every = total([row for row in group if row["class"] == "truck"], "count"), total(group, "count")
        yield way, trucks, every, None if trucks is None else 100 * trucks / every


@example(
    "Phân bố tốc độ theo khoảng 10 km/h",
    "traffic[1h] | histogram(speed, 10)", NOW_10, "bucket,count", "bucket", "traffic")
def example_24_speeds(now):
    bins = {}
    for speed in values(rows("traffic", now - HOUR, now), "speed"):
        bins[speed // 10 * 10] = bins.get(speed // 10 * 10, 0) + 1
    yield from sorted(bins.items())


@example(
    "Xếp hạng phường theo số sự cố tuần này",
    "incident[thisweek] | n = count() by ward | set r = rank(-n)", NOW, "ward,n,r", "ward", "incident")
def example_25_wards(now):
    counts = [(ward, len(group)) for (ward,), group in grouped(rows("incident", at("2026-11-16 00:00"), now), "ward")]
    for ward, count in counts:
        yield ward, count, 1 + sum(other > count for _, other in counts)


@example(
    "Báo cáo ngày: bao nhiêu, cao nhất, lúc nào",
    "aqi[yesterday] | count(pm25), max(pm25), max_at(pm25), mean(pm25) by station", NOW,
    "station,count,max,max_at,mean", "station", "aqi")
def example_26_day_report(now):
    for (station,), group in grouped(rows("aqi", MIDNIGHT - DAY, MIDNIGHT), "station"):
        present = values(group, "pm25")
        # The first time at which it was reached.
        highest = next(row for row in group if row.get("pm25") == max(present))
        yield station, len(present), max(present), utc(highest["time"]), mean(group, "pm25")


@example(
    "Một khoảng thời gian cụ thể, thứ tự mới nhất trước",
    "incident[2026-11-19T18:00..2026-11-20T06:00] | sort -time | limit 100", NOW, "time,ward,kind,level", "time ward",
    "incident")
def example_27_night(now):
    night = rows("incident", at("2026-11-19 18:00"), at("2026-11-20 06:00"))
    for row in list(reversed(night))[:100]:
        yield utc(row["time"]), row["ward"], row["kind"], row["level"]


@example(
    "Tổng theo tháng, theo giờ Việt Nam",
    "waste[thisyear] | sum(ton) by district every 1mo", NOW, "time,district,sum", "time district", "waste")
def example_28_months(now):
    year = rows("waste", at("2026-01-01 00:00"), now)
    year = [{**row, "month": at(f"{local(row['time']):%Y-%m}-01 00:00")} for row in year]
    for (district, month), group in grouped(year, "district", "month"):
        yield utc(month), district, total(group, "ton")


@example(
    "Có những số đo nào, thẻ nào",
    "show tags mucnuoc", NOW, "tag,values,example", "tag", "mucnuoc")
def example_31_tags(now):
    for tag in ["song", "tram"]:
        found = sorted({row[tag] for row in rows("mucnuoc")}, key=str.encode)
        yield tag, len(found), found[0]


@example(
    "Có những số đo nào, thẻ nào: các trường",
    "show fields mucnuoc", NOW, "field,type", "field", "mucnuoc")
def example_31_fields(now):
    types = {D: "float", int: "int", bool: "bool", str: "string"}
    found = {key: types[type(one)] for row in rows("mucnuoc") for key, one in row.items()}
    yield from sorted((field, kind) for field, kind in found.items() if field not in ("time", "song", "tram"))


@example(
    "Có những số đo nào, thẻ nào: các số đo",
    "show measurements", NOW, "measurement,series,fields,first,last", "measurement", "bus fan gateway meter")
def example_31_measurements(now):
    for name, tag in [("bus", "plate"), ("fan", "room"), ("gateway", "province"), ("meter", "no")]:
        points = rows(name)
        fields = {key for row in points for key in row} - {"time", "plate", "room", "province", "no", "station"}
        yield name, len({row[tag] for row in points}), len(fields), utc(points[0]["time"]), utc(points[-1]["time"])


@example(
    "Thời gian đi từ camera A đến camera B (ghép gần nhất trong 30 phút)",
    'plate[1h] where cam = "A" | join (plate[1h] where cam = "B") on number within 30m | median(gap) every 15m', NOW,
    "time,median", "time", "plate", within="median=0.01")
def example_32_travel_time(now):
    hour = rows("plate", now - HOUR, now)
    pairs = []
    for row in hour:
        later = [other["time"] - row["time"] for other in hour
                 if row["cam"] == "A" and other["cam"] == "B" and other["number"] == row["number"]
                 and row["time"] <= other["time"] <= row["time"] + 30 * MINUTE]
        if later:
            pairs.append({"time": row["time"], "gap": min(later)})
    for _, start, group in windows(pairs, 15 * MINUTE):
        yield utc(start), Span(quantile(values(group, "gap"), D("0.5")))


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    for name, (title, query, now, header, keys, feeds, more, work) in EXAMPLES.items():
        if len(sys.argv) > 2 and not name.startswith(sys.argv[2]):
            continue
        moment = at(now)
        lines = [
            f"# {title}", "feed: " + " ".join(f"examples/{feed}.lp" for feed in feeds.split()), f"now: {utc(moment)}",
            *(f"{key}: {text}" for key, text in more.items()), f"query: {query}", f"keys: {keys}", "order: yes",
            "columns: exactly", "---",
        ]
        table = io.StringIO()
        writer = csv.writer(table, lineterminator="\n")
        writer.writerow(header.split(","))
        writer.writerows([spelled(cell) for cell in row] for row in work(moment))
        path = pathlib.Path(sys.argv[1]) / f"example-{name.replace('_', '-')}.case"
        path.write_text("\n".join(lines) + "\n" + table.getvalue(), encoding="utf-8")
        print(f"{path.name}: {table.getvalue().count(chr(10)) - 1} rows")


if __name__ == "__main__":
    main()
