"""Catalogues of linked regions: who owns what, how a change reaches the others, how old a replica is; usage of an org of another region
(DESIGN section 4; crosswalk 3.3 wrong_region). And an org that moved between tenants that are at home in different regions."""
import json
import time
from datetime import datetime
from decimal import Decimal

import pytest
from harness import lines, record, run
from linked_world import texts
from metering_world import DI, FILES
from regions_world import linked, regions_of, until

METERS = [{"id": m, "name": f"Meter {m}", "unit": "hours", "scalar": "HOURS", "rates": [{"ipu_per_unit": "0.5"}]} for m in (DI, FILES)]
CATALOGUE = {
    "orgs": [{"id": "acme", "kind": "production", "name": "Acme", "region": "eu"},
             {"id": "acme-us", "kind": "additional-production", "name": "Acme US", "parent": "acme", "region": "us"},
             {"id": "acme-eu", "kind": "sub-org", "name": "Acme EU", "parent": "acme"}],
    "meters": METERS,
    "users": [{"name": "admin of globex", "password": "password of globex", "org": "globex", "roles": ["admin"]}],
}
GLOBEX = {"orgs": [{"id": "globex", "kind": "production", "name": "Globex", "region": "us"}]}
MINE = {**CATALOGUE, "orgs": CATALOGUE["orgs"] + GLOBEX["orgs"]}


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    with linked(tmp_path_factory.mktemp("replicas"), MINE, ("eu", "us")) as made:
        yield made


@pytest.fixture
def well(world):
    return world.all_well()


def get(region, path):
    answer = region.server.api("GET", path)
    return answer.json() if answer.status == 200 else None


def made(region, kind, body):
    answer = region.server.api("POST", f"/v1/{kind}", body)
    assert answer.status == 201, answer
    return answer.json()


def taken(region, *records):
    """What became of them: "stored", or the code of the refusal."""
    answer = region.server.api("POST", "/v1/usage", list(records))
    assert answer.status == 200, answer
    return [r["error"]["code"] if "error" in r else r["status"] for r in answer.json()["results"]]


def test_changes_at_home_reach_the_other_region(well):
    eu, us = well.eu, well.us
    made(eu, "orgs", {"id": "new-us", "kind": "sub-org", "name": "New", "parent": "acme-us"})
    made(eu, "meters", {"id": "new-meter", "name": "New meter", "unit": "calls", "org": "acme"})
    until(lambda: get(us, "/v1/orgs/new-us") and get(us, "/v1/meters/new-meter"), 15)
    assert get(us, "/v1/orgs/new-us") == get(eu, "/v1/orgs/new-us") and get(us, "/v1/meters/new-meter") == get(eu, "/v1/meters/new-meter")
    fields = ("new-us", "new-meter", "2024-09-03T10:00:00Z", 1)
    assert taken(us, record(*fields, "r1"), record("new-us", DI, *fields[2:], "r2")) == ["stored", "stored"], "its usage is taken there"
    assert eu.server.api("PATCH", "/v1/orgs/acme-us", {"name": "Acme America"}).status == 200
    until(lambda: get(us, "/v1/orgs/acme-us") == get(eu, "/v1/orgs/acme-us"), 15)
    assert eu.server.api("PATCH", "/v1/meters/new-meter", {"rates": [{"ipu_per_unit": "0.25"}]}).status == 200
    until(lambda: get(us, "/v1/meters/new-meter") == get(eu, "/v1/meters/new-meter"), 15)
    subscription = {"id": "S1", "name": "One", "org": "acme", "lines": [{"number": 1, "org": "new-us", "meter": "new-meter"}]}
    made(eu, "subscriptions", subscription)
    until(lambda: get(us, "/v1/subscriptions/S1?org=acme"), 15)
    assert taken(us, record(*fields, "r3", subscription="S1", line=1)) == ["stored"]


def test_a_change_that_happened_while_the_other_was_down_reaches_it_later(well):
    eu, us = well.eu, well.us
    us.stop()
    made(eu, "orgs", {"id": "later-us", "kind": "sub-org", "name": "Later", "parent": "acme-us"})
    us.start()
    until(lambda: get(us, "/v1/orgs/later-us"), 15)
    eu.gate.refuse()
    assert eu.server.api("PATCH", "/v1/orgs/later-us", {"status": "disabled"}).status == 200
    assert us.server.api("POST", "/v1/regions/check").status == 200
    assert get(us, "/v1/orgs/later-us").get("status", "active") == "active"
    eu.gate.open()
    until(lambda: get(us, "/v1/orgs/later-us") == get(eu, "/v1/orgs/later-us"), 15)


def test_the_age_of_a_replica_is_shown(well):
    def home():
        return next(r for r in well.listed(well.us) if r["name"] == "eu")

    first = until(lambda: (h := home())["replica"]["checked_at"] and h)
    assert first["replica"]["position"] > 0 and first["reachable"] and first["orgs"] >= 2
    age = abs((datetime.fromisoformat(first["replica"]["checked_at"].split(".")[0].rstrip("Z")) - datetime.utcnow()).total_seconds())
    assert age < 30
    until(lambda: home()["replica"]["checked_at"] > first["replica"]["checked_at"], 15)
    well.eu.gate.refuse()
    gone = until(lambda: not (h := home())["reachable"] and h, 15)
    time.sleep(1.5)
    assert home()["replica"] == gone["replica"] and gone["problem"], "it stands still"
    changed = gone["replica"]["position"]
    well.eu.gate.open()
    made(well.eu, "orgs", {"id": "aged-us", "kind": "sub-org", "name": "Aged", "parent": "acme-us"})
    until(lambda: home()["replica"]["position"] > changed, 15)
    told = json.loads(run("regions", "list", "--url", well.us.server.url, "--json", env={"METERPORT_API_KEY": well.us.server.admin_key}).stdout)
    assert {r["name"]: r["own"] for r in told["regions"]}["us"] is True and any(r["name"] == "eu" and r["replica"] for r in told["regions"])


def test_an_unreachable_region_is_told_by_readyz_and_check(well):
    env = {"METERPORT_API_KEY": well.eu.server.admin_key}
    assert run("regions", "check", "--url", well.eu.server.url, env=env).returncode == 0
    ready = well.eu.server.call("GET", "/readyz")
    assert ready.status == 200
    well.us.gate.refuse()
    assert run("regions", "check", "--url", well.eu.server.url, env=env, accept=None).returncode == 1
    said = until(lambda: (a := well.eu.server.call("GET", "/readyz")).body != ready.body and a, 15)
    assert said.status == 200 and b'"us"' in said.body, "it takes work all the same"


def test_a_change_away_from_home_is_refused(well):
    us, before = well.us.server, get(well.us, "/v1/orgs/acme-us")

    def refused(answer, field, tenant="acme", home="eu"):
        assert answer.status == 409 and answer.json()["code"] == "conflict", answer
        assert answer.json()["detail"] == f'{field}: the tenant "{tenant}" is at home in region "{home}"; change it there', answer
        assert answer.json()["field"] == field

    refused(us.api("POST", "/v1/catalog", {"orgs": [{**before, "name": "Mine now"}]}), "/orgs/0")
    refused(us.api("POST", "/v1/catalog", {"orgs": [before, {"id": "x", "kind": "sub-org", "name": "X", "parent": "acme-us"}]}), "/orgs/1")
    refused(us.api("POST", "/v1/catalog", {"meters": [{"id": "x", "name": "X", "org": "acme"}]}), "/meters/0")
    refused(us.api("POST", "/v1/catalog", {"subscriptions": [{"id": "x", "name": "X", "org": "acme-us", "lines": []}]}), "/subscriptions/0")
    for answer in (us.api("PATCH", "/v1/orgs/acme-us", {"name": "Mine now"}), us.api("POST", "/v1/orgs", {"kind": "sub-org", "name": "X", "parent": "acme-us"}),
                   us.api("POST", "/v1/meters", {"id": "x", "name": "X", "org": "acme"})):
        assert answer.status == 409 and 'is at home in region "eu"; change it there' in answer.json()["detail"], answer
    assert get(well.us, "/v1/orgs/acme-us") == before
    same = us.api("POST", "/v1/catalog", {"orgs": [before]})
    assert same.status == 200 and same.json()["orgs"] == 0, "what is there already changes nothing"
    session = us.login("admin of globex", "password of globex")["userInfo"]["sessionId"]
    answer = us.api("PATCH", "/v1/orgs/globex", {"name": "Globex Inc."}, key=session)
    assert answer.status == 200, "its own tenant it may change"


def test_a_tenant_without_an_org_of_the_region_stays_unseen(well):
    """Globex is at home in us; eu learns of what comes to it only with an org of its own."""
    session = well.us.server.login("admin of globex", "password of globex")["userInfo"]["sessionId"]

    def make(id_, **fields):
        answer = well.us.server.api("POST", "/v1/orgs", {"id": id_, "kind": "additional-production", "name": id_, "parent": "globex", **fields}, key=session)
        assert answer.status == 201, answer

    def in_eu():
        well.eu.stop()
        file = well.eu.server.folder / "exported.json"
        file.write_text(run("catalog", "export", "--data", well.eu.server.data, "--config", well.eu.server.config).stdout)
        well.eu.start()
        well.all_well()
        return {o["id"] for o in json.loads(file.read_text())["orgs"]} & {"globex-1", "globex-eu"}

    make("globex-1")
    assert well.eu.server.api("POST", "/v1/regions/check").status == 200
    assert in_eu() == set()
    make("globex-eu", region="eu")
    key = until(lambda: in_eu() and True, 30)
    assert key and in_eu() == {"globex-1", "globex-eu"}
    session_eu = well.eu.server.login("admin of globex", "password of globex")["userInfo"]["sessionId"]
    answer = well.eu.server.api("POST", "/v1/usage", [record("globex-eu", DI, "2024-09-03T10:00:00Z", 1, "g1")], key=session_eu)
    assert answer.json()["stored"] == 1, answer


def test_a_region_that_only_the_home_names_is_known_by_name(well):
    assert well.eu.server.api("POST", "/v1/catalog", {"regions": [{"name": "ap"}]}).status == 200
    made(well.eu, "orgs", {"id": "acme-ap", "kind": "additional-production", "name": "Acme AP", "parent": "acme", "region": "ap"})
    found = until(lambda: [r for r in well.listed(well.us) if r["name"] == "ap"], 15)
    assert [(r["url"], r["key"], r["reachable"], r["orgs"]) for r in found] == [(None, None, False, 1)]


def test_usage_of_an_org_of_another_region_is_refused(well):
    eu = well.eu.server
    wrong, right = (record(org, DI, "2024-09-03T10:00:00Z", 1, f"w-{org}") for org in ("acme-us", "acme-eu"))
    expected = {"code": "wrong_region", "pointer": "/org", "text": 'org: the usage of "acme-us" is taken in region "us"'}
    for body, kind in (([wrong, right], "application/json"), ("\n".join(json.dumps({**r, "id": r["id"] + "n"}) for r in (wrong, right)), "application/x-ndjson")):
        answer = eu.api("POST", "/v1/usage", body, content_type=kind)
        assert answer.status == 200 and (answer.json()["stored"], answer.json()["rejected"]) == (1, 1), answer
        assert answer.json()["results"][0]["error"] == expected, answer
    answer = eu.api("POST", "/v1/usage", [{**wrong, "id": "async"}], Prefer="respond-async")
    operation = answer.headers["location"]
    until(lambda: eu.api("GET", operation).json()["state"] not in ("CREATED", "PROCESSING"))
    assert eu.api("GET", f"{operation}/results").json()["results"][0]["error"] == expected
    key = eu.api("POST", "/v1/keys", {"name": "branch", "org": "acme-eu", "roles": ["ingester"]}).json()["key"]
    answer = eu.api("POST", "/v1/usage", [{**wrong, "id": "foreign"}], key=key)
    assert answer.json()["results"][0]["error"]["code"] != "wrong_region", "who has no right to the org is told nothing of it"
    assert taken(well.us, wrong) == ["stored"]


# --- An org that moved

MOVES = {
    "orgs": [{"id": "a", "kind": "production", "name": "A", "region": "eu"}, {"id": "b", "kind": "production", "name": "B", "region": "us"},
             {"id": "mover", "kind": "sandbox", "name": "Mover", "parent": "a", "region": "us", "history": [{"valid_from": "2024-09-11", "parent": "b"}]},
             {"id": "a-us", "kind": "additional-production", "name": "A US", "parent": "a", "region": "us"}],
    "meters": METERS,
    "users": [{"name": f"admin of {o}", "password": f"password of {o}", "org": o, "roles": ["admin"]} for o in "ab"],
}


def test_an_org_that_moved_between_tenants_of_two_regions(folder):
    with linked(folder, MOVES, ("eu", "us")) as world:
        us, eu = world.us.server, world.eu.server
        keys = {(s, o): s.login(f"admin of {o}", f"password of {o}")["userInfo"]["sessionId"] for s in (us, eu) for o in "ab"}
        records = [record("mover", DI, f"2024-09-{day:02}T12:00:00Z", day, f"m{day}") for day in range(1, 29)]
        answer = us.api("POST", "/v1/usage", records, key=keys[us, "b"])
        assert answer.status == 200 and answer.json()["stored"] == 28, answer

        def ended(server, org):
            body = {"kind": "summary", "org": org, "all_linked": True, "from": "2024-09-01", "to": "2024-09-29"}
            answer = server.api("POST", "/v1/exports", body, key=keys[server, org])
            assert answer.status == 202, answer
            return server.api("GET", f"/v1/exports/{answer.json()['id']}?wait=30", key=keys[server, org]).json()

        def days(server, org):
            job = ended(server, org)
            assert job["state"] == "SUCCESS", job["error"]
            [text] = texts(server.api("GET", job["links"]["download"], key=keys[server, org]).body).values()
            return {int(r["Date"][8:10]): Decimal(r["MeterUsage"]) for r in lines(text) if r["OrgId"] == "mover" and r["MeterId"] == DI}

        assert days(eu, "a") == {day: day for day in range(1, 11)}, "the days with a"
        assert days(us, "b") == {day: day for day in range(11, 29)}, "the days with b"
        for server, org in ((eu, "b"), (us, "a")):
            job = ended(server, org)
            assert job["state"] == "FAILED" and "has nothing for this server" in job["error"], "it has neither the tenant's home nor an org above"
        world.us.gate.refuse()
        answer = eu.api("POST", "/v1/exports", {"kind": "summary", "org": "a", "all_linked": True, "from": "2024-09-01", "to": "2024-09-29"}, key=keys[eu, "a"])
        job = until(lambda: (j := eu.api("GET", f"/v1/exports/{answer.json()['id']}?wait=30", key=keys[eu, "a"]).json())["state"] == "PARTIAL_SUCCESS" and j)
        assert job["error"].endswith(": a-us, mover. They will be filled in when it answers."), job
        world.us.gate.open()
        until(lambda: eu.api("GET", job["links"]["self"], key=keys[eu, "a"]).json()["state"] == "SUCCESS")
        for server in (eu, us):
            assert regions_of(MOVES)["mover"] == "us" and server.api("GET", "/v1/orgs/mover", key=keys[server, "b"]).json()["region"] == "us", "its ledger stays"
