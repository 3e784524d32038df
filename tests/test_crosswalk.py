"""Crosswalk lines that need the whole server: X04, X05 and X10 (X11 to X14 stand in test_focus_import.py, X01 and X02 in api/)."""
from datetime import date, timedelta

import pytest
from harness import lines, record, running
from netsuite_client import NetSuite
from netsuite_world import CATALOGUE, usage

DI = "a2nB20h1o0lc7k3P9xtWS8"
DIMENSIONS = {"project": "p", "folder": "f", "asset": {"name": "a", "type": "t"}, "environment": {"id": "e", "name": "n", "type": "k"},
              "app": {"id": "i", "name": "m", "hrn": "h"}, "billing_tag": "b", "channel": "c", "category": "g"}
GROUPS = ["project", "folder", "asset.name", "asset.type", "environment.id", "environment.name", "environment.type", "app.id", "app.name",
          "app.hrn", "billing_tag", "channel", "category"]


@pytest.mark.quick
def test_X04_details_never_split_a_total_and_dimensions_do(server):
    details = {"resource": {"id": "r", "name": "x"}, "task": {"id": "t"}, "run": {"id": "1", "status": "SUCCESS"}, "user": "u", "memo": "m", "properties": {"k": 1}}
    server.usage(record("acme", DI, "2024-09-03T10:00:00Z", "1", "1", **DIMENSIONS),
                 record("acme", DI, "2024-09-03T10:00:00Z", "2", "2", **DIMENSIONS, **details))
    query = "/v1/usage?from=2024-09-03&to=2024-09-04&org=acme&group_by="
    rows = server.api("GET", query + "org,meter,day," + ",".join(GROUPS)).json()["rows"]
    assert len(rows) == 1 and rows[0]["quantity"] == "3" and rows[0]["records"] == 2
    for group in GROUPS:
        name, _, part = group.partition(".")
        changed = {**DIMENSIONS, name: {**DIMENSIONS[name], part: "other"} if part else "other"}
        server.usage(record("acme", DI, "2024-09-05T10:00:00Z", "1", f"{group}-1", **DIMENSIONS), record("acme", DI, "2024-09-05T10:00:00Z", "1", f"{group}-2", **changed))
        rows = server.api("GET", f"/v1/usage?from=2024-09-05&to=2024-09-06&org=acme&group_by={group}").json()["rows"]
        assert len(rows) == 2, (group, rows)


@pytest.mark.quick
def test_X05_a_netsuite_usage_is_the_lines_org_the_written_day_and_the_sent_digits(folder):
    with running(folder, catalogue=CATALOGUE) as server:
        client = NetSuite(server)
        client.success(usage(quantity="0.123456789012345678", date="1/3/2018"))
        client.success(usage(quantity=2.50, date="01/31/2018", line=4))
        rows = server.api("GET", "/v1/usage?from=2018-01-01&to=2018-02-01&org=acme&all_linked=true&group_by=org,meter,day,subscription").json()["rows"]
        got = {(r["org"], r["meter"], r["day"], r["subscription"]): (r["quantity"], r["records"]) for r in rows}
        files_meter = "lCwc4CfL7EEhv9773egFC8"
        assert got == {("acme-eu", DI, "2018-01-03", "1"): ("0.123456789012345678", 1), ("acme", files_meter, "2018-01-31", "1"): ("2.5", 1)}
        # An instant is 00:00:00Z of the written day: it is in a period that begins there and not in one that ends there.
        for period, count in (("from=2018-01-03&to=2018-01-03T00:00:01Z", 1), ("from=2018-01-02&to=2018-01-03", 0)):
            answer = server.api("GET", f"/v1/usage?{period}&org=acme-eu&group_by=org")
            assert answer.status == 200 and sum(r["records"] for r in answer.json()["rows"]) == count, answer
        files = server.informatica().export(startDate="2018-01-01T00:00:00Z", endDate="2018-01-31T00:00:00Z", allLinkedOrgs="TRUE", combinedMeterUsage="TRUE")
        [text] = files.values()
        summary = {(r["OrgId"], r["MeterId"], r["Date"]): r["MeterUsage"] for r in lines(text)}
        assert summary == {("acme-eu", DI, "2018-01-03 00:00:00.0"): "0.123456789012345678",
                           ("4wMFqGlxAKVlIFTixlTSOY", files_meter, "2018-01-31 00:00:00.0"): "2.5000000000"}


def period_of(day, anchor):
    """crosswalk 4.3 by walking: the latest start not after the day, the day before the next start."""
    def starts(d):
        last = (d.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)
        return d.day == min(anchor, last.day)
    first = day
    while not starts(first):
        first -= timedelta(days=1)
    end = day + timedelta(days=1)
    while not starts(end):
        end += timedelta(days=1)
    return first, end - timedelta(days=1)


@pytest.mark.quick
def test_X10_billing_periods_over_february(folder):
    anchors = [1, 20, 29, 30, 31]
    catalogue = {"orgs": [{"id": "top", "kind": "production", "name": "Top"}]
                 + [{"id": f"a{n}", "kind": "sub-org", "name": f"A{n}", "parent": "top", "billing_anchor_day": n} for n in anchors],
                 "meters": [{"id": DI, "name": "Data Integration", "scalar": "HOURS", "rates": [{"ipu_per_unit": "1"}]}]}
    with running(folder, catalogue=catalogue) as server:
        for year in (2023, 2024):
            days = [date(year, 1, 15) + timedelta(days=n) for n in range(80)]
            server.usage(*[record(f"a{n}", DI, f"{d}T12:00:00Z", "1", f"{n}-{d}") for n in anchors for d in days])
            files = server.informatica().export(startDate=f"{days[0]}T00:00:00Z", endDate=f"{days[-1]}T00:00:00Z", allLinkedOrgs="TRUE", combinedMeterUsage="TRUE")
            rows = lines(files["top.csv"])
            assert len(rows) == len(anchors) * len(days)
            for row in rows:
                first, last = period_of(date.fromisoformat(row["Date"][:10]), int(row["OrgId"][1:]))
                assert row["BillingPeriodStartDate"] == f"{first} 00:00:00.0" and row["BillingPeriodEndDate"] == f"{last} 00:00:00.0", row
