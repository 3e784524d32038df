"""Seed 000, "Getting the metering data export job status": the printed request, every field of the printed answers."""
import io
import re
import zipfile

import pytest
from harness import METERING, record, running

PATH = "/public/core/v3/license/metering/ExportMeteringData/"
# The printed success sample: keys in its order, with the JSON type of each value.
SAMPLE = {"jobId": str, "status": str, "orgId": str, "userId": str, "selectedOrgId": str, "meterId": type(None), "startDate": str, "endDate": str,
          "callbackUrl": str, "createTime": str, "updateTime": str}
STATUSES = {"CREATED", "PROCESSING", "SUCCESS", "FAILED", "PARTIAL_SUCCESS"}


@pytest.fixture(scope="module")
def job(shared):
    client = shared.informatica()
    posted = client.post(startDate="2024-08-01T10:00:00Z", endDate="2024-12-31T00:00:00Z", callbackUrl="https://MyExportJobStatus.com").json()
    client.wait(posted["jobId"])
    answer = client.call("GET", "/saas" + PATH + posted["jobId"])
    assert answer.status == 200
    return answer.json()


@pytest.mark.quick
def test_request_as_printed(shared, job):
    assert shared.informatica().call("GET", PATH + job["jobId"]).status == 200


@pytest.mark.quick
def test_answer_has_every_field_in_order_and_type(job):
    assert list(job) == list(SAMPLE)
    assert {k: type(v) for k, v in job.items()} == SAMPLE


@pytest.mark.quick
def test_field_jobId(job):
    assert re.fullmatch(r"[0-9A-Za-z]{22}", job["jobId"])


@pytest.mark.quick
def test_field_status(job):
    assert job["status"] == "SUCCESS"


@pytest.mark.quick
def test_fields_orgId_and_selectedOrgId_are_the_requesting_org(job):
    assert job["orgId"] == job["selectedOrgId"] == "4wMFqGlxAKVlIFTixlTSOY"


@pytest.mark.quick
def test_field_userId_is_the_sender(shared, job):
    assert job["userId"] == shared.login()["userInfo"]["id"]


@pytest.mark.quick
def test_field_meterId_is_null_without_job_level(job):
    assert job["meterId"] is None


@pytest.mark.quick
def test_field_meterId_of_a_job_that_asks_for_job_level_details(shared):
    client = shared.informatica()
    meter = "a2nB20h1o0lc7k3P9xtWS8"
    for fields in ({"resource": "ExportServiceJobLevelMeteringData"}, {"jobType": "ASSET"}):
        posted = client.post(meterId=meter, **fields).json()
        done = client.wait(posted["jobId"])
        assert posted["meterId"] == done["meterId"] == meter and list(done) == list(SAMPLE)
    every = client.post(resource="ExportServiceJobLevelMeteringData", allMeters="TRUE").json()
    assert every["meterId"] is None and client.wait(every["jobId"])["meterId"] is None


@pytest.mark.quick
def test_fields_startDate_and_endDate_are_echoed(job):
    assert (job["startDate"], job["endDate"]) == ("2024-08-01T10:00:00Z", "2024-12-31T00:00:00Z")


@pytest.mark.quick
def test_field_callbackUrl_is_echoed(job):
    assert job["callbackUrl"] == "https://MyExportJobStatus.com"


@pytest.mark.quick
def test_fields_createTime_and_updateTime(job):
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", job[name]) for name in ("createTime", "updateTime"))


def test_statuses_CREATED_and_PROCESSING_come_before_the_end(folder, acme_catalogue):
    with running(folder, catalogue=acme_catalogue, config="[exports]\nrunners = 0\n") as server:
        client = server.informatica()
        job = client.post().json()["jobId"]
        assert client.status(job).json()["status"] == "CREATED"
        server.config.write_text("")
        server.restart()
        client, seen = server.informatica(), set()
        while not seen & {"SUCCESS", "FAILED"}:
            seen.add(client.status(job).json()["status"])
        assert seen <= STATUSES and "SUCCESS" in seen


def test_status_FAILED_carries_errorMessage(folder, acme_catalogue):
    with running(folder, catalogue=acme_catalogue, env={"METERPORT_TEST_FILE_FAULTS": "sync_error:artifacts:1:1000"}) as server:
        client = server.informatica()
        job = client.wait(client.post().json()["jobId"])
        assert job["status"] == "FAILED" and job["errorMessage"]
        assert list(job) == ["jobId", "status", "errorMessage", *list(SAMPLE)[2:]], "errorMessage stands where the sample has it"


def test_status_PARTIAL_SUCCESS_when_data_of_some_linked_orgs_is_missing(folder):
    catalogue = {"orgs": [{"id": "top", "kind": "production", "name": "Top"}, {"id": "mid", "kind": "additional-production", "name": "Mid", "parent": "top"}],
                 "meters": [{"id": "m", "name": "M", "rates": [{"ipu_per_unit": "1"}]}],
                 "users": [{"name": "mia", "password": "password-of-mia", "org": "mid", "roles": ["exporter"]}]}
    with running(folder, catalogue=catalogue, config="[informatica]\npartial_rights = true\n") as server:
        server.usage(record("mid", "m", "2024-09-03T00:00:00Z", "1", "1"))
        client = server.informatica("mia", "password-of-mia")
        job = client.wait(client.post(allLinkedOrgs="TRUE").json()["jobId"])
        assert job["status"] == "PARTIAL_SUCCESS" and job["errorMessage"]
        assert list(job) == ["jobId", "status", "errorMessage", *list(SAMPLE)[2:]]
        assert zipfile.ZipFile(io.BytesIO(client.download(job["jobId"]).body)).namelist() == ["mid.csv"], "the job completed: its data is there"
