#!/usr/bin/env python3
"""Writes the feeds of this sample: one file of line protocol a measurement, the same bytes on every run.

usage: make.py

Everything is invented. What looks random comes from one seed; what a question turns on (a tie, a silence, a counter
that begins again, a reading on the stroke of a month) is written out by hand and said in a comment.
"""
import datetime
import math
import pathlib
import random
import zoneinfo

HERE = pathlib.Path(__file__).resolve().parent
ZONE = zoneinfo.ZoneInfo("Asia/Ho_Chi_Minh")
SEED = 20261120
MINUTE = 60


def at(text):
    """Seconds since 1970 of a local time: 2026-11-20 08:15 or 2026-11-20 08:15:30."""
    return int(datetime.datetime.fromisoformat(text).replace(tzinfo=ZONE).timestamp())


def steps(first, last, step):
    """first, first + step, … below last."""
    return range(at(first), at(last), step)


def escaped(text):
    return text.replace(" ", "\\ ").replace(",", "\\,").replace("=", "\\=")


def line(measurement, tags, fields, time):
    """Tags and fields in the order of their names; a field that is None is absent."""
    head = measurement + "".join(f",{key}={escaped(value)}" for key, value in sorted(tags.items()))
    texts = []
    for key, value in sorted(fields.items()):
        if value is None:
            continue
        if isinstance(value, bool):
            texts.append(f"{key}={str(value).lower()}")
        elif isinstance(value, int):
            texts.append(f"{key}={value}i")
        elif isinstance(value, float):
            texts.append(f"{key}={value!r}")
        else:
            quoted = value.replace("\\", "\\\\").replace('"', '\\"')
            texts.append(f'{key}="{quoted}"')
    return f"{head} {','.join(texts)} {round(time * 1000)}000000"


class Dice:
    """Only `random()` of the generator is used: its numbers are the same in every version of Python."""

    def __init__(self, name):
        self.source = random.Random(f"{SEED} {name}")

    def between(self, low, high, digits=1):
        return round(low + (high - low) * self.source.random(), digits)

    def whole(self, low, high):
        return low + int((high - low + 1) * self.source.random())

    def chance(self, share):
        return self.source.random() < share


CAMS = {
    "C01": ("QL5", "Hồng Bàng"), "C02": ("QL5", "Hồng Bàng"), "C03": ("QL5", "Hải An"),
    "C04": ("QL10", "Kiến An"), "C05": ("QL10", "Kiến An"), "C06": ("QL10", "Hải An"),
    "C07": ("Lê Hồng Phong", "Hải An"), "C08": ("Lê Hồng Phong", "Hải An"), "C09": ("Lê Hồng Phong", "Hồng Bàng"),
    "C10": ("Trường Chinh", "Kiến An"), "C11": ("Trường Chinh", "Kiến An"), "C12": ("Trường Chinh", "Kiến An"),
}


def traffic():
    dice = Dice("traffic")

    def reading(cam, kind, time, speed, count):
        way, district = CAMS[cam]
        tags = {"cam": cam, "class": kind, "district": district, "way": way}
        return line("traffic", tags, {"speed": speed, "count": count}, time)

    # October for the morning peak: two cameras, Thursday the 1st to Saturday the 31st. The first and last second of the
    # two hours count, the seconds beside them do not; nor do 30 September and 1 November.
    for day in range(-1, 32):
        date = datetime.date(2026, 10, 1) + datetime.timedelta(days=day)
        for clock in ["06:59:59", "07:00", "07:40", "08:59:59", "09:00"]:
            for cam in ["C01", "C04"]:
                if clock == "07:40" and not dice.chance(0.7):
                    continue
                is_peak = clock[:2] in ("07", "08")
                speed = dice.between(18, 30) if is_peak and date.isoweekday() < 6 else dice.between(40, 60)
                yield reading(cam, "car", at(f"{date} {clock}"), speed, dice.whole(20, 60))

    # A week ago, to 10 o'clock: half of the cameras. QL10 says nothing between 3 and 4.
    for time in steps("2026-11-13 00:00", "2026-11-13 10:00", 30 * MINUTE):
        for cam in ["C01", "C04", "C06", "C07", "C10"]:
            if CAMS[cam][0] == "QL10" and at("2026-11-13 03:00") <= time < at("2026-11-13 04:00"):
                continue
            yield reading(cam, "car", time, dice.between(35, 60), dice.whole(5, 40))

    # Today until 9:00. At night one reading an hour of six cameras; Trường Chinh says nothing between 4 and 5.
    for time in steps("2026-11-20 00:00", "2026-11-20 06:00", 60 * MINUTE):
        for cam in ["C01", "C03", "C04", "C06", "C07", "C11"]:
            if cam == "C11" and time == at("2026-11-20 04:00"):
                continue
            yield reading(cam, "car", time + 7 * MINUTE, dice.between(45, 65), dice.whole(1, 9))
    for time in steps("2026-11-20 06:00", "2026-11-20 09:00", 15 * MINUTE):
        for cam in CAMS:
            # A camera that counts but cannot see how fast.
            speed = None if cam == "C08" and dice.chance(0.5) else dice.between(18, 55)
            yield reading(cam, "car", time, speed, dice.whole(30, 90))
            if cam in ("C01", "C03", "C04", "C05", "C07", "C09") and dice.chance(0.8):
                yield reading(cam, "truck", time, dice.between(15, 45), dice.whole(2, 25))
    # The last quarter: C05 and C09 are level inside the ten, C02 and C11 level for the last place; C12 sees no cars.
    last = {
        "C01": (95, 14), "C02": (40, None), "C03": (88, 11), "C04": (61, 20), "C05": (70, 7), "C06": (58, None),
        "C07": (66, 3), "C08": (120, None), "C09": (75, 2), "C10": (54, None), "C11": (40, None), "C12": (None, None),
    }
    for cam, (cars, trucks) in last.items():
        # Edges of the bins of 10 km/h: 30 and 40 exactly.
        speed = {"C01": 30.0, "C02": 40.0, "C03": 29.9}.get(cam) or dice.between(20, 50)
        yield reading(cam, "car", at("2026-11-20 09:00"), speed, cars)
        if trucks:
            yield reading(cam, "truck", at("2026-11-20 09:00"), dice.between(15, 40), trucks)


RIVERS = {"Phú An": "Sài Gòn", "Thủ Dầu Một": "Sài Gòn", "Nhà Bè": "Nhà Bè", "Biên Hòa": "Đồng Nai", "Vũng Tàu": "Biển"}


def mucnuoc():
    dice = Dice("mucnuoc")

    def reading(station, time, h, pin=None):
        return line("mucnuoc", {"tram": station, "song": RIVERS[station]}, {"h": h, "pin": pin}, time)

    # A week at Phú An, twice an hour: a tide of 25 hours and a little noise.
    for time in steps("2026-11-13 08:00", "2026-11-20 07:00", 30 * MINUTE):
        tide = 0.5 + 0.9 * math.sin(2 * math.pi * (time - at("2026-11-13 00:00")) / (25 * 3600))
        yield reading("Phú An", time, round(tide + dice.between(-0.05, 0.05, 3), 2))
    # Silent for three days.
    yield reading("Vũng Tàu", at("2026-11-17 10:00"), 2.31)
    # Two hours, every ten minutes. Phú An rises by 0.3 in the last half hour, Nhà Bè by 0.2 and not more, Biên Hòa
    # falls; Thủ Dầu Một, which rose fast, has been silent since 8:20. At 9:00 the others spoke ten minutes
    # ago and not more.
    levels = {
        "Phú An": [0.42, 0.5, 0.61, 0.68, 0.8, 0.87, 0.95, 1.05, 1.12, 1.25, 1.4, 1.55],
        "Nhà Bè": [0.75, 0.77, 0.8, 0.82, 0.85, 0.88, 0.9, 0.93, 0.97, 1.0, 1.1, 1.2],
        "Biên Hòa": [1.9, 1.88, 1.87, 1.85, 1.84, 1.8, 1.79, 1.75, 1.74, 1.7, 1.68, 1.66],
        "Thủ Dầu Một": [0.3, 0.34, 0.41, 0.5, 0.62, 0.75, 0.9, 1.08, 1.31],
    }
    for station, values in levels.items():
        for number, h in enumerate(values):
            yield reading(station, at("2026-11-20 07:00") + 10 * MINUTE * number, h)
    # Biên Hòa tells of its battery only: it is not silent, and its last level is the one before.
    yield reading("Biên Hòa", at("2026-11-20 08:57"), None, 87)


def aqi():
    dice = Dice("aqi")

    def reading(station, time, pm25, no2=None):
        return line("aqi", {"station": station}, {"pm25": pm25, "no2": no2}, time)

    # 31 October was foul to the last minute, and is not this month.
    for clock in ["21:00", "23:59:59"]:
        for station in ["Cát Bi", "Lạch Tray"]:
            yield reading(station, at(f"2026-10-31 {clock}"), 210.0)
    # Every three hours from the first second of November; the 7th is 50 and not above it, the 12th has no reading.
    for time in steps("2026-11-01 00:00", "2026-11-19 00:00", 180 * MINUTE):
        day = int((time - at("2026-11-01 00:00")) / 86400) + 1
        if day == 12:
            continue
        base = {3: 70, 4: 62, 9: 55, 10: 49, 15: 51, 16: 80}.get(day, 35)
        for station in ["Cát Bi", "Lạch Tray"]:
            yield reading(station, time, 50.0 if day == 7 else dice.between(base - 12, base + 12))
    # Every ten minutes for a day and a half. Cát Bi is silent from 14:00 to 16:00 and again after 8:10; now and then a
    # reading has no PM2.5. Lạch Tray reaches its highest twice, at 18:20 and 18:50.
    for time in steps("2026-11-19 00:00", "2026-11-20 09:00", 10 * MINUTE):
        clock = (time - at("2026-11-19 00:00")) / 3600
        base = 40 + 25 * math.sin(2 * math.pi * (clock - 13) / 24) ** 2
        for station in ["Cát Bi", "Lạch Tray"]:
            if station == "Cát Bi" and (14 <= clock < 16 or clock > 32.2):
                continue
            if dice.chance(0.05):
                yield reading(station, time, None, dice.between(10, 40))
                continue
            pm25 = dice.between(base - 8, base + 8)
            if station == "Lạch Tray" and time in (at("2026-11-19 18:20"), at("2026-11-19 18:50")):
                pm25 = 91.5
            yield reading(station, time, pm25, dice.between(10, 40) if dice.chance(0.3) else None)


def meter():
    dice = Dice("meter")
    # Two meters at Tân Thuận. TT-1 begins again from 0 at 15:07; TT-2 was changed in the silence between 2:00 and 4:00;
    # the one at Nam Sơn stands still at night.
    kwh = {"TT-1": 99871.4, "TT-2": 4120.0, "NS-1": 510.25}
    place = {"TT-1": "Tân Thuận", "TT-2": "Tân Thuận", "NS-1": "Nam Sơn"}
    for time in steps("2026-11-19 08:07", "2026-11-20 09:10", 20 * MINUTE):
        for number, station in place.items():
            if number == "TT-1" and time == at("2026-11-19 15:07"):
                kwh[number] = 1.5
            elif number == "TT-2" and at("2026-11-20 02:00") <= time < at("2026-11-20 04:00"):
                kwh[number] = 0.0
                continue
            elif number == "NS-1" and time > at("2026-11-19 22:00"):
                pass
            else:
                kwh[number] = round(kwh[number] + dice.between(0.5, 9.5), 2)
            yield line("meter", {"station": station, "no": number}, {"kwh": kwh[number]}, time)


def noise():
    dice = Dice("noise")
    # Every five minutes; Gia Viên is silent from 5:00 to 5:45, so some windows of half an hour hold nothing of it.
    for time in steps("2026-11-20 03:00", "2026-11-20 09:10", 5 * MINUTE):
        for ward in ["Gia Viên", "Lê Chân"]:
            if ward == "Gia Viên" and at("2026-11-20 05:00") <= time < at("2026-11-20 05:45"):
                continue
            yield line("noise", {"ward": ward}, {"db": dice.between(48, 76)}, time)


def rain():
    dice = Dice("rain")
    # Hòn Dấu had rain before 8:00 only and a gauge that says nothing since; at 9:00 the others have a reading that
    # is exactly an hour old, and one at 9:00 itself, which is not before it. Cát Hải: dry, which is 0 and not nothing.
    for time in steps("2026-11-20 05:30", "2026-11-20 09:10", 10 * MINUTE):
        for station in ["Bạch Long Vĩ", "Cát Hải", "Hòn Dấu", "Phù Liễn"]:
            if station == "Hòn Dấu" and time >= at("2026-11-20 08:00"):
                continue
            mm = 0.0 if station == "Cát Hải" or dice.chance(0.3) else dice.between(0.2, 7.5)
            yield line("rain", {"tram": station}, {"mm": mm}, time)


def temp():
    dice = Dice("temp")
    # P101 and P102 every 12 minutes with holes, P201 only since 6:40. In the last hour every four minutes.
    for time in steps("2026-11-20 03:00", "2026-11-20 08:00", 12 * MINUTE):
        for room in ["P101", "P102", "P201"]:
            if dice.chance(0.35) or room == "P201" and time < at("2026-11-20 06:40"):
                continue
            yield line("temp", {"room": room}, {"v": dice.between(22, 29)}, time)
    for time in steps("2026-11-20 08:00", "2026-11-20 09:00", 4 * MINUTE):
        for room, low in {"P101": 29.2, "P102": 24.0, "P201": 31.0}.items():
            if room == "P201" and time >= at("2026-11-20 08:40"):
                continue
            yield line("temp", {"room": room}, {"v": dice.between(low, low + 1.6)}, time)


def fan():
    # P101's fan runs but from 8:20 to 8:30, P102's all the time, P201's since 8:12; KHO has a fan and no thermometer.
    for time in steps("2026-11-20 07:57", "2026-11-20 09:00", 5 * MINUTE):
        runs = {
            "P101": not at("2026-11-20 08:20") <= time < at("2026-11-20 08:30"),
            "P102": True, "P201": time >= at("2026-11-20 08:12"), "KHO": True,
        }
        for room, run in runs.items():
            yield line("fan", {"room": room}, {"run": int(run)}, time)


def report():
    dice = Dice("report")
    # Half an hour after midnight a sensor should have reported 30 times. S1 did, and once a second before midnight; S2
    # and S3 stand in one commune; S4 sends twice a minute; S5 began at 0:10; S6 never says anything.
    yield line("report", {"sensor": "S1"}, {"ok": True}, at("2026-11-19 23:59:59"))
    for time in steps("2026-11-20 00:00", "2026-11-20 00:30", MINUTE):
        yield line("report", {"sensor": "S1"}, {"ok": True}, time)
        if dice.chance(0.8):
            yield line("report", {"sensor": "S2"}, {"ok": True}, time + 5)
        if dice.chance(0.6):
            yield line("report", {"sensor": "S3"}, {"ok": not dice.chance(0.1)}, time + 12)
        yield line("report", {"sensor": "S4"}, {"ok": True}, time)
        yield line("report", {"sensor": "S4"}, {"ok": True}, time + 30)
        if time >= at("2026-11-20 00:10"):
            yield line("report", {"sensor": "S5"}, {"ok": True}, time + 40)
    # Sent twice: the same point, counted once.
    yield line("report", {"sensor": "S5"}, {"ok": True}, at("2026-11-20 00:29:40"))


def power():
    dice = Dice("power")
    # Sparse and uneven until 8:00: T1 has nothing between 3 and 5, T2 nothing before 2; then every minute. T1 leaps at
    # 8:25 and falls at 8:50; T2 is the same all the time but for two minutes.
    for station, first in {"T1": "2026-11-19 23:50", "T2": "2026-11-20 02:03"}.items():
        time = at(first)
        while time < at("2026-11-20 08:00"):
            if not (station == "T1" and at("2026-11-20 03:00") <= time < at("2026-11-20 05:00")):
                yield line("power", {"station": station}, {"kw": dice.between(40, 90)}, time)
            time += dice.whole(4, 55) * MINUTE + dice.whole(0, 59)
    for time in steps("2026-11-20 08:00", "2026-11-20 09:00", MINUTE):
        kw = {at("2026-11-20 08:25"): 140.5, at("2026-11-20 08:50"): 12.0}.get(time) or dice.between(66, 74)
        yield line("power", {"station": "T1"}, {"kw": kw}, time)
        kw = {at("2026-11-20 08:40"): 55.0, at("2026-11-20 08:52"): 52.0}.get(time, 50.0)
        yield line("power", {"station": "T2"}, {"kw": kw}, time)


def signal():
    # N1 is green at midnight already and blinks yellow through the night; from 6:00 its cycle is 75 s. N2 says its
    # state every 30 s, changed or not.
    yield line("signal", {"cross": "N1"}, {"state": "green"}, at("2026-11-19 23:58"))
    yield line("signal", {"cross": "N1"}, {"state": "blink"}, at("2026-11-20 00:05"))
    time = at("2026-11-20 06:00")
    while time < at("2026-11-20 06:10"):
        for state, length in [("green", 40), ("yellow", 3), ("red", 32)]:
            yield line("signal", {"cross": "N1"}, {"state": state}, time)
            time += length
    for number, time in enumerate(steps("2026-11-20 06:00", "2026-11-20 06:10", 30)):
        state = ["red", "red", "green", "green", "green", "yellow"][number % 6]
        yield line("signal", {"cross": "N2"}, {"state": state}, time)


def bus():
    dice = Dice("bus")
    # 15B-001.23: a pause of exactly 20 minutes, in one trip, and one of a second more, which ends it. 15B-004.56: two
    # trips, far apart, and a last one of a single reading. 15B-007.89 drove over midnight: today has the end of it.
    trips = {
        "15B-001.23": ["05:30", "05:35", "05:41", "06:01", "06:06", "06:26:01", "06:31", "07:10", "07:20"],
        "15B-004.56": ["06:00", "06:10", "06:20", "06:30", "08:00", "08:15", "08:34", "08:58"],
        "15B-007.89": ["00:00", "00:08", "00:15"],
    }
    odo = {"15B-001.23": 48210.0, "15B-004.56": 120877.4, "15B-007.89": 9034.2}
    for clock in ["23:45", "23:53"]:
        yield line("bus", {"plate": "15B-007.89"}, {"odo": odo["15B-007.89"]}, at(f"2026-11-19 {clock}"))
        odo["15B-007.89"] = round(odo["15B-007.89"] + 3.3, 1)
    for plate, clocks in trips.items():
        for clock in clocks:
            yield line("bus", {"plate": plate}, {"odo": odo[plate]}, at(f"2026-11-20 {clock}"))
            odo[plate] = round(odo[plate] + dice.between(0.8, 4.5), 1)


def gateway():
    dice = Dice("gateway")
    # G-01 … G-12; G-03 has moved from one province to the other, G-12 fell silent a second before the day that counts.
    yield line("gateway", {"province": "Hải Phòng"}, {"device": "G-12", "rssi": -71}, at("2026-11-19 08:59:59"))
    yield line("gateway", {"province": "Hải Phòng"}, {"device": "G-01", "rssi": -70}, at("2026-11-19 09:00"))
    for number, time in enumerate(steps("2026-11-19 09:05", "2026-11-20 09:00", 25 * MINUTE)):
        device = number % 11 + 1
        province = "Hải Phòng" if device < 3 or device == 3 and number < 20 else "Quảng Ninh"
        province = "Hưng Yên" if device == 11 else province
        yield line("gateway", {"province": province}, {"device": f"G-{device:02}", "rssi": dice.whole(-95, -50)}, time)
    # A point without a device.
    yield line("gateway", {"province": "Hưng Yên"}, {"rssi": -80}, at("2026-11-20 08:01"))


def incident():
    dice = Dice("incident")
    wards = ["An Biên", "Gia Viên", "Hải An", "Lê Chân", "Ngô Quyền"]

    def reading(ward, time, kind, level):
        return line("incident", {"ward": ward}, {"kind": kind, "level": level}, time)

    # Last week, to its last second; and the first second of this one.
    yield reading("An Biên", at("2026-11-15 20:00"), "ngập", 2)
    yield reading("An Biên", at("2026-11-15 23:59:59"), "ngập", 3)
    yield reading("Hải An", at("2026-11-16 00:00"), "cây đổ", 1)
    for number, time in enumerate(steps("2026-11-16 08:00", "2026-11-19 18:00", 260 * MINUTE)):
        yield reading(wards[number * 3 % 5], time + 17, "mất điện", dice.whole(1, 3))
    # A night of 18:00 to 6:00, more than a hundred; the first second counts, 6:00 does not.
    kinds = ["tai nạn", "ùn tắc", 'xe tải, "chết máy"', "ngập"]
    for number, time in enumerate(steps("2026-11-19 18:00", "2026-11-20 06:00", 400)):
        # Gia Viên and Lê Chân come out level.
        ward = wards[[0, 2, 1, 3, 2, 4, 3, 1][number % 8]]
        yield reading(ward, time, kinds[dice.whole(0, 3)], dice.whole(1, 3))
    yield reading("Lê Chân", at("2026-11-20 06:00"), "ùn tắc", 1)


def waste():
    dice = Dice("waste")
    # Weighed every nine days at noon. The last second of 2025 is not this year; the first of a month is that month, in
    # Việt Nam, though it is still the month before in UTC. Đồ Sơn brought nothing in February.
    yield line("waste", {"district": "Hồng Bàng"}, {"ton": 99.9}, at("2025-12-31 23:59:59"))
    for district in ["Đồ Sơn", "Hồng Bàng", "Kiến An"]:
        for time in steps("2026-01-04 12:00", "2026-11-20 09:00", 9 * 1440 * MINUTE):
            if district == "Đồ Sơn" and at("2026-02-01 00:00") <= time < at("2026-03-01 00:00"):
                continue
            yield line("waste", {"district": district}, {"ton": dice.between(8, 60, 2)}, time)
    for month in (1, 5, 11):
        yield line("waste", {"district": "Hồng Bàng"}, {"ton": dice.between(8, 60, 2)}, at(f"2026-{month:02}-01 00:00"))
    yield line("waste", {"district": "Kiến An"}, {"ton": 0.1}, at("2026-04-30 23:59:59"))


def plate():
    # now is 9:00. What becomes of each at B stands beside it.
    seen = {
        "A": [
            ("15A-111.11", "08:01"),  # after 6 min
            ("15A-222.22", "08:03"),  # at A again at 8:10: both go with the one B at 8:20
            ("15A-222.22", "08:10"),
            ("15A-333.33", "08:12"),  # 10 min; it passes B again later, and the nearest counts
            ("15A-444.44", "08:14"),  # exactly 30 min
            ("15A-555.55", "08:16"),  # 30 min and a second: no
            ("15A-666.66", "08:18"),  # at B before A only
            ("15A-777.77", "08:20"),  # never at B
            ("15A-888.88", "08:31"),  # 7 min 30 s
            ("15A-999.99", "08:46"),  # 8 min
            ("15A-101.01", "08:50"),  # at B at 9:00, which is not before now
            ("15A-121.21", "07:58"),  # at A more than an hour ago
        ],
        "B": [
            ("15A-111.11", "08:07"), ("15A-222.22", "08:20"), ("15A-333.33", "08:22"), ("15A-333.33", "08:41"),
            ("15A-444.44", "08:44"), ("15A-555.55", "08:46:01"), ("15A-666.66", "08:17"), ("15A-888.88", "08:38:30"),
            ("15A-999.99", "08:54"), ("15A-101.01", "09:00"), ("15A-121.21", "08:05"), ("15A-131.31", "08:30"),
        ],
        "C": [("15A-111.11", "08:04"), ("15A-777.77", "08:25")],
    }
    for cam, rows in seen.items():
        for number, clock in rows:
            yield line("plate", {"cam": cam}, {"number": number}, at(f"2026-11-20 {clock}"))


def main():
    total = 0
    feeds = [
        traffic, mucnuoc, aqi, meter, noise, rain, temp, fan, report, power, signal, bus, gateway, incident, waste,
        plate,
    ]
    for feed in feeds:
        lines = sorted(feed(), key=lambda text: int(text.rsplit(" ", 1)[1]))
        text = "".join(row + "\n" for row in lines)
        (HERE / f"{feed.__name__}.lp").write_text(text, encoding="utf-8")
        total += len(text.encode())
        print(f"{feed.__name__}.lp: {len(lines)} lines, {len(text.encode())} bytes")
    print(f"{total} bytes")


if __name__ == "__main__":
    main()
