"""Reports: asked for, followed, listed, downloaded (here.md 3.3 to 3.6; H37 to H44, H53). Their states over time stand in test_life.py."""
import gzip
import re
import time
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from harness import lines
from here_client import error, refused
from here_world import (ANA, AUTOCOMPLETE, BEN, FIRST, FOREIGN, GEOCODE, METERS, ORG_NAMES, PARTNER, SEPTEMBER, SUB_A, SUB_B, SUB_C, Model, csv_text, order,
                        partner_client, usage)
from netsuite_client import now

pytestmark = pytest.mark.quick
INSTANT = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d"


@pytest.fixture(scope="module")
def ben(world):
    """A client for a second user of the partner's."""
    return partner_client(world, BEN["name"])


def test_H37_a_report_is_made(world, partner):
    end = time.monotonic() + 20
    while True:
        answer = partner.ask_report(**SEPTEMBER)
        assert answer.status == 201 and answer.headers["content-type"].split(";")[0] == "application/json", answer
        body = answer.json()
        assert list(body) == ["id", "status"] and body["status"] in ("inProgress", "pending"), answer
        if body["status"] == "inProgress":
            break
        assert time.monotonic() < end, "pending only behind other tests' reports"
        partner.wait(body["id"])
    number = int(re.fullmatch(r"REPORT-(\d+)", body["id"])[1])
    assert number >= 1001 and answer.headers["location"] == f"{world.url}/v2/usage/realms/{PARTNER}/reports/{body['id']}"
    assert partner.call("GET", answer.headers["location"].removeprefix(world.url)).json()["id"] == body["id"]
    following = [int(partner.report(realm=realm, **SEPTEMBER).removeprefix("REPORT-")) for realm in (SUB_A, PARTNER)]
    assert number < following[0] < following[1], "one series for the server"


def test_H38_sub_accounts(world, partner, sub_account):
    records = [usage(realm, METERS[n % 5], f"2030-09-{1 + n % 28:02}T10:00:00", n + 1, (None, FIRST)[n % 2], (None, "app1")[n % 3 // 2])
               for n, realm in enumerate((SUB_A, SUB_B, SUB_C, PARTNER) * 25)]
    world.usage(*records)
    model, period = Model(*records), {"startDate": "2030-09-01T00:00:00", "endDate": "2030-09-30T23:59:59"}
    for realms in ([SUB_A], [SUB_B, SUB_C], [SUB_C, SUB_A, SUB_B]):
        for asked in ({}, {"detailLevel": "day", "groupBy": "appId"}):
            text = partner.finished(realms, **period, **asked)
            rows = sorted((row for realm in realms for row in model.rows(realm, **period, **asked)), key=order)
            assert text == csv_text(rows, org_names=True), (realms, asked)
    assert '"Sub ""B"", Köln"' in text and text.partition("\n")[0].endswith(',"Org Name (orgName)"')
    own = csv_text(model.rows(PARTNER, **period))
    assert partner.finished(**period) == own and partner.finished([], **period) == own
    path = partner.path("/reports", **period)
    for text in ('{"subAccounts":{}}', '{"subAccounts":{"0":"org112135"}}', "{}", '{"accounts":["org112135"]}', '{"subAccounts":"org112135"}', '{"subAccounts":[1]}',
                 '{"subAccounts":null}', "[]", '["org112135"]', '{"subAccounts":["org112135"]', "subAccounts"):
        error(partner.call("POST", path, text, {"Content-Type": "application/json"}), 400, "E706010")
    for realms in ([FOREIGN], [SUB_A, FOREIGN], ["org000000000"], ["sub-a"], ["tiny"]):
        refused(partner.ask_report({"subAccounts": realms}, **period), 403, "403403")
    refused(sub_account.ask_report({"subAccounts": [SUB_A]}, **period), 403, "403403")


def test_H39_no_report_by_the_hour(partner):
    error(partner.ask_report(**SEPTEMBER, detailLevel="hour"), 400, "E706007")
    for detail in ("day", "month", "summarized"):
        assert partner.ask_report(**SEPTEMBER, detailLevel=detail).status == 201


def test_H41_what_a_status_says(world, partner):
    report = partner.report(**SEPTEMBER)
    body = partner.wait(report)
    assert body["id"] == report and body["status"] == "completed" and re.fullmatch(INSTANT, body["created"]), body
    assert abs((datetime.fromisoformat(body["created"]) - datetime(1970, 1, 1)) / timedelta(seconds=1) - now(world)) < 60
    assert body["resultHref"] == f"{world.url}/v2/usage/realms/{PARTNER}/reports/{report}/output"
    assert body["parameters"] == {"realm": PARTNER, **SEPTEMBER, "emailId": ANA["email"], "username": ANA["name"]}
    everything = {"featureId": "f", "appId": "app1", "channelId": "cold", "chargeType": "billable", "billingTag": "tagA tagB", "category": "Location Services",
                  "groupBy": "appId, project"}
    report = partner.report(startDate="2024-09-01T10:39:51", endDate="2024-09-30", **everything, projectHrn="hrn:p", detailLevel="day", usageFields="realmId,category")
    parameters = partner.status(report)["parameters"]
    assert parameters == {"realm": PARTNER, "startDate": "2024-09-01T10:39:51", "endDate": "2024-09-30T23:59:59", "emailId": ANA["email"], "username": ANA["name"],
                          **everything, "projectId": "hrn:p", "detail": "day", "usageFields": ["realmId", "category"]}
    report = partner.report([SUB_A, SUB_B], **SEPTEMBER)
    parameters = partner.status(report)["parameters"]
    assert parameters["subAccounts"] == [SUB_A, SUB_B] and parameters["realm"] == PARTNER, "of several the path's"
    for one in ([SUB_B], [SUB_B, SUB_B], [SUB_B] * 50_000):
        parameters = partner.status(partner.report(one, **SEPTEMBER))["parameters"]
        assert (parameters["realm"], parameters["subAccounts"]) == (SUB_B, [SUB_B]), "what is kept does not grow with repeats"
    nobody = partner_client(world)
    parameters = nobody.status(nobody.report(**SEPTEMBER))["parameters"]
    assert (parameters["emailId"], parameters["username"]) == ("", ""), "no user behind the key"


def test_H41_result_href_only_when_completed(partner, account):
    report = partner.report(realm=account, **SEPTEMBER)
    seen = [partner.status(report, account), partner.wait(report, account)]
    assert all(("resultHref" in body) == (body["status"] == "completed") for body in seen) and seen[1]["status"] == "completed"


def test_H42_the_list(partner, account):
    made = [partner.report(realm=account, **SEPTEMBER) for _ in range(18)]
    pages = [partner.listed(account, limit=5, offset=n) for n in range(5)]
    assert [(p["total"], p["limit"], p["count"], p["nextOffset"], p["lastOffset"]) for p in pages] == [
        (18, 5, 5, 1, 3), (18, 5, 5, 2, 3), (18, 5, 5, 3, 3), (18, 5, 3, 3, 3), (18, 5, 0, 3, 3)]
    assert list(pages[0]) == ["total", "limit", "count", "nextOffset", "lastOffset", "items"]
    assert [r["id"] for p in pages for r in p["items"]] == made[::-1], "newest first; ties by number"
    assert [r["id"] for r in partner.reports(account, limit=5, sort="desc")] == made[::-1]
    up = partner.reports(account, limit=7, sort="asc")
    assert [r["id"] for r in up] == made
    assert [(r["created"], int(r["id"][7:])) for r in up] == sorted((r["created"], int(r["id"][7:])) for r in up)
    assert partner.listed(account)["limit"] == 100 and len(partner.listed(account)["items"]) == 18
    assert all({"id", "status", "created", "parameters"} <= set(r) and (r["status"] == "completed") == ("resultHref" in r) for r in up)
    last = partner.wait(made[-1], account)
    assert last == partner.reports(account)[0], "an item reads as its own status does"
    for wrong in ("up", "ASC", ""):
        error(partner.get("/reports", account, sort=wrong), 400, "E706007")


def test_H43_outputs_and_reports_that_are_not_there(world, partner, foreign, ben):
    for rest in ("", "/output"):
        error(partner.get(f"/reports/REPORT-999999{rest}"), 404, "E706012")
        error(partner.get(f"/reports/REPORT-99999999999999999999999{rest}"), 404, "E706012")
        error(partner.get(f"/reports/NOREPORT-1001{rest}"), 404, "E706012")
        for wrong in ("REPORT-1", "REPORT-100", "x", "REPORT-" + "1" * 24):
            error(partner.get(f"/reports/{wrong}{rest}"), 400, "E706009")
    report = partner.report(**SEPTEMBER)
    partner.wait(report)
    for rest in ("", "/output"):
        error(partner.get(f"/reports/{report}{rest}", SUB_A), 404, "E706012")
        error(foreign.get(f"/reports/{report}{rest}"), 404, "E706012")
        refused(foreign.get(f"/reports/{report}{rest}", PARTNER), 403, "403403")
        assert ben.get(f"/reports/{report}{rest}").status == 200, "any user of the realm"
        refused(world.call("GET", partner.path(f"/reports/{report}{rest}")), 401, "401200")


def test_H44_the_file(world, partner, account):
    records = [usage(account, METERS[n % 5], f"2024-09-{1 + n % 9:02}T{n % 24:02}:00:00", f"{n}.5", (None, FIRST)[n % 2], (None, "app1")[n % 3 // 2])
               for n in range(90)]
    world.usage(*records)
    for asked in ({}, {"detailLevel": "day", "groupBy": "appId"}, {"detailLevel": "month", "chargeType": "billable"}, {"appId": "nobody"}):
        report = partner.report(realm=account, **SEPTEMBER, **asked)
        href = partner.wait(report, account)["resultHref"]
        answer = partner.call("GET", href.removeprefix(world.url))
        assert answer.status == 200 and answer.headers["content-type"] == "application/x-gzip" and "content-encoding" not in answer.headers, answer.headers
        assert answer.headers["content-disposition"] == f'attachment; filename="{report}.csv.gz"' and int(answer.headers["content-length"]) == len(answer.body)
        text = gzip.decompress(answer.body).decode()
        assert text == csv_text(Model(*records).rows(account, **SEPTEMBER, **asked)) == partner.csv(account, **SEPTEMBER, **asked), asked
    assert text.count("\n") == 1, "an empty result is the header alone"


def test_H53_the_singular_path(world, partner, account):
    done = partner.report(realm=account, **SEPTEMBER)
    partner.wait(done, account)
    headers = {"X-Correlation-ID": "0123456789abcdef", "X-Request-ID": "r"}
    cases = [(done, account, {}), ("REPORT-999999", account, {}), ("REPORT-1", account, {}), (done, PARTNER, {}), (done, FOREIGN, {}), (done, "ab", {}),
             (done, account, {"Authorization": None})]
    for report, realm, changed in cases:
        for rest in ("", "/output"):
            plural, singular = (partner.get(f"/{word}/{report}{rest}", realm, {**headers, **changed}) for word in ("reports", "report"))
            assert plural.status == singular.status
            left, right = ({k: v for k, v in a.headers.items() if k != "date"} for a in (plural, singular))
            assert left == right
            if plural.status < 400:
                assert plural.body == singular.body
            else:
                assert {**plural.json(), "errorId": ""} == {**singular.json(), "errorId": ""}
    assert "/reports/" in partner.get(f"/report/{done}", account).json()["resultHref"]
    error(partner.call("DELETE", partner.path(f"/report/{done}", account)), 405, "E706014")


def test_a_reports_csv_summed_is_the_raw_records(world, partner, account):
    records = [usage(account, AUTOCOMPLETE, f"2024-09-{1 + n % 30:02}T{n % 24:02}:00:00", f"{n}.{n % 10}", FIRST, f"app{n % 7}", f"p{n % 3}", f"tag{n % 5}")
               for n in range(2000)]
    world.usage(*records)
    text = partner.finished(realm=account, **SEPTEMBER, detailLevel="day", groupBy="appId,project,billingTag")
    assert text == csv_text(Model(*records).rows(account, **SEPTEMBER, detailLevel="day", groupBy="appId,project,billingTag"))
    assert sum(Decimal(r["Usage Amount (billableValue)"]) for r in lines(text)) == sum(Decimal(r["quantity"]) for r in records)


def test_a_report_is_what_was_there_when_it_was_asked_for(world, partner, account):
    world.usage(usage(account, GEOCODE, "2024-09-03T10:00:00", 1500))
    report = partner.report(realm=account, **SEPTEMBER)
    world.usage(usage(account, GEOCODE, "2024-09-03T10:00:00", 1500))
    partner.wait(report, account)
    assert '"500.0000"\n' in gzip.decompress(partner.output(report, account).body).decode()
    assert ORG_NAMES[account] not in gzip.decompress(partner.output(report, account).body).decode()
