"""ASSET lines of the Informatica checklist: I17, I42, I43, I48, I51, I60 (informatica.md sections 4.1, 6, 7.5, 9; crosswalk 1.3)."""
import itertools
from decimal import Decimal, getcontext

import pytest
from harness import lines, running
from metering_client import strict_rows
from metering_world import ACME, ASSET_HEADER, CATALOGUE, DI, FILES, GOVERNANCE, MDM, PDO, UNRATED, as_user, catalogue, usage
from test_sessions import assert_v3_error

getcontext().prec = 60
quick = pytest.mark.quick
ALL = {"allLinkedOrgs": "TRUE", "combinedMeterUsage": "TRUE"}


def asset(client, name=f"{ACME}.csv", **fields):
    return client.export(jobType="ASSET", **fields)[name]


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    """Usage of several meters, places and orgs in September 2024; day 3 crosses the tier of Data Integration."""
    load = {"project": "Sales", "folder": "Nightly", "asset": {"name": "load", "type": "MAPPING"},
            "environment": {"name": "agents", "type": "Secure Agent Group"}}
    with running(tmp_path_factory.mktemp("asset"), catalogue=CATALOGUE) as server:
        server.usage(
            usage("acme", DI, "2024-09-02", "1999.5"), usage("acme", DI, "2024-09-03T00:00:00Z", "1.25", **load),
            usage("acme", DI, "2024-09-03T23:59:59.999999Z", "0.75", **load), usage("acme", DI, "2024-09-03", "2", project="Sales"),
            usage("acme", DI, "2024-09-03", "1", project="Sales", folder="Nightly", asset={"name": "load", "type": "MCT"}, user="ana", memo="m"),
            usage("acme", DI, "2024-09-03", "4", asset={"name": "alone"}, environment={"name": "cloud", "type": "Cloud Hosted"}),
            usage("acme", FILES, "2024-09-05", "0.001528156921268", project="Ops"), usage("acme", FILES, "2024-09-04", "-3.5", project="Ops"),
            usage("acme", UNRATED, "2024-09-06", "7"), usage("acme", GOVERNANCE, "2024-09-06", "250"),
            usage("acme-us", FILES, "2024-09-05", "10"), usage("acme-test", DI, "2024-09-03", "3", **load), usage("acme-eu", PDO, "2024-09-03", "1.5"))
        yield server


@quick
def test_I42_asset_bytes(filled):
    load, agents = f"{ACME},Production", "agents,Secure Agent Group"
    assert asset(filled.informatica(), meterId=DI).splitlines() == [
        ASSET_HEADER,
        f"{DI},Data Integration,2024-09-03T00:00:00Z,alone,null,null,null,{load},cloud,Cloud Hosted,2000.000 +,0.025000,4.000000000000,0.100000000000",
        f"{DI},Data Integration,2024-09-03T00:00:00Z,load,MAPPING,Sales,Nightly,{load},{agents},0.000 - 2000.000,0.160000,0.500000000000,0.080000000000",
        f"{DI},Data Integration,2024-09-03T00:00:00Z,load,MAPPING,Sales,Nightly,{load},{agents},2000.000 +,0.025000,1.500000000000,0.037500000000",
        f"{DI},Data Integration,2024-09-03T00:00:00Z,load,MCT,Sales,Nightly,{load},null,null,2000.000 +,0.025000,1.000000000000,0.025000000000",
        f"{DI},Data Integration,2024-09-03T00:00:00Z,null,null,Sales,null,{load},null,null,2000.000 +,0.025000,2.000000000000,0.050000000000",
        f"{DI},Data Integration,2024-09-02T00:00:00Z,null,null,null,null,{load},null,null,0.000 - 2000.000,0.160000,1999.500000000000,319.920000000000",
    ]


@quick
def test_I42_other_meters_and_the_order(filled):
    text = asset(filled.informatica())
    rows = strict_rows(text.encode())
    meters = [m for m, _ in itertools.groupby(r["Meter ID"] for r in rows)]
    assert meters == sorted({DI, FILES, UNRATED, GOVERNANCE}), "grouped by meter"
    for meter in meters:
        days = [r["Date"] for r in rows if r["Meter ID"] == meter]
        assert days == sorted(days, reverse=True), "date descending inside each"
    of = lambda meter: [line for line in text.splitlines() if line.startswith(meter)]
    place = f"null,null,Ops,null,{ACME},Production,null,null,0.000 +,0.300000"
    assert of(FILES) == [f"{FILES},Mass Ingestion Files,2024-09-05T00:00:00Z,{place},0.001528156921268,0.0004584470763804",
                         f"{FILES},Mass Ingestion Files,2024-09-04T00:00:00Z,{place},-3.500000000000,-1.050000000000"]
    nowhere = f"null,null,null,null,{ACME},Production,null,null,0.000 +"
    assert of(UNRATED) == [f"{UNRATED},Scanner Execution,2024-09-06T00:00:00Z,{nowhere},0.000000,7.000000000000,0.000000000000"], "no rate"
    assert of(GOVERNANCE) == [f"{GOVERNANCE},Governance Records,2024-09-06T00:00:00Z,{nowhere},0.950000,250.000000000000,2.375000000000"], "no rows at 0"


@quick
def test_I42_linked_orgs(filled):
    rows = strict_rows(asset(filled.informatica(), **ALL).encode())
    assert {(r["Org ID"], r["Org Type"]) for r in rows} == {(ACME, "Production"), ("acme-us", "Production"), ("acme-test", "Sandbox"), ("acme-eu", "SubOrg")}
    key = lambda r: (r["Meter ID"], [-int(x) for x in r["Date"][:10].split("-")], r["Org ID"] != ACME, r["Org ID"])
    assert rows == sorted(rows, key=key), "the requesting org first in a day, then by org id"
    files = filled.informatica().export(jobType="ASSET", allLinkedOrgs="TRUE")
    assert list(files) == [f"{ACME}.csv", "acme-eu.csv", "acme-test.csv", "acme-us.csv"]
    assert sorted(line for text in files.values() for line in text.splitlines()[1:]) == sorted(asset(filled.informatica(), **ALL).splitlines()[1:])
    assert filled.informatica().export(jobType="ASSET") == {f"{ACME}.csv": files[f"{ACME}.csv"]}
    empty = filled.informatica().export(jobType="ASSET", startDate="2023-01-01T00:00:00Z", endDate="2023-01-02T00:00:00Z")
    assert empty == {f"{ACME}.csv": ASSET_HEADER}


@quick
def test_I43_one_meter_only(filled):
    client = filled.informatica()
    for meter, of_all in ((FILES, {FILES}), (DI, {DI}), (MDM, set())):
        answer = client.post(jobType="ASSET", meterId=meter)
        assert answer.json()["meterId"] == meter
        assert client.wait(answer.json()["jobId"])["meterId"] == meter
        assert {r["Meter ID"] for r in lines(asset(client, meterId=meter, **ALL))} == of_all
    for blank in (None, "", " "):
        assert asset(client, meterId=blank) == asset(client)
    assert_v3_error(client.post(jobType="ASSET", meterId="no-such-meter"), 400, "METERING_INVALID_FIELD")


def test_I48_laws_A2_and_A3(folder):
    """With tiers that are crossed, corrections, meters of category ORGS and three kinds of orgs."""
    places = [{}, {"project": "P"}, {"project": "P", "folder": "F"}, {"project": "Q", "asset": {"name": "a"}}]
    with running(folder, catalogue=CATALOGUE) as server:
        for org in ("acme", "acme-us", "acme-test", "acme-eu"):
            server.usage(*[usage(org, meter, f"2024-09-{d:02}", d * 100 if meter == DI else Decimal(n * 97 + d * 31 - 400) / 8, **places[(n + d) % 4])
                           for d in range(1, 29, 3) for n, meter in enumerate((DI, FILES, GOVERNANCE, PDO, UNRATED))])
        client = server.informatica()
        of = lambda kind: client.export(jobType=kind, allLinkedOrgs="TRUE")
        total = lambda text, column: sum(Decimal(r[column]) for r in lines(text))
        summary, projects, assets = of("SUMMARY"), of("PROJECT_FOLDER"), of("ASSET")
        assert list(summary) == list(projects) == list(assets)
        for name in summary:
            consumption = total(assets[name], "Consumption (IPUs)")
            made = sum(Decimal(r["IPU"]) for r in lines(summary[name]) if r["MetricCategory"] == "ORGS")
            assert consumption > 0 and total(projects[name], "Consumption (IPUs)") == consumption, "A2"
            assert total(summary[name], "IPU") == consumption + made, "A3"
        assert sum(r["MetricCategory"] == "ORGS" for r in lines(summary[f"{ACME}.csv"])) > 2


def test_I51_names_of_any_kind_round_trip(folder):
    names = ["a,b", 'say "x"', "two\nlines", "U\u00a0+00A0", "Überfluß 東京", " lead", "null"]
    meters = [{"id": f"m{i}", "name": n, "scalar": "GB", "rates": [{"ipu_per_unit": "1"}]} for i, n in enumerate(names)]
    with running(folder, catalogue=catalogue(meters=meters)) as server:
        server.usage(*[usage("acme", f"m{i}", "2024-09-03", "1", project=n, folder=n, asset={"name": n, "type": n}, environment={"name": n, "type": n})
                       for i, n in enumerate(names)], usage("acme", MDM, "2024-09-03", "1"))
        text = asset(server.informatica())
        rows = lines(text)
        columns = ("Meter Name", "Asset Name", "Asset Type", "Project", "Folder", "Environment Name", "Environment Type")
        assert [[r[c] for c in columns] for r in rows if r["Meter ID"] != MDM] == [[n] * 7 for n in names]
        assert [r["Meter Name"] for r in rows if r["Meter ID"] == MDM] == ["MDM\u00a0Data Integration"]
        assert text.count('"') == 7 * (2 + 6 + 2), "quotes only where a value needs them"


@quick
def test_I17_asset_may_span_31_days_and_a_bit(filled):
    client = filled.informatica()
    assert client.post(jobType="ASSET", startDate="2024-08-01T00:00:00Z", endDate="2024-09-01T23:59:59Z").status == 200
    assert_v3_error(client.post(jobType="ASSET", startDate="2024-08-01T00:00:00Z", endDate="2024-09-02T00:00:00Z"), 400, "METERING_RANGE_TOO_LONG")


@quick
def test_I60_asset_of_all_linked_orgs_needs_the_right_to_each(filled):
    client = as_user(filled, "uma")
    before = filled.api("GET", "/v1/exports?page_size=500").json()["exports"]
    answer = client.post(jobType="ASSET", allLinkedOrgs="TRUE")
    assert_v3_error(answer, 403, "METERING_FORBIDDEN")
    message = answer.json()["error"]["message"]
    assert "3 of 4 linked organizations are not readable" in message and "acme" not in message.lower()
    assert filled.api("GET", "/v1/exports?page_size=500").json()["exports"] == before, "no job exists"
    assert {r["Org ID"] for r in lines(asset(client, "acme-us.csv"))} == {"acme-us"}
