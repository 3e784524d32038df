"""What a request may say, and the headers around it (here.md 2.2, 2.4, 3.7, 4; H15 to H20, H25, H30, H31, H49, H50)."""
import contextlib
import http.client
import json
import re
from datetime import datetime, timedelta

import pytest
from here_client import UUID, ask_token, compact, error, refused, token_error
from here_world import AUTOCOMPLETE, FIRST, FOREIGN, GEOCODE, PARTNER, SEPTEMBER, Model, usage

pytestmark = pytest.mark.quick
ASKING = ("usage", "csv", "report")


def ask(partner, operation, realm=None, **parameters):
    """One of the three operations that take a period."""
    if operation == "report":
        return partner.ask_report(realm=realm, **parameters)
    return partner.get({"usage": "", "csv": "/csv"}[operation], realm, **parameters)


def bad(partner, code, realm=None, **parameters):
    for operation in ASKING:
        error(ask(partner, operation, realm, **{**SEPTEMBER, **parameters}), 400, code)


def taken(partner, realm, **parameters):
    """The rows; the two other operations take it too."""
    body = partner.page(realm, **parameters)
    assert ask(partner, "csv", realm, **parameters).status == 200
    assert ask(partner, "report", realm, **parameters).status == 201
    return body["items"]


def test_H15_correlation_and_request_ids(partner):
    paths = [partner.path(**SEPTEMBER), partner.path("/csv", **SEPTEMBER), partner.path("/reports"), "/v2/health", "/v2/version",
             partner.path(), partner.path(realm=FOREIGN), partner.path("/reports/REPORT-999999"), "/v2/nothing"]
    seen = set()
    for path in paths:
        answer = partner.call("GET", path)
        assert re.fullmatch(UUID, answer.headers["x-correlation-id"]) and "x-request-id" not in answer.headers, answer.headers
        assert answer.headers.get("cache-control") == "no-store", answer.headers
        seen.add(answer.headers["x-correlation-id"])
        for given in ("6b3a2c1e-52b8-4a0e-9d63-0c2b6a1f9e77", "0123456789abcdef"):
            answer = partner.call("GET", path, headers={"X-Correlation-ID": given, "X-Request-ID": "trace 1"})
            assert answer.headers["x-correlation-id"] == given and answer.headers["x-request-id"] == "trace 1", answer.headers
            if answer.status >= 400:
                assert answer.json()["correlationId"] == given
    assert len(seen) == len(paths)
    made = partner.call("POST", partner.path("/reports", **SEPTEMBER), headers={"X-Correlation-ID": "0123456789abcdef", "X-Request-ID": "r"})
    assert made.status == 201 and (made.headers["x-correlation-id"], made.headers["x-request-id"]) == ("0123456789abcdef", "r")
    missing = partner.server.call("GET", paths[0], headers={"X-Correlation-ID": "0123456789abcdef", "X-Request-ID": "r"})
    assert refused(missing, 401, "401200")["correlationId"] == "0123456789abcdef" and missing.headers["x-request-id"] == "r"


@pytest.mark.parametrize("changed", [
    {"startDate": None}, {"endDate": None}, {"startDate": None, "endDate": None}, {"startDate": ""}, {"startDate": "yesterday"}, {"endDate": "2024-13-01T00:00:00"},
    {"endDate": "2024-02-30"}, {"startDate": "2024-09-01T25:00:00"}, {"startDate": "1725148800"}, {"startDate": "2024-10-01T00:00:00"},
    {"startDate": None, "endDate": None, "startTime": "2024-09-01T00:00:00", "endTime": "2024-09-02T00:00:00"}])
def test_H16_dates_that_are_missing_bad_or_reversed(partner, changed):
    bad(partner, "E706003", **changed)


def test_H17_ways_to_write_an_instant(world, partner, account):
    hours = ("00:00:00", "09:59:59", "10:00:00", "11:30:00", "23:59:59")
    records = [usage(account, AUTOCOMPLETE, f"2024-09-0{day}T{hour}", 1) for day in (2, 3, 4) for hour in hours]
    world.usage(*records)
    model = Model(*records)

    def asked(start, end):
        return taken(partner, account, startDate=start, endDate=end, detailLevel="day")

    expected = model.rows(account, "2024-09-03T10:00:00", "2024-09-03T11:00:00", "day")
    for start, end in (("2024-09-03T10:00:00", "2024-09-03T11:00:00"), ("2024-09-03T10:00:00Z", "2024-09-03T11:00:00Z"),
                       ("2024-09-03T12:00:00+02:00", "2024-09-03T06:00:00-05:00"), ("2024-09-03T10:00:00.000", "2024-09-03T11:00:00.000Z"),
                       ("2024-09-03T10:00:00.987654", "2024-09-03T11:00:00"), ("2024-09-03'T'10:00:00", "2024-09-03'T'11:00:00")):
        assert asked(start, end) == expected, (start, end)
    assert sum(r["usageValue"] for r in expected) == 1
    whole = model.rows(account, "2024-09-03T00:00:00", "2024-09-04T00:00:00", "day")
    assert asked("2024-09-03", "2024-09-03") == asked("2024-09-03T00:00:00", "2024-09-03T23:59:59") == whole
    assert asked("2024-09-02", "2024-09-03T09:59:59") == model.rows(account, "2024-09-02T00:00:00", "2024-09-03T09:59:59", "day")


def test_H18_at_most_95_days(partner):
    start = datetime(2024, 7, 1, 10, 39, 51)
    for span, code in ((timedelta(days=95), None), (timedelta(days=95, seconds=1), "E706005"), (timedelta(days=400), "E706005")):
        period = {"startDate": start.isoformat(), "endDate": (start + span).isoformat()}
        if code:
            bad(partner, code, **period)
        else:
            taken(partner, PARTNER, **period)
    taken(partner, PARTNER, startDate="2024-07-01", endDate="2024-10-03")
    bad(partner, "E706005", startDate="2024-07-01", endDate="2024-10-04")


def test_H19_hours_at_both_ends(world, partner, account):
    times = [f"2024-09-03T{hour}" for hour in ("09:59:59.999999", "10:00:00", "10:39:50", "22:00:00", "22:59:59.999999", "23:00:00", "23:59:59.999999")]
    world.usage(*(usage(account, AUTOCOMPLETE, time, 10 ** n) for n, time in enumerate([*times, "2024-09-04T00:00:00"])))

    def total(start, end):
        return sum(r["usageValue"] for r in partner.rows(account, startDate=f"2024-09-03T{start}", endDate=f"2024-09-{end}"))

    assert total("10:39:51", "03T23:59:59") == 1111110, "the hours of both ends are in"
    assert total("10:39:51", "03T23:00:00") == 11110, "the hour that begins at the end is not"
    assert total("23:00:00", "03T23:59:59") + total("10:39:51", "03T23:00:00") == total("10:39:51", "03T23:59:59")
    assert total("10:39:51", "03T23:00:01") == 1111110 and total("10:00:00", "03T10:00:00") == 0 and total("10:00:00", "03T10:00:01") == 110
    assert total("10:39:51", "04T00:00:00") == 1111110 and total("10:39:51", "04T00:30:00") == 11111110


@pytest.mark.parametrize("changed,code", [({"limit": "0"}, "E706002"), ({"limit": "101"}, "E706002"), ({"limit": "x"}, "E706002"), ({"limit": "1.5"}, "E706002"),
                                          ({"limit": "-1"}, "E706002"), ({"limit": ""}, "E706002"), ({"offset": "-1"}, "E706006"), ({"offset": "x"}, "E706006")])
def test_H20_limit_and_offset(partner, changed, code):
    error(partner.get(**{**SEPTEMBER, **changed}), 400, code)
    error(partner.get("/reports", **changed), 400, code)
    assert partner.get("/csv", **{**SEPTEMBER, **changed}).status == 200, "no parameter of the CSV's"


def test_H25_groups(world, partner, account):
    world.usage(usage(account, AUTOCOMPLETE, "2024-09-03T10:00:00", 1, app_id="app1", project="p", tag="tagA"))
    plain = taken(partner, account, **SEPTEMBER)
    for same in ("featureId", "billingSubscriptionId", "featureId,billingSubscriptionId", " featureId , billingSubscriptionId "):
        assert taken(partner, account, **SEPTEMBER, groupBy=same) == plain
    assert "appId" in taken(partner, account, **SEPTEMBER, groupBy="featureId,appId")[0]
    for wrong in ("resource", "usageTypeCode", "name", "category", "realmId", "appid", "projectHrn", "appId,resource", "x" * 257):
        bad(partner, "E706004", groupBy=wrong)


def test_H30_channels_change_no_figure(world, partner, account):
    world.usage(usage(account, GEOCODE, "2024-09-03T10:00:00", 1234), usage(account, AUTOCOMPLETE, "2024-09-03T10:00:00", 7))
    expected = partner.rows(account, **SEPTEMBER)
    assert len(expected) == 2
    for channel in ("hot", "cold", "ds"):
        assert taken(partner, account, **SEPTEMBER, channelId=channel) == expected
    for wrong in ("warm", "HOT", ""):
        bad(partner, "E706007", channelId=wrong)


def test_H31_usage_fields(world, partner, account):
    world.usage(usage(account, GEOCODE, "2024-09-03T10:00:00", 1234, FIRST, "app1", "p", "tagA"))
    everything = {"realmId", "billingSubscriptionId", "billingChargeNumber", "featureId", "category", "name", "valueDriver", "usageValue", "billableValue"}
    groups = {"appId", "appName", "appHrn", "projectHrn", "billingTag"}
    [row] = taken(partner, account, **SEPTEMBER)
    assert set(row) == everything
    for fields in ("realmId,featureId,category", ["realmId", "featureId", "category"], ["realmId,featureId", "category"]):
        [row] = taken(partner, account, **SEPTEMBER, usageFields=fields)
        assert set(row) == {"realmId", "featureId", "category"}
    [row] = taken(partner, account, **SEPTEMBER, usageFields="realmId,featureId,category", groupBy="appId,project,billingTag", detailLevel="day")
    assert set(row) == {"realmId", "featureId", "category", "usageDateTime"} | groups
    for field in sorted(everything):
        [row] = taken(partner, account, **SEPTEMBER, usageFields=field)
        assert set(row) == {field}
    assert taken(partner, account, **SEPTEMBER, usageFields="resource") == [{}], "selects nothing"
    for wrong in ("colour", "resourceHrn", "appId", "realmId,realmId", ["realmId", "realmId"], "realmid"):
        bad(partner, "E706008", usageFields=wrong)


@pytest.mark.parametrize("parameter,value", [("chargeType", "free"), ("chargeType", "Billable"), ("detailLevel", "week"), ("detailLevel", "Hour"), ("appId", "a" * 129),
                                             ("appId", "a b"), ("appId", "a.b"), ("featureId", "f" * 257), ("projectHrn", "p" * 257), ("billingTag", "t" * 501),
                                             ("category", "c" * 129), ("billingSubscriptionId", ","), ("billingSubscriptionId", "")])
def test_values_out_of_bounds(partner, parameter, value):
    for operation in ASKING:
        error(ask(partner, operation, **SEPTEMBER, **{parameter: value}), 400, "E706007" if parameter in ("chargeType", "detailLevel") else "E706009")


def test_longest_values_and_unknown_names_are_taken(partner):
    longest = {"appId": "a" * 128, "featureId": "f" * 256, "projectHrn": "p" * 256, "billingTag": "t" * 500, "category": "c" * 128,
               "billingSubscriptionId": ",".join(f"A-S{n}" for n in range(20))}
    assert taken(partner, PARTNER, **SEPTEMBER, **longest) == []
    assert partner.get(**SEPTEMBER, colour="red", email="a@b.example").status == 200, "unknown names are ignored"
    assert partner.call("GET", partner.path(**SEPTEMBER), headers={"Accept": "text/csv"}).headers["content-type"].startswith("application/json")


def test_checks_are_made_in_the_contracts_order(partner):
    """401, the realm's syntax, 403, other 400s, 404 (here.md 4.4)."""
    for rest in ("", "/csv", "/reports", "/reports/x", "/reports/REPORT-999999/output"):
        refused(partner.get(rest, "ab", headers={"Authorization": None}, limit=0), 401, "401200")
        error(partner.get(rest, "ab", limit=0), 400, "E706001")
        refused(partner.get(rest, FOREIGN, limit=0), 403, "403403")
    refused(partner.ask_report("{", FOREIGN, detailLevel="week"), 403, "403403")
    assert partner.get("/reports/x").status == 400 and partner.get("/reports/REPORT-999999").status == 404


def test_what_cannot_be_read_is_told_to_those_who_may_ask(partner):
    """The server core refuses a broken percent sequence itself: still 401, realm and 403 come before that 400."""
    def asked(path, **changes):
        return partner.call("GET", path, headers={"X-Correlation-ID": "c", **changes})

    for path in (partner.path("?startDate=%zz"), partner.path("/reports?sort=%"), partner.path("/reports/%zz"), "/v2/version?x=%zz", "/v2/health?%"):
        refused(asked(path, Authorization=None), 401, "401200")
        assert error(asked(path), 400, "E706010")["correlationId"] == "c"
    error(asked(partner.path("?x=%zz", "ab")), 400, "E706001")
    refused(asked(partner.path("/csv?x=%zz", FOREIGN)), 403, "403403")
    assert error(asked("/timestamp?x=%zz", Authorization=None), 400, "E706010"), "needs no token"


def test_H15_ids_of_a_call_whose_body_is_cut_short(partner):
    """Refused while the body is read: its length was not known before."""
    def pieces():
        for _ in range(40):
            yield b" " * 65536

    connection = http.client.HTTPConnection(partner.server.host, timeout=20)
    headers = {"Authorization": f"Bearer {partner.token}", "X-Correlation-ID": "0123456789abcdef", "X-Request-ID": "r", "Content-Type": "application/json"}
    with contextlib.closing(connection):
        with contextlib.suppress(OSError):
            connection.request("POST", partner.path("/reports", **SEPTEMBER), pieces(), headers, encode_chunked=True)
        answer = connection.getresponse()
        assert answer.status == 400 and json.load(answer)["code"] == "E706010"
        assert (answer.headers["X-Correlation-ID"], answer.headers["X-Request-ID"]) == ("0123456789abcdef", "r")


def test_H49_health_and_version(partner):
    for path, body in (("/v2/health", {"status": "OK"}), ("/v2/version", {"apiVersion": "2.2.0"})):
        answer = partner.call("GET", path)
        assert answer.status == 200 and answer.json() == body, answer


def test_H50_paths_and_methods_that_do_not_exist(partner):
    for path in (f"/usage/realms/{PARTNER}", f"/usage/realms/{PARTNER}/reports", "/v2/usage", "/v2/usage/realms", f"/v2/usage/realms/{PARTNER}/nothing", "/v2/nothing",
                 f"/v2/usage/realms/{PARTNER}/reports/REPORT-1001/nothing"):
        error(partner.call("GET", path), 404, "E706014")
    report = partner.report(**SEPTEMBER)
    for method, rest in (("DELETE", f"/reports/{report}"), ("PUT", f"/reports/{report}"), ("POST", f"/reports/{report}/output"), ("DELETE", "/reports"),
                         ("POST", ""), ("POST", "/csv")):
        error(partner.call(method, partner.path(rest)), 405, "E706014")
    assert partner.status(report)["id"] == report, "it is still there"


def test_X08_bodies_that_are_no_report_request(partner):
    for text in ("{", "[", '{"subAccounts":', "subAccounts"):
        error(partner.ask_report(text, **SEPTEMBER), 400, "E706010")
    path = partner.path("/reports", **SEPTEMBER)
    error(partner.call("POST", path, compact({"subAccounts": []}), {"Content-Type": "text/plain"}), 400, "E706010")


def test_X08_too_large(partner):
    error(partner.ask_report({"subAccounts": ["org112135"] * 100_000}, **SEPTEMBER), 400, "E706010")
    body = compact({"grantType": "client_credentials", "scope": "x" * 100_000})
    token_error(ask_token(partner.server, partner.key, body=body), 400, 400917)


def test_X08_forbidden_and_unauthenticated_on_the_token_endpoint_have_other_codes(partner):
    token_error(partner.server.call("POST", "/oauth2/token", "grant_type=client_credentials", {"Content-Type": "application/x-www-form-urlencoded"}), 401, 401200)
    error(partner.call("GET", "/oauth2/tokens"), 404, "E706014")
    error(partner.call("GET", "/oauth2/token"), 405, "E706014")
