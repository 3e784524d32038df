"""/v1/deliveries: list, show, send again, keys; who may see what; the same on the command line."""
import json

import pytest
from api_contract import Contract, covers, problem
from harness import run, running
from webhook_receiver import OPENED, Receiver, delivery_of, in_state

pytestmark = pytest.mark.quick
ONE = "/v1/deliveries/{id}"


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """Jobs of three orgs, one of them of another tenant, with a delivered, a pending and refused callbacks."""
    from acme_world import ACME
    olga = {"name": "olga", "password": "password-of-user", "org": "other", "roles": ["admin"]}
    catalogue = {**ACME, "users": [*ACME["users"], olga]}
    with running(tmp_path_factory.mktemp("deliveries"), catalogue=catalogue, config=OPENED) as server, Receiver() as good, Receiver(500) as bad:
        session = server.login("olga", "password-of-user")["userInfo"]["sessionId"]
        server.other_key = server.api("POST", "/v1/keys", {"name": "o", "org": "other", "roles": ["admin"]}, key=session).json()["key"]
        server.keys = {role: server.api("POST", "/v1/keys", {"name": role, "org": "acme", "roles": [role]}).json()["key"]
                       for role in ("exporter", "viewer", "ingester", "operator")}
        server.keys["branch"] = server.api("POST", "/v1/keys", {"name": "branch", "org": "acme-eu", "roles": ["exporter"]}).json()["key"]
        server.jobs = {}
        for name, org, url, state, key in (("delivered", "acme", good.url, "delivered", None), ("pending", "acme", bad.url, "pending", None),
                                           ("refused", "acme-eu", "http://ana:secret@10.0.0.1/x?y#z", "refused", None),
                                           ("foreign", "other", "ftp://example.com", "refused", server.other_key)):
            answer = server.api("POST", "/v1/exports", {"kind": "summary", "period": "2024-09", "org": org, "callback_url": url}, key=key)
            assert answer.status == 202, answer
            server.jobs[name] = answer.json()["id"]
            delivery_of(server, server.jobs[name], lambda d, s=state: d["state"] == s and (s == "refused" or d["attempts_made"] == 1), key=key)
        yield server


def jobs_listed(server, key=None, query=""):
    answer = server.api("GET", f"/v1/deliveries?{query}", key=key)
    assert answer.status == 200, answer
    return [d["job"] for d in answer.json()["deliveries"]]


@covers("GET /v1/deliveries", "GET /v1/deliveries/{id}")
def test_a_delivery_in_the_list_and_with_its_attempts(world):
    contract = Contract(world)
    page = contract.check(world.api("GET", "/v1/deliveries"), "GET", "/v1/deliveries")
    by_job = {d["job"]: d for d in page["deliveries"]}
    done = by_job[world.jobs["delivered"]]
    assert (done["kind"], done["state"], done["org"], done["attempts_made"], done["last_status"], done["last_error"], done["next_attempt_at"]) == (
        "callback", "delivered", "acme", 1, 204, None, None)
    answer = world.api("GET", done["links"]["self"])
    history = contract.check(answer, "GET", ONE)
    assert history["delivery"] == done and [(a["number"], a["status"], a["error"]) for a in history["attempts"]] == [(1, 204, None)]
    assert "export.finished" not in answer.body.decode(), "no body"
    assert world.api("GET", done["links"]["job"]).json()["id"] == done["job"]
    refused = by_job[world.jobs["refused"]]
    assert refused["state"] == "refused" and refused["attempts_made"] == 0 and refused["last_error"] == "url: user and password do not belong into it"
    assert refused["url"] == "http://***@10.0.0.1/x?y#z"
    assert contract.check(world.api("GET", f"/v1/deliveries/{refused['id']}"), "GET", ONE)["attempts"] == []


@covers("GET /v1/deliveries")
def test_filters_and_pages(world):
    jobs = world.jobs
    assert jobs_listed(world, query=f"job={jobs['pending']}") == [jobs["pending"]]
    assert jobs_listed(world, query="org=acme-eu") == [jobs["refused"]]
    assert jobs_listed(world, query="state=pending") == [jobs["pending"]]
    assert jobs_listed(world, query="state=failed") == jobs_listed(world, query="job=unknown") == jobs_listed(world, query="org=nobody") == []
    assert jobs_listed(world, query="state=refused&org=acme") == []
    pages, token = [], ""
    while True:
        page = world.api("GET", f"/v1/deliveries?page_size=1&page_token={token}").json()
        pages += [d["job"] for d in page["deliveries"]]
        assert len(page["deliveries"]) == 1
        token = page["next_page_token"]
        if not token:
            break
    assert pages == jobs_listed(world) == [jobs["refused"], jobs["pending"], jobs["delivered"]], "newest first"
    for query, field in (("state=done", "state"), ("page_size=0", "page_size"), ("page_size=1001", "page_size"), ("page_token=none", "page_token"), ("to=x", "to")):
        problem(world.api("GET", f"/v1/deliveries?{query}"), 400, "invalid", field)


@covers("GET /v1/deliveries", "GET /v1/deliveries/{id}", "POST /v1/deliveries/{id}/retry")
def test_a_delivery_is_seen_by_who_sees_its_job(world):
    jobs = world.jobs
    assert jobs_listed(world, world.keys["exporter"]) == [jobs["refused"], jobs["pending"], jobs["delivered"]]
    assert jobs_listed(world, world.keys["branch"]) == [jobs["refused"]]
    assert jobs_listed(world, world.other_key) == [jobs["foreign"]]
    for role in ("viewer", "ingester", "operator"):
        assert jobs_listed(world, world.keys[role]) == []
    assert jobs_listed(world, world.keys["branch"], f"org=acme&job={jobs['pending']}") == []
    hidden = world.api("GET", f"/v1/deliveries?job={jobs['delivered']}").json()["deliveries"][0]["id"]
    for key in (world.keys["branch"], world.keys["viewer"], world.keys["operator"], world.other_key):
        answers = [problem(world.api(method, f"/v1/deliveries/{id_}{tail}", key=key), 404, "not_found") for id_ in (hidden, "0123456789012345678901")
                   for method, tail in (("GET", ""), ("POST", "/retry"))]
        assert len({a["detail"] for a in answers}) == 1, "as what does not exist"
        problem(world.api("GET", f"/v1/deliveries?page_token={hidden}", key=key), 400, "invalid", "page_token")


@covers("POST /v1/deliveries/{id}/retry")
def test_send_again(world):
    contract = Contract(world)
    [delivery] = world.api("GET", f"/v1/deliveries?job={world.jobs['delivered']}").json()["deliveries"]
    answer = contract.check(world.api("POST", f"/v1/deliveries/{delivery['id']}/retry", key=world.keys["exporter"]), "POST", "/v1/deliveries/{id}/retry")
    assert answer["id"] == delivery["id"]
    again = delivery_of(world, world.jobs["delivered"], lambda d: d["attempts_made"] == 2)
    assert again["state"] == "delivered"


@covers("GET /v1/deliveries/keys")
def test_keys_are_for_admins_of_the_org(world):
    contract = Contract(world)
    answer = world.api("GET", "/v1/deliveries/keys?org=acme")
    made = contract.check(answer, "GET", "/v1/deliveries/keys")
    assert answer.headers["cache-control"] == "no-store"
    assert made["org"] == "acme" and made["secret"].startswith("whsec_") and made["public_key"].startswith("whpk_")
    assert world.api("GET", "/v1/deliveries/keys").json() == made, "left out: the caller's org"
    assert world.api("GET", "/v1/deliveries/keys?org=acme-eu").json()["secret"] != made["secret"]
    for role in ("exporter", "viewer", "ingester"):
        problem(world.api("GET", "/v1/deliveries/keys?org=acme", key=world.keys[role]), 403, "forbidden")
    for org, key in (("acme", world.other_key), ("nobody", None), ("acme", world.keys["operator"])):
        problem(world.api("GET", f"/v1/deliveries/keys?org={org}", key=key), 404, "not_found")


@covers("GET /v1/deliveries")
def test_the_command_line_shows_the_same(world):
    target = ("--url", world.url, "--key", world.admin_key)
    listed = json.loads(run("deliveries", "list", *target, "--json").stdout)
    assert [d["job"] for d in listed["deliveries"]] == jobs_listed(world)
    table = run("deliveries", "list", *target, "--state", "refused").stdout
    assert world.jobs["refused"] in table and world.jobs["pending"] not in table and "user and password" in table
    [delivery] = json.loads(run("deliveries", "list", *target, "--job", world.jobs["pending"], "--json").stdout)["deliveries"]
    shown = run("deliveries", "show", *target, delivery["id"]).stdout
    assert "pending" in shown and "answered with status 500" in shown
    assert json.loads(run("deliveries", "show", *target, delivery["id"], "--json").stdout)["delivery"]["id"] == delivery["id"]
    made = delivery["attempts_made"]
    assert delivery["id"] in run("deliveries", "retry", *target, delivery["id"]).stdout
    delivery_of(world, world.jobs["pending"], lambda d: d["attempts_made"] > made)
    assert run("deliveries", "show", *target, "nobody", accept=[1]).stderr
    keys = run("deliveries", "keys", *target, "--org", "acme").stdout
    assert "whsec_" in keys and "whpk_" in keys
    assert run("deliveries", "list", *target, "--state", "done", accept=[2]).stderr
    assert delivery_of(world, world.jobs["delivered"], in_state("delivered"))
