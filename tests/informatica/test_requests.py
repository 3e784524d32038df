"""POST requests of the Informatica checklist: fields, dates, ranges, limits, rights (informatica.md sections 3, 4, 6)."""
import re
import threading

import pytest
from harness import METERING, running
from test_sessions import assert_v3_error

BASE62_22 = re.compile(r"^[0-9A-Za-z]{22}$")
JOB_KEYS = ["jobId", "status", "orgId", "userId", "selectedOrgId", "meterId", "startDate", "endDate", "callbackUrl", "createTime", "updateTime"]


def job_count(server):
    return len(server.api("GET", "/v1/exports?page_size=500").json()["exports"])


@pytest.mark.quick
def test_I10_a_summary_request_answers_the_created_job(shared):
    answer = shared.informatica().post(combinedMeterUsage="TRUE", allLinkedOrgs="TRUE", callbackUrl="https://MyExportJobStatus.com")
    assert answer.status == 200 and answer.headers["content-type"].startswith("application/json")
    job = answer.json()
    assert list(job) == JOB_KEYS, "key order of section 5.1; no jobID, jobType, allLinkedOrgs"
    assert job["status"] == "CREATED" and BASE62_22.match(job["jobId"])
    assert job["orgId"] == job["selectedOrgId"] == "4wMFqGlxAKVlIFTixlTSOY" and BASE62_22.match(job["userId"])
    assert job["meterId"] is None and job["callbackUrl"] == "https://MyExportJobStatus.com"
    assert re.match(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$", job["createTime"]) and job["updateTime"]


@pytest.mark.quick
def test_I11_status_and_download_serve_both_resources(shared):
    client = shared.informatica()
    for resource in ("ExportMeteringData", "ExportMeteringDataAllLinkedOrgsAcrossRegion"):
        job = client.post(resource=resource).json()["jobId"]
        assert client.wait(job)["status"] == "SUCCESS"
        assert client.download(job).body[:2] == b"PK"


@pytest.mark.quick
@pytest.mark.parametrize("sent, echoed", [
    ("2024-09-01T02:00:00+02:00", "2024-09-01T00:00:00Z"), ("2024-09-01T10:20:30.999Z", "2024-09-01T10:20:30Z"),
    ("2024-09-01T10:20:30.123456789Z", "2024-09-01T10:20:30Z"), ("2024-08-31T23:00:00-01:00", "2024-09-01T00:00:00Z")])
def test_I13_dates_are_normalised_to_utc_seconds(shared, sent, echoed):
    job = shared.informatica().post(startDate=sent)
    assert job.status == 200 and job.json()["startDate"] == echoed


@pytest.mark.quick
@pytest.mark.parametrize("fields", [
    {"startDate": None}, {"endDate": None}, {"startDate": ""}, {"startDate": "yesterday"}, {"startDate": "2024-02-30T00:00:00Z"},
    {"startDate": 20240901}, {"endDate": "2024-09-01"}, {"startDate": "2024-09-02T00:00:00Z", "endDate": "2024-09-01T00:00:00Z"}])
def test_I14_missing_unparsable_and_reversed_dates_are_400_and_make_no_job(shared, fields):
    before = job_count(shared)
    assert_v3_error(shared.informatica().post(**fields), 400, "METERING_INVALID_FIELD")
    assert job_count(shared) == before


@pytest.mark.quick
@pytest.mark.parametrize("job_type", [None, "summary", "Summary", "EVERYTHING", "", 5, "asset"])
def test_I15_bad_job_types_are_400(shared, job_type):
    before = job_count(shared)
    answer = shared.informatica().post(jobType=job_type)
    assert_v3_error(answer, 400, "METERING_INVALID_FIELD")
    assert "jobType" in answer.json()["error"]["message"] and job_count(shared) == before


@pytest.mark.quick
def test_I16_booleans_as_json_or_text_of_any_case(shared):
    client = shared.informatica()
    for value in (True, False, "True", "FALSE", "true", "tRuE", None):
        made = client.post(combinedMeterUsage=value, allLinkedOrgs=value)
        assert made.status == 200, made
        client.wait(made.json()["jobId"])  # at most five may be unfinished
    for field in ("combinedMeterUsage", "allLinkedOrgs"):
        for value in ("yes", 1, "", [], "TRUE "):
            assert_v3_error(client.post(**{field: value}), 400, "METERING_INVALID_FIELD")


@pytest.mark.quick
def test_I17_project_folder_may_span_31_days_and_a_bit(shared):
    client = shared.informatica()
    assert client.post(jobType="PROJECT_FOLDER", startDate="2024-08-01T00:00:00Z", endDate="2024-09-01T23:59:59Z").status == 200
    assert_v3_error(client.post(jobType="PROJECT_FOLDER", startDate="2024-08-01T00:00:00Z", endDate="2024-09-02T00:00:00Z"), 400, "METERING_RANGE_TOO_LONG")


@pytest.mark.quick
def test_I18_summaries_may_span_180_days_and_a_bit(shared):
    client = shared.informatica()
    for resource in ("ExportMeteringData", "ExportMeteringDataAllLinkedOrgsAcrossRegion"):
        assert client.post(resource=resource, startDate="2024-01-01T00:00:00Z", endDate="2024-06-29T23:59:59Z").status == 200
        assert_v3_error(client.post(resource=resource, startDate="2024-01-01T00:00:00Z", endDate="2024-06-30T00:00:00Z"), 400, "METERING_RANGE_TOO_LONG")


@pytest.mark.quick
def test_I19_unknown_fields_are_ignored_and_malformed_json_is_400(shared):
    client = shared.informatica()
    assert client.post(meterId="ignored", somethingElse={"a": [1, 2]}).status == 200
    for body in ("", "{", "[]", "null", "not json", '{"startDate":"2024-09-01T00:00:00Z" "endDate":"2024-09-02T00:00:00Z"}', '{"a":1}{"b":2}',
                 '{"startDate": "2024-09-01T00:00:00'):
        before = job_count(shared)
        assert_v3_error(client.post(body=body), 400, "METERING_INVALID_FIELD")
        assert job_count(shared) == before


@pytest.mark.quick
def test_I20_the_older_resource_echoes_combined_and_leaves_meterId_out(shared):
    client = shared.informatica()
    older = "ExportMeteringDataAllLinkedOrgsAcrossRegion"
    for sent, echoed in (("TRUE", "TRUE"), (True, "TRUE"), ("false", "FALSE"), (None, "FALSE")):
        job = client.post(resource=older, combinedMeterUsage=sent).json()
        assert list(job) == [k for k in JOB_KEYS if k != "meterId"] + ["combinedMeterUsage"]
        assert job["combinedMeterUsage"] == echoed
        status = client.status(job["jobId"]).json()
        assert status["meterId"] is None and "combinedMeterUsage" not in status


def test_I23_the_sixth_active_job_of_an_org_is_refused(folder, acme_catalogue):
    # No runner takes jobs up, so they stay active.
    with running(folder, catalogue=acme_catalogue, config="[exports]\nrunners = 0\n") as server:
        client, other = server.informatica(), server.informatica("otto@other.example", "change-me-too")
        answers = []
        threads = [threading.Thread(target=lambda: answers.append(client.post())) for _ in range(12)]
        [t.start() for t in threads]
        [t.join() for t in threads]
        assert sorted(a.status for a in answers) == [200] * 5 + [400] * 7, "also when they come at once"
        jobs = [a.json()["jobId"] for a in answers if a.status == 200]
        assert_v3_error(client.post(), 400, "METERING_TOO_MANY_JOBS")
        assert client.post(resource="ExportMeteringDataAllLinkedOrgsAcrossRegion").status == 400
        assert other.post().status == 200, "another org is not affected"
        assert server.api("DELETE", f"/v1/exports/{jobs[0]}").status == 200
        assert client.post().status == 200, "after one ended, a new one is accepted"

        server.config.write_text("[exports]\nrunners = 0\n[informatica]\ntoo_many_jobs_status = 429\n")
        server.restart()
        answer = server.informatica().post()
        assert_v3_error(answer, 429, "METERING_TOO_MANY_JOBS")
        assert int(answer.headers["retry-after"]) > 0


@pytest.mark.quick
def test_I24_a_user_without_right_to_the_metering_gets_403_with_a_body(shared):
    shared.user("vera", "acme", "viewer")
    before = job_count(shared)
    assert_v3_error(shared.informatica("vera", "password-of-user").post(), 403, "METERING_FORBIDDEN")
    assert job_count(shared) == before


@pytest.mark.quick
def test_I25_unknown_and_foreign_jobs_are_404(shared):
    mine = shared.informatica()
    job = mine.post().json()["jobId"]
    mine.wait(job)
    stranger = shared.informatica("otto@other.example", "change-me-too")
    for client, id_ in ((mine, "0000000000000000000000"), (stranger, job), (mine, "x" * 500), (mine, "%FF%22"), (mine, "%00")):
        for answer in (client.status(id_), client.download(id_)):
            if id_ == "%00":
                assert answer.status in (400, 404)
                continue
            assert_v3_error(answer, 404, "METERING_JOB_NOT_FOUND")
    unknown, foreign = stranger.status("0" * 22).json()["error"], stranger.status(job).json()["error"]
    assert unknown["message"].replace("0" * 22, "") == foreign["message"].replace(job, ""), "foreign answers like unknown"


@pytest.mark.quick
def test_I26_a_guessed_path_gets_the_right_one_named(shared):
    answer = shared.informatica().call("GET", f"{METERING}/ExportMeteringData/jobs/4l1eKlA9ngChmu6gdv3FKs")
    assert_v3_error(answer, 404, "METERING_NO_SUCH_PATH")
    assert "ExportMeteringData/<jobId>" in answer.json()["error"]["message"]
    wrong_method = shared.informatica().call("DELETE", f"{METERING}/ExportMeteringData/4l1eKlA9ngChmu6gdv3FKs")
    assert_v3_error(wrong_method, 405, "METERING_NO_SUCH_PATH")


@pytest.mark.quick
def test_a_body_over_the_limit_is_413_in_the_wire_s_shape(shared):
    answer = shared.informatica().post(body="{" + " " * 200_000 + "}")
    assert_v3_error(answer, 413, "METERING_TOO_LARGE")
    assert shared.informatica().post().status == 200, "the server is unharmed"
