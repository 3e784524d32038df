"""Usage for an org of another region, and changes of a tenant at home elsewhere: refused, with the region's name (DESIGN 4, crosswalk 3.3)."""
import copy
import csv
import json
import time

import pytest
from acme_world import ACME
from api_contract import problem
from harness import SAMPLE, record, run, running

HOURS = "a2nB20h1o0lc7k3P9xtWS8"
TEXT = 'org: the usage of "{}" is taken in region "{}"'


def world():
    """acme at home in eu with its US production in us; the other tenant is at home in us."""
    catalogue = copy.deepcopy(ACME)
    catalogue["regions"] = [{"name": "eu"}, {"name": "us", "url": "https://us.meter.example.com"}]
    for org in catalogue["orgs"]:
        region = {"acme": "eu", "acme-us": "us", "other": "us"}.get(org["id"])
        if region:
            org["region"] = region
    catalogue["orgs"].append({"id": "acme-us-sub", "kind": "sub-org", "name": "Below", "parent": "acme-us"})
    catalogue["users"].append({"name": "ida@other.example", "password": "change-me-three", "org": "other", "roles": ["ingester"]})
    return catalogue


@pytest.fixture(scope="module")
def eu(tmp_path_factory):
    with running(tmp_path_factory.mktemp("eu"), catalogue=world(), config='[region]\nname = "eu"\n') as server:
        yield server


@pytest.fixture(scope="module")
def us(tmp_path_factory):
    with running(tmp_path_factory.mktemp("us"), catalogue=world(), config='[region]\nname = "us"\n') as server:
        yield server


def send(server, *records, key=None):
    answer = server.api("POST", "/v1/usage", list(records), key=key)
    assert answer.status == 200, answer
    return answer.json()


def ndjson(*records):
    return "".join(json.dumps(r) + "\n" for r in records)


def refused(org, region):
    return {"code": "wrong_region", "pointer": "/org", "text": TEXT.format(org, region)}


def at(org, id_, **fields):
    return record(org, fields.pop("meter", HOURS), "2024-09-03T10:00:00Z", "1", id_, **fields)


@pytest.mark.quick
def test_records_of_an_org_elsewhere_are_rejected_one_by_one(eu):
    body = send(eu, at("acme", "a1"), at("acme-us", "a2"), at("acme-us-sub", "a3"), at("acme-eu", "a4"), at("acme-us", "a5", meter="nothing"))
    assert [r["status"] for r in body["results"]] == ["stored", "rejected", "rejected", "stored", "rejected"]
    assert [r["error"] for r in body["results"] if r["status"] == "rejected"] == [refused(o, "us") for o in ("acme-us", "acme-us-sub", "acme-us")]
    [other] = send(eu, at("other", "a6"))["results"]
    assert other["status"] == "rejected"


@pytest.mark.quick
def test_who_may_not_send_for_the_org_does_not_hear_of_its_region(eu):
    ida = eu.login("ida@other.example", "change-me-three")["userInfo"]["sessionId"]
    unknown, foreign, own = send(eu, at("nowhere", "b1"), at("acme-us", "b2"), at("other", "b3"), key=ida)["results"]
    assert foreign["error"]["code"] == "unknown_org" and foreign["error"]["text"] == unknown["error"]["text"]
    assert own["error"] == refused("other", "us")


@pytest.mark.quick
def test_the_same_in_lines_and_in_files(eu):
    text = ndjson(at("acme", "c1"), at("acme-us", "c2"))
    body = eu.api("POST", "/v1/usage", text, content_type="application/x-ndjson").json()
    assert body["stored"] == 1 and body["results"][1]["error"] == refused("acme-us", "us")
    report = eu.api("POST", "/v1/imports?format=ndjson", ndjson(at("acme-us", "c4"), at("acme", "c5")), content_type="application/x-ndjson").json()
    assert report["rejected"] == 1 and report["rejected_rows"][0]["error"]["code"] == "wrong_region", report


def test_an_operation_settles_them_as_errors(eu):
    answer = eu.api("POST", "/v1/usage", [at("acme", "d1"), at("acme-us", "d2")], Prefer="respond-async")
    assert answer.status == 202, answer
    path = answer.headers["location"]
    while (operation := eu.api("GET", path).json())["state"] in ("CREATED", "PROCESSING"):
        time.sleep(0.01)
    assert operation["state"] == "PARTIAL_SUCCESS" and operation["stored"] == 1 and operation["rejected"] == 1, operation
    results = eu.api("GET", f"{path}/results").json()["results"]
    assert [r["error"] for r in results if r["status"] == "rejected"] == [refused("acme-us", "us")]


@pytest.mark.quick
def test_no_server_takes_an_org_that_names_no_region_but_the_local_one(tmp_path):
    with running(tmp_path, catalogue=ACME, config='[region]\nname = "eu"\n') as server:
        [result] = send(server, at("acme", "e1"))["results"]
        assert result["error"] == refused("acme", "local")
        problem(server.api("PATCH", "/v1/orgs/acme", {"name": "Acme Ltd"}), 409, "conflict")


@pytest.mark.quick
def test_an_org_made_at_the_start_is_at_home_where_it_is_made(tmp_path):
    with running(tmp_path, org="root", config='[region]\nname = "us"\n') as server:
        assert server.api("GET", "/v1/orgs/root").json()["region"] == "us"
        server.usage(at("root", "f1"))
        assert server.api("PATCH", "/v1/orgs/root", {"name": "Root Ltd"}).status == 200


@pytest.mark.quick
def test_a_tenant_is_changed_at_home_only(eu, us):
    text = 'the tenant "acme" is at home in region "eu"; change it there'
    file = us.api("GET", "/v1/catalog").json()
    body = problem(us.api("PATCH", "/v1/orgs/acme-us", {"name": "Mine"}), 409, "conflict")
    assert body["detail"] == text, body
    problem(us.api("POST", "/v1/orgs", {"id": "new", "kind": "sandbox", "name": "New", "parent": "acme"}), 409, "conflict")
    problem(us.api("POST", "/v1/meters", {"id": "of-acme", "name": "M", "org": "acme-us-sub"}), 409, "conflict")
    problem(us.api("POST", "/v1/subscriptions", {"id": "1", "name": "S", "org": "acme-us"}), 409, "conflict")
    changed = {"meters": [{"id": "free", "name": "Everyone's"}], "orgs": [{**o, "name": o["name"] + "!"} for o in file["orgs"] if o["id"] == "acme"]}
    for query in ("", "?dry_run=true"):
        body = problem(us.api("POST", f"/v1/catalog{query}", changed), 409, "conflict", "/orgs/0")
        assert body["detail"] == f"/orgs/0: {text}"
    assert us.api("GET", "/v1/catalog").json() == file, "nothing is applied"
    assert us.api("POST", "/v1/catalog", {**file, "users": []}).json()["orgs"] == 0, "what is there already is no change"
    assert us.api("PATCH", f"/v1/meters/{HOURS}", {"name": "Hours"}).status == 200, "everyone's meters are each server's own"
    assert eu.api("PATCH", "/v1/orgs/acme-us", {"name": "Acme USA"}).status == 200, "the home changes its orgs of other regions, too"
    problem(eu.api("POST", "/v1/orgs", {"id": "new", "kind": "production", "name": "New", "region": "us"}), 409, "conflict")


def test_the_command_line_is_judged_alike(tmp_path):
    with running(tmp_path, catalogue=world(), config='[region]\nname = "us"\n') as server:
        server.usage(at("acme-us", "g1"))
        server.stop()
        settings = ("--config", server.config)
        usage, file = tmp_path / "usage.ndjson", tmp_path / "changed.json"
        usage.write_text(ndjson(at("acme-us", "g3"), at("acme", "g4"), at("other", "g5")))
        done = run("import", "--data", server.data, *settings, "--format", "ndjson", usage, accept=None)
        assert 'is taken in region "eu"' in done.stdout + done.stderr, done
        file.write_text(json.dumps({"orgs": [{"id": "acme-us", "kind": "additional-production", "name": "Mine", "parent": "acme", "region": "us"}]}))
        done = run("catalog", "import", "--data", server.data, *settings, file, accept=None)
        assert done.returncode != 0 and 'the tenant "acme" is at home in region "eu"; change it there' in done.stderr, done
        file.write_text(json.dumps({"orgs": [{"id": "new", "kind": "production", "name": "New", "region": "eu"}]}))
        run("catalog", "import", "--data", server.data, *settings, file)
        server.start()


def test_a_focus_row_of_an_org_elsewhere(tmp_path):
    """The sample's first billing account is an org of another region: its rows are rejected, all others stored."""
    with open(SAMPLE, newline="") as file:
        accounts = [row["BillingAccountId"] for row in csv.DictReader(file)]
    account = accounts[0]
    catalogue = {"regions": [{"name": "us"}], "orgs": [{"id": "root", "kind": "production", "name": "Root", "region": "eu"},
                 {"id": "their", "kind": "additional-production", "name": "Their", "parent": "root", "region": "us", "aliases": [account]}]}
    with running(tmp_path, catalogue=catalogue, org="root", config='[region]\nname = "eu"\n') as server:
        report = server.api("POST", "/v1/imports?format=focus&into=root", SAMPLE.read_bytes(), content_type="text/csv").json()
        wrong = [row for row in report["rejected_rows"] if row["error"]["code"] == "wrong_region"]
        assert len(wrong) == accounts.count(account) - 1, "one of them has no quantity"
        assert report["stored"] == report["rows"] - report["rejected"] > 0, report
        assert 'is taken in region "us"' in wrong[0]["error"]["text"]
