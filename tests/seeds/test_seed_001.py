"""Seed 001, "Sending an export job request for IPU usage data": the older summary resource."""
import json
import re

import pytest
from harness import lines, record, running

RESOURCE = "/public/core/v3/license/metering/ExportMeteringDataAllLinkedOrgsAcrossRegion"
# As printed, with the missing comma mended.
PRINTED = '{ "startDate":"2022-08-12T00:00:00Z", "endDate":"2022-10-25T00:00:00Z", "combinedMeterUsage":"FALSE", "callbackUrl":"https://MyExportJobStatus.com" }'
KEYS = ["jobId", "status", "orgId", "userId", "selectedOrgId", "startDate", "endDate", "callbackUrl", "createTime", "updateTime", "combinedMeterUsage"]
HEADERS = {"Content-Type": "application/json", "Accept": "application/json"}


@pytest.fixture(scope="module")
def answer(shared):
    client = shared.informatica()
    login = shared.login()
    base = login["products"][0]["baseApiUrl"].removeprefix(shared.url)
    return client.call("POST", base + RESOURCE, PRINTED, **HEADERS)


@pytest.mark.quick
def test_request_as_printed(answer):
    assert answer.status == 200, answer


@pytest.mark.quick
def test_request_as_printed_without_the_comma_is_refused(shared):
    broken = PRINTED.replace('"FALSE", ', '"FALSE" ')
    refused = shared.informatica().call("POST", RESOURCE, broken, **HEADERS)
    assert refused.status == 400 and refused.json()["error"]["code"] == "METERING_INVALID_FIELD"


@pytest.mark.quick
def test_answer_has_every_field_in_order_and_type(answer):
    job = answer.json()
    assert list(job) == KEYS and all(isinstance(v, str) for v in job.values())


@pytest.mark.quick
def test_fields_jobId_and_status(answer):
    assert re.fullmatch(r"[0-9A-Za-z]{22}", answer.json()["jobId"]) and answer.json()["status"] == "CREATED"


@pytest.mark.quick
def test_fields_org_and_user(shared, answer):
    job, user = answer.json(), shared.login()["userInfo"]
    assert job["orgId"] == job["selectedOrgId"] == user["orgId"] and job["userId"] == user["id"]


@pytest.mark.quick
def test_fields_echoed(answer):
    job = answer.json()
    assert {k: job[k] for k in ("startDate", "endDate", "callbackUrl", "combinedMeterUsage")} == json.loads(PRINTED)


@pytest.mark.quick
def test_fields_createTime_and_updateTime_are_filled(answer):
    assert answer.json()["createTime"] and answer.json()["updateTime"], "the sample prints null; ours are always filled"


@pytest.mark.quick
def test_required_fields(shared):
    for missing in ("startDate", "endDate"):
        body = json.loads(PRINTED)
        del body[missing]
        refused = shared.informatica().call("POST", RESOURCE, body)
        assert refused.status == 400 and missing in refused.json()["error"]["message"]


@pytest.mark.quick
def test_the_range_is_at_most_180_days(shared):
    body = {**json.loads(PRINTED), "endDate": "2023-02-09T00:00:00Z"}
    refused = shared.informatica().call("POST", RESOURCE, body)
    assert refused.status == 400 and "180" in refused.json()["error"]["message"]


@pytest.mark.quick
def test_combinedMeterUsage_chooses_one_file_or_one_a_meter(folder, acme_catalogue):
    older = "ExportMeteringDataAllLinkedOrgsAcrossRegion"
    with running(folder, catalogue=acme_catalogue) as server:
        server.usage(record("acme", "a2nB20h1o0lc7k3P9xtWS8", "2024-09-03T00:00:00Z", "1", "1"), record("acme-us", "cPnPIT3XYAziLqIoXtd0KC", "2024-09-03T00:00:00Z", "1", "2"))
        client = server.informatica()
        assert len(client.export(older)) == 2 and len(client.export(older, combinedMeterUsage="FALSE")) == 2
        assert len(client.export(older, combinedMeterUsage="TRUE")) == 1


@pytest.mark.quick
def test_the_export_covers_the_parent_and_all_linked_orgs(folder, acme_catalogue):
    with running(folder, catalogue=acme_catalogue) as server:
        orgs = ["acme", "acme-us", "acme-test", "acme-eu"]
        server.usage(*[record(o, "a2nB20h1o0lc7k3P9xtWS8", "2024-09-03T00:00:00Z", "1", o) for o in orgs])
        (text,) = server.informatica().export("ExportMeteringDataAllLinkedOrgsAcrossRegion").values()
        assert {r["OrgName"] for r in lines(text)} == {"Acme", "Acme US", "Acme Test", "Acme EU"}


@pytest.mark.quick
def test_rights_to_the_parent_and_all_linked_orgs_are_needed(shared):
    shared.user("eu-only", "acme-eu", "exporter")
    refused = shared.informatica("eu-only", "password-of-user").call("POST", RESOURCE, PRINTED, **HEADERS)
    assert refused.status == 403 and refused.json()["error"]["code"] == "METERING_FORBIDDEN"
