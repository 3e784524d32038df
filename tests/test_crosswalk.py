"""Crosswalk lines that need the whole server: X04, X05, X07 to X10 (X11 to X14 stand in test_focus_import.py, X01 and X02 in api/, X15
in here/test_billing.py, the rest of X08 with each wire's tests)."""
import copy
from datetime import date, timedelta
from decimal import Decimal

import pytest
from harness import lines, record, running
from here_client import Here, error, new_key, refused
from here_world import AUTOCOMPLETE, FOREIGN, PARTNER, SUB_A, partner_client
from here_world import CATALOGUE as HERE_CATALOGUE
from here_world import usage as here_usage
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
    catalogue = copy.deepcopy(CATALOGUE)
    catalogue["orgs"][0]["ids"]["here_realm"] = "org-of-acme"
    with running(folder, catalogue=catalogue) as server:
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
        here = Here(server, new_key(server, "acme"), "org-of-acme")
        days = [(r["realmId"], r["featureId"].rpartition(":")[2], r["usageDateTime"], r["usageValue"], r["billingSubscriptionId"])
                for realm in ("acme-eu", "org-of-acme") for r in here.rows(realm, startDate="2018-01-01", endDate="2018-01-31", detailLevel="day")]
        assert days == [("acme-eu", DI, "2018-01-03T00:00:00", Decimal("0.1235"), "1"), ("org-of-acme", files_meter, "2018-01-31T00:00:00", Decimal("2.5"), "1")]
        [hour] = here.rows("acme-eu", startDate="2018-01-03", endDate="2018-01-03", detailLevel="hour")
        assert hour["usageDateTime"] == "2018-01-03T00:00:00"


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


@pytest.mark.quick
def test_X07_a_reports_states_on_both_wires(folder):
    """One region's part: PARTIAL_SUCCESS needs a second one."""
    with running(folder, catalogue=HERE_CATALOGUE, config="[exports]\nrunners = 0\n[here]\nreport_rows_max = 1\n") as server:
        client, month = partner_client(server), {"startDate": "2024-09-01", "endDate": "2024-09-30"}
        server.usage(*(here_usage(SUB_A, AUTOCOMPLETE, "2024-09-03T10:00:00", 1, app_id=f"app{n}") for n in range(2)))
        good, bad, cancelled = (client.report(realm=SUB_A, **month, groupBy=groups) for groups in ("project", "appId", "billingTag"))

        def states():
            jobs = [v for v in server.api("GET", "/v1/exports?org=sub-a").json().values() if isinstance(v, list)][0]
            return [(job["state"], client.status(report, SUB_A)["status"]) for job, report in zip(jobs, (cancelled, bad, good), strict=True)]

        assert states() == [("CREATED", "pending")] * 3
        newest = [v for v in server.api("GET", "/v1/exports?org=sub-a").json().values() if isinstance(v, list)][0][0]["id"]
        assert server.api("DELETE", f"/v1/exports/{newest}").status in (200, 202, 204)
        server.stop()
        server.config.write_text("[here]\nreport_rows_max = 1\n")
        server.start()
        for report in (good, bad, cancelled):
            client.wait(report, SUB_A)
        assert states() == [("CANCELLED", "failed"), ("FAILED", "failed"), ("SUCCESS", "completed")]
        server.advance(31 * 86400)
        client.renew()
        assert states() == [("CANCELLED", "failed"), ("FAILED", "failed"), ("EXPIRED", "archived")]


@pytest.mark.quick
def test_X08_error_kinds_on_the_here_wire(folder):
    """Each kind that needs no setting and no full disk; too_many_jobs, too_large, not_ready and gone: here/test_life.py; the token endpoint: here/test_token.py."""
    with running(folder, catalogue=HERE_CATALOGUE) as server:
        client, period = partner_client(server), {"startDate": "2024-09-01T00:00:00", "endDate": "2024-09-30T23:59:59"}
        refused(server.call("GET", client.path(**period)), 401, "401200")
        refused(client.get(realm=FOREIGN, **period), 403, "403403")
        refused(client.get(realm="org000000000", **period), 403, "403403")
        error(client.get("/reports/REPORT-999999"), 404, "E706012")
        error(client.call("GET", "/v2/nothing"), 404, "E706014")
        error(client.call("DELETE", client.path("/reports")), 405, "E706014")
        error(client.call("POST", client.path("/reports", **period), "subAccounts=x", {"Content-Type": "application/x-www-form-urlencoded"}), 400, "E706010")
        error(client.ask_report("{", **period), 400, "E706010")
        for changed, code in (({"limit": 0}, "E706002"), ({"startDate": "x"}, "E706003"), ({"groupBy": "name"}, "E706004"), ({"endDate": "2024-12-31"}, "E706005"),
                              ({"offset": -1}, "E706006"), ({"channelId": "warm"}, "E706007"), ({"usageFields": "x"}, "E706008"),
                              ({"billingSubscriptionId": ",".join(map(str, range(21)))}, "E706009")):
            error(client.get(**{**period, **changed}), 400, code)
        error(client.get(realm="ab", **period), 400, "E706001")


# The examples of crosswalk 4.1: a wire's period, and what it is in the core's words.
INFORMATICA_PERIOD = ("2024-09-01T10:00:00Z", "2024-09-30T00:00:00Z")
HERE_PERIODS = (("2024-09-03T10:39:51", "2024-09-03T23:59:59"), ("2024-09-03T10:39:51", "2024-09-03T23:00:00"))
EDGES = [f"2024-{day}T{time}" for day in ("08-31", "09-01", "09-03", "09-29", "09-30", "10-01")
         for time in ("00:00:00", "09:59:59.999999", "10:00:00", "22:59:59.999999", "23:00:00", "23:59:59.999999")] + ["2024-09-04T00:00:00"]


@pytest.mark.quick
@pytest.mark.parametrize("midnight_end", ["inclusive", "exclusive"])
def test_X09_periods_on_every_wire(folder, midnight_end):
    """A record on each edge is in or out as written: each of them counts another power of two."""
    def total(first, end):
        return sum(2 ** n for n, edge in enumerate(EDGES) if first <= edge < end)

    with running(folder, catalogue=HERE_CATALOGUE, config=f'[informatica]\nmidnight_end = "{midnight_end}"\n') as server:
        server.usage(*(here_usage(PARTNER, AUTOCOMPLETE, edge, 2 ** n) for n, edge in enumerate(EDGES)))
        [text] = server.informatica().export(startDate=INFORMATICA_PERIOD[0], endDate=INFORMATICA_PERIOD[1], combinedMeterUsage="TRUE").values()
        assert sum(Decimal(row["MeterUsage"]) for row in lines(text)) == total("2024-09-01", {"inclusive": "2024-10-01", "exclusive": "2024-09-30"}[midnight_end])
        client = partner_client(server)
        for (start, end), (first, last) in zip(HERE_PERIODS, (("2024-09-03T10", "2024-09-04"), ("2024-09-03T10", "2024-09-03T23"))):
            for detail in ("hour", "day", "month", "summarized"):
                assert sum(row["usageValue"] for row in client.rows(startDate=start, endDate=end, detailLevel=detail)) == total(first, last), (start, end, detail)
            report = lines(client.finished(startDate=start, endDate=end))
            assert sum(Decimal(row["Usage Amount (billableValue)"]) for row in report) == total(first, last)
        for first, end, of in (("2024-09-01", "2024-10-01", ("2024-09-01", "2024-10-01")),
                               ("2024-09-03T10:00:00Z", "2024-09-03T23:00:00Z", ("2024-09-03T10", "2024-09-03T23")),
                               ("2024-09-03T09:59:59.999999Z", "2024-09-03T10:00:00Z", ("2024-09-03T09:59:59.999999", "2024-09-03T10"))):
            answer = server.api("GET", f"/v1/usage?from={first}&to={end}&org=partner&group_by=org")
            assert sum(Decimal(row["quantity"]) for row in answer.json()["rows"]) == total(*of), (first, end)
