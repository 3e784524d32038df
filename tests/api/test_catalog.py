"""/v1/catalog, /v1/orgs, /v1/meters: X01 and X02 of the crosswalk, changes from a day on, scopes."""
import copy
import json
import re

import pytest
from api_contract import Contract, covers, problem
from harness import lines, record, running

DI = "a2nB20h1o0lc7k3P9xtWS8"
ID22 = re.compile(r"[0-9A-Za-z]{22}")

# The example of crosswalk 2.3.
EXAMPLE = {
    "regions": [{"name": "eu"}, {"name": "us", "url": "https://us.meter.example.com", "key": "ed25519:11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}],
    "orgs": [
        {"id": "acme", "kind": "production", "name": "Acme", "region": "eu", "billing_anchor_day": 20,
         "ids": {"informatica": "4wMFqGlxAKVlIFTixlTSOY", "netsuite_account": "1234567_SB1", "here_realm": "org123456789"}},
        {"id": "acme-us", "kind": "additional-production", "name": "Acme US", "parent": "acme", "region": "us"},
        {"id": "acme-test", "kind": "sandbox", "name": "Acme Test", "parent": "acme", "billing_anchor_day": 20},
        {"id": "acme-eu", "kind": "sub-org", "name": "Acme EU", "parent": "acme", "time_zone": "Europe/Budapest", "status": "active",
         "ids": {"here_realm": "org112135"}, "history": [{"valid_from": "2024-07-01", "name": "Acme Europe"}]}],
    "meters": [
        {"id": DI, "names": [{"name": "Data Integration"}], "unit": "hours", "scalar": "HOURS", "category": "COMPUTE_UNITS",
         "rates": [{"tier_from": "0", "ipu_per_unit": "0.16"}, {"tier_from": "2000", "ipu_per_unit": "0.025"},
                   {"valid_from": "2025-01-01", "org": "acme-eu", "tier_from": "0", "ipu_per_unit": "0.15"}]},
        {"id": "geocode", "names": [{"name": "Geocode"}, {"valid_from": "2024-10-01", "name": "Geocode & Reverse Geocode"}], "unit": "Transactions",
         "here": {"feature_id": "hrn:here:service::olp-here:geocode-7", "category": "LocationServices"},
         "billing": {"free_per_month": "30000", "block_size": "1", "hourly": True}},
        {"id": "tokens", "name": "Tokens", "unit": "tokens",
         "openmeter": {"slug": "tokens_total", "event_type": "prompt", "aggregation": "SUM", "value_property": "$.tokens", "group_by": {"model": "$.model"}}}],
    "subscriptions": [
        {"id": "1", "name": "Ems SP 001 - 1/1/2018", "org": "acme", "customer": "Ems", "charge_number": "C-00011212",
         "term": {"start": "2018-01-01"}, "status": "active", "fields": {"custrecord_sb_service_id": "1001"},
         "lines": [{"number": 3, "id": "301", "item": "Data hours", "type": "usage", "fields": {"custrecord_sb_line_service_id": "1234"},
                    "org": "acme-eu", "meter": DI}]}],
    "users": [{"name": "ana@acme.example", "password": "change-me-now", "org": "acme", "roles": ["exporter"], "email": "ana@acme.example"}],
}


@pytest.fixture(scope="module")
def example(tmp_path_factory):
    with running(tmp_path_factory.mktemp("example"), catalogue=EXAMPLE, config='[region]\nname = "eu"\n') as server:
        yield server


def exported(server, key=None):
    answer = server.api("GET", "/v1/catalog", key=key)
    assert answer.status == 200, answer
    return answer.json()


def key_for(server, org, role):
    answer = server.api("POST", "/v1/keys", {"name": f"{role} of {org}", "org": org, "roles": [role]})
    assert answer.status == 201, answer
    return answer.json()["key"]


@pytest.mark.quick
@covers("GET /v1/catalog", "POST /v1/catalog")
def test_X01_export_then_import_changes_nothing(example):
    contract = Contract(example)
    answer = example.api("GET", "/v1/catalog")
    first = contract.check(answer, "GET", "/v1/catalog")
    assert [o["id"] for o in first["orgs"]] == ["acme", "acme-test", "acme-us", "acme-eu"] and [m["id"] for m in first["meters"]] == [DI, "geocode", "tokens"]
    assert first["subscriptions"][0]["lines"][0]["number"] == 3 and {"name": "eu"} in first["regions"]
    ana = next(u for u in first["users"] if u["name"] == "ana@acme.example")
    assert ana["password_hash"].startswith("$argon2id$") and "password" not in ana
    counts = contract.check(example.api("POST", "/v1/catalog", answer.body), "POST", "/v1/catalog")
    assert [counts[n] for n in ("orgs", "meters", "subscriptions", "regions", "users")] == [0] * 5
    assert example.api("GET", "/v1/catalog").body == answer.body
    again = contract.check(example.api("POST", "/v1/catalog", {**EXAMPLE, "users": []}), "POST", "/v1/catalog")
    assert [again[n] for n in ("orgs", "meters", "subscriptions", "regions", "users")] == [0] * 5, "nor does the written example"
    assert again["position"] == counts["position"], "no change, no record"
    assert example.api("GET", "/v1/catalog").body == answer.body
    assert example.login("ana@acme.example", "change-me-now")["userInfo"]["sessionId"], "the hash came through"


def with_org(**fields):
    return lambda f: f["orgs"].append({"id": "new", "kind": "sub-org", "name": "New", "parent": "acme", **fields})


def with_meter(**fields):
    return lambda f: f["meters"].append({"id": "new", "name": "New", **fields})


def with_user(**fields):
    return lambda f: f["users"].append({"name": "new@acme.example", "password": "long-enough-1", "org": "acme", "roles": ["viewer"], **fields})


def change(*path, value):
    def apply(file):
        node = file
        for part in path[:-1]:
            node = node[part]
        node[path[-1]] = value
    return apply


BROKEN = [
    # ids
    (with_org(id="a/b"), "/orgs/4/id"), (with_org(id="a b"), "/orgs/4/id"), (with_org(id="x" * 65), "/orgs/4/id"), (with_org(id=".."), "/orgs/4/id"),
    (with_org(id="ä"), "/orgs/4/id"), (with_meter(id="a/b"), "/meters/3/id"), (with_user(id="a b"), "/users/1/id"),
    (change("regions", 0, "name", value="e u"), "/regions/0/name"), (change("subscriptions", 0, "id", value="1/2"), "/subscriptions/0/id"),
    # dates
    (with_org(history=[{"valid_from": "2024-7-1", "name": "x"}]), "/orgs/4/history/0/valid_from"),
    (with_org(history=[{"name": "x"}]), "/orgs/4/history/0/valid_from"),
    (with_meter(rates=[{"valid_from": "2024-09-31", "ipu_per_unit": "1"}]), "/meters/3/rates/0/valid_from"),
    # not versioned
    (change("orgs", 3, "kind", value="sandbox"), "/orgs/3/kind"), (change("orgs", 1, "region", value="eu"), "/orgs/1/region"),
    # the tree
    (with_org(parent="nowhere"), "/orgs/4/parent"), (with_org(parent=None), "/orgs/4/parent"), (with_org(parent="acme-eu"), "/orgs/4/parent"),
    (with_org(kind="sandbox", parent="acme-us"), "/orgs/4/parent"), (with_org(region="us"), "/orgs/4/region"),
    (with_org(kind="additional-production", region="mars"), "/orgs/4/region"), (with_org(kind="team"), "/orgs/4/kind"),
    # members
    (with_org(name=""), "/orgs/4/name"), (with_org(name="x" * 256), "/orgs/4/name"), (with_org(colour="red"), "/orgs/4/colour"),
    (with_org(billing_anchor_day=32), "/orgs/4/billing_anchor_day"), (with_org(time_zone="Mars/Olympus"), "/orgs/4/time_zone"),
    (with_org(status="gone"), "/orgs/4/status"), (with_org(environment="Live"), "/orgs/4/environment"),
    (with_org(ids={"here_realm": "x"}), "/orgs/4/ids/here_realm"),
    # unique
    (with_org(id="acme-us"), "/orgs/4/id"), (with_org(ids={"informatica": "4wMFqGlxAKVlIFTixlTSOY"}), "/orgs/4/ids/informatica"),
    (with_org(ids={"netsuite_account": "1234567-sb1"}), "/orgs/4/ids/netsuite_account"), (with_org(ids={"here_realm": "org112135"}), "/orgs/4/ids/here_realm"),
    (lambda f: (with_org(id="n1", aliases=["/a"])(f), with_org(id="n2", aliases=["/a"])(f)), "/orgs/5/aliases"),
    (with_meter(id=DI), "/meters/3/id"), (with_meter(id=DI, org="acme"), "/meters/3/id"),
    (with_meter(here={"feature_id": "hrn:here:service::olp-here:geocode-7"}), "/meters/3/here/feature_id"),
    (lambda f: (with_meter(id="n1", aliases=["/m"])(f), with_meter(id="n2", aliases=["/m"])(f)), "/meters/4/aliases"),
    (with_meter(id="zeta", openmeter={"slug": "tokens_total", "event_type": "x", "aggregation": "COUNT"}), "/meters/3/openmeter/slug"),
    (lambda f: f["subscriptions"][0]["lines"].append({"number": 3, "id": "302", "item": "x", "meter": DI}), "/subscriptions/0/lines/1/number"),
    (lambda f: f["subscriptions"][0]["lines"].append({"number": 4, "id": "301", "item": "x", "meter": DI}), "/subscriptions/0/lines/1/id"),
    (with_user(name="ANA@ACME.example"), "/users/1/name"),
    # meters, subscriptions, users
    (with_meter(name=None), "/meters/3/names"), (with_meter(divisor="0"), "/meters/3/divisor"), (with_meter(org="nowhere"), "/meters/3/org"),
    (with_meter(rates=[{"tier_from": "5", "ipu_per_unit": "1"}]), "/meters/3/rates"), (with_meter(rates=[{"ipu_per_unit": "x"}]), "/meters/3/rates/0/ipu_per_unit"),
    (with_meter(rates=[{"org": "nowhere", "ipu_per_unit": "1"}]), "/meters/3/rates"),
    (change("subscriptions", 0, "org", value="nowhere"), "/subscriptions/0/org"), (change("subscriptions", 0, "lines", 0, "meter", value="none"), "/subscriptions/0/lines/0/meter"),
    (with_user(org="nowhere"), "/users/1/org"), (with_user(roles=["king"]), "/users/1/roles"), (with_user(password=None), "/users/1"),
    (lambda f: f.update(planets=[]), "/planets"), (lambda f: f.update(orgs={}), "/orgs"),
]


@pytest.mark.quick
@covers("POST /v1/catalog")
@pytest.mark.parametrize("broken,pointer", BROKEN, ids=[f"{n}:{p}" for n, (_, p) in enumerate(BROKEN)])
def test_X01_each_broken_rule_names_its_place_and_nothing_is_applied(example, broken, pointer):
    before = example.api("GET", "/v1/catalog").body
    file = copy.deepcopy(EXAMPLE)
    file["orgs"][0]["name"] = "must not be applied"
    broken(file)
    for query in ("", "?dry_run=true"):
        answer = example.api("POST", f"/v1/catalog{query}", file)
        body = problem(answer, 400, "invalid")
        assert body["field"].startswith(pointer), body
    assert example.api("GET", "/v1/catalog").body == before


@covers("POST /v1/catalog", "PATCH /v1/meters/{id}")
def test_X01_what_counts_usage_keeps_its_measure(server):
    server.usage(record("acme", DI, "2024-09-03T10:00:00Z", "1", "1"))
    assert server.api("GET", "/v1/usage?from=2024-09-03&to=2024-09-04").json()["rows"], "loaded"
    for member, value in (("unit", "seconds"), ("scalar", "DAYS"), ("divisor", "2"), ("category", "OTHER")):
        problem(server.api("PATCH", f"/v1/meters/{DI}", {member: value}), 400, "invalid", f"/{member}")
    unused = "lCwc4CfL7EEhv9773egFC8"
    changed = server.api("PATCH", f"/v1/meters/{unused}", {"unit": "MB", "category": "OTHER"})
    assert changed.status == 200 and changed.json()["unit"] == "MB", changed


@pytest.mark.quick
@covers("POST /v1/orgs", "GET /v1/orgs/{id}", "POST /v1/users", "POST /v1/meters")
def test_X02_ids_are_made_and_bad_ones_are_refused(shared):
    contract = Contract(shared)
    answer = shared.api("POST", "/v1/orgs", {"kind": "sub-org", "name": "Made", "parent": "acme"})
    org = contract.check(answer, "POST", "/v1/orgs")
    assert ID22.fullmatch(org["id"]) and answer.headers["location"] == f"/v1/orgs/{org['id']}"
    assert contract.check(shared.api("GET", f"/v1/orgs/{org['id']}"), "GET", "/v1/orgs/{id}") == org
    assert ID22.fullmatch(shared.user("x02@acme.example", "acme", "viewer")["id"])
    for bad in ("a/b", "a b", "x" * 65, "..", ".", "é", "a\n"):
        problem(shared.api("POST", "/v1/orgs", {"id": bad, "kind": "sub-org", "name": "Bad", "parent": "acme"}), 400, "invalid", "/id")
        problem(shared.api("POST", "/v1/meters", {"id": bad, "name": "Bad"}), 400, "invalid", "/id")
        problem(shared.api("POST", "/v1/users", {"id": bad, "name": "b@acme.example", "password": "long-enough-1"}), 400, "invalid", "/id")
    assert shared.api("POST", "/v1/orgs", {"id": "x" * 64, "kind": "sub-org", "name": "Longest", "parent": "acme"}).status == 201


@pytest.mark.quick
@covers("GET /v1/orgs", "GET /v1/meters")
def test_listings_are_paged_in_order_of_id(shared):
    contract = Contract(shared)
    for path, name in (("/v1/orgs", "orgs"), ("/v1/meters", "meters")):
        whole = contract.check(shared.api("GET", f"{path}?page_size=1000"), "GET", path)
        ids = [o["id"] for o in whole[name]]
        assert ids == sorted(ids) and whole["next_page_token"] == "" and len(ids) >= 3
        seen, token = [], ""
        while True:
            page = contract.check(shared.api("GET", f"{path}?page_size=2&page_token={token}"), "GET", path)
            seen += [o["id"] for o in page[name]]
            token = page["next_page_token"]
            if not token:
                break
        assert seen == ids
        problem(shared.api("GET", f"{path}?page_size=0"), 400, "invalid", "page_size")


@covers("PATCH /v1/orgs/{id}")
def test_versioned_fields_change_from_today_on(server):
    contract = Contract(server)

    def patch(**fields):
        return contract.check(server.api("PATCH", "/v1/orgs/acme-eu", fields), "PATCH", "/v1/orgs/{id}")

    server.usage(record("acme-eu", DI, "2024-09-03T10:00:00Z", "1", "1"))
    renamed = patch(name="Acme Europe")
    [entry] = renamed["history"]
    today = entry["valid_from"]
    assert renamed["name"] == "Acme EU" and entry == {"valid_from": today, "name": "Acme Europe"}
    assert patch(name="Acme Europe") == renamed, "no change, no entry"
    moved = patch(parent="acme-us", billing_anchor_day=15, status="disabled")
    assert moved["history"] == [{"valid_from": today, "name": "Acme Europe", "parent": "acme-us", "status": "disabled", "billing_anchor_day": 15}]
    server.advance(86400)
    back = patch(status="active", time_zone="Europe/Budapest")
    assert len(back["history"]) == 2 and back["history"][1]["status"] == "active" and set(back["history"][1]) == {"valid_from", "status"}
    assert back["time_zone"] == "Europe/Budapest"
    assert "time_zone" not in patch(time_zone=None), "null goes back to the default"
    assert "aliases" not in patch(aliases=[]) and patch(ids={"here_realm": "org55555"})["ids"] == {"here_realm": "org55555"}
    assert patch(ids={"informatica": "abc"})["ids"] == {"informatica": "abc", "here_realm": "org55555"}, "objects are merged"
    job = server.api("POST", "/v1/exports", {"kind": "summary", "period": "2024-09", "org": "acme-eu"}).json()["id"]
    server.api("GET", f"/v1/exports/{job}?wait=30")
    import io
    import zipfile
    archive = zipfile.ZipFile(io.BytesIO(server.api("GET", f"/v1/exports/{job}/download").body))
    [row] = lines(archive.read(archive.namelist()[0]).decode())
    assert row["OrgName"] == "Acme EU", "September keeps the name it had"


@pytest.mark.quick
@covers("PATCH /v1/orgs/{id}", "POST /v1/orgs")
@pytest.mark.parametrize("fields,field", [
    ({"id": "another"}, "/id"), ({"kind": "sub-org"}, "/kind"), ({"name": None}, "/name"), ({"name": ""}, "/name"), ({"status": "gone"}, "/status"),
    ({"parent": "nowhere"}, "/parent"), ({"billing_anchor_day": 0}, "/billing_anchor_day"), ({"colour": "red"}, "/colour"), ({"ids": "x"}, "/ids"),
    ({"history": "x"}, "/history"), ({"history": [{"valid_from": "x", "name": "y"}]}, "/history/0/valid_from")])
def test_bad_org_changes_point_at_the_member(shared, fields, field):
    before = shared.api("GET", "/v1/orgs/acme-test").body
    body = problem(shared.api("PATCH", "/v1/orgs/acme-test", fields), 400, "invalid")
    assert body["field"] in (field, "/history") if field == "/parent" else body["field"] == field, body
    assert "/orgs/0" not in body["detail"]
    assert shared.api("GET", "/v1/orgs/acme-test").body == before


@pytest.mark.quick
@covers("POST /v1/orgs", "POST /v1/meters")
def test_taken_ids_are_conflicts(shared):
    problem(shared.api("POST", "/v1/orgs", {"id": "acme-eu", "kind": "sub-org", "name": "Again", "parent": "acme"}), 409, "conflict")
    problem(shared.api("POST", "/v1/orgs", {"id": "other", "kind": "sub-org", "name": "Again", "parent": "acme"}), 409, "conflict")
    problem(shared.api("POST", "/v1/meters", {"id": DI, "name": "Again"}), 409, "conflict")
    problem(shared.api("POST", "/v1/meters", {"id": DI, "name": "Again", "org": "acme"}), 400, "invalid", "/id")


@pytest.mark.quick
@covers("POST /v1/meters", "GET /v1/meters/{id}", "PATCH /v1/meters/{id}", "GET /v1/meters")
def test_meters(shared):
    contract = Contract(shared)
    answer = shared.api("POST", "/v1/meters", b'{"id":"calls","name":"Calls","unit":"calls","scalar":"THOUSAND_CALLS","divisor":1000,"rates":[{"ipu_per_unit":0.100000000000000005}]}')
    made = contract.check(answer, "POST", "/v1/meters")
    assert answer.headers["location"] == "/v1/meters/calls" and made["names"] == [{"name": "Calls"}]
    assert made["rates"] == [{"tier_from": "0", "ipu_per_unit": "0.100000000000000005"}], "no rate passes through a float"
    assert contract.check(shared.api("GET", "/v1/meters/calls"), "GET", "/v1/meters/{id}") == made

    def patch(**fields):
        return contract.check(shared.api("PATCH", "/v1/meters/calls", fields), "PATCH", "/v1/meters/{id}")

    renamed = patch(name="API calls")
    assert [n["name"] for n in renamed["names"]] == ["Calls", "API calls"] and "valid_from" in renamed["names"][1]
    assert [n["name"] for n in patch(name="Requests")["names"]] == ["Calls", "Requests"], "one entry a day"
    assert patch(names=[{"name": "Only"}])["names"] == [{"name": "Only"}]
    rates = [{"tier_from": "0", "ipu_per_unit": "2"}, {"tier_from": "10", "ipu_per_unit": "1"}]
    assert patch(rates=rates)["rates"] == rates and "rates" not in patch(rates=[])
    assert patch(aliases=["api/calls"])["aliases"] == ["api/calls"] and "category" not in patch(category=None)
    for fields, field in (({"id": "x"}, "/id"), ({"org": "acme"}, "/org"), ({"names": []}, "/names"), ({"rates": [{"tier_from": "1", "ipu_per_unit": "1"}]}, "/rates"),
                          ({"divisor": "-1"}, "/divisor"), ({"colour": 1}, "/colour"), ({"name": "a", "names": [{"name": "b"}]}, "/name")):
        body = problem(shared.api("PATCH", "/v1/meters/calls", fields), 400, "invalid", field)
        assert "/meters/0" not in body["detail"]
    problem(shared.api("GET", "/v1/meters/nothing"), 404, "not_found")
    problem(shared.api("PATCH", "/v1/meters/nothing", {"name": "x"}), 404, "not_found")
    problem(shared.api("POST", "/v1/meters", {"name": "No id"}), 400, "invalid", "/id")


@covers("GET /v1/meters/{id}", "GET /v1/meters", "GET /v1/catalog", "GET /v1/orgs", "GET /v1/orgs/{id}", "PATCH /v1/orgs/{id}", "POST /v1/catalog")
def test_scopes(server):
    admin_of_other = key_for_other(server)
    for org, key in (("acme", None), ("other", admin_of_other)):
        assert server.api("POST", "/v1/meters", {"id": "own", "name": f"Own of {org}", "org": org}, key=key).status == 201
        got = server.api("GET", "/v1/meters/own", key=key).json()
        assert got["org"] == org, "two tenants may use one id"
    assert [o["id"] for o in server.api("GET", "/v1/orgs", key=admin_of_other).json()["orgs"]] == ["other"]
    for method, body in (("GET", None), ("PATCH", {"name": "x"})):
        foreign = problem(server.api(method, "/v1/orgs/acme", body, key=admin_of_other), 404, "not_found")
        unknown = problem(server.api(method, "/v1/orgs/nowhere", body, key=admin_of_other), 404, "not_found")
        assert foreign["detail"] == unknown["detail"]
    seen = exported(server, admin_of_other)
    assert [o["id"] for o in seen["orgs"]] == ["other"] and {u["org"] for u in seen["users"]} == {"other"}
    assert {m.get("org") for m in seen["meters"]} == {None, "other"}
    rates = [{"tier_from": "0", "ipu_per_unit": "1"}, {"org": "acme", "tier_from": "0", "ipu_per_unit": "0.5"}]
    assert server.api("PATCH", f"/v1/meters/{DI}", {"rates": rates}).status == 200
    shown = server.api("GET", f"/v1/meters/{DI}", key=admin_of_other).json()["rates"]
    assert shown == rates[:1], "another tenant's rate is not told"
    problem(server.api("PATCH", f"/v1/meters/{DI}", {"rates": []}, key=admin_of_other), 403, "forbidden")
    problem(server.api("POST", "/v1/orgs", {"kind": "production", "name": "Third"}, key=admin_of_other), 403, "forbidden")
    assert server.api("POST", "/v1/orgs", {"id": "third", "kind": "production", "name": "Third"}).status == 201, "the first tenant's admin may"
    viewer = key_for(server, "acme-eu", "viewer")
    assert [o["id"] for o in server.api("GET", "/v1/orgs", key=viewer).json()["orgs"]] == ["acme-eu"]
    assert {m["id"] for m in server.api("GET", "/v1/meters", key=viewer).json()["meters"]} >= {DI, "own"}, "the parent's meter is usable here"
    assert "users" not in exported(server, viewer) or exported(server, viewer)["users"] == []
    problem(server.api("PATCH", "/v1/orgs/acme-eu", {"name": "x"}, key=viewer), 403, "forbidden")
    problem(server.api("POST", "/v1/catalog", {"orgs": [{"id": "acme-eu", "kind": "sub-org", "name": "x", "parent": "acme"}]}, key=viewer), 403, "forbidden")
    problem(server.api("GET", "/v1/meters?org=other", key=viewer), 404, "not_found")
    operator = key_for(server, "acme", "operator")
    assert server.api("GET", "/v1/orgs", key=operator).json()["orgs"] == [], "an operator sees no usage and no tenant"


def key_for_other(server):
    """The other tenant's own administrator comes with the catalogue: only the server itself may make him."""
    answer = server.api("POST", "/v1/users", {"name": "olga", "password": "long-enough-1", "org": "other", "roles": ["admin"]})
    if answer.status != 201:  # the first tenant's admin has no hold on other tenants: the operator makes him, offline
        server.stop()
        from harness import run
        run("users", "create", "olga", "--data", server.data, "--org", "other", "--role", "admin", "--password", "long-enough-1")
        server.start()
    session = server.login("olga", "long-enough-1")["userInfo"]["sessionId"]
    answer = server.api("POST", "/v1/keys", {"name": "olga", "roles": ["admin"]}, key=session)
    assert answer.status == 201, answer
    return answer.json()["key"]


@pytest.mark.quick
@covers("POST /v1/catalog")
def test_a_dry_run_checks_only_and_bad_files_are_refused(shared):
    contract = Contract(shared)
    before = shared.api("GET", "/v1/catalog").body
    file = {"orgs": [{"id": "dry", "kind": "sub-org", "name": "Dry", "parent": "acme"}], "users": [{"name": "dry@acme.example", "password": "long-enough-1", "org": "dry", "roles": []}]}
    counts = contract.check(shared.api("POST", "/v1/catalog?dry_run=true", file), "POST", "/v1/catalog")
    assert counts["orgs"] == 1 and counts["users"] == 1 and counts["meters"] == 0
    assert shared.api("GET", "/v1/catalog").body == before
    for body in (b"", b"{", b"[1", b'{"orgs":[}', b"\xff", json.dumps(file)[:-3].encode()):
        problem(shared.api("POST", "/v1/catalog", body), 400, "malformed")
    problem(shared.api("POST", "/v1/catalog", [1]), 400, "invalid")
    problem(shared.api("POST", "/v1/catalog?dry_run=maybe", file), 400, "invalid", "dry_run")
    assert shared.api("GET", "/v1/catalog").body == before


@covers("POST /v1/catalog")
def test_a_date_format_names_day_month_and_year_once(shared):
    for bad in ("M/D/YY", "YYYY-MM", "D/D/YYYY", "day D of M, YYYY"):
        refused = shared.api("POST", "/v1/catalog?dry_run=true", {"orgs": [{"id": "acme", "kind": "production", "name": "Acme", "date_format": bad,
                                                                           "ids": {"informatica": "4wMFqGlxAKVlIFTixlTSOY"}}]})
        problem(refused, 400, "invalid", "/orgs/0/date_format")
    for good in ("D-MONTH-YYYY", "DD-Mon-YYYY", "YYYY-MM-DD", "D MONTH, YYYY"):
        taken = shared.api("POST", "/v1/catalog?dry_run=true", {"orgs": [{"id": "acme", "kind": "production", "name": "Acme", "date_format": good,
                                                                         "ids": {"informatica": "4wMFqGlxAKVlIFTixlTSOY"}}]})
        assert taken.status == 200, taken
