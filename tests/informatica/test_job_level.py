"""Job-level lines of the Informatica checklist: I11, I18, I20 to I22, I44 to I46 (informatica.md sections 4.3, 7.2, 7.6; crosswalk 1.2, 1.3)."""
import re
import time

import pytest
from harness import METERING, lines, running
from metering_client import strict_rows
from metering_world import (ACME, AI, AI_HEADER, AI_SERVERLESS, CATALOGUE, DI, DI_HEADER, DI_SERVERLESS, FILES, JOB_LEVEL, PDO,
                            PDO_HEADER, SUB_ORGS, as_user, run, usage)
from test_requests import JOB_KEYS, job_count
from test_sessions import assert_v3_error

quick = pytest.mark.quick
CDI = "CDIMeteringAuditData.csv"


def level(client, **fields):
    return client.export(JOB_LEVEL, **fields)


def task(n, audit, meter=DI, start="2024-09-03T10:00:00Z", end="2024-09-03T10:30:00Z", **fields):
    return run(meter, start, end, task={"id": f"000QML0Z00000000{n:04}", "name": f"mt_{n}", "object": "orders", "type": "MTT", **fields.pop("task", {})},
               project="Sales", folder="Nightly", environment={"id": "01AB", "name": "agents", "type": "Secure Agent Group"},
               run={"id": str(700 + n), "status": "SUCCESS", "audit_time": audit, **fields.pop("run", {})}, **fields)


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    with running(tmp_path_factory.mktemp("level"), catalogue=CATALOGUE) as server:
        server.usage(
            task(3, "2024-09-03T11:11:00.25Z", run={"cores": 2}),
            task(2, "2024-09-03T11:11:00Z", start="2024-09-03T09:59:57Z", end="2024-09-03T10:00:00.000Z", run={"cores": "0.5", "status": "WARNING"}),
            task(1, "2024-09-03T11:11:00Z", start="2024-08-31T00:00:00.000001Z", end="2024-09-03T10:00:00.123456Z", quantity="9",
                 run={"cores": 16, "status": "ERROR"}),
            task(4, "2024-09-04T00:11:00Z", start="2024-09-03T23:00:00Z", end="2024-09-04T00:00:00Z", task={"type": "MTT_TEST"}),
            task(5, "2024-09-04T01:11:00Z", start="2024-09-01T00:00:00Z", end="2024-09-04T00:59:59.999999Z"),
            usage("acme", DI, "2024-08-31T23:59:59.999999Z", "1"), usage("acme", DI, "2024-10-01T00:00:00Z", "1"), usage("acme-us", DI, "2024-09-03", "5"),
            usage("acme", PDO, "2024-09-03T10:00:00.5Z", "3", task={"id": "t", "object": "o"}),
            usage("acme", PDO, "2024-09-03", "12345678", run={"audit_time": "2024-01-01T00:00:00Z"}),
            usage("acme", FILES, "2024-09-03", "0.001528156921268"), usage("acme", DI_SERVERLESS, "2024-09-03", "-2.5"))
        yield server


@quick
def test_I44_data_integration_bytes(world):
    files = level(world.informatica(), meterId=DI)
    assert list(files) == [CDI]
    place, end = f"Sales,Nightly,{ACME},01AB,agents", "MTT"
    expected = [
        DI_HEADER,
        f"000QML0Z000000000001,mt_1,orders,{end},701,{place},16.0,2024-08-31 00:00:00.000001,2024-09-03 10:00:00.123456,ERROR,82.000034,2024-09-03 11:11:00.0,0",
        f"000QML0Z000000000002,mt_2,orders,{end},702,{place},0.5,2024-09-03 09:59:57.0,2024-09-03 10:00:00.0,WARNING,8.33E-4,2024-09-03 11:11:00.0,0",
        f"000QML0Z000000000003,mt_3,orders,{end},703,{place},2.0,2024-09-03 10:00:00.0,2024-09-03 10:30:00.0,SUCCESS,0.5,2024-09-03 11:11:00.25,0",
        f"000QML0Z000000000004,mt_4,orders,MTT_TEST,704,{place},null,2024-09-03 23:00:00.0,2024-09-04 00:00:00.0,SUCCESS,1.0,2024-09-04 00:11:00.0,0",
        f"000QML0Z000000000005,mt_5,orders,{end},705,{place},null,2024-09-01 00:00:00.0,2024-09-04 00:59:59.999999,SUCCESS,73.0,2024-09-04 01:11:00.0,0",
    ]
    assert files[CDI].splitlines() == expected and files[CDI].endswith("\n")
    strict_rows(files[CDI].encode())


@quick
def test_I44_a_run_belongs_to_the_day_of_its_end(world):
    ids = lambda first, last: [r["Task Run ID"] for r in lines(level(world.informatica(), meterId=DI, startDate=f"{first}T00:00:00Z",
                                                                     endDate=f"{last}T00:00:00Z")[CDI])]
    assert ids("2024-09-03", "2024-09-03") == ["701", "702", "703"] and ids("2024-09-04", "2024-09-04") == ["704", "705"]
    assert ids("2024-08-31", "2024-09-03") == ["701", "702", "703", "null"], "what has no audit time stands where it arrived"


def test_I44_quantities_as_java_prints_doubles(folder):
    spans = [("10:00:00", "10:00:00", "0.0"), ("10:00:00", "10:00:03", "8.33E-4"), ("10:00:00", "10:00:03.6", "0.001"), ("10:00:00", "10:00:00.0018", "0.0"),
             ("10:00:00", "10:00:00.0054", "2.0E-6"), ("10:00:00", "10:00:00.36", "1.0E-4"), ("10:00:00", "11:00:00", "1.0"),
             ("10:00:00", "10:20:00", "0.333333"),
             ("10:00:00", "10:40:00", "0.666667"), ("11:00:00", "10:30:00", "-0.5"), ("10:00:03", "10:00:00", "-8.33E-4")]
    plain = [("0", "0.0"), ("1", "1.0"), ("0.5", "0.5"), ("0.001", "0.001"), ("0.00099", "9.9E-4"), ("0.0000005", "5.0E-7"), ("9999999.999", "9999999.999"),
             ("10000000", "1.0E7"), ("12345678", "1.2345678E7"), ("-12345678.25", "-1.234567825E7"), ("0.123456789012345678", "0.123456789012345678"),
             ("100.10", "100.1"),
             ("0.000000000000000001", "1.0E-18"), ("999999999999999999", "9.99999999999999999E17"), ("-0.25", "-0.25")]
    with running(folder, catalogue=CATALOGUE) as server:
        server.usage(*[task(n, f"2024-09-05T00:00:{n:02}Z", start=f"2024-09-03T{a}Z", end=f"2024-09-03T{b}Z") for n, (a, b, _) in enumerate(spans)],
                     *[usage("acme", DI, "2024-09-03", q, run={"cores": q, "audit_time": f"2024-09-06T00:00:{n:02}Z"}) for n, (q, _) in enumerate(plain)],
                     *[usage("acme", FILES, "2024-09-03", q, run={"audit_time": f"2024-09-06T00:00:{n:02}Z"}) for n, (q, _) in enumerate(plain)])
        files = level(server.informatica(), allMeters="TRUE")
        cdi, other = strict_rows(files[CDI].encode()), strict_rows(files[f"DetailedReport_{FILES}.csv"].encode())
        assert [r["Metered Value"] for r in cdi] == [text for *_, text in spans] + [text for _, text in plain]
        assert [r["Cores Used"] for r in cdi] == ["null"] * len(spans) + [text for _, text in plain]
        assert [r["Metered Value"] for r in other] == [text for _, text in plain]


@quick
def test_I44_what_is_missing(world):
    an_hour_ago, now = (time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(time.time() - n)) for n in (3600, -1))
    (row,) = lines(level(world.informatica(), meterId=DI, startDate="2024-10-01T00:00:00Z", endDate="2024-10-01T00:00:00Z")[CDI])
    audit = row.pop("Audit Time")
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+", audit) and an_hour_ago < audit < now, "when it arrived"
    assert row == {"Task ID": "null", "Task Name": "null", "Task Object Name": "", "Task Type": "null", "Task Run ID": "null", "Project Name": "null",
                   "Folder Name": "", "Org ID": ACME, "Environment ID": "null", "Environment": "null", "Cores Used": "null",
                   "Start Time": "null", "End Time": "2024-10-01 00:00:00.0",
                   "Status": "null", "Metered Value": "1.0", "OBM Task Time(s)": "0"}


def execution(start, end, asset="approve", by="ana", env="cloud", status="Completed", meter=AI, **fields):
    return run(meter, f"2024-09-{start}Z", f"2024-09-{end}Z", asset={"name": asset}, environment={"name": env},
               run={"invoked_by": by, "status": status, **fields.pop("run", {})}, **fields)


@pytest.fixture(scope="module")
def applications(tmp_path_factory):
    """Application Integration: rows are added up by day and printed key."""
    with running(tmp_path_factory.mktemp("applications"), catalogue=CATALOGUE) as server:
        server.usage(
            execution("03T10:00:00", "03T11:00:00"), execution("03T12:00:00", "03T12:30:00", run={"id": "2"}, project="P", memo="m", user="bob"),
            execution("03T23:59:50", "04T00:00:00"), execution("03T10:00:00", "03T10:00:10", status="Faulted"),
            execution("03T10:00:00", "03T10:06:00", by="bob", run={"count": 7}),
            execution("03T10:00:00", "03T10:00:01", asset="a, b", run={"execution_type": "Service"}),
            usage("acme", AI, "2024-09-03", "2.25", user="uma", task={"name": "mt"}), usage("acme", AI, "2024-09-02", "0.5"),
            usage("acme", AI, "2024-09-02", "0.25"),
            execution("05T10:00:00", "05T10:01:00", meter=AI_SERVERLESS), usage("acme-us", AI, "2024-09-03", "1"))
        yield server


@quick
def test_I45_application_integration_bytes(applications):
    files = level(applications.informatica(), meterId=AI)
    name = f"DetailedReport_{AI}.csv"
    assert list(files) == [name]
    assert files[name].splitlines() == [
        AI_HEADER,
        f"{ACME},Process,null,2024-09-02,null,null,null,2,0.7500000000,1350.00000",
        f"{ACME},Process,approve,2024-09-03,ana,cloud,Completed,2,1.5000000000,2700.00000",
        f"{ACME},Process,approve,2024-09-03,ana,cloud,Faulted,1,0.002777777777777778,10.00000",
        f"{ACME},Process,approve,2024-09-03,bob,cloud,Completed,7,0.1000000000,51.428571428571428571",
        f"{ACME},Process,mt,2024-09-03,uma,null,null,1,2.2500000000,8100.00000",
        f"{ACME},Service,\"a, b\",2024-09-03,ana,cloud,Completed,1,0.000277777777777778,1.00000",
        f"{ACME},Process,approve,2024-09-04,ana,cloud,Completed,1,0.002777777777777778,10.00000",
    ]
    strict_rows(files[name].encode())


@quick
def test_I45_the_serverless_meter_too(applications):
    files = level(applications.informatica(), allMeters=True)
    assert list(files) == [f"DetailedReport_{AI}.csv", f"DetailedReport_{AI_SERVERLESS}.csv"]
    assert files[f"DetailedReport_{AI_SERVERLESS}.csv"].splitlines() == [
        AI_HEADER, f"{ACME},Process,approve,2024-09-05,ana,cloud,Completed,1,0.016666666666666667,60.00000"]


@quick
def test_I46_pushdown_and_other_meters(world):
    client = world.informatica()
    pushed = level(client, meterId=PDO)
    assert list(pushed) == ["PDOMeteringAuditData.csv"]
    header, first, second = pushed["PDOMeteringAuditData.csv"].splitlines()
    assert header == PDO_HEADER
    assert first == f"null,null,,null,null,null,,{ACME},null,null,null,2024-09-03 12:00:00.0,null,1.2345678E7,2024-01-01 00:00:00.0", "sorted by audit time"
    assert second.startswith(f"t,null,o,null,null,null,,{ACME},null,null,null,2024-09-03 10:00:00.5,null,3.0,")
    for meter, value in ((FILES, "0.001528156921268"), (DI_SERVERLESS, "-2.5")):
        other = level(client, meterId=meter)
        assert list(other) == [f"DetailedReport_{meter}.csv"]
        text = other[f"DetailedReport_{meter}.csv"]
        assert text.splitlines()[0] == PDO_HEADER and [r["Metered Value"] for r in strict_rows(text.encode())] == [value]


@quick
def test_I46_all_meters_is_one_file_each(world):
    client = world.informatica()
    names = {DI: CDI, PDO: "PDOMeteringAuditData.csv", **{m: f"DetailedReport_{m}.csv" for m in (FILES, DI_SERVERLESS)}}
    everything = level(client, allMeters="TRUE")
    assert list(everything) == [names[m] for m in sorted(names, key=str.encode)], "by meter id in byte order; none of a meter without a record"
    for meter, name in names.items():
        assert everything[name] == level(client, meterId=meter)[name]
    empty = {"startDate": "2023-01-01T00:00:00Z", "endDate": "2023-01-02T00:00:00Z"}
    assert level(client, allMeters="TRUE", **empty) == {CDI: DI_HEADER}
    assert level(client, meterId=AI, **empty) == {f"DetailedReport_{AI}.csv": AI_HEADER}
    assert level(client, meterId=FILES, **empty) == {f"DetailedReport_{FILES}.csv": PDO_HEADER}
    assert level(client, meterId=DI, **empty) == {CDI: DI_HEADER}


@quick
def test_I46_the_requesting_org_only(world):
    assert [r["Metered Value"] for r in lines(level(as_user(world, "uma"), meterId=DI)[CDI])] == ["5.0"]
    assert len(lines(level(world.informatica(), meterId=DI, allLinkedOrgs="TRUE", combinedMeterUsage="TRUE")[CDI])) == 5, "unknown fields are ignored"


@quick
def test_I11_status_and_download_serve_job_level_too(world):
    client = world.informatica()
    job = client.post(resource=JOB_LEVEL, meterId=DI).json()["jobId"]
    assert client.wait(job)["status"] == "SUCCESS" and client.download(job).body[:2] == b"PK"
    assert client.call("GET", f"{METERING}/{JOB_LEVEL}/{job}").status == 404


@quick
def test_I18_job_level_may_span_180_days_and_a_bit(world):
    client = world.informatica()
    assert client.post(resource=JOB_LEVEL, meterId=DI, startDate="2024-01-01T00:00:00Z", endDate="2024-06-29T23:59:59Z").status == 200
    assert_v3_error(client.post(resource=JOB_LEVEL, meterId=DI, startDate="2024-01-01T00:00:00Z", endDate="2024-06-30T00:00:00Z"), 400,
                    "METERING_RANGE_TOO_LONG")


@quick
@pytest.mark.parametrize("sent, meter, echoed", [(None, DI, None), ("FALSE", DI, "FALSE"), (False, DI, "FALSE"), ("false", DI, "FALSE"), ("TRUE", None, "TRUE"),
                                                 (True, "", "TRUE"), ("true", " ", "TRUE")])
def test_I21_all_meters_is_echoed_when_it_was_sent(world, sent, meter, echoed):
    client = world.informatica()
    answer = client.post(resource=JOB_LEVEL, allMeters=sent, meterId=meter)
    assert answer.status == 200, answer
    job = answer.json()
    at = JOB_KEYS.index("meterId") + 1
    assert list(job) == (JOB_KEYS if echoed is None else [*JOB_KEYS[:at], "allMeters", *JOB_KEYS[at:]])
    assert job.get("allMeters") == echoed and job["meterId"] == (meter if sent != "TRUE" and meter == DI else None) and job["status"] == "CREATED"
    status = client.wait(job["jobId"])
    assert list(status) == JOB_KEYS and status["meterId"] == job["meterId"], "GET has no allMeters"


@quick
@pytest.mark.parametrize("fields", [{}, {"allMeters": "FALSE"}, {"allMeters": False, "meterId": ""}, {"meterId": " "}, {"allMeters": "TRUE", "meterId": DI},
                                    {"allMeters": True, "meterId": DI}, {"meterId": "no-such-meter"}, {"meterId": DI.lower()}, {"meterId": 5},
                                    {"meterId": DI, "allMeters": "yes"}, {"meterId": DI, "allMeters": 1}])
def test_I22_both_neither_and_unknown_meters_are_400(world, fields):
    before = job_count(world)
    assert_v3_error(world.informatica().post(resource=JOB_LEVEL, **fields), 400, "METERING_INVALID_FIELD")
    assert job_count(world) == before


@quick
def test_I22_any_meter_of_the_catalogue_may_be_asked_for(world):
    assert level(world.informatica(), meterId=SUB_ORGS) == {f"DetailedReport_{SUB_ORGS}.csv": PDO_HEADER}


@quick
@pytest.mark.parametrize("fields", [{"startDate": None}, {"endDate": None}, {"startDate": "2024-10-01T00:00:00Z"}, {"endDate": "soon"}])
def test_I14_bad_dates_are_400_here_too(world, fields):
    before = job_count(world)
    assert_v3_error(world.informatica().post(resource=JOB_LEVEL, meterId=DI, **fields), 400, "METERING_INVALID_FIELD")
    assert job_count(world) == before
