"""GET /v1/usage: windows in time zones against Python's zoneinfo."""
import random
from collections import Counter
from datetime import date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest

from api_contract import Contract, covers, problem
from harness import record

DI = "a2nB20h1o0lc7k3P9xtWS8"

UTC = timezone.utc
ZONES = ["UTC", "Europe/Budapest", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "America/St_Johns", "Pacific/Apia",
         "Africa/Monrovia", "America/Sao_Paulo", "Asia/Kathmandu"]
# Around changes of clocks: (zone, instant) by hand, a few hours on both sides are mixed in.
CHANGES = ["2024-03-31T01:00", "2024-10-27T01:00", "2024-04-06T15:00", "2024-10-05T15:30", "2006-10-29T02:31", "2006-04-02T03:31",
           "2011-12-30T10:00", "1972-01-07T00:44", "2018-11-04T03:00", "2018-02-18T02:00", "2024-11-03T06:00"]


def usage(id_, **fields):
    return record("acme", DI, fields.pop("time"), fields.pop("quantity"), id_, **fields)


def text(instant):
    stamp = instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return stamp + (f".{instant.microsecond:06}".rstrip("0") if instant.microsecond else "") + "Z"


def midnight(day, zone):
    """The first 00:00 of the date; where clocks jump over it, the jump."""
    naive = datetime(day.year, day.month, day.day)
    first = naive.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if first.astimezone(zone).replace(tzinfo=None) == naive:
        return first
    low, high = first - timedelta(days=2), first + timedelta(days=2)  # the jump: by the offset, to the second
    before = low.astimezone(zone).utcoffset()
    while high - low > timedelta(seconds=1):
        middle = (low + (high - low) / 2).replace(microsecond=0)
        low, high = (middle, high) if middle.astimezone(zone).utcoffset() == before else (low, middle)
    return high


def day_window(instant, zone, following, first_of):
    day = first_of(instant.astimezone(zone).date())
    while midnight(following(day), zone) <= instant:
        day = following(day)
    while midnight(day, zone) > instant:
        day = first_of(day - timedelta(days=1))
    end = following(day)
    while midnight(end, zone) <= midnight(day, zone):  # a date that was jumped over
        end = following(end)
    return midnight(day, zone), midnight(end, zone)


def hour_window(instant, zone):
    """Step by step away from the instant: whole seconds with the same offset and the same hour on the clock."""
    local = instant.astimezone(zone)
    into = timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond)
    start, end = (local.astimezone(UTC) - into), (local.astimezone(UTC) - into + timedelta(hours=1))
    while start.astimezone(zone).utcoffset() != local.utcoffset():
        start += timedelta(seconds=1)
    while (end - timedelta(seconds=1)).astimezone(zone).utcoffset() != local.utcoffset():
        end -= timedelta(seconds=1)
    return start, end


def window_of(kind, instant, zone):
    if kind == "hour":
        return hour_window(instant, zone)
    if kind == "day":
        return day_window(instant, zone, lambda d: d + timedelta(days=1), lambda d: d)
    return day_window(instant, zone, lambda d: date(d.year + d.month // 12, d.month % 12 + 1, 1), lambda d: d.replace(day=1))


@pytest.fixture(scope="module")
def instants(shared):
    pick = random.Random(5)
    out = [datetime(1970, 1, 2, tzinfo=UTC) + timedelta(microseconds=pick.randrange(int(65 * 365.25 * 86_400e6))) for _ in range(150)]
    for change in CHANGES:
        at = datetime.fromisoformat(change).replace(tzinfo=UTC)
        out += [at + timedelta(seconds=pick.randrange(-4 * 3600, 4 * 3600)) for _ in range(25)]
        out += [at + timedelta(minutes=30 * n) for n in range(-3, 4)]
    for first in range(0, len(out), 100):
        records = [usage(f"windows-{first + n}", time=text(instant), quantity="1") for n, instant in enumerate(out[first:first + 100])]
        shared.usage(*records)
    return out


@covers("GET /v1/usage")
@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("window", ["hour", "day", "month"])
@pytest.mark.parametrize("period", [(1970, 2036), (2024, 2025), (2006, 2012)])  # many changes of clocks, and few
def test_windows_are_the_ones_of_the_zone(shared, instants, zone, window, period):
    here = ZoneInfo(zone)
    first, end = period
    answer = shared.api("GET", f"/v1/usage?from={first}-01-02T05:10:00Z&to={end}-01-01T00:00:00Z&window={window}&tz={zone}")
    rows = Contract(shared).check(answer, "GET", "/v1/usage")["rows"]
    assert answer.json().get("tz", "UTC") == zone
    first, end = datetime(first, 1, 2, 5, 10, tzinfo=UTC), datetime(end, 1, 1, tzinfo=UTC)
    expected = Counter(window_of(window, instant, here) for instant in instants if first <= instant < end)
    if window == "day":
        assert [row["day"] for row in rows] == [str(start.astimezone(here).date()) for start, _ in sorted(expected)]
    if zone != "UTC" or window != "day":
        got = [(row["window_start"], row["window_end"], row["records"], row["quantity"]) for row in rows]
        assert got == [(text(start), text(end), n, str(n)) for (start, end), n in sorted(expected.items())]
    else:
        assert all(set(row) == {"org", "meter", "day", "quantity", "records"} for row in rows)


@covers("GET /v1/usage")
def test_the_zone_of_the_org_is_the_default_for_dates_and_days(server):
    """Budapest: 2024-03-31 has 23 hours, 2024-10-27 has 25."""
    times = ["2024-03-30T22:59:59Z", "2024-03-30T23:00:00Z", "2024-03-31T21:59:59.999999Z", "2024-03-31T22:00:00Z"]
    server.usage(*(usage(str(n), time=time, quantity="1") for n, time in enumerate(times)))
    org = server.api("GET", "/v1/orgs/acme").json()
    assert org.get("time_zone", "UTC") == "UTC"
    asked = "/v1/usage?from=2024-03-31&to=2024-04-01"
    assert server.api("GET", asked).json()["from"] == "2024-03-31T00:00:00Z"
    named = server.api("GET", asked + "&tz=Europe/Budapest").json()
    assert (named["from"], named["to"], named["tz"]) == ("2024-03-30T23:00:00Z", "2024-03-31T22:00:00Z", "Europe/Budapest")
    assert [(row["day"], row["records"]) for row in named["rows"]] == [("2024-03-31", 2)]
    assert server.api("PATCH", "/v1/orgs/acme", {"time_zone": "Europe/Budapest"}).status == 200
    assert server.api("GET", asked).json()["rows"] == named["rows"]
    assert server.api("GET", asked + "&tz=UTC").json()["from"] == "2024-03-31T00:00:00Z"


@covers("GET /v1/usage")
def test_the_column_of_the_window_stands_where_it_is_named_else_last(server):
    server.usage(usage("1", time="2024-09-03T10:30:00Z", quantity="1", project="A"), usage("2", time="2024-09-03T11:30:00Z", quantity="2"))

    def rows(query):
        return server.api("GET", f"/v1/usage?from=2024-09-01&to=2024-10-01&{query}").json()["rows"]

    hour = {"window_start": "2024-09-03T10:00:00Z", "window_end": "2024-09-03T11:00:00Z"}
    assert rows("window=hour&group_by=project")[1] == {"project": "A", **hour, "quantity": "1", "records": 1}
    assert list(rows("window=hour&group_by=window,project")[0]) == ["window_start", "window_end", "project", "quantity", "records"]
    assert rows("window=hour")[0].keys() == {"org", "meter", "window_start", "window_end", "quantity", "records"}
    assert rows("window=month&group_by=") == [{"window_start": "2024-09-01T00:00:00Z", "window_end": "2024-10-01T00:00:00Z",
                                              "quantity": "3", "records": 2}]
    assert rows("window=day&group_by=meter") == rows("group_by=meter,day") == rows("group_by=meter,window")
    assert rows("window=none&group_by=project")[0] == {"project": None, "quantity": "2", "records": 1}
    problem(server.api("GET", "/v1/usage?from=2024-09-01&to=9999-01-01&window=hour"), 413, "too_large", "window")
    assert len(server.api("GET", "/v1/usage?from=0001-01-01&to=9999-01-01&window=day").json()["rows"]) == 1
