"""Windows in any time zone, from Python's own calendar: a second opinion on where they start and end."""

from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

SECOND = 10**9
DAY = 86_400 * SECOND
EPOCH = datetime(1970, 1, 1)


def zone(name):
    if name[0] in "+-":
        hours, minutes = int(name[1:3]), int(name[4:6])
        shift = timedelta(hours=hours, minutes=minutes)
        return timezone(shift if name[0] == "+" else -shift)
    return ZoneInfo(name)


def to_local(nanoseconds, tz):
    """The local time of an instant, whole seconds only."""
    utc = EPOCH + timedelta(seconds=nanoseconds // SECOND)
    return utc.replace(tzinfo=timezone.utc).astimezone(tz).replace(tzinfo=None)


def to_instant(local, tz):
    """The instant of a local time; of one that the clock skips, the instant at which it would have been."""
    utc = local.replace(tzinfo=tz).astimezone(timezone.utc).replace(tzinfo=None)
    return ((utc - EPOCH) // timedelta(seconds=1)) * SECOND


def text(nanoseconds):
    """An instant as the language writes it."""
    whole, rest = divmod(nanoseconds, SECOND)
    fraction = f".{rest:09d}".rstrip("0") if rest else ""
    return (EPOCH + timedelta(seconds=whole)).strftime("%Y-%m-%dT%H:%M:%S") + fraction + "Z"


class Length:
    """A length of time: so many months, days or nanoseconds, only one of them."""

    def __init__(self, count, unit):
        self.text = f"{count}{unit}"
        self.months = count * {"mo": 1, "q": 3, "y": 12}.get(unit, 0)
        self.days = count * {"d": 1, "w": 7}.get(unit, 0)
        self.exact = count * {"s": SECOND, "m": 60 * SECOND, "h": 3600 * SECOND}.get(unit, 0)

    def rough(self):
        return self.months * 30 * DAY + self.days * DAY + self.exact

    def after(self, instant, tz):
        """The end of a window that starts at an instant."""
        if self.exact:
            return instant + self.exact
        local = to_local(instant, tz)
        if self.days:
            return to_instant(local + timedelta(days=self.days), tz)
        month = local.year * 12 + local.month - 1 + self.months
        return to_instant(local.replace(year=month // 12, month=month % 12 + 1), tz)


def starts(every, tz, first, last):
    """Starts of windows from one at or before `first` to the last that is not after `last`."""
    local = to_local(first, tz)
    found = []
    if every.months:
        month = (local.year - 1970) * 12 + local.month - 1
        month -= month % every.months
        while True:
            start = to_instant(datetime(1970 + month // 12, month % 12 + 1, 1), tz)
            if start > last:
                return found
            found.append(start)
            month += every.months
    if every.days:
        zero = datetime(1969, 12, 29) if every.days % 7 == 0 else EPOCH
        day = (local - zero) // timedelta(days=1)
        day -= day % every.days
        while True:
            start = to_instant(zero + timedelta(days=day), tz)
            if start > last:
                return found
            found.append(start)
            day += every.days
    if DAY % every.exact:
        start = to_instant(EPOCH, tz)
        start += (first - start) // every.exact * every.exact
        while start <= last:
            found.append(start)
            start += every.exact
        return found
    midnight = datetime(local.year, local.month, local.day)
    while True:
        start = to_instant(midnight, tz)
        midnight += timedelta(days=1)
        end = to_instant(midnight, tz)
        while start < end:
            if start > last:
                return found
            found.append(start)
            start += every.exact


def windows(every, over, tz, start, end):
    """(start, end) of every window that reaches into [start, end), in the order of time."""
    back = (over or every).rough() + (over or every).rough() // 8 + DAY
    every_start = starts(every, tz, start - back, end - 1)
    if over is None:
        # A tumbling window ends where the next one starts, also where the clock makes a day shorter.
        every_start += starts(every, tz, end - 1, end + every.rough() * 2 + DAY)
        every_start = sorted(set(every_start))
        pairs = list(zip(every_start, every_start[1:]))
    else:
        pairs = [(each, over.after(each, tz)) for each in every_start]
    return [(low, high) for low, high in pairs if low < end and high > start]
