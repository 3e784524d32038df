"""Seed 004, the status of all usage report requests: the page's request, its parameters, its sample's fields and types."""
import re

import pytest
from harness import running
from here_client import UUID, error
from here_world import AUTOCOMPLETE, CATALOGUE, PARTNER, SUB_A, usage, partner_client

pytestmark = pytest.mark.quick
PRINTED = f"/v2/usage/realms/{PARTNER}/reports"  # the page runs the next heading into it: "reportsParameters"
ITEM = {"id": str, "status": str, "created": str, "parameters": dict}
PERIOD = {"startDate": "2022-03-01'T'00:00:00", "endDate": "2022-06-01'T'00:00:00"}  # the page's is longer than the 95 days of the reference


@pytest.fixture(scope="module")
def partner(tmp_path_factory):
    """18 reports, as in the sample; the last one, with too many rows, failed."""
    with running(tmp_path_factory.mktemp("seed"), catalogue=CATALOGUE, config="[here]\nquoted_dates = true\nreport_rows_max = 1\n") as server:
        client = partner_client(server, "ana@partner.example")
        server.usage(*(usage(PARTNER, AUTOCOMPLETE, "2022-03-01T00:00:00", 1, app_id=f"app{n}") for n in range(2)))
        client.made = [client.report(**PERIOD) for _ in range(16)] + [client.report([SUB_A], **PERIOD), client.report(**PERIOD, groupBy="appId")]
        for report in client.made:
            client.wait(report)
        yield client


@pytest.fixture(scope="module")
def page(partner):
    return partner.listed(limit=5)


def test_request_as_printed(partner):
    answer = partner.call("GET", PRINTED)
    assert answer.status == 200 and answer.headers["content-type"].split(";")[0] == "application/json", answer
    error(partner.call("GET", PRINTED + "Parameters"), 404, "E706014")


def test_the_answer_has_the_samples_members_in_order_and_type(page):
    assert list(page) == ["total", "limit", "count", "nextOffset", "lastOffset", "items"]
    assert all(type(page[name]) is int for name in list(page)[:5]) and isinstance(page["items"], list)


def test_fields_total_limit_count_lastOffset_are_the_samples(page):
    assert (page["total"], page["limit"], page["lastOffset"]) == (18, 5, 3) and page["count"] == len(page["items"]) == 5


def test_field_nextOffset_is_the_following_page(partner):
    assert [partner.listed(limit=5, offset=n)["nextOffset"] for n in range(4)] == [1, 2, 3, 3]


def test_the_samples_dates_with_quotes_around_T(page):
    [item] = [i for i in page["items"][:1]]
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\d'T'\d\d:\d\d:\d\d", text) for text in (item["created"], item["parameters"]["startDate"], item["parameters"]["endDate"]))
    assert (item["parameters"]["startDate"], item["parameters"]["endDate"]) == (PERIOD["startDate"], PERIOD["endDate"])


def test_fields_of_an_item_in_order_and_type(page):
    for item in page["items"]:
        assert {k: type(v) for k, v in item.items() if k != "resultHref"} == ITEM, item
        assert list(item) == [k for k in ("id", "status", "resultHref", "created", "parameters") if k in item], item


def test_field_id(partner, page):
    assert [i["id"] for i in page["items"]] == partner.made[:-6:-1] and all(re.fullmatch(r"REPORT-\d{4,}", i) for i in partner.made)


def test_field_status(page):
    assert [i["status"] for i in page["items"]] == ["failed"] + ["completed"] * 4


def test_field_resultHref_with_completed_only(partner, page):
    for item in page["items"]:
        assert item.get("resultHref") == (f"{partner.server.url}/v2/usage/realms/{PARTNER}/reports/{item['id']}/output" if item["status"] == "completed" else None)


def test_the_samples_resultHref_path_serves_too(partner, page):
    item = page["items"][1]
    assert partner.get(f"/report/{item['id']}/output").body == partner.get(f"/reports/{item['id']}/output").body[:] != b""


def test_fields_of_parameters(page):
    for item in page["items"]:
        assert list(item["parameters"])[:4] == ["realm", "startDate", "endDate", "emailId"] and item["parameters"]["emailId"] == "ana.mail@partner.example", item
        assert all(isinstance(item["parameters"][k], str) for k in ("realm", "startDate", "endDate", "emailId", "username"))


def test_field_realm_may_be_another_than_the_paths(page):
    assert [i["parameters"]["realm"] for i in page["items"]] == [PARTNER, SUB_A, PARTNER, PARTNER, PARTNER]


def test_parameter_realmId_has_5_to_30_characters(partner):
    for realm, code in (("a" * 4, "E706001"), ("a" * 31, "E706001")):
        error(partner.get("/reports", realm), 400, code)
    for realm in ("a" * 5, "a" * 30):
        assert partner.get("/reports", realm).status == 403, "well-formed, but not ours"


def test_parameter_limit(partner):
    assert partner.listed()["limit"] == 100 and partner.listed()["count"] == 18
    assert [partner.listed(limit=n)["count"] for n in (1, 5, 100)] == [1, 5, 18]
    for wrong in (0, 101, "x"):
        error(partner.get("/reports", limit=wrong), 400, "E706002")


def test_parameter_offset_is_a_page_number(partner):
    assert [i["id"] for i in partner.listed(limit=5, offset=1)["items"]] == partner.made[-6:-11:-1]
    assert partner.listed(limit=5, offset=0) == partner.listed(limit=5)
    error(partner.get("/reports", offset=-1), 400, "E706006")


def test_parameter_sort(partner):
    assert [i["id"] for i in partner.listed()["items"]] == [i["id"] for i in partner.listed(sort="desc")["items"]] == partner.made[::-1]
    assert [i["id"] for i in partner.listed(sort="asc")["items"]] == partner.made
    assert partner.get("/reports", sort="newest").status == 400


def test_header_X_Request_ID(partner):
    assert partner.get("/reports", headers={"X-Request-ID": "trace-1"}).headers["x-request-id"] == "trace-1"
    assert "x-request-id" not in partner.get("/reports").headers


def test_header_X_Correlation_ID(partner):
    assert partner.get("/reports", headers={"X-Correlation-ID": "mine"}).headers["x-correlation-id"] == "mine"
    assert re.fullmatch(UUID, partner.get("/reports").headers["x-correlation-id"])
