"""ASSET and job-level requests: fields, their order of checks, the echo (informatica.md sections 3, 4.1, 4.3, 5.1)."""
import pytest
from harness import METERING
from test_requests import JOB_KEYS, job_count
from test_sessions import assert_v3_error

DI = "a2nB20h1o0lc7k3P9xtWS8"
JOB_LEVEL = "ExportServiceJobLevelMeteringData"


def posted(client, **fields):
    """The POST's answer, once its job has ended: at most five may be unfinished."""
    answer = client.post(**fields)
    assert answer.status == 200, answer
    client.wait(answer.json()["jobId"])
    return answer.json()


@pytest.mark.quick
@pytest.mark.parametrize("fields", [
    {}, {"allMeters": "FALSE"}, {"allMeters": False}, {"allMeters": None, "meterId": None}, {"meterId": ""}, {"meterId": "  "}, {"allMeters": "TRUE", "meterId": DI},
    {"allMeters": "yes"}, {"meterId": 7}, {"meterId": "no-such-meter"}, {"meterId": DI + " "}])
def test_job_level_needs_one_known_meter_or_all(shared, fields):
    before = job_count(shared)
    assert_v3_error(shared.informatica().post(resource=JOB_LEVEL, **fields), 400, "METERING_INVALID_FIELD")
    assert job_count(shared) == before


@pytest.mark.quick
def test_job_level_echoes_the_meter_and_allMeters_if_it_was_sent(shared):
    client = shared.informatica()
    with_all = JOB_KEYS[:6] + ["allMeters"] + JOB_KEYS[6:]
    for fields, keys, meter, all_meters in [({"meterId": DI}, JOB_KEYS, DI, None), ({"meterId": DI, "allMeters": "False"}, with_all, DI, "FALSE"),
                                            ({"allMeters": True}, with_all, None, "TRUE"), ({"allMeters": "TRUE", "meterId": ""}, with_all, None, "TRUE")]:
        job = posted(client, resource=JOB_LEVEL, **fields)
        assert list(job) == keys and (job["meterId"], job.get("allMeters")) == (meter, all_meters)
        status = client.status(job["jobId"]).json()
        assert list(status) == JOB_KEYS and status["meterId"] == meter and status["status"] == "SUCCESS"


@pytest.mark.quick
def test_asset_takes_a_meter_and_the_scope_fields_others_ignore_the_meter(shared):
    client = shared.informatica()
    job = posted(client, jobType="ASSET", meterId=DI, allLinkedOrgs="TRUE", combinedMeterUsage="FALSE")
    assert list(job) == JOB_KEYS and job["meterId"] == DI
    assert list(client.export(jobType="ASSET", allLinkedOrgs="TRUE")) == ["4wMFqGlxAKVlIFTixlTSOY.csv", "acme-eu.csv", "acme-test.csv", "acme-us.csv"]
    assert list(client.export(jobType="ASSET", allLinkedOrgs="TRUE", combinedMeterUsage=True)) == ["4wMFqGlxAKVlIFTixlTSOY.csv"]
    assert posted(client, jobType="ASSET", meterId=" ")["meterId"] is None
    for job_type in ("SUMMARY", "PROJECT_FOLDER"):
        for meter in ("no-such-meter", 7):
            assert posted(client, jobType=job_type, meterId=meter)["meterId"] is None
    for meter in ("no-such-meter", 7):
        assert_v3_error(client.post(jobType="ASSET", meterId=meter), 400, "METERING_INVALID_FIELD")


@pytest.mark.quick
def test_a_meter_of_another_tenant_is_unknown(shared):
    shared.api("POST", "/v1/meters", {"id": "theirs", "name": "Theirs", "org": "other"})
    assert_v3_error(shared.informatica().post(resource=JOB_LEVEL, meterId="theirs"), 400, "METERING_INVALID_FIELD")


@pytest.mark.quick
def test_checks_come_in_the_contract_s_order(shared):
    shared.user("vera", "acme", "viewer")
    without_right = shared.informatica("vera", "password-of-user")
    long = {"startDate": "2023-01-01T00:00:00Z", "endDate": "2024-01-01T00:00:00Z"}
    path = f"{METERING}/{JOB_LEVEL}"
    assert_v3_error(shared.call("POST", path, "{"), 401, "AUTH_01")
    assert_v3_error(without_right.call("POST", path, "{"), 400, "METERING_INVALID_FIELD")
    assert_v3_error(without_right.post(resource=JOB_LEVEL, meterId="no-such-meter", **long), 400, "METERING_INVALID_FIELD")
    assert_v3_error(without_right.post(resource=JOB_LEVEL, meterId=DI, **long), 400, "METERING_RANGE_TOO_LONG")
    assert_v3_error(without_right.post(resource=JOB_LEVEL, meterId=DI), 403, "METERING_FORBIDDEN")


@pytest.mark.quick
def test_ranges_of_the_two(shared):
    client = shared.informatica()
    posted(client, jobType="ASSET", startDate="2024-08-01T00:00:00Z", endDate="2024-09-01T23:59:59Z")
    assert_v3_error(client.post(jobType="ASSET", startDate="2024-08-01T00:00:00Z", endDate="2024-09-02T00:00:00Z"), 400, "METERING_RANGE_TOO_LONG")
    posted(client, resource=JOB_LEVEL, allMeters="TRUE", startDate="2024-01-01T00:00:00Z", endDate="2024-06-29T23:59:59Z")
    assert_v3_error(client.post(resource=JOB_LEVEL, allMeters="TRUE", startDate="2024-01-01T00:00:00Z", endDate="2024-06-30T00:00:00Z"), 400, "METERING_RANGE_TOO_LONG")
