"""Tiers, dated rates and labels, daily rows at 0: I53 to I56 and I62 (informatica.md sections 8, 8.1, 9)."""
import time
from decimal import Decimal, getcontext

import pytest
from harness import lines, running
from metering_world import ACME, CATALOGUE, DI, FILES, GOVERNANCE, JOB_LEVEL, OLDER, UNRATED, as_user, catalogue, usage

getcontext().prec = 60
quick = pytest.mark.quick
TIERED = [{"tier_from": "0", "ipu_per_unit": "1"}, {"tier_from": "10", "ipu_per_unit": "0.5"}, {"tier_from": "20.0625", "ipu_per_unit": "0.1"}]


def meter(id_, rates, **members):
    return {"id": id_, "name": id_, "scalar": "GB", "category": "DATA_VOLUME", "rates": rates, **members}


def summary(client, of, name=f"{ACME}.csv", **fields):
    """{day: (usage, IPU, rate)} of a meter."""
    return {r["Date"][:10]: (r["MeterUsage"], r["IPU"], r["IPURate"]) for r in lines(client.export(**fields)[name]) if r["MeterId"] == of}


def assets(client, of, name=f"{ACME}.csv", **fields):
    """[(day, asset, tier, rate, usage, consumption)] of a meter, as printed."""
    return [(r["Date"][:10], r["Asset Name"], r["Tier"], r["IPU Per Unit"], r["Usage"], r["Consumption (IPUs)"])
            for r in lines(client.export(jobType="ASSET", meterId=of, **fields)[name])]


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """One server; each test has meters of its own."""
    meters = [meter(f"t{n}", TIERED) for n in range(10)]
    meters += [meter("runs", TIERED, scalar="THOUSAND_RUNS"), meter("stored", [{"valid_from": "2024-09-06", "ipu_per_unit": "2"}], scalar="HUNDRED_RECORDS",
                                                                     category="RECORDS_STORED"),
               {"id": "dated", "names": [{"name": "Elastic"}, {"valid_from": "2024-09-10", "name": "Advanced"}], "scalar": "HUNDRED_RECORDS",
                "category": "X", "rates": [{"ipu_per_unit": "9.5"}, {"valid_from": "2024-09-05", "ipu_per_unit": "0.95"},
                                           {"valid_from": "2024-09-12", "org": "acme", "ipu_per_unit": "0.06"}]}]
    orgs = [{"id": f"acme-a{n}", "kind": "sub-org", "name": f"A{n}", "parent": "acme", "billing_anchor_day": n} for n in (15, 31)]
    made = catalogue(orgs, meters, acme_us={"history": [{"valid_from": "2024-09-04", "name": "Acme Americas"}]})
    with running(tmp_path_factory.mktemp("tiers"), catalogue=made) as server:
        yield server


@quick
def test_I54_a_day_that_crosses_a_tier(world):
    world.usage(usage("acme", "t0", "2024-09-01", "9.5"), usage("acme", "t0", "2024-09-02", "11", asset={"name": "big"}, project="A"),
                usage("acme", "t0", "2024-09-02", "0.25", asset={"name": "late"}, project="B"), usage("acme", "t0", "2024-09-03", "1"))
    client = world.informatica()
    # Counter 9.5 -> 20.5 -> 20.75 -> 21.75: the day's first piece touches three tiers.
    assert assets(client, "t0") == [
        ("2024-09-03", "null", "20.0625 +", "0.100000", "1.000000000000", "0.100000000000"),
        ("2024-09-02", "big", "0.000 - 10.000", "1.000000", "0.500000000000", "0.500000000000"),
        ("2024-09-02", "big", "10.000 - 20.0625", "0.500000", "10.062500000000", "5.031250000000"),
        ("2024-09-02", "big", "20.0625 +", "0.100000", "0.437500000000", "0.043750000000"),
        ("2024-09-02", "late", "20.0625 +", "0.100000", "0.250000000000", "0.025000000000"),
        ("2024-09-01", "null", "0.000 - 10.000", "1.000000", "9.500000000000", "9.500000000000")]
    assert summary(client, "t0") == {"2024-09-01": ("9.5000000000", "9.500000000000", "1.000000"),
                                     "2024-09-02": ("11.2500000000", "5.600000000000", "0.100000"),
                                     "2024-09-03": ("1.0000000000", "0.100000000000", "0.100000")}


@quick
def test_I54_inside_a_day_by_project_folder_asset_environment(world):
    """Whatever the order of arrival and of time; no value last, texts in byte order, equal texts together."""
    places = [{"project": "A"}, {"project": "B", "folder": "x"}, {"project": "B"}, {"asset": {"name": "a", "type": "t"}}, {"asset": {"name": "a"}},
              {"environment": {"name": "e"}}, {}]
    world.usage(*[usage("acme", "t1", f"2024-09-02T{h:02}:00:00Z", "4", **p) for h, p in enumerate(reversed(places))])
    world.usage(usage("acme", "t1", "2024-09-02T23:00:00Z", "0.5", project="A"), usage("acme", "t1", "2024-09-02T00:00:01Z", "-0.5", project="A"))
    rows = lines(world.informatica().export(jobType="ASSET", meterId="t1")[f"{ACME}.csv"])
    counter = Decimal(0)
    seen = {}
    for r in rows:
        seen.setdefault((r["Project"], r["Folder"], r["Asset Name"], r["Asset Type"], r["Environment Name"]), []).append((r["Tier"], Decimal(r["Usage"])))
    for project, folder, name, type_, environment in [("A", *["null"] * 4), ("B", "x", *["null"] * 3), ("B", *["null"] * 4), ("null", "null", "a", "t", "null"),
                                                      ("null", "null", "a", "null", "null"), (*["null"] * 4, "e"), ("null",) * 5]:
        expected, end = [], counter + 4
        for low, high, tier in ((0, 10, "0.000 - 10.000"), (10, Decimal("20.0625"), "10.000 - 20.0625"), (Decimal("20.0625"), 10**9, "20.0625 +")):
            if (part := min(end, high) - max(counter, low)) > 0:
                expected.append((tier, part))
        assert sorted(seen[project, folder, name, type_, environment]) == sorted(expected), (project, folder, name)
        counter = end


@quick
def test_I54_the_rate_of_the_last_unit_at_and_around_a_border(world):
    client = world.informatica()
    steps = [("2024-09-01", "10", "1.000000", "10"), ("2024-09-02", "1", "0.500000", "0.5"), ("2024-09-03", "-1", "0.500000", "-0.5"),
             ("2024-09-04", "-1", "1.000000", "-1"), ("2024-09-05", "1", "1.000000", "1"), ("2024-09-07", "-12", "1.000000", "-12"),
             ("2024-09-08", "13", "0.500000", "12.5")]
    world.usage(*[usage("acme", "t2", day, quantity) for day, quantity, _, _ in steps], usage("acme", "t2", "2024-09-06", "5"),
                usage("acme", "t2", "2024-09-06", "-5", project="P"))
    got = summary(client, "t2")
    for day, quantity, rate, ipu in steps:
        assert (Decimal(got[day][0]), Decimal(got[day][1]), got[day][2]) == (Decimal(quantity), Decimal(ipu), rate), day
    # Day 6 from 10: P takes 5 back in the first tier, then 5 come there again; the next unit is in the second.
    assert got["2024-09-06"] == ("0.0000000000", "0.000000000000", "0.500000")
    assert [r[2:] for r in assets(client, "t2") if r[0] == "2024-09-06"] == [("0.000 - 10.000", "1.000000", "-5.000000000000", "-5.000000000000"),
                                                                            ("0.000 - 10.000", "1.000000", "5.000000000000", "5.000000000000")]
    assert [r[2:] for r in assets(client, "t2") if r[0] == "2024-09-07"] == [
        ("0.000 - 10.000", "1.000000", "-12.000000000000", "-12.000000000000")], "below 0: the first"


@quick
def test_I54_a_negative_usage_walks_back_down(world):
    client = world.informatica()
    world.usage(usage("acme", "t3", "2024-09-01", "12"), usage("acme", "t3", "2024-09-02", "-5"), usage("acme", "t3", "2024-09-03", "1"),
                usage("acme", "t3", "2024-09-03", "-1"))
    assert sorted(r[2:] for r in assets(client, "t3") if r[0] == "2024-09-02") == [("0.000 - 10.000", "1.000000", "-3.000000000000", "-3.000000000000"),
                                                                                  ("10.000 - 20.0625", "0.500000", "-2.000000000000", "-1.000000000000")]
    assert summary(client, "t3")["2024-09-02"] == ("-5.0000000000", "-4.000000000000", "1.000000")
    assert [r[1:] for r in assets(client, "t3") if r[0] == "2024-09-03"] == [
        ("null", "0.000 - 10.000", "1.000000", "0.000000000000", "0.000000000000")], "net 0: one row"
    assert sum(Decimal(v[1]) for v in summary(client, "t3").values()) == 7, "7 units cost what 7 units cost"


@quick
def test_I54_tiers_are_in_scalars(world):
    world.usage(usage("acme", "runs", "2024-09-01", "9999"), usage("acme", "runs", "2024-09-02", "2"))
    client = world.informatica()
    assert sorted(assets(client, "runs"))[1:] == [("2024-09-02", "null", "0.000 - 10.000", "1.000000", "1.000000000000", "0.001000000000"),
                                                 ("2024-09-02", "null", "10.000 - 20.0625", "0.500000", "1.000000000000", "0.000500000000")]
    assert summary(client, "runs")["2024-09-02"] == ("2.0000000000", "0.001500000000", "0.500000")


@quick
def test_I62_a_row_does_not_depend_on_the_range_the_scope_or_who_asks(world):
    world.usage(*[usage(org, "t4", f"2024-09-{d:02}", "3") for org in ("acme", "acme-us", "acme-test", "acme-eu") for d in range(1, 31)])
    admin, uma = world.informatica(), as_user(world, "uma")
    whole = lambda client, **f: {(r["OrgId"], r["Date"]): r for texts in [client.export(**f)] for t in texts.values() for r in lines(t) if r["MeterId"] == "t4"}
    everything = whole(admin, allLinkedOrgs="TRUE", startDate="2024-08-20T00:00:00Z", endDate="2024-10-05T00:00:00Z")
    assert len(everything) == 120
    for first, last in (("2024-09-15", "2024-09-30"), ("2024-09-25", "2024-09-25"), ("2024-09-05", "2024-09-21"), ("2024-09-19", "2024-09-20")):
        asked = {"startDate": f"{first}T10:00:00Z", "endDate": f"{last}T23:59:59Z"}
        for client, fields in ((admin, {"allLinkedOrgs": "TRUE"}), (admin, {"allLinkedOrgs": "TRUE", "combinedMeterUsage": "TRUE"}), (admin, {}), (uma, {}),
                               (admin, {"resource": OLDER})):
            rows = whole(client, **asked, **fields)
            assert rows and all(everything[key] == row for key, row in rows.items())
            assert {day[:10] for _, day in rows} == {f"2024-09-{d:02}" for d in range(int(first[8:]), int(last[8:]) + 1)}
        of_assets = assets(admin, "t4", **asked)
        assert of_assets == [r for r in assets(admin, "t4") if first <= r[0] <= last]
    us = whole(uma)
    assert us["acme-us", "2024-09-19 00:00:00.0"]["IPURate"] == "0.100000" and us["acme-us", "2024-09-20 00:00:00.0"]["IPURate"] == "1.000000", "its own period"


@quick
def test_I62_the_counter_runs_over_the_orgs_own_billing_period(world):
    days = ["2024-08-30", "2024-08-31", "2024-09-01", "2024-09-14", "2024-09-15", "2024-09-29", "2024-09-30"]
    world.usage(*[usage(org, "t5", day, "8") for org in ("acme", "acme-a15", "acme-a31") for day in days])
    files = world.informatica().export(allLinkedOrgs="TRUE", startDate="2024-08-30T00:00:00Z")
    rate_of = lambda org: [Decimal(r["IPU"]) for r in lines(files[f"{org}.csv"]) if r["MeterId"] == "t5"]
    first, second, third = Decimal(8), Decimal(2) + 3, Decimal("4.0625") / 2 + Decimal("0.39375")
    last = Decimal("0.8")
    assert rate_of(ACME) == [first, second, first, second, third, last, last], "1st to the last"
    assert rate_of("acme-a15") == [first, second, third, last, first, second, third], "15th to 14th"
    assert rate_of("acme-a31") == [first, first, second, third, last, last, first], "31st to 30th, September's on the 30th"


@quick
def test_I62_late_data_re_rates_new_exports_and_no_old_one(world):
    world.usage(usage("acme", "t6", "2024-09-05", "9"), usage("acme", "t6", "2024-09-10", "4"), usage("acme", "t6", "2024-10-01", "4"))
    client = world.informatica()
    asked = {"endDate": "2024-10-02T00:00:00Z"}
    jobs = {}
    for kind in ("SUMMARY", "ASSET", "PROJECT_FOLDER"):
        job = client.post(jobType=kind, **asked).json()["jobId"]
        client.wait(job)
        jobs[job] = client.download(job).body
    before = summary(client, "t6", **asked)
    assert before["2024-09-10"] == ("4.0000000000", "2.500000000000", "0.500000")
    world.usage(usage("acme", "t6", "2024-09-02", "6"))
    after = summary(client, "t6", **asked)
    assert after["2024-09-05"] == ("9.0000000000", "6.500000000000", "0.500000") and after["2024-09-10"] == ("4.0000000000", "2.000000000000", "0.500000")
    assert after["2024-10-01"] == before["2024-10-01"], "the next period is not touched"
    for job, body in jobs.items():
        assert client.download(job).body == body, "a job that was made keeps its bytes"


@quick
def test_I55_a_record_type_meter_has_a_row_a_day(world):
    world.usage(usage("acme", "stored", "2024-09-04", "250"), usage("acme", "stored", "2024-09-08", "-250"), usage("acme-us", FILES, "2024-09-04", "1"))
    client = world.informatica()
    rows = summary(client, "stored", endDate="2024-09-12T00:00:00Z")
    assert list(rows) == [f"2024-09-{d:02}" for d in range(4, 13)], "from the first record on, every day"
    assert rows["2024-09-04"] == ("250.0000000000", "0.000000000000", "0.000000"), "no rate that day"
    assert rows["2024-09-05"] == ("0.0000000000", "0.000000000000", "0.000000") and rows["2024-09-06"] == ("0.0000000000", "0.000000000000", "2.000000")
    assert rows["2024-09-08"] == ("-250.0000000000", "-5.000000000000", "2.000000")
    later = summary(client, "stored", startDate="2024-12-01T00:00:00Z", endDate="2024-12-03T23:59:59Z")
    assert later == {f"2024-12-0{d}": ("0.0000000000", "0.000000000000", "2.000000") for d in (1, 2, 3)}, "also in a range without any record"
    assert "stored.csv" in client.export(OLDER, startDate="2024-12-01T00:00:00Z", endDate="2024-12-03T23:59:59Z")
    assert summary(client, "stored", startDate="2024-08-01T00:00:00Z", endDate="2024-09-03T23:59:59Z") == {}
    assert not any(r["MeterId"] == GOVERNANCE for r in lines(client.export()[f"{ACME}.csv"])), "none of a meter without a record"
    assert assets(client, "stored") == [("2024-09-08", "null", "0.000 +", "2.000000", "-250.000000000000", "-5.000000000000"),
                                        ("2024-09-04", "null", "0.000 +", "0.000000", "250.000000000000", "0.000000000000")], "rows at 0 are SUMMARY's alone"
    now = time.time() + int(world.clock_file.read_text())
    day = lambda n: time.strftime("%Y-%m-%d", time.gmtime(now + n * 86400))
    assert list(summary(client, "stored", startDate=f"{day(-2)}T00:00:00Z", endDate=f"{day(5)}T00:00:00Z"))[:4] == [day(-2), day(-1), day(0)], "up to today"


@quick
def test_I56_rates_and_names_change_on_their_day(world):
    world.usage(*[usage("acme", "dated", f"2024-09-{d:02}", "100") for d in (4, 5, 9, 10, 11, 12)], usage("acme-us", "dated", "2024-09-12", "100"),
                usage("acme-us", "dated", "2024-09-03", "100"))
    client = world.informatica()
    rows = {(r["OrgId"], r["Date"][8:10]): (r["MeterName"], r["IPURate"], r["IPU"], r["OrgName"]) for r in
            lines(client.export(allLinkedOrgs="TRUE", combinedMeterUsage="TRUE")[f"{ACME}.csv"]) if r["MeterId"] == "dated"}
    old, middle, new = ("9.500000", "9.500000000000"), ("0.950000", "0.950000000000"), ("0.060000", "0.060000000000")
    assert rows == {(ACME, "04"): ("Elastic", *old, "Acme"), (ACME, "05"): ("Elastic", *middle, "Acme"), (ACME, "09"): ("Elastic", *middle, "Acme"),
                    (ACME, "10"): ("Advanced", *middle, "Acme"), (ACME, "11"): ("Advanced", *middle, "Acme"), (ACME, "12"): ("Advanced", *new, "Acme"),
                    ("acme-us", "12"): ("Advanced", *new, "Acme Americas"),
                    ("acme-us", "03"): ("Elastic", *old, "Acme US")}, "acme's own rate holds for the orgs below it too"
    of_assets = lines(client.export(jobType="ASSET", meterId="dated")[f"{ACME}.csv"])
    assert [(r["Date"][8:10], r["Meter Name"], r["IPU Per Unit"]) for r in of_assets] == [
        (d, rows[ACME, d][0], rows[ACME, d][1]) for d in ("12", "11", "10", "09", "05", "04")]
    assert {"dated.csv"} <= set(client.export(OLDER)), "one meter, one file"


def test_I53_only_todays_rows_change(folder):
    """In each kind whose rows have a day."""
    with running(folder, catalogue=CATALOGUE) as server:
        day = lambda n: time.strftime("%Y-%m-%d", time.gmtime(time.time() + n * 86400))
        instant = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        today = instant[:10]
        server.usage(*[usage("acme", m, f"{day(-n)}T00:00:00Z", "3", project=p) for n in range(8) for m in (DI, FILES, GOVERNANCE, UNRATED)
                       for p in "AB"])
        client = server.informatica()
        asked = {"startDate": f"{day(-7)}T00:00:00Z", "endDate": f"{today}T23:59:59Z", "allLinkedOrgs": "TRUE", "combinedMeterUsage": "TRUE"}
        level = {"startDate": asked["startDate"], "endDate": asked["endDate"], "resource": JOB_LEVEL, "meterId": DI}
        kinds = [({"jobType": kind, **asked}, "Date") for kind in ("SUMMARY", "PROJECT_FOLDER", "ASSET")] + [(level, "End Time")]
        look = lambda fields: [r for t in client.export(**fields).values() for r in lines(t)]
        before = [look(fields) for fields, _ in kinds]
        server.usage(*[usage(org, m, instant, "2500", project=p) for org in ("acme", "acme-us") for m in (DI, FILES, GOVERNANCE, UNRATED) for p in ("A", "C")])
        for rows, (fields, column) in zip(before, kinds):
            after = look(fields)
            past = lambda all_rows: [r for r in all_rows if r[column][:10] != today]
            assert past(after) == past(rows) != [] and after != rows, fields
