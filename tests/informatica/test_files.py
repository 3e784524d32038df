"""ZIP and CSV lines of the Informatica checklist (informatica.md sections 4.2, 7, 9)."""
import io
import re
import struct
import subprocess
import zipfile
import zlib
from decimal import Decimal, getcontext

import pytest
from harness import lines, record, running
from test_sessions import assert_v3_error

getcontext().prec = 60
ACME = "4wMFqGlxAKVlIFTixlTSOY"
DI, DQ, FILES = "a2nB20h1o0lc7k3P9xtWS8", "cPnPIT3XYAziLqIoXtd0KC", "lCwc4CfL7EEhv9773egFC8"
OLDER = "ExportMeteringDataAllLinkedOrgsAcrossRegion"
SUMMARY_HEADER = "OrgId,MeterId,MeterName,Date,BillingPeriodStartDate,BillingPeriodEndDate,MeterUsage,IPU,Scalar,MetricCategory,OrgName,OrgType,IPURate"
PROJECT_HEADER = "Date,Project,Folder,Org ID,Org Type,Consumption (IPUs)"


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    """A server with usage in three of the four linked orgs."""
    from acme_world import ACME as CATALOGUE
    with running(tmp_path_factory.mktemp("files"), catalogue=CATALOGUE) as server:
        server.usage(
            record("acme", DI, "2024-09-03T10:30:00Z", "0.5", "1", project="Sales", folder="Nightly"),
            record("acme", DI, "2024-09-03T23:59:59.999999Z", "1.25", "2", project="Sales"),
            record("acme", DQ, "2024-09-03T00:00:00Z", "1234567", "3"),
            record("acme", DI, "2024-09-04T00:00:00Z", "2", "4", project="Ärger, \"quoted\"", folder="a b"),
            record("acme-us", FILES, "2024-09-10T12:00:00Z", "0.001528156921268", "5", project="Ops"),
            record("acme-us", FILES, "2024-09-25T12:00:00Z", "-3.5", "6"),
            record("acme-test", DI, "2024-09-03T12:00:00Z", "7", "7", project="Sales", folder="Nightly"),
            record("acme-us", DI, "2024-08-31T23:59:59Z", "100", "8"),
            record("acme-us", DI, "2024-10-01T00:00:00Z", "100", "9"))
        yield server


@pytest.mark.quick
def test_I36_one_file_per_org_the_requesting_one_first(filled):
    _, files = filled.informatica().export_bytes(allLinkedOrgs="TRUE", combinedMeterUsage="FALSE")
    assert list(files) == [f"{ACME}.csv", "acme-eu.csv", "acme-test.csv", "acme-us.csv"]
    assert files["acme-eu.csv"].decode() == SUMMARY_HEADER, "an org without rows: header alone, no line end"
    for name, data in files.items():
        assert {r["OrgId"] for r in lines(data.decode())} <= {name.removesuffix(".csv")}
    alone = filled.informatica().export()
    assert list(alone) == [f"{ACME}.csv"] and alone[f"{ACME}.csv"] == files[f"{ACME}.csv"].decode()


@pytest.mark.quick
def test_I37_combined_is_one_file_with_all_orgs(filled):
    client = filled.informatica()
    combined = client.export(allLinkedOrgs="TRUE", combinedMeterUsage="TRUE")
    assert list(combined) == [f"{ACME}.csv"]
    assert {r["OrgId"] for r in lines(combined[f"{ACME}.csv"])} == {ACME, "acme-us", "acme-test"}
    assert client.export(OLDER, combinedMeterUsage="TRUE") == combined
    project = client.export(jobType="PROJECT_FOLDER", allLinkedOrgs="TRUE", combinedMeterUsage="TRUE")
    assert list(project) == [f"{ACME}.csv"] and {r["Org ID"] for r in lines(project[f"{ACME}.csv"])} == {ACME, "acme-us", "acme-test"}


def stream_entries(data):
    """A forward-only reader: local headers, raw deflate until its own end, data descriptor."""
    at = 0
    while data[at:at + 4] == b"PK\x03\x04":
        version, flags, method, _, _, crc, packed, plain, name_size, extra = struct.unpack("<HHHHHIIIHH", data[at + 4:at + 30])
        assert (version, flags, method, extra) == (20, 0x0808, 8, 0) and (crc, packed, plain) == (0, 0, 0)
        name = data[at + 30:at + 30 + name_size].decode()
        inflate = zlib.decompressobj(-15)
        content = inflate.decompress(data[at + 30 + name_size:])
        assert inflate.eof
        at = len(data) - len(inflate.unused_data)
        signature, crc, packed, plain = struct.unpack("<IIII", data[at:at + 16])
        assert signature == 0x08074B50 and crc == zlib.crc32(content) and plain == len(content)
        at += 16
        yield name, content
    assert data[at:at + 4] == b"PK\x01\x02"


@pytest.mark.quick
def test_I38_the_container_is_what_streaming_readers_need(filled, tmp_path):
    data, files = filled.informatica().export_bytes(allLinkedOrgs="TRUE")
    assert dict(stream_entries(data)) == files
    archive = zipfile.ZipFile(io.BytesIO(data))
    assert archive.comment == b"" and archive.testzip() is None
    for info in archive.infolist():
        assert (info.compress_type, info.flag_bits, info.extract_version, info.extra, info.comment) == (8, 0x0808, 20, b"", b"")
        assert not info.is_dir()
    file = tmp_path / "a.zip"
    file.write_bytes(data)
    assert subprocess.run(["unzip", "-tq", str(file)]).returncode == 0
    listed = subprocess.run(["bsdtar", "-tf", str(file)], capture_output=True, text=True)
    assert listed.stdout.split() == list(files)


@pytest.mark.quick
def test_I39_csv_has_no_bom_lf_ends_and_a_final_one_with_rows(filled):
    for fields in ({}, {"jobType": "PROJECT_FOLDER"}):
        _, files = filled.informatica().export_bytes(allLinkedOrgs="TRUE", **fields)
        for name, data in files.items():
            assert not data.startswith(b"\xef\xbb\xbf") and b"\r" not in data
            assert data.endswith(b"\n") == (data.count(b"\n") > 0)
            assert (data.count(b"\n") == 0) == (name == "acme-eu.csv")


@pytest.mark.quick
def test_I40_summary_bytes(filled):
    text = filled.informatica().export(allLinkedOrgs="TRUE", combinedMeterUsage="TRUE")[f"{ACME}.csv"]
    day, end = "2024-09-0{} 00:00:00.0", "2024-09-30 00:00:00.0"
    first = "2024-09-01 00:00:00.0"
    assert text.splitlines() == [
        SUMMARY_HEADER,
        f"{ACME},{DI},Data Integration,{day.format(3)},{first},{end},1.7500000000,0.280000000000,HOURS,COMPUTE_UNITS,Acme,Production,0.160000",
        f"{ACME},{DQ},Data Quality,{day.format(3)},{first},{end},1234567.0000000000,1.851850500000,MILLION_ROWS,ROWS_PROCESSED,Acme,Production,1.500000",
        f"acme-test,{DI},Data Integration,{day.format(3)},{first},{end},7.0000000000,1.120000000000,HOURS,COMPUTE_UNITS,Acme Test,Sandbox,0.160000",
        f"{ACME},{DI},Data Integration,{day.format(4)},{first},{end},2.0000000000,0.320000000000,HOURS,COMPUTE_UNITS,Acme,Production,0.160000",
        f"acme-us,{FILES},Mass Ingestion Files,2024-09-10 00:00:00.0,2024-08-20 00:00:00.0,2024-09-19 00:00:00.0,0.001528156921268,0.0004584470763804,GB,DATA_VOLUME,Acme US,Production,0.300000",
        f"acme-us,{FILES},Mass Ingestion Files,2024-09-25 00:00:00.0,2024-09-20 00:00:00.0,2024-10-19 00:00:00.0,-3.5000000000,-1.050000000000,GB,DATA_VOLUME,Acme US,Production,0.300000",
    ]
    rows = lines(text)
    assert [r["Date"] for r in rows] == sorted(r["Date"] for r in rows)
    keys = [(r["OrgId"], r["MeterId"], r["Date"]) for r in rows]
    assert len(set(keys)) == len(keys)


@pytest.mark.quick
def test_I41_project_folder_bytes(filled):
    text = filled.informatica().export(jobType="PROJECT_FOLDER", allLinkedOrgs="TRUE", combinedMeterUsage="TRUE")[f"{ACME}.csv"]
    assert text.splitlines() == [
        PROJECT_HEADER,
        "2024-09-25T00:00:00Z,null,null,acme-us,Production,-1.050000000000",
        "2024-09-10T00:00:00Z,Ops,null,acme-us,Production,0.0004584470763804",
        f"2024-09-04T00:00:00Z,\"Ärger, \"\"quoted\"\"\",a b,{ACME},Production,0.320000000000",
        f"2024-09-03T00:00:00Z,Sales,Nightly,{ACME},Production,0.080000000000",
        f"2024-09-03T00:00:00Z,Sales,null,{ACME},Production,0.200000000000",
        f"2024-09-03T00:00:00Z,null,null,{ACME},Production,1.851850500000",
        "2024-09-03T00:00:00Z,Sales,Nightly,acme-test,Sandbox,1.120000000000",
    ]


SCALARS = {"HOURS": 1, "GB": 1, "MILLION_ROWS": 10**6, "HUNDRED_RECORDS": 100, "TENK_RECORDS": 10**4, "HUNDREDK_RECORDS": 10**5,
           "THOUSAND_RUNS": 1000, "THOUSAND_QUERIES": 1000, "THOUSAND_API_CALLS": 1000, "MILLION_API_CALLS": 10**6}


@pytest.mark.quick
def test_I47_law_A1_holds_for_each_scalar(folder, acme_catalogue):
    meters = [{"id": f"m-{s}", "name": s, "scalar": s, "rates": [{"ipu_per_unit": "0.123456"}]} for s in SCALARS]
    meters.append({"id": "thirds", "name": "thirds", "scalar": "THREES", "divisor": "3", "rates": [{"ipu_per_unit": "1"}]})
    divisors = {**SCALARS, "THREES": 3}
    with running(folder, catalogue={**acme_catalogue, "meters": meters}) as server:
        quantities = ["1", "0.000000000000000001", "999999999999999999.999999999999999999", "-12345.678901234567", "0.1", "100000000000000000"]
        server.usage(*[record("acme", m["id"], f"2024-09-{d + 1:02}T00:00:00Z", q, f"{m['id']}-{d}") for m in meters for d, q in enumerate(quantities)])
        rows = lines(server.informatica().export()[f"{ACME}.csv"])
        assert len(rows) == len(meters) * len(quantities)
        for row in rows:
            exact = Decimal(row["MeterUsage"]) / divisors[row["Scalar"]] * Decimal(row["IPURate"])
            rounded = exact.quantize(Decimal(1).scaleb(-18), rounding="ROUND_HALF_EVEN")
            assert Decimal(row["IPU"]) == rounded, row
            assert Decimal(row["MeterUsage"]) == Decimal(quantities[int(row["Date"][8:10]) - 1])


@pytest.mark.quick
def test_I51_names_of_any_kind_round_trip(folder, acme_catalogue):
    names = ["a,b", 'say "x"', "two\nlines", "MDM\u00a0Data Integration", "Überfluß 東京", " lead", "plain"]
    meters = [{"id": f"m{i}", "name": n, "scalar": "GB", "rates": [{"ipu_per_unit": "1"}]} for i, n in enumerate(names)]
    with running(folder, catalogue={**acme_catalogue, "meters": meters}) as server:
        server.usage(*[record("acme", f"m{i}", "2024-09-03T00:00:00Z", "1", f"r{i}") for i in range(len(names))])
        text = server.informatica().export()[f"{ACME}.csv"]
        assert [r["MeterName"] for r in lines(text)] == names
        assert text.count('"') == 2 + 6 + 2, "quotes only where a value needs them"


@pytest.mark.quick
def test_I52_the_day_of_the_end_is_included_a_midnight_one_by_setting(filled, folder, acme_catalogue):
    client = filled.informatica()
    for end in ("2024-09-04T23:59:59Z", "2024-09-04T00:00:00Z"):
        rows = lines(client.export(endDate=end)[f"{ACME}.csv"])
        assert {r["Date"][:10] for r in rows} == {"2024-09-03", "2024-09-04"}
    with running(folder, catalogue=acme_catalogue, config='[informatica]\nmidnight_end = "exclusive"\n') as server:
        server.usage(record("acme", DI, "2024-09-03T10:00:00Z", "1", "a"), record("acme", DI, "2024-09-04T00:00:00Z", "1", "b"))
        days = lambda **f: {r["Date"][:10] for r in lines(server.informatica().export(**f)[f"{ACME}.csv"])}
        assert days(endDate="2024-09-04T00:00:00Z") == {"2024-09-03"}
        assert days(endDate="2024-09-04T00:00:01Z") == {"2024-09-03", "2024-09-04"}
        assert days(startDate="2024-09-04T00:00:00Z", endDate="2024-09-04T00:00:00Z") == {"2024-09-04"}


@pytest.mark.quick
def test_I59_the_older_resource_has_a_file_per_meter(filled, folder, acme_catalogue):
    client = filled.informatica()
    by_meter = client.export(OLDER)
    assert list(by_meter) == [f"{m}.csv" for m in sorted([DI, DQ, FILES])]
    assert by_meter == client.export(OLDER, combinedMeterUsage="FALSE")
    for name, text in by_meter.items():
        assert {r["MeterId"] for r in lines(text)} == {name.removesuffix(".csv")}
    assert {r["OrgId"] for r in lines(by_meter[f"{DI}.csv"])} == {ACME, "acme-test"}
    combined = client.export(OLDER, combinedMeterUsage="TRUE")
    all_rows = sorted(line for text in by_meter.values() for line in text.splitlines()[1:])
    assert all_rows == sorted(combined[f"{ACME}.csv"].splitlines()[1:])
    nothing = client.export_bytes(OLDER, startDate="2023-01-01T00:00:00Z", endDate="2023-01-02T00:00:00Z")[1]
    assert nothing == {f"{ACME}.csv": SUMMARY_HEADER.encode()}
    with running(folder, catalogue=acme_catalogue, config='[informatica]\nolder_summary_files = "org"\n') as server:
        server.usage(record("acme", DI, "2024-09-03T10:00:00Z", "1", "a"))
        files = server.informatica().export(OLDER)
        assert list(files) == [f"{ACME}.csv", "acme-eu.csv", "acme-test.csv", "acme-us.csv"]
        assert files == server.informatica().export(allLinkedOrgs="TRUE")
        assert list(server.informatica().export(OLDER, combinedMeterUsage="TRUE")) == [f"{ACME}.csv"]


RIGHTS = {
    "orgs": [{"id": "top", "kind": "production", "name": "Top"}, {"id": "far", "kind": "sandbox", "name": "Far", "parent": "top"},
             {"id": "mid", "kind": "additional-production", "name": "Mid", "parent": "top"}]
            + [{"id": f"sub{i}", "kind": "sub-org", "name": f"Sub {i}", "parent": "mid"} for i in range(4)],
    "meters": [{"id": DI, "name": "Data Integration", "scalar": "HOURS", "rates": [{"ipu_per_unit": "1"}]}],
    "users": [{"name": "mia", "password": "password-of-mia", "org": "mid", "roles": ["exporter"]}],
}


@pytest.mark.quick
def test_I60_all_linked_exports_need_the_right_to_every_linked_org(folder):
    all_linked = [("ExportMeteringData", {"allLinkedOrgs": "TRUE"}), ("ExportMeteringData", {"allLinkedOrgs": "TRUE", "jobType": "PROJECT_FOLDER"}), (OLDER, {})]
    with running(folder, catalogue=RIGHTS) as server:
        server.usage(*[record(o["id"], DI, "2024-09-03T00:00:00Z", "1", o["id"]) for o in RIGHTS["orgs"]])
        client = server.informatica("mia", "password-of-mia")
        for resource, fields in all_linked:
            answer = client.post(resource=resource, **fields)
            assert_v3_error(answer, 403, "METERING_FORBIDDEN")
            message = answer.json()["error"]["message"]
            assert "2 of 7 linked organizations are not readable" in message
            assert not re.search(r"top|far|Top|Far", message), "it names no org"
        assert server.api("GET", "/v1/exports").json()["exports"] == [], "no job exists"
        assert {r["OrgId"] for r in lines(client.export()["mid.csv"])} == {"mid"}

        server.config.write_text("[informatica]\npartial_rights = true\n")
        server.restart()
        client = server.informatica("mia", "password-of-mia")
        for resource, fields in all_linked:
            job = client.wait(client.post(resource=resource, combinedMeterUsage="TRUE", **fields).json()["jobId"])
            assert job["status"] == "PARTIAL_SUCCESS"
            assert "top" in job["errorMessage"], "the parent of an org he can read may be named"
            assert "far" not in job["errorMessage"] and "1" in job["errorMessage"], "the rest is only counted"
            with zipfile.ZipFile(io.BytesIO(client.download(job["jobId"]).body)) as archive:
                rows = lines(archive.read("mid.csv").decode())
            assert {r.get("OrgId", r.get("Org ID")) for r in rows} == {"mid", "sub0", "sub1", "sub2", "sub3"}
        assert client.wait(client.post().json()["jobId"])["status"] == "SUCCESS"
