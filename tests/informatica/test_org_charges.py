"""Rows made from the tree of orgs: I49 and I50 (informatica.md sections 8 to 10, crosswalk 1.3 "rows of category ORGS")."""
import calendar
from decimal import Decimal, getcontext

import pytest
from harness import lines, running
from metering_world import ACME, CATALOGUE, DI, FILES, GOVERNANCE, OLDER, SANDBOX_USAGE, SANDBOXES, SUB_ORGS, as_user, catalogue, usage

getcontext().prec = 60
quick = pytest.mark.quick
MADE = (SUB_ORGS, SANDBOXES, SANDBOX_USAGE)
YEAR = [f"2024-{m:02}" for m in range(1, 7)]


def rows_of(client, *meters, **fields):
    files = client.export(**{"allLinkedOrgs": "TRUE", "combinedMeterUsage": "TRUE", "startDate": "2024-01-05T00:00:00Z", "endDate": "2024-06-30T00:00:00Z",
                             **fields})
    return [r for text in files.values() for r in lines(text) if r["MeterId"] in meters]


def charges(client, meter, **fields):
    """{(org, day): (usage, IPU)} of one of the meters that are charged by the head."""
    found = {}
    for row in rows_of(client, meter, **fields):
        assert row["Scalar"] == "PER_ORG" and row["MetricCategory"] == "ORGS" and row["IPURate"] == "6.000000", row
        assert row["Date"] == row["BillingPeriodStartDate"], "on the first day of its own period"
        found[row["OrgId"], row["Date"][:10]] = Decimal(row["MeterUsage"]), Decimal(row["IPU"])
    return found


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    orgs = [{"id": "acme-eu2", "kind": "sub-org", "name": "EU 2", "parent": "acme", "status": "active",
             "history": [{"valid_from": "2024-03-10", "status": "disabled"}]},
            {"id": "us-sub", "kind": "sub-org", "name": "US sub", "parent": "acme-us"},
            {"id": "test-sub", "kind": "sub-org", "name": "Test sub", "parent": "acme-test"},
            {"id": "gone", "kind": "sandbox", "name": "Gone", "parent": "acme"},
            {"id": "moved", "kind": "sub-org", "name": "Moved", "parent": "acme", "history": [{"valid_from": "2024-05-10", "parent": "acme-us"}]}]
    with running(tmp_path_factory.mktemp("charges"), catalogue=catalogue(orgs)) as server:
        server.usage(usage("acme-test", DI, "2024-02-01", "1999"), usage("acme-test", DI, "2024-02-02", "3.5"),
                     usage("acme-test", GOVERNANCE, "2024-02-02", "100"),
                     usage("gone", FILES, "2024-02-02", "10"), usage("acme", DI, "2024-02-02", "5"), usage("test-sub", FILES, "2024-02-02", "100"),
                     usage("acme-us", FILES, "2024-02-03", "1"))
        deleted = {"id": "gone", "kind": "sandbox", "name": "Gone", "parent": "acme", "history": [{"valid_from": "2024-04-10", "status": "deleted"}]}
        assert server.api("POST", "/v1/catalog", {"orgs": [deleted]}).status == 200
        yield server


@quick
def test_I50_sub_organizations(world):
    got = charges(world.informatica(), SUB_ORGS)
    first = lambda org, counts, day="01": {(org, f"{month}-{day}"): (n, 6 * n) for month, n in zip(YEAR, counts) if n}
    # acme: acme-eu, acme-eu2 (disabled ones count) and, until it moves, moved. The range begins on January 5.
    expected = {**first(ACME, [0, 3, 3, 3, 3, 2]), **first("acme-us", [1, 1, 1, 1, 2, 2], "20"), **first("acme-test", [0, 1, 1, 1, 1, 1])}
    assert got == expected


@quick
def test_I50_sandbox_organizations(world):
    got = charges(world.informatica(), SANDBOXES)
    assert got == {(ACME, f"{month}-01"): (n, 6 * n) for month, n in zip(YEAR[1:], [2, 2, 2, 1, 1])}, "a deleted one in the period it was deleted in, not later"


@quick
def test_I50_each_scope_and_range_says_the_same(world):
    admin = world.informatica()
    for meter in MADE:
        everything = {(r["OrgId"], r["Date"]): r for r in rows_of(admin, meter)}
        for client, fields in ((admin, {"allLinkedOrgs": "FALSE"}), (admin, {"resource": OLDER}), (as_user(world, "uma"), {"allLinkedOrgs": "FALSE"}),
                               (admin, {"startDate": "2024-04-01T00:00:00Z", "endDate": "2024-04-20T00:00:00Z"})):
            assert all(everything[r["OrgId"], r["Date"]] == r for r in rows_of(client, meter, **fields))
    assert f"{SUB_ORGS}.csv" in admin.export(OLDER), "the older resource has a file of it"
    alone = rows_of(admin, *MADE, startDate="2024-03-02T00:00:00Z", endDate="2024-03-19T00:00:00Z")
    assert {r["MeterId"] for r in alone} <= {SANDBOX_USAGE}, "on that day only"


@quick
def test_I49_the_sandboxes_usage_is_in_the_production_orgs_summary(world):
    client = world.informatica()
    got = rows_of(client, SANDBOX_USAGE)
    for row in got:
        assert (row["OrgId"], row["MeterUsage"], row["IPURate"], row["Scalar"], row["MetricCategory"]) == (ACME, "null", "null", "IPU", "ORGS"), row
        assert row["OrgName"] == "Acme" and row["OrgType"] == "Production"
    sums = {}
    meters = [m["id"] for m in CATALOGUE["meters"]]
    own, linked = rows_of(as_user(world, "tess"), *meters, allLinkedOrgs="FALSE"), rows_of(client, *meters)
    assert own == [r for r in linked if r["OrgId"] == "acme-test"]
    for row in own + [r for r in linked if r["OrgId"] == "gone"]:
        sums[row["Date"]] = sums.get(row["Date"], 0) + Decimal(row["IPU"])
    assert {r["Date"]: Decimal(r["IPU"]) for r in got} == sums, "A4: the sandbox org's own total of that day"
    by_day = {day[:10]: ipu for day, ipu in sums.items()}
    di = Decimal("0.16") + Decimal("2.5") * Decimal("0.025")
    assert by_day["2024-02-01"] == 1999 * Decimal("0.16") + 6, "with its own Sub Organizations"
    assert by_day["2024-02-02"] == di + Decimal("0.95") + 3, "both sandboxes', without the sub-org's of one"
    assert by_day["2024-02-03"] == 0 and by_day["2024-03-01"] == 6, "a day with a row at 0 has a row"
    assert "2024-01-31" not in by_day


def test_I49_no_rows_where_the_catalogue_lacks_the_meters(folder):
    with running(folder, catalogue=catalogue(without=MADE)) as server:
        server.usage(usage("acme-test", DI, "2024-09-02", "5"))
        [text] = server.informatica().export(allLinkedOrgs="TRUE", combinedMeterUsage="TRUE").values()
        assert [r["OrgId"] for r in lines(text)] == ["acme-test"]


def test_I50_every_anchor_has_one_charge_a_period(folder):
    anchors = (1, 15, 29, 30, 31)
    orgs = [{"id": f"p{n}", "kind": "additional-production", "name": f"P{n}", "parent": "acme", "billing_anchor_day": n} for n in anchors]
    orgs += [{"id": f"s{n}", "kind": "sub-org", "name": f"S{n}", "parent": f"p{n}"} for n in anchors]
    with running(folder, catalogue=catalogue(orgs)) as server:
        got = charges(server.informatica(), SUB_ORGS)
        for n in anchors:
            days = [f"{month}-{min(n, calendar.monthrange(2024, int(month[5:]))[1]):02}" for month in YEAR]
            assert {k: v for k, v in got.items() if k[0] == f"p{n}"} == {(f"p{n}", d): (1, 6) for d in days if d >= "2024-01-05"}


def test_I50_the_future_is_not_charged(folder):
    with running(folder, catalogue=CATALOGUE) as server:
        year = int(server.informatica().post().json()["createTime"][:4])
        rows = rows_of(server.informatica(), *MADE, startDate=f"{year + 1}-01-01T00:00:00Z", endDate=f"{year + 1}-05-01T00:00:00Z")
        assert rows == []
