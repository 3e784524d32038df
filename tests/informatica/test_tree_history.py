"""What was, stays: old snapshots over retroactive changes, tiers over late records (I62), orgs that move between tenants (informatica.md 6, 8.1, 10)."""
import copy
import io
import json
import zipfile

import pytest
from harness import lines, record, run, running
from informatica_model import APP, DAY, DI, SANDBOX_IPU, SANDBOXES, SUB_ORGS
from test_random_worlds import JOB_LEVEL, KINDS, OLDER, assert_same, filled
from test_sessions import assert_v3_error

FILES = "lCwc4CfL7EEhv9773egFC8"
CHARGES = [{"id": SUB_ORGS, "name": "Sub Organizations", "scalar": "PER_ORG", "category": "ORGS", "rates": [{"ipu_per_unit": "6"}]},
           {"id": SANDBOXES, "name": "Sandbox Organizations", "scalar": "PER_ORG", "category": "ORGS", "rates": [{"ipu_per_unit": "6"}]},
           {"id": SANDBOX_IPU, "name": "Sandbox Organizations IPU Usage", "scalar": "IPU", "category": "ORGS"}]
TIERED = {"id": DI, "name": "Data Integration", "scalar": "HOURS", "category": "COMPUTE_UNITS",
          "rates": [{"ipu_per_unit": "1"}, {"tier_from": "10", "ipu_per_unit": "0.1"}]}
FLAT = {"id": FILES, "name": "Files", "scalar": "GB", "category": "DATA_VOLUME", "rates": [{"ipu_per_unit": "1"}]}


def user(org):
    return {"name": f"user of {org}", "password": "password-of-user", "org": org, "roles": ["exporter"]}


ONE_TENANT = {
    "orgs": [{"id": "top", "kind": "production", "name": "Top"},
             {"id": "mid", "kind": "additional-production", "name": "Mid", "parent": "top", "billing_anchor_day": 20},
             {"id": "sub", "kind": "sub-org", "name": "Sub", "parent": "mid", "billing_anchor_day": 20}],
    "meters": [TIERED], "users": [user("top"), user("mid"), user("sub")]}


def client(server, org):
    """One log-in per user and process: hashing a password is slow on purpose."""
    known = vars(server).setdefault("clients", {})
    if known.get("process") is not server.process:
        known.clear()
        known["process"] = server.process
    if org not in known:
        known[org] = server.informatica(f"user of {org}", "password-of-user")
    return known[org]


def rows_of(files, org, column):
    return [r for text in files.values() for r in lines(text) if r[column] == org]


@pytest.mark.quick
def test_I62_a_row_depends_neither_on_the_range_nor_on_who_asks(folder):
    with running(folder, catalogue=ONE_TENANT) as server:
        days = ("2024-08-20", "2024-08-28", "2024-09-03", "2024-09-10", "2024-09-19", "2024-09-20")
        server.usage(*[record("sub", DI, f"{day}T12:00:00Z", "4", day, project="P", asset={"name": "a"}) for day in days])
        for kind, org_id, value in (("SUMMARY", "OrgId", "IPU"), ("PROJECT_FOLDER", "Org ID", "Consumption (IPUs)"), ("ASSET", "Org ID", "Consumption (IPUs)")):
            whole = client(server, "sub").export(jobType=kind, startDate="2024-08-20T00:00:00Z", endDate="2024-09-19T00:00:00Z")["sub.csv"]
            by_day = {}
            for r in lines(whole):
                by_day.setdefault(r["Date"][:10], []).append(r[value].rstrip("0"))
            assert by_day == {"2024-08-20": ["4."], "2024-08-28": ["4."], "2024-09-03": ["2.", "0.2"] if kind == "ASSET" else ["2.2"],
                              "2024-09-10": ["0.4"], "2024-09-19": ["0.4"]}
            after = [r for r in lines(whole) if r["Date"][:10] >= "2024-09-04"]
            late = {"startDate": "2024-09-04T00:00:00Z", "endDate": "2024-09-19T00:00:00Z", "jobType": kind}
            scopes = [("sub", {}), ("top", {"allLinkedOrgs": "TRUE"}), ("top", {"allLinkedOrgs": "TRUE", "combinedMeterUsage": "TRUE"})]
            for who, fields in scopes:
                assert rows_of(client(server, who).export(**late, **fields), "sub", org_id) == after, (kind, who, fields)
        assert rows_of(client(server, "top").export(OLDER, **{k: v for k, v in late.items() if k != "jobType"}), "sub", "OrgId") == [
            r for r in lines(client(server, "sub").export(**{**late, "jobType": "SUMMARY"})["sub.csv"])]
        next_period = lines(client(server, "sub").export(startDate="2024-09-20T00:00:00Z", endDate="2024-09-20T00:00:00Z")["sub.csv"])
        assert [(r["IPU"], r["IPURate"]) for r in next_period] == [("4.000000000000", "1.000000")], "the counter begins anew"


@pytest.mark.quick
def test_I62_a_late_record_re_rates_later_days_and_old_files_stay(folder):
    with running(folder, catalogue=ONE_TENANT) as server:
        server.usage(*[record("sub", DI, f"2024-09-{day}T12:00:00Z", "4", day) for day in ("01", "05", "06", "10")])
        wire, period = client(server, "sub"), {"startDate": "2024-09-04T00:00:00Z", "endDate": "2024-09-30T00:00:00Z"}

        def now():
            return [(r["Date"][5:10], r["IPU"].rstrip("0"), r["IPURate"][:3]) for r in lines(wire.export(**period)["sub.csv"])]

        assert now() == [("09-05", "4.", "1.0"), ("09-06", "2.2", "0.1"), ("09-10", "0.4", "0.1")]
        old = {kind: wire.wait(wire.post(jobType=kind, **period).json()["jobId"])["jobId"] for kind in ("SUMMARY", "PROJECT_FOLDER", "ASSET")}
        before = {kind: wire.download(job).body for kind, job in old.items()}
        server.usage(record("sub", DI, "2024-08-25T00:00:00Z", "3", "late"))
        assert now() == [("09-05", "3.1", "0.1"), ("09-06", "0.4", "0.1"), ("09-10", "0.4", "0.1")]
        server.usage(record("sub", DI, "2024-08-20T00:00:00Z", "-9", "later still"))
        assert now() == [("09-05", "4.", "1.0"), ("09-06", "4.", "1.0"), ("09-10", "4.", "1.0")]
        server.usage(record("sub", DI, "2024-08-19T23:59:59.999999Z", "100", "of the period before"),
                     record("mid", DI, "2024-09-01T00:00:00Z", "100", "of another org"))
        assert now() == [("09-05", "4.", "1.0"), ("09-06", "4.", "1.0"), ("09-10", "4.", "1.0")]
        server.restart()
        wire = client(server, "sub")
        for kind, job in old.items():
            assert wire.download(job).body == before[kind], kind


# --- Retroactive changes of the catalogue

def exported(server, **spec):
    """Over /v1 by the administrator: (job, ZIP)."""
    answer = server.api("POST", "/v1/exports", {"from": "2024-09-01", "to": "2024-10-01", **spec})
    assert answer.status == 202, answer
    job = server.api("GET", f"/v1/exports/{answer.json()['id']}?wait=30").json()
    assert job["state"] == "SUCCESS", job
    return job, server.api("GET", job["links"]["download"]).body


def texts(body):
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        return {n: archive.read(n).decode() for n in archive.namelist()}


CHANGES = {
    "parent": lambda c: c["orgs"][2].update(history=[{"valid_from": "2024-09-03", "parent": "top"}]),
    "name": lambda c: c["orgs"][2].update(history=[{"valid_from": "2024-09-03", "name": "Renamed"}]),
    "status": lambda c: c["orgs"][2].update(history=[{"valid_from": "2024-09-03", "status": "deleted"}]),
    "anchor": lambda c: c["orgs"][2].update(history=[{"valid_from": "2024-09-03", "billing_anchor_day": 5}]),
    "rate": lambda c: c["meters"][0]["rates"].append({"valid_from": "2024-09-05", "ipu_per_unit": "7"}),
    "meter's name": lambda c: c["meters"][0].update(name=None, names=[{"name": "Data Integration"}, {"valid_from": "2024-09-05", "name": "Other"}]),
    "undated name": lambda c: c["orgs"][2].update(name="Always other"),
}


@pytest.mark.quick
def test_a_retroactive_change_leaves_old_snapshots_to_the_byte(folder):
    catalogue = copy.deepcopy({**ONE_TENANT, "meters": [TIERED, *CHARGES]})
    with running(folder, catalogue=catalogue) as server:
        server.usage(*[record("sub", DI, f"2024-09-{day}T12:00:00Z", "4", day, project="P", asset={"name": "a"}) for day in ("01", "05", "06", "25")])
        catalogue.pop("users")
        for what, change in CHANGES.items():
            kinds = [{"kind": k, "all_linked": True, "split": s} for k in KINDS for s in ("combined", "per-org")]
            old = [(spec, *exported(server, **spec)) for spec in kinds]
            server.advance(60)
            change(catalogue)
            catalogue["meters"][0] = {k: v for k, v in catalogue["meters"][0].items() if v is not None}
            assert server.api("POST", "/v1/catalog", catalogue).status == 200
            assert texts(exported(server, **kinds[0])[1]) != texts(old[0][2]), f"{what}: a new export shows it"
            for spec, job, body in old:
                assert server.api("GET", job["links"]["download"]).body == body, what
                assert exported(server, **spec, as_of=job["as_of"]["time"])[1] == body, f"{what}: as of that time, the same ZIP"
                assert texts(exported(server, **spec, as_of=job["as_of"]["position"])[1]) == texts(body), f"{what}: as of that position, the same files"
        spec, job, body = old[-1]
        server.stop()
        file = folder / "again.zip"
        run("export", spec["kind"], "--data", server.data, "--from", "2024-09-01", "--to", "2024-10-01", "--org", "top", "--all-linked", "--split", spec["split"],
            "--as-of", job["as_of"]["time"], "-o", file)
        assert file.read_bytes() == body, "the command line too"


def check_rewritten(folder, seed):
    with filled(folder, seed) as world:
        w = world.world
        old = {(t, kind): world.export(t, t, kind, all_linked=True) for t in ("t0", "t1") for kind in KINDS}
        world.late(20)
        world.change(w.rewritten())
        model = world.model()
        for (tenant, kind), (job, _, body) in old.items():
            got = world.export(tenant, tenant, kind, all_linked=True)[1]
            assert_same(got, model.files(kind, tenant, w.first, w.last, True), f"seed {seed}, rewritten: {kind} of {tenant}")
            assert world.server.api("GET", job["links"]["download"], key=world.key(tenant)).body == body
        world.server.stop()
        for tenant in ("t0", "t1"):
            kind = w.rng.choice(KINDS)
            job, files, _ = old[tenant, kind]
            file = folder / "again.zip"
            run("export", kind, "--data", world.server.data, "--from", w.first, "--to", w.last + DAY, "--org", tenant, "--all-linked",
                "--as-of", job["as_of"]["position"], "-o", file)
            assert_same(texts(file.read_bytes()), files, f"seed {seed}, as of the old position: {kind} of {tenant}")


def test_a_rewritten_world_follows_the_model_and_its_past_stays(folder):
    check_rewritten(folder, 4)


@pytest.mark.parametrize("seed", range(300, 303))
def test_more_rewritten_worlds_follow_the_model_and_their_past_stays(folder, seed):
    check_rewritten(folder, seed)


# --- Two tenants

MOVES = {
    "orgs": [{"id": "a", "kind": "production", "name": "A"}, {"id": "b", "kind": "production", "name": "B", "billing_anchor_day": 15},
             {"id": "a-mid", "kind": "additional-production", "name": "A Mid", "parent": "a"},
             {"id": "m-sub", "kind": "sub-org", "name": "Mover", "parent": "a",
              "history": [{"valid_from": "2024-09-10", "parent": "b"}, {"valid_from": "2024-09-20", "parent": "a-mid"},
                          {"valid_from": "2024-09-25", "parent": "b"}]},
             {"id": "n-sub", "kind": "sub-org", "name": "Stays", "parent": "a"},
             {"id": "x-box", "kind": "sandbox", "name": "Box", "parent": "a", "history": [{"valid_from": "2024-09-15", "parent": "b"}]},
             {"id": "x-sub", "kind": "sub-org", "name": "Sub of the box", "parent": "x-box"}],
    "meters": [FLAT, *CHARGES], "users": [user(o) for o in ("a", "b", "a-mid", "m-sub")]}


@pytest.fixture(scope="module")
def moves(tmp_path_factory):
    """m-sub: in A, from the 10th in B, from the 20th in A again, from the 25th in B. The sandbox: in A, from the 15th in B."""
    with running(tmp_path_factory.mktemp("moves"), catalogue=MOVES) as server:
        file = server.folder / "usage.ndjson"
        server.stop()
        usage = [record(org, FILES, f"2024-09-{day:02}T{'00:00:00' if day % 2 else '23:59:59.999999'}Z", day, f"{org}-{day}", project="P")
                 for org in ("a", "b", "m-sub", "x-box") for day in range(1, 31)]
        file.write_text("".join(json.dumps(r) + "\n" for r in usage))
        run("import", "--format", "ndjson", "--data", server.data, file)
        server.start()
        yield server


DAYS = {"a": {"m-sub": [*range(1, 10), *range(20, 25)], "x-box": [*range(1, 15)], "a": [*range(1, 31)], "b": []},
        "b": {"m-sub": [*range(10, 20), *range(25, 31)], "x-box": [*range(15, 31)], "b": [*range(1, 31)], "a": []}}


@pytest.mark.quick
@pytest.mark.parametrize("kind,org_id", [("SUMMARY", "OrgId"), ("PROJECT_FOLDER", "Org ID"), ("ASSET", "Org ID")])
def test_an_org_is_in_each_tenant_s_report_on_its_own_days(moves, kind, org_id):
    for tenant, orgs in DAYS.items():
        for combined in ("TRUE", "FALSE"):
            files = client(moves, tenant).export(jobType=kind, allLinkedOrgs="TRUE", combinedMeterUsage=combined)
            for org, days in orgs.items():
                found = {int(r["Date"][8:10]) for r in rows_of(files, org, org_id) if r.get("MetricCategory") != "ORGS"}
                assert sorted(found) == days, (tenant, org)
        linked = [tenant] + sorted({"a": ["a-mid", "m-sub", "n-sub", "x-box", "x-sub"], "b": ["m-sub", "x-box", "x-sub"]}[tenant])
        assert list(files) == [f"{org}.csv" for org in linked], "each org that is linked on some day has its file"
    short = {"startDate": "2024-09-10T00:00:00Z", "endDate": "2024-09-14T00:00:00Z", "allLinkedOrgs": "TRUE", "jobType": kind}
    assert "m-sub.csv" not in client(moves, "a").export(**short) and "m-sub.csv" in client(moves, "b").export(**short)
    own = client(moves, "m-sub").export(jobType=kind)["m-sub.csv"]
    assert len(lines(own)) == 30, "the org itself has all its days"


@pytest.mark.quick
def test_charges_follow_the_tree_of_each_day(moves):
    period = {"startDate": "2024-08-01T00:00:00Z", "endDate": "2024-10-31T00:00:00Z", "allLinkedOrgs": "TRUE", "combinedMeterUsage": "TRUE"}
    rows = {t: lines(client(moves, t).export(**period)[f"{t}.csv"]) for t in ("a", "b")}

    def charged(meter):
        return {t: [(r["OrgId"], r["Date"][5:10], r["MeterUsage"].rstrip("0"), r["IPU"].rstrip("0")) for r in rows[t] if r["MeterId"] == meter] for t in rows}

    assert charged(SUB_ORGS) == {
        "a": [("a", "08-01", "2.", "12."), ("x-box", "08-01", "1.", "6."), ("a", "09-01", "2.", "12."), ("x-box", "09-01", "1.", "6."), ("a", "10-01", "1.", "6.")],
        "b": [("b", "09-15", "1.", "6."), ("x-box", "10-01", "1.", "6."), ("b", "10-15", "1.", "6.")]}, "by the first day of each org's own period"
    assert charged(SANDBOXES) == {"a": [("a", "08-01", "1.", "6."), ("a", "09-01", "1.", "6.")], "b": [("b", "09-15", "1.", "6."), ("b", "10-15", "1.", "6.")]}
    assert charged(SANDBOX_IPU) == {
        "a": [("a", "08-01", "null", "6.")] + [("a", f"09-{d:02}", "null", f"{d + 6 * (d == 1)}.") for d in range(1, 15)],
        "b": [("b", f"09-{d:02}", "null", f"{d}.") for d in range(15, 31)] + [("b", "10-01", "null", "6.")]}, "A4 on each day of the tree"


@pytest.mark.quick
def test_the_right_to_a_linked_org_is_that_of_today_or_of_its_linked_days(moves):
    for tenant in ("a", "b"):
        for resource, fields in (("ExportMeteringData", {"allLinkedOrgs": "TRUE"}), (OLDER, {})):
            assert client(moves, tenant).post(resource=resource, **fields).status == 200, "what was theirs on those days, or is today"
    refused = client(moves, "m-sub").post(allLinkedOrgs="TRUE")
    assert_v3_error(refused, 403, "METERING_FORBIDDEN")
    assert "6 of 7 linked organizations are not readable" in refused.json()["error"]["message"], "of both tenants"
    short = client(moves, "m-sub").post(allLinkedOrgs="TRUE", startDate="2024-09-10T00:00:00Z", endDate="2024-09-14T00:00:00Z")
    assert "1 of 2 linked organizations are not readable" in short.json()["error"]["message"], "of the days asked for"
    mid = client(moves, "a-mid").post(allLinkedOrgs="TRUE")
    assert_v3_error(mid, 403, "METERING_FORBIDDEN")
    assert "5 of 6 linked organizations are not readable" in mid.json()["error"]["message"], "m-sub was under a-mid on some of its days, not on each"
    assert client(moves, "m-sub").export()["m-sub.csv"].count("\n") == 31


OWN_METERS = {
    "orgs": [{"id": "a", "kind": "production", "name": "A"}, {"id": "b", "kind": "production", "name": "B"}, {"id": "m-sub", "kind": "sub-org", "name": "Mover", "parent": "a"}],
    "meters": [{"id": "own", "org": "a", "name": "A's", "scalar": "HOURS", "rates": [{"ipu_per_unit": "1"}]},
               {"id": "own", "org": "b", "name": "B's", "scalar": "GB", "rates": [{"ipu_per_unit": "700"}]},
               {"id": APP, "org": "a", "name": "Application Integration", "scalar": "HOURS"}],
    "users": [user(o) for o in ("a", "b", "m-sub")]}


@pytest.mark.quick
def test_a_move_leaves_the_usage_before_it_on_the_meters_of_its_tenant(folder):
    catalogue = copy.deepcopy(OWN_METERS)
    with running(folder, catalogue=catalogue) as server:
        server.usage(*[record("m-sub", meter, f"2024-09-{day}T12:00:00Z", "2", f"{meter}-{day}") for meter in ("own", APP) for day in ("03", "20")])
        before = client(server, "a").export(allLinkedOrgs="TRUE")["m-sub.csv"]
        server.stop()
        catalogue.pop("users")
        catalogue["orgs"][2]["history"] = [{"valid_from": "2024-09-10", "parent": "b"}]
        file = folder / "moved.json"
        file.write_text(json.dumps(catalogue))
        run("catalog", "import", "--data", server.data, file)
        server.start()
        days = {"startDate": "2024-09-01T00:00:00Z", "endDate": "2024-09-09T00:00:00Z", "allLinkedOrgs": "TRUE"}
        assert client(server, "a").export(**days)["m-sub.csv"] == "".join(l for l in before.splitlines(True) if "2024-09-20" not in l), "names and prices of B are not A's"
        for kind, name, value in (("SUMMARY", "MeterName", "IPU"), ("ASSET", "Meter Name", "Consumption (IPUs)")):
            seen = {t: [(r["Date"][8:10], r[name], r[value].rstrip("0")) for r in lines(client(server, t).export(jobType=kind, allLinkedOrgs="TRUE")["m-sub.csv"])
                        if APP not in r.values()] for t in ("a", "b")}
            assert seen == {"a": [("03", "A's", "2.")], "b": [("20", "B's", "1400.")]}, kind
        executions = client(server, "m-sub").export(JOB_LEVEL, allMeters="TRUE", jobType=None)[f"DetailedReport_{APP}.csv"]
        assert [r["Total Execution time (in hours)"] for r in lines(executions)] == ["2.0000000000"] * 2, "hours, though its tenant now has no such meter"
