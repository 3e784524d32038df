"""/v1/regions and what /readyz says of regions: shapes, rights; the same on the command line."""
import json

import pytest
from api_contract import Contract, covers, problem
from harness import run, running
from region_peer import FakeRegion, Key

pytestmark = pytest.mark.quick
US, CHECK = Key("us"), "/v1/regions/{name}/check"


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    region = FakeRegion("us", US)
    catalogue = {"regions": [{"name": "eu"}, {"name": "us", "url": region.url, "key": US.text}, {"name": "bare"}, {"name": "heard-of"}],
                 "orgs": [{"id": "acme", "kind": "production", "name": "Acme", "region": "eu"},
                          {"id": "acme-us", "kind": "sandbox", "name": "Acme US", "parent": "acme", "region": "us"},
                          {"id": "acme-bare", "kind": "sandbox", "name": "Acme Bare", "parent": "acme", "region": "bare"},
                          {"id": "beta", "kind": "production", "name": "Beta", "region": "us"}]}
    with running(tmp_path_factory.mktemp("regions"), catalogue=catalogue, config='[region]\nname = "eu"\n[regions]\npoll_interval = 3600\n') as server:
        yield server
    region.close()


@covers("GET /v1/regions", "POST /v1/regions/check", "POST /v1/regions/{name}/check")
def test_regions_and_what_is_known_of_them(world):
    contract = Contract(world)
    checked = contract.check(world.api("POST", "/v1/regions/check"), "POST", "/v1/regions/check")["regions"]
    assert [r["name"] for r in checked] == ["eu", "bare", "heard-of", "us"], "the own one first"
    own, bare, heard_of, us = checked
    assert own["own"] and own["key"].startswith("ed25519:") and own["orgs"] == 1 and own["reachable"] and own["problem"] is None
    assert own["looked_at"] is own["answered_at"] is own["clock_offset_ms"] is own["replica"] is None
    assert bare["problem"] == "the catalogue has no URL or no key for it" and not bare["reachable"] and bare["key"] is None
    assert heard_of["problem"] is None and heard_of["orgs"] == 0, "it owns nothing, so it lacks nothing"
    assert us["reachable"] and us["orgs"] == 2 and us["key"] == US.text and us["problem"] is None and us["looked_at"] == us["answered_at"]
    assert us["replica"]["position"] == 0 and us["replica"]["checked_at"], "beta is at home there"
    assert contract.check(world.api("GET", "/v1/regions"), "GET", "/v1/regions")["regions"] == checked
    [one] = contract.check(world.api("POST", "/v1/regions/us/check"), "POST", CHECK)["regions"]
    assert one["name"] == "us" and one["looked_at"] >= us["looked_at"]


@covers("GET /v1/regions", "POST /v1/regions/check", "POST /v1/regions/{name}/check")
def test_only_operators_and_admins_see_them(world):
    keys = {role: world.api("POST", "/v1/keys", {"name": role, "org": "acme", "roles": [role]}).json()["key"] for role in ("viewer", "exporter", "operator")}
    for method, path in (("GET", "/v1/regions"), ("POST", "/v1/regions/check"), ("POST", "/v1/regions/us/check")):
        problem(world.call(method, path), 401, "unauthenticated")
        problem(world.api(method, path, key=keys["viewer"]), 403, "forbidden")
        problem(world.api(method, path, key=keys["exporter"]), 403, "forbidden")
        assert world.api(method, path, key=keys["operator"]).status == 200
    problem(world.api("POST", "/v1/regions/nobody/check"), 404, "not_found")


@covers("GET /readyz")
def test_readiness_names_regions_that_own_orgs(world):
    world.api("POST", "/v1/regions/check")
    ready = Contract(world).check(world.call("GET", "/readyz"), "GET", "/readyz")
    assert ready == {"status": "ready", "reason": "", "regions": [{"name": "bare", "reachable": False}, {"name": "us", "reachable": True}]}


def test_the_command_line_over_http(world):
    at = ("--url", world.url, "--key", world.admin_key)
    checked = run("regions", "check", "us", *at, "--json")
    assert json.loads(checked.stdout)["regions"][0]["name"] == "us"
    table = run("regions", "list", *at).stdout
    assert "this server" in table and "answers" in table and US.text in table
    assert run("regions", "check", *at, accept=(1,)).stdout.count("the catalogue has no URL") == 1
    assert run("regions", "check", "nobody", *at, accept=(1,)).stderr.strip().endswith("there is no such region")
