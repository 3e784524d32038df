"""/v1/keys with "for": "here": applications and access keys of clients that sign token requests, on the API and on the command line."""
import json
import re

import pytest
from api_contract import Contract, covers, problem
from acme_world import ACME
from harness import ADMIN_PASSWORD, run, running

pytestmark = pytest.mark.quick
REALM = "olp-acme"


def with_realms(catalogue):
    """The catalogue with a realm for acme (others have one by their id), users above and beside, and an admin of the other tenant."""
    orgs = [{**org, "ids": {**org.get("ids", {}), "here_realm": REALM}} if org["id"] == "acme" else org for org in catalogue["orgs"]]
    users = [{"name": name, "password": "password-of-user", "org": org, "roles": roles, "email": f"{name}@example.com"}
             for name, org, roles in (("amy", "acme", ["admin"]), ("eve", "acme-eu", ["admin"]), ("olga", "other", ["admin"]))]
    tiny = {"id": "tiny", "kind": "sub-org", "name": "Tiny", "parent": "acme"}
    return {**catalogue, "orgs": [*orgs, tiny], "users": catalogue["users"] + users}


@pytest.fixture(scope="module")
def realms(tmp_path_factory):
    with running(tmp_path_factory.mktemp("realms"), catalogue=with_realms(ACME)) as server:
        yield server


def session(server, name):
    return server.login(name, "password-of-user")["userInfo"]["sessionId"]


def access_key(server, org="acme", key=None, **fields):
    answer = server.api("POST", "/v1/keys", {"for": "here", "name": "robot", "org": org, **fields}, key=key)
    assert answer.status == 201, answer
    return answer.json()


@covers("POST /v1/keys", "GET /v1/keys")
def test_an_access_key_is_shown_once_with_all_a_client_needs(realms):
    contract = Contract(realms)
    answer = realms.api("POST", "/v1/keys", {"for": "here", "name": "robot", "org": "acme"})
    made = contract.check(answer, "POST", "/v1/keys")
    assert answer.headers["cache-control"] == "no-store"
    assert made["for"] == "here" and made["id"] == made["access_key_id"] and made["realm"] == REALM and made["org"] == "acme"
    assert made["roles"] == ["exporter"], "the default of this kind"
    assert made["user"] is None and made["source"] == ""
    assert re.fullmatch(r"[A-Za-z0-9]{22}", made["access_key_id"]) and re.fullmatch(r"[A-Za-z0-9]{20}", made["app_id"])
    assert re.fullmatch(r"[A-Za-z0-9_-]{43,}", made["access_key_secret"])
    listing = realms.api("GET", "/v1/keys")
    keys = {k["id"]: k for k in contract.check(listing, "GET", "/v1/keys")["keys"]}
    assert keys[made["id"]] == {k: v for k, v in made.items() if k not in ("access_key_id", "access_key_secret")}
    assert made["access_key_secret"] not in listing.body.decode()
    problem(realms.api("GET", "/v1/orgs", key=made["access_key_secret"]), 401, "unauthenticated")
    assert access_key(realms, roles=["viewer", "exporter"])["roles"] == ["exporter", "viewer"]
    assert access_key(realms, org="acme-eu")["realm"] == "acme-eu", "an id of 5 to 30 characters is a realm"


@covers("POST /v1/keys")
def test_a_further_key_of_an_application(realms):
    first = access_key(realms)
    second = access_key(realms, app_id=first["app_id"])
    assert second["app_id"] == first["app_id"] and second["id"] != first["id"] and second["access_key_secret"] != first["access_key_secret"]
    for app_id in ("0" * 20, access_key(realms, "other", session(realms, "olga"))["app_id"]):
        answer = realms.api("POST", "/v1/keys", {"for": "here", "name": "x", "org": "acme", "app_id": app_id})
        assert app_id not in problem(answer, 400, "invalid", "/app_id")["detail"]
    assert realms.api("DELETE", f"/v1/keys/{first['app_id']}").status == 200
    problem(realms.api("POST", "/v1/keys", {"for": "here", "name": "x", "org": "acme", "app_id": first["app_id"]}), 400, "invalid", "/app_id")


@covers("POST /v1/keys")
def test_the_user_a_key_acts_for(realms):
    amy, eve = session(realms, "amy"), session(realms, "eve")
    assert access_key(realms, key=amy)["user"] == "amy", "the caller"
    assert access_key(realms, key=amy, user="ana@acme.example")["user"] == "ana@acme.example"
    assert access_key(realms, org="acme-eu", user="amy")["user"] == "amy", "of an org above"
    assert access_key(realms, org="acme-eu", key=eve, user="eve")["user"] == "eve"
    for key, org, user in ((amy, "acme", "eve"), (amy, "acme", "olga"), (amy, "acme", "nobody"), (eve, "acme-eu", "amy")):
        problem(realms.api("POST", "/v1/keys", {"for": "here", "name": "x", "org": org, "user": user}, key=key), 400, "invalid", "/user")


@covers("DELETE /v1/keys/{id}", "GET /v1/keys")
def test_access_keys_and_applications_are_revoked(realms):
    def revoked():
        return {k["id"] for k in realms.api("GET", "/v1/keys").json()["keys"] if k["revoked_at"]}

    one = access_key(realms)
    two, three = (access_key(realms, app_id=one["app_id"]) for _ in range(2))
    assert realms.api("DELETE", f"/v1/keys/{two['access_key_id']}").json() == {"id": two["access_key_id"]}
    assert two["id"] in revoked() and not {one["id"], three["id"]} & revoked()
    assert realms.api("DELETE", f"/v1/keys/{one['app_id']}").json() == {"id": one["app_id"]}
    assert {one["id"], two["id"], three["id"]} <= revoked(), "the application's keys end with it"
    assert realms.api("DELETE", f"/v1/keys/{one['app_id']}").status == 200, "again changes nothing"
    events = [(e["event"], e["subject"], e["detail"]) for e in realms.api("GET", "/v1/audit?page_size=6").json()["entries"]]
    assert events[:2] == [("application_revoked", one["app_id"], ""), ("key_revoked", two["id"], "")]
    assert events[2:] == [("key_created", k["id"], "roles exporter") for k in (three, two, one)] + [("application_created", one["app_id"], "")]


@covers("POST /v1/keys")
@pytest.mark.parametrize("body,field", [
    ({"source": "s"}, "/source"), ({"roles": []}, "/roles"), ({"roles": ["king"]}, "/roles/0"), ({"consumer_key": "x"}, "/consumer_key"), ({"app_id": 5}, "/app_id"), ({"user": 5}, "/user"),
    ({"for": "meterport", "roles": ["viewer"], "app_id": "x"}, "/app_id"), ({"for": "netsuite", "user": "amy"}, "/user"), ({"org": "tiny"}, "/org"), ({"org": "nowhere"}, "/org"),
    ({"access_key_id": "mine"}, "/access_key_id")])
def test_bad_requests_name_the_member(realms, body, field):
    answer = problem(realms.api("POST", "/v1/keys", {"for": "here", "name": "robot", "org": "acme", **body}), 400, "invalid", field)
    if body.get("org") == "tiny":
        assert "ids.here_realm" in answer["detail"]


@covers("POST /v1/keys", "GET /v1/keys", "DELETE /v1/keys/{id}")
def test_only_admins_of_the_org(realms):
    made, olga = access_key(realms), session(realms, "olga")
    viewer = realms.api("POST", "/v1/keys", {"name": "v", "org": "acme", "roles": ["viewer"]}).json()["key"]
    problem(realms.api("POST", "/v1/keys", {"for": "here", "name": "x", "org": "acme"}, key=viewer), 403, "forbidden", "/org")
    hidden = problem(realms.api("POST", "/v1/keys", {"for": "here", "name": "x", "org": "acme"}, key=olga), 400, "invalid", "/org")["detail"]
    assert hidden == problem(realms.api("POST", "/v1/keys", {"for": "here", "name": "x", "org": "nowhere"}, key=olga), 400, "invalid", "/org")["detail"].replace("nowhere", "acme")
    assert made["id"] not in realms.api("GET", "/v1/keys", key=olga).body.decode()
    for id in (made["access_key_id"], made["app_id"]):
        problem(realms.api("DELETE", f"/v1/keys/{id}", key=olga), 404, "not_found")


def test_access_keys_outlive_a_restart_and_their_secrets_are_nowhere(folder):
    with running(folder, catalogue=with_realms(ACME)) as server:
        made = access_key(server)
        server.restart()
        assert made["id"] in server.api("GET", "/v1/keys").body.decode()
        server.stop()
        written = b"".join(f.read_bytes() for f in folder.rglob("*") if f.is_file())
        assert made["id"].encode() in written and made["access_key_secret"].encode() not in written


def test_the_command_line_makes_lists_and_revokes(folder):
    catalogue, data = folder / "catalogue.json", folder / "data"
    catalogue.write_text(json.dumps(with_realms(ACME)))
    run("init", "--data", data, "--catalog", catalogue, env={"METERPORT_ADMIN_PASSWORD": ADMIN_PASSWORD})

    def keys(*arguments, accept=(0,)):
        return run("keys", *arguments, "--data", data, accept=accept)

    made = json.loads(keys("create", "--for", "here", "--org", "acme", "--name", "robot", "--user", "amy", "--json").stdout)
    assert {"access_key_id", "access_key_secret", "app_id", "realm"} <= set(made) and made["realm"] == REALM and made["user"] == "amy"
    shown = keys("create", "--for", "here", "--org", "acme", "--name", "more", "--role", "viewer", "--app-id", made["app_id"], "--user", "amy").stdout
    properties = dict(line.split(" = ") for line in shown.splitlines() if not line.startswith("#"))
    assert set(properties) == {"here.user.id", "here.client.id", "here.access.key.id", "here.access.key.secret"}, "without --url no token address is known"
    assert properties["here.user.id"] == "amy" and properties["here.client.id"] == made["app_id"]
    listed = json.loads(keys("list", "--for", "here", "--json").stdout)["keys"]
    assert [(k["name"], k["roles"], k["app_id"]) for k in listed] == [("robot", ["exporter"], made["app_id"]), ("more", ["viewer"], made["app_id"])]
    assert listed[1]["id"] == properties["here.access.key.id"]
    assert made["app_id"] in keys("list").stdout and keys("list", "--for", "netsuite").stdout.count("\n") == 1
    keys("revoke", "--for", "here", made["access_key_id"])
    assert [bool(k["revoked_at"]) for k in json.loads(keys("list", "--json").stdout)["keys"]] == [True, False]
    keys("revoke", "--for", "here", made["app_id"])
    assert [bool(k["revoked_at"]) for k in json.loads(keys("list", "--json").stdout)["keys"]] == [True, True]
    for bad in (("--org", "tiny"), ("--org", "acme", "--app-id", "none"), ("--org", "acme", "--user", "nobody"), ("--org", "acme", "--source", "s")):
        keys("create", "--for", "here", "--name", "x", *bad, accept=(2,))
    help_text = run("keys", "create", "--help").stdout
    assert all(word in help_text for word in ("here", "--app-id", "--user", "ids.here_realm", "credentials.properties"))


def test_the_command_line_knows_the_token_address_of_a_server(realms):
    shown = run("keys", "create", "--for", "here", "--org", "acme", "--name", "robot", "--url", realms.url + "/", "--key", realms.admin_key).stdout
    assert f"here.token.endpoint.url = {realms.url}/oauth2/token" in shown.splitlines() and f"here.user.id = {REALM}" in shown.splitlines()
