"""Clients as they are in the wild, against each of the five exports (informatica.md, marks [C]; I27 to I29, I33, I38, I39 from a client's side)."""
import csv
import io
import time
import zipfile
from datetime import datetime
from decimal import Decimal

import pytest
from harness import METERING, Informatica, running
from metering_client import Sequential, entries, forward_entries, strict_rows
from metering_world import (ACME, AI, AI_HEADER, ASSET_HEADER, CATALOGUE, DI, DI_HEADER, FILES, GOVERNANCE, JOB_LEVEL, OLDER, PDO, PDO_HEADER, PROJECT_HEADER,
                            SUB_ORGS, SUMMARY_HEADER, run, usage)

pytestmark = pytest.mark.quick
PERIOD = {"startDate": "2024-09-01T00:00:00Z", "endDate": "2024-09-30T23:59:59Z"}
KINDS = {"SUMMARY": ("ExportMeteringData", {"jobType": "SUMMARY", "allLinkedOrgs": "TRUE"}, SUMMARY_HEADER),
         "PROJECT_FOLDER": ("ExportMeteringData", {"jobType": "PROJECT_FOLDER", "allLinkedOrgs": "TRUE"}, PROJECT_HEADER),
         "ASSET": ("ExportMeteringData", {"jobType": "ASSET", "allLinkedOrgs": "TRUE"}, ASSET_HEADER),
         "OLDER": (OLDER, {"combinedMeterUsage": "FALSE"}, SUMMARY_HEADER),
         "JOB_LEVEL": (JOB_LEVEL, {"allMeters": "TRUE"}, None)}
each_kind = pytest.mark.parametrize("kind", KINDS)


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """A month of runs and volumes in all four linked orgs."""
    with running(tmp_path_factory.mktemp("clients"), catalogue=CATALOGUE) as server:
        for org in ("acme", "acme-us", "acme-test"):
            server.usage(*[run(meter, f"2024-09-{d:02}T10:00:00Z", f"2024-09-{d:02}T10:{d:02}:07.5Z", org, quantity=d, project="Sales" if d % 2 else None,
                               asset={"name": f"map_{d % 3}", "type": "MAPPING"}, task={"id": f"000QML0Z00000000{d:04}"},
                               run={"id": str(d), "cores": 2, "status": "SUCCESS"})
                           for d in range(1, 29) for meter in (DI, AI, PDO)],
                         *[usage(org, FILES, f"2024-09-{d:02}", f"{d}.000{d}") for d in range(1, 31)], usage(org, GOVERNANCE, "2024-09-10", "1000"))
        yield server


def expected_names(kind):
    orgs = [f"{ACME}.csv", "acme-eu.csv", "acme-test.csv", "acme-us.csv"]
    of_runs = {DI: "CDIMeteringAuditData.csv", PDO: "PDOMeteringAuditData.csv", AI: f"DetailedReport_{AI}.csv", FILES: f"DetailedReport_{FILES}.csv",
               GOVERNANCE: f"DetailedReport_{GOVERNANCE}.csv"}
    return {"OLDER": None, "JOB_LEVEL": [of_runs[m] for m in sorted(of_runs)]}.get(kind, orgs)


@each_kind
@pytest.mark.parametrize("version", [3, 2])
def test_log_in_post_poll_download_log_out(world, kind, version):
    resource, fields, _ = KINDS[kind]
    client = Sequential(world, version=version)
    files = client.export(resource, **PERIOD, **fields)
    names = expected_names(kind) or sorted(files)
    assert list(files) == names and all(name.endswith(".csv") for name in files)
    if kind == "OLDER":
        assert {DI, AI, PDO, FILES, GOVERNANCE, SUB_ORGS} <= {name.removesuffix(".csv") for name in files}
        assert all({r["MeterId"] for r in rows} == {name.removesuffix(".csv")} for name, rows in files.items())
    assert all(rows for name, rows in files.items() if name != "acme-eu.csv"), "each file but that of an org without usage has rows"
    client.log_out()


@each_kind
def test_posts_waits_and_downloads_once_without_polling(world, kind):
    resource, fields, _ = KINDS[kind]
    client = Sequential(world)
    job = client.post(resource, **PERIOD, **fields)["jobId"]
    assert entries(client.download(job)), "the download itself waits for the end"


@each_kind
def test_reads_only_the_first_csv(world, kind):
    """With combined files it holds everything; without, the requesting org's rows (of a job-level export: the first meter's)."""
    resource, fields, header = KINDS[kind]
    client = Sequential(world)
    job = client.poll(client.post(resource, **PERIOD, **{**fields, "combinedMeterUsage": "TRUE"})["jobId"])
    files = entries(client.download(job["jobId"]))
    name, content = next((n, c) for n, c in files.items() if n.endswith(".csv"))
    rows = strict_rows(content)
    if kind != "JOB_LEVEL":
        assert list(files) == [name] == [f"{ACME}.csv"] and content.decode().split("\n")[0] == header
        assert {r.get("OrgId", r.get("Org ID")) for r in rows} == {ACME, "acme-us", "acme-test"}
        apart = client.poll(client.post(resource, **PERIOD, **{**fields, "combinedMeterUsage": False})["jobId"])
        first = next(forward_entries(client.download(apart["jobId"])))
        assert first[0] == f"{ACME}.csv" or kind == "OLDER"


@each_kind
def test_json_false_nulls_and_unknown_fields(world, kind):
    """A typed client that sends booleans as JSON and what it does not know as null."""
    resource, fields, _ = KINDS[kind]
    client = Sequential(world)
    said = {k: {"TRUE": True, "FALSE": False}.get(v, v) for k, v in fields.items()}
    typed = client.export(resource, **PERIOD, **said, callbackUrl=None, somethingNew={"a": 1})
    assert typed == client.export(resource, **PERIOD, **fields)
    made = client.post(resource, **{**PERIOD, **said, **({} if kind == "JOB_LEVEL" else {"combinedMeterUsage": False})})
    assert ("combinedMeterUsage" in made, made.get("combinedMeterUsage")) == ((True, "FALSE") if kind == "OLDER" else (False, None))
    assert "jobID" not in made and "jobType" not in made and "allLinkedOrgs" not in made
    client.poll(made["jobId"])


@each_kind
def test_accept_and_stray_content_types(world, kind):
    resource, fields, _ = KINDS[kind]
    client = Informatica(world, world.login()["userInfo"]["sessionId"])
    for accept in ("application/json", "application/octet-stream, */*", "*/*", "application/zip", "text/csv", None):
        headers = {"Content-Type": "application/json", **({"Accept": accept} if accept else {})}
        posted = client.call("POST", f"{METERING}/{resource}", {**PERIOD, **fields}, **headers)
        assert posted.status == 200 and posted.headers["content-type"].startswith("application/json"), posted
        job = posted.json()["jobId"]
        path = f"{METERING}/ExportMeteringData/{job}"
        client.wait(job)
        status = client.call("GET", path, **headers)
        assert status.status == 200 and status.headers["content-type"].startswith("application/json"), status
        answer = client.call("GET", path + "/download", **headers)
        assert answer.status == 200 and answer.headers["content-type"] == "application/zip", answer
        assert answer.headers["content-disposition"] == f'attachment; filename="{job}.zip"' and answer.headers["etag"] == f'"{job}-1"'


@each_kind
def test_I38_container_bytes(world, kind):
    resource, fields, _ = KINDS[kind]
    data, files = world.informatica().export_bytes(resource, **fields)
    assert entries(data) == files
    archive = zipfile.ZipFile(io.BytesIO(data))
    assert archive.comment == b""
    for info in archive.infolist():
        assert (info.compress_type, info.flag_bits, info.extract_version, info.extra, info.comment) == (8, 0x0808, 20, b"", b"") and not info.is_dir()


@each_kind
def test_I39_text_of_each_file(world, kind):
    resource, fields, header = KINDS[kind]
    for name, content in world.informatica().export_bytes(resource, **fields)[1].items():
        strict_rows(content)
        first = content.decode().split("\n")[0]
        assert first == (header or {"CDIMeteringAuditData.csv": DI_HEADER, f"DetailedReport_{AI}.csv": AI_HEADER}.get(name, PDO_HEADER))
        assert csv.Sniffer().sniff(content.decode()[:4000]).delimiter == "," or b"\n" not in content


@each_kind
def test_small_jobs_end_within_5_seconds(world, kind):
    resource, fields, _ = KINDS[kind]
    client, started = Sequential(world), time.monotonic()
    job = client.poll(client.post(resource, **PERIOD, **fields)["jobId"], 5)
    assert job["status"] == "SUCCESS" and time.monotonic() - started < 5


def test_a_client_that_drops_what_follows_the_dot_of_summary_dates(world):
    rows = Sequential(world).export(**PERIOD, jobType="SUMMARY")[f"{ACME}.csv"]
    for row in rows:
        for column in ("Date", "BillingPeriodStartDate", "BillingPeriodEndDate"):
            assert datetime.strptime(row[column].split(".")[0], "%Y-%m-%d %H:%M:%S")
        assert row["BillingPeriodStartDate"] <= row["Date"] <= row["BillingPeriodEndDate"]


def test_a_client_that_starts_its_job_level_step_by_meter_names(world):
    """It looks for these words in the Meter Names of ASSET, then reads exactly CDIMeteringAuditData.csv."""
    client = Sequential(world)
    names = {r["Meter Name"] for r in client.export(**PERIOD, jobType="ASSET")[f"{ACME}.csv"]}
    assert any("Data Integration" in n for n in names) and any("Application Integration" in n for n in names)
    rows = client.export(JOB_LEVEL, **PERIOD, meterId=DI)["CDIMeteringAuditData.csv"]
    assert len({(r["Task ID"], r["Task Run ID"]) for r in rows}) == len(rows) == 28
    hours = sum(Decimal(r["Metered Value"]) for r in rows)
    assert abs(hours - sum(Decimal(d * 60) + Decimal("7.5") for d in range(1, 29)) / 3600) < Decimal("0.0001")
