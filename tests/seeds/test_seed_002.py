"""Seed 002, ExportMeteringData with jobType PROJECT_FOLDER."""
import json
import re

import pytest
from harness import lines, record, running

RESOURCE = "/public/core/v3/license/metering/ExportMeteringData"
PRINTED = ('{ "startDate":"2024-08-12T00:00:00Z", "endDate":"2024-09-12T00:00:00Z", "jobType":"PROJECT_FOLDER", "combinedMeterUsage":"TRUE", '
           '"allLinkedOrgs":"TRUE", "callbackUrl":"https://MyExportJobStatus.com" }')
SAMPLE = {"jobId": str, "status": str, "orgId": str, "userId": str, "selectedOrgId": str, "meterId": type(None), "startDate": str, "endDate": str,
          "callbackUrl": str, "createTime": str, "updateTime": str}


@pytest.fixture(scope="module")
def answer(shared):
    return shared.informatica().call("POST", RESOURCE, PRINTED)


@pytest.mark.quick
def test_request_as_printed(answer):
    assert answer.status == 200, answer


@pytest.mark.quick
def test_answer_has_every_field_in_order_and_type(answer):
    assert list(answer.json()) == list(SAMPLE) and {k: type(v) for k, v in answer.json().items()} == SAMPLE


@pytest.mark.quick
def test_fields_jobId_and_status(answer):
    assert re.fullmatch(r"[0-9A-Za-z]{22}", answer.json()["jobId"]) and answer.json()["status"] == "CREATED"


@pytest.mark.quick
def test_fields_echoed(answer):
    sent, job = json.loads(PRINTED), answer.json()
    assert {k: job[k] for k in ("startDate", "endDate", "callbackUrl")} == {k: sent[k] for k in ("startDate", "endDate", "callbackUrl")}


@pytest.mark.quick
def test_fields_org_user_and_times(shared, answer):
    job, user = answer.json(), shared.login()["userInfo"]
    assert job["orgId"] == job["selectedOrgId"] == user["orgId"] and job["userId"] == user["id"] and job["meterId"] is None
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", job["createTime"]) and job["updateTime"] >= job["createTime"]


@pytest.mark.quick
def test_required_fields(shared):
    for missing in ("startDate", "endDate", "jobType"):
        body = json.loads(PRINTED)
        del body[missing]
        refused = shared.informatica().call("POST", RESOURCE, body)
        assert refused.status == 400 and missing in refused.json()["error"]["message"]


@pytest.mark.quick
def test_project_level_ranges_are_at_most_30_days(shared):
    # The page's own sample spans 31 days: the limit has the tolerance that the vendor's service shows.
    body = {**json.loads(PRINTED), "endDate": "2024-09-13T00:00:00Z"}
    refused = shared.informatica().call("POST", RESOURCE, body)
    assert refused.status == 400 and refused.json()["error"]["code"] == "METERING_RANGE_TOO_LONG"


@pytest.mark.quick
def test_combinedMeterUsage_and_allLinkedOrgs(folder, acme_catalogue):
    with running(folder, catalogue=acme_catalogue) as server:
        server.usage(*[record(o, "a2nB20h1o0lc7k3P9xtWS8", "2024-09-03T00:00:00Z", "1", o, project="P") for o in ("acme", "acme-us", "acme-test", "acme-eu")])
        client = server.informatica()
        files = lambda **f: {n: {r["Org ID"] for r in lines(t)} for n, t in client.export(jobType="PROJECT_FOLDER", **f).items()}
        acme = "4wMFqGlxAKVlIFTixlTSOY"
        assert files() == {f"{acme}.csv": {acme}}, "both default to FALSE"
        assert files(combinedMeterUsage="TRUE", allLinkedOrgs="TRUE") == {f"{acme}.csv": {acme, "acme-us", "acme-test", "acme-eu"}}
        assert len(files(allLinkedOrgs="TRUE")) == 4 and files(combinedMeterUsage="TRUE") == {f"{acme}.csv": {acme}}
