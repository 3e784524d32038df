"""Random worlds: every CSV against the model of informatica_model.py line by line; laws A1 to A5 on the server's own output (informatica.md 9)."""
import contextlib
import copy
import io
import json
import zipfile
from collections import defaultdict
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal, localcontext

import pytest
from harness import Server, lines, run
from informatica_model import APP, DAY, DI, DIVISORS, PUSHDOWN, SANDBOX_IPU, SANDBOXES, SUB_ORGS, Model
from informatica_worlds import GOVERNANCE, World

OLDER, JOB_LEVEL = "ExportMeteringDataAllLinkedOrgsAcrossRegion", "ExportServiceJobLevelMeteringData"
KINDS = ("summary", "project-folder", "asset")


class Filled:
    """A world in a server: its records were taken while every org was there, then came the orgs' ends."""

    def __init__(self, folder, world):
        self.world, self.records = world, list(world.records)
        self.server = Server(folder, catalogue=without_ends(world.catalogue))
        self.offline("import", "--format", "ndjson", text="".join(json.dumps(r) + "\n" for r in self.records))
        self.change(world.catalogue)

    def offline(self, *command, text):
        was_up = self.server.process is not None
        self.server.stop()
        file = self.server.folder / "input"
        file.write_text(text)
        run(*command, "--data", self.server.data, file)
        if was_up:
            self.start()

    def change(self, catalogue):
        self.offline("catalog", "import", text=json.dumps(catalogue))
        self.catalogue = {**self.world.catalogue, **catalogue}

    def start(self):
        self.server.start()
        self.wire = {t: self.server.informatica(f"user of {t}", "password-of-user") for t in ("t0", "t1")}

    def key(self, tenant):
        return self.wire[tenant].session  # a session is a key of /v1

    def model(self, job=None, records=None):
        today = date.fromisoformat((job or self.export("t0", "t0", "summary")[0])["as_of"]["time"][:10])
        return Model(self.catalogue, self.records if records is None else records, today)

    def id_of(self, printed):
        return next(o["id"] for o in self.catalogue["orgs"] if o.get("ids", {}).get("informatica", o["id"]) == printed)

    def today_of(self, printed):
        """The tenant that the org is in today."""
        return Model(self.catalogue, [], None).top(self.id_of(printed), date.today())

    def late(self, count):
        """Records of orgs that are still there, handed in over /v1."""
        model = self.model()
        taken = [r for r in self.world.usage(2 * count) if not model.is_deleted(r["org"], model.today)][:count]
        for tenant in ("t0", "t1"):
            own = [r for r in taken if model.top(r["org"], model.today) == tenant]
            self.server.usage(*own, key=self.key(tenant))
            self.records += own

    def export(self, tenant, org, kind, first=None, last=None, **fields):
        """Over /v1: (job, {entry: text}, ZIP)."""
        key, world = self.key(tenant), self.world
        spec = {"kind": kind, "org": org, "from": str(first or world.first), "to": str((last or world.last) + DAY), **fields}
        answer = self.server.api("POST", "/v1/exports", spec, key=key)
        assert answer.status == 202, answer
        job = self.server.api("GET", f"/v1/exports/{answer.json()['id']}?wait=30", key=key).json()
        assert job["state"] == "SUCCESS", job
        body = self.server.api("GET", job["links"]["download"], key=key).body
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            return job, {n: archive.read(n).decode() for n in archive.namelist()}, body


def without_ends(catalogue):
    stripped = copy.deepcopy(catalogue)
    for org in stripped["orgs"]:
        org["history"] = [h for h in org["history"] if h.pop("status", "active") and len(h) > 1]
    return stripped


@contextlib.contextmanager
def filled(folder, seed, **how):
    world = Filled(folder, World(seed, **how))
    world.start()
    try:
        yield world
    finally:
        if world.server.process:
            world.server.stop()


def assert_same(got, wanted, what):
    assert list(got) == list(wanted), what
    for name in wanted:
        for n, (a, b) in enumerate(zip(got[name].split("\n"), wanted[name].split("\n"))):
            assert a == b, f"{what}, {name}, line {n + 1}"
        assert got[name] == wanted[name], f"{what}, {name}: one is longer"


def requests(world):
    """The requests of one comparison: (tenant, org, kind, fields). Some of each scope, of the wide and of a narrow range."""
    rng, w = world.world.rng, world.world
    narrow = {"first": w.first + rng.randrange(5, 20) * DAY}
    narrow["last"] = narrow["first"] + rng.randrange(0, 9) * DAY
    for tenant in ("t0", "t1"):
        own = [o for o in world.catalogue["orgs"] if Model(world.catalogue, [], None).top(o["id"], date.today()) == tenant]
        for kind in KINDS:
            yield tenant, tenant, kind, {"all_linked": True, "split": rng.choice(["combined", "per-org"])}
            yield tenant, tenant, kind, {**narrow, "all_linked": True, "split": rng.choice(["combined", "per-org"])}
            yield tenant, rng.choice(own)["id"], kind, rng.choice([{}, narrow])
            yield tenant, tenant, kind, {"meter": rng.choice(w.meter_ids), "all_linked": True}
        yield tenant, tenant, "summary", {"all_linked": True, "split": "per-meter"}


def job_level_requests(world):
    rng, w = world.world.rng, world.world
    for org in rng.sample([o["id"] for o in w.orgs], 3) + ["t0"]:
        tenant = Model(world.catalogue, [], None).top(org, date.today())
        yield tenant, org, "job-level", {}
        yield tenant, org, "job-level", {"meter": rng.choice([DI, APP, PUSHDOWN, GOVERNANCE]), "last": w.first + 9 * DAY}


def compare(world, wanted):
    model = world.model()
    for tenant, org, kind, fields in wanted:
        options = {"first": world.world.first, "last": world.world.last, **fields}
        _, got, _ = world.export(tenant, org, kind, **fields)
        assert_same(got, model.files(kind, org, **options), f"seed {world.world.seed}: {kind} of {org} {fields}")


def compare_on_the_wire(world):
    """Each kind once more as the vendor's clients ask for it."""
    w, model, meter = world.world, world.model(), world.world.rng.choice(world.world.meter_ids)
    period = {"startDate": f"{w.first}T08:00:00Z", "endDate": f"{w.last}T23:59:59Z"}
    asked = [("ExportMeteringData", {"allLinkedOrgs": "TRUE"}, "summary", {"all_linked": True, "split": "per-org"}),
             (OLDER, {}, "summary", {"all_linked": True, "split": "per-meter"}), (OLDER, {"combinedMeterUsage": "TRUE"}, "summary", {"all_linked": True}),
             ("ExportMeteringData", {"jobType": "PROJECT_FOLDER", "allLinkedOrgs": "TRUE", "combinedMeterUsage": "TRUE"}, "project-folder", {"all_linked": True}),
             ("ExportMeteringData", {"jobType": "ASSET", "meterId": meter}, "asset", {"meter": meter}),
             ("ExportMeteringData", {"jobType": "ASSET", "allLinkedOrgs": "TRUE"}, "asset", {"all_linked": True, "split": "per-org"}),
             (JOB_LEVEL, {"allMeters": "TRUE"}, "job-level", {}), (JOB_LEVEL, {"meterId": meter}, "job-level", {"meter": meter})]
    for resource, fields, kind, options in asked:
        for tenant in ("t0", "t1"):
            got = world.wire[tenant].export(resource, **period, **fields)
            assert_same(got, model.files(kind, tenant, w.first, w.last, **options), f"seed {w.seed}: {resource} {fields} of {tenant}")


def check_world(folder, seed, **how):
    with filled(folder, seed, **how) as world:
        compare(world, requests(world))
        compare(world, job_level_requests(world))
        world.late(40)
        compare(world, world.world.rng.sample([*requests(world)], 8))


@pytest.mark.parametrize("seed,around_today", [pytest.param(1, False, marks=pytest.mark.quick), (2, True)])
def test_every_line_is_the_model_s(folder, seed, around_today):
    check_world(folder, seed, around_today=around_today)


@pytest.mark.quick
def test_every_line_is_the_model_s_on_the_vendor_s_wire(folder):
    with filled(folder, 5) as world:
        compare_on_the_wire(world)


@pytest.mark.parametrize("seed", range(100, 110))
def test_every_line_is_the_model_s_in_more_worlds(folder, seed):
    check_world(folder, seed, around_today=seed % 3 == 0)


# --- The laws, on the server's output alone

def totals(rows, column, *keys):
    """{key: sum of a column}; no rounding."""
    found = defaultdict(Decimal)
    for row in rows:
        found[tuple(row[k][:10] if k == "Date" else row[k] for k in keys)] += Decimal(row[column])
    return {key: total for key, total in found.items() if total}


def ipu(usage, divisor, rate):
    return (Decimal(usage) / divisor * Decimal(rate)).quantize(Decimal("1E-18"), ROUND_HALF_EVEN)


def check_laws(world, tenant):
    summary, assets, projects = (lines("".join(world.export(tenant, tenant, kind, all_linked=True)[1].values())) for kind in ("summary", "asset", "project-folder"))
    assert summary and assets and projects
    scalars = {m["id"]: m["scalar"] for m in world.catalogue["meters"]}
    tiers = defaultdict(set)
    for row in assets:
        tiers[row["Org ID"], row["Meter ID"], row["Date"][:10]].add(row["Tier"])
        assert Decimal(row["Consumption (IPUs)"]) == ipu(row["Usage"], DIVISORS[scalars[row["Meter ID"]]], row["IPU Per Unit"]), f"A1: {row}"
    for row in summary:
        if row["IPURate"] != "null" and len(tiers[row["OrgId"], row["MeterId"], row["Date"][:10]]) < 2:
            assert Decimal(row["IPU"]) == ipu(row["MeterUsage"], DIVISORS[row["Scalar"]], row["IPURate"]), f"A1: {row}"
    asset_totals = totals(assets, "Consumption (IPUs)", "Org ID", "Date")
    assert asset_totals == totals(projects, "Consumption (IPUs)", "Org ID", "Date"), "A2"
    assert asset_totals == totals([r for r in summary if r["MetricCategory"] != "ORGS"], "IPU", "OrgId", "Date"), "A3"
    assert totals(assets, "Usage", "Org ID", "Meter ID", "Date") == totals(
        [r for r in summary if r["MetricCategory"] != "ORGS"], "MeterUsage", "OrgId", "MeterId", "Date")

    boxes = defaultdict(Decimal)
    for org in {r["OrgId"] for r in summary if r["OrgType"] == "Sandbox"}:
        for row in lines(world.export(world.today_of(org), world.id_of(org), "summary")[1][f"{org}.csv"]):
            if any(r["OrgId"] == org and r["Date"] == row["Date"] for r in summary):  # a day on which it is this tenant's
                boxes[row["Date"]] += Decimal(row["IPU"])
    charged = {r["Date"]: r for r in summary if r["MeterId"] == SANDBOX_IPU}
    assert {day: Decimal(r["IPU"]) for day, r in charged.items()} == boxes, "A4"
    assert all((r["MeterUsage"], r["IPURate"], r["Scalar"]) == ("null", "null", "IPU") for r in charged.values()), "A4"

    organizations = [r for r in summary if r["MeterId"] in (SUB_ORGS, SANDBOXES)]
    assert organizations and len({(r["OrgId"], r["MeterId"], r["Date"]) for r in organizations}) == len(organizations)
    for row in organizations:
        assert row["Date"] == row["BillingPeriodStartDate"] and Decimal(row["IPU"]) == 6 * Decimal(row["MeterUsage"]) > 0, f"A5: {row}"


def check_scopes(world, tenant):
    """A row depends neither on the range nor on the scope."""
    rng, w = world.world.rng, world.world
    for kind, org_column in (("summary", "OrgId"), ("asset", "Org ID")):
        whole = lines("".join(world.export(tenant, tenant, kind, all_linked=True)[1].values()))
        first = w.first + rng.randrange(3, 25) * DAY
        narrow = lines("".join(world.export(tenant, tenant, kind, first, first + 5 * DAY, all_linked=True)[1].values()))
        assert narrow == [r for r in whole if str(first) <= r["Date"][:10] <= str(first + 5 * DAY)], kind
        for org in sorted({r[org_column] for r in whole}):
            if world.today_of(org) == tenant:
                alone = lines("".join(world.export(tenant, world.id_of(org), kind)[1].values()))
                assert [r for r in alone if r in whole] == [r for r in whole if r[org_column] == org], f"{kind} of {org}"


def check_world_s_laws(folder, seed):
    with localcontext() as context, filled(folder, seed, exact=True) as world:
        context.prec = 80
        for tenant in ("t0", "t1"):
            check_laws(world, tenant)
            check_scopes(world, tenant)


@pytest.mark.quick
def test_laws_A1_to_A5_hold(folder):
    check_world_s_laws(folder, 3)


@pytest.mark.parametrize("seed", range(200, 204))
def test_laws_A1_to_A5_hold_in_more_worlds(folder, seed):
    check_world_s_laws(folder, seed)
