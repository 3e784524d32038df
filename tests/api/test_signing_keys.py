"""/v1/keys with "for": "netsuite": applications and tokens of clients that sign, on the API and on the command line."""
import json

import pytest
from api_contract import Contract, covers, problem
from acme_world import ACME
from harness import ADMIN_PASSWORD, run, running

pytestmark = pytest.mark.quick
SECRETS = ("consumer_secret", "token_secret")


def with_accounts(catalogue):
    """The catalogue with an org of each tenant that has a NetSuite account, and an admin of the other tenant."""
    orgs = [{"id": f"{tenant}-erp", "kind": "sub-org", "name": "ERP", "parent": tenant, "ids": {"netsuite_account": account}}
            for tenant, account in (("acme", "7700001_SB1"), ("other", "7700002"))]
    admin = {"name": "olga@other.example", "password": "admin-of-other", "org": "other", "roles": ["admin"]}
    return {**catalogue, "orgs": catalogue["orgs"] + orgs, "users": catalogue["users"] + [admin]}


@pytest.fixture(scope="module")
def accounts(tmp_path_factory):
    with running(tmp_path_factory.mktemp("accounts"), catalogue=with_accounts(ACME)) as server:
        server.stranger = server.login("olga@other.example", "admin-of-other")["userInfo"]["sessionId"]
        yield server


def token(server, org="acme-erp", key=None, **fields):
    answer = server.api("POST", "/v1/keys", {"for": "netsuite", "name": "erp", "org": org, **fields}, key=key)
    assert answer.status == 201, answer
    return answer.json()


@covers("POST /v1/keys", "GET /v1/keys")
def test_a_token_is_shown_once_with_all_a_client_needs(accounts):
    contract = Contract(accounts)
    answer = accounts.api("POST", "/v1/keys", {"for": "netsuite", "name": "erp", "org": "acme-erp"})
    made = contract.check(answer, "POST", "/v1/keys")
    assert answer.headers["cache-control"] == "no-store"
    assert made["for"] == "netsuite" and made["id"] == made["token_id"] and made["account"] == "7700001_SB1" and made["source"] == "netsuite"
    assert made["roles"] == ["ingester"], "the default of this kind"
    assert len({made[m] for m in ("consumer_key", "consumer_secret", "token_id", "token_secret")}) == 4
    listing = accounts.api("GET", "/v1/keys")
    keys = {k["id"]: k for k in contract.check(listing, "GET", "/v1/keys")["keys"]}
    assert keys[made["id"]] == {k: v for k, v in made.items() if k not in (*SECRETS, "token_id")}
    assert {"meterport", "netsuite"} == {k["for"] for k in keys.values()}, "both kinds are listed"
    assert not any(made[s] in listing.body.decode() for s in SECRETS)
    problem(accounts.api("GET", "/v1/orgs", key=made["token_secret"]), 401, "unauthenticated")
    assert token(accounts, roles=["viewer", "ingester"])["roles"] == ["ingester", "viewer"]
    assert accounts.api("POST", "/v1/keys", {"for": "meterport", "name": "k", "roles": ["viewer"]}).json()["key"].startswith("mp_")


@covers("POST /v1/keys")
def test_a_further_token_of_an_application(accounts):
    first = token(accounts)
    second = token(accounts, consumer_key=first["consumer_key"])
    assert second["consumer_key"] == first["consumer_key"] and second["token_id"] != first["token_id"]
    assert "consumer_secret" not in second, "it was shown with the first token"
    for consumer_key in ("0" * 64, token(accounts, "other-erp", accounts.stranger)["consumer_key"]):
        answer = accounts.api("POST", "/v1/keys", {"for": "netsuite", "name": "x", "org": "acme-erp", "consumer_key": consumer_key})
        assert problem(answer, 400, "invalid", "/consumer_key")["detail"].count(consumer_key) == 0
    assert accounts.api("DELETE", f"/v1/keys/{first['consumer_key']}").status == 200
    problem(accounts.api("POST", "/v1/keys", {"for": "netsuite", "name": "x", "org": "acme-erp", "consumer_key": first["consumer_key"]}), 400, "invalid", "/consumer_key")


@covers("DELETE /v1/keys/{id}", "GET /v1/keys")
def test_tokens_and_applications_are_revoked(accounts):
    def revoked():
        return {k["id"] for k in accounts.api("GET", "/v1/keys").json()["keys"] if k["revoked_at"]}

    one = token(accounts)
    two, three = (token(accounts, consumer_key=one["consumer_key"]) for _ in range(2))
    assert accounts.api("DELETE", f"/v1/keys/{two['token_id']}").json() == {"id": two["token_id"]}
    assert two["id"] in revoked() and not {one["id"], three["id"]} & revoked()
    assert accounts.api("DELETE", f"/v1/keys/{one['consumer_key']}").json() == {"id": one["consumer_key"]}
    assert {one["id"], two["id"], three["id"]} <= revoked(), "the application's tokens end with it"
    assert accounts.api("DELETE", f"/v1/keys/{one['consumer_key']}").status == 200, "again changes nothing"


@covers("POST /v1/keys")
@pytest.mark.parametrize("body,field", [
    ({"for": "sap"}, "/for"), ({"for": 7}, "/for"), ({"for": "netsuite", "source": "s"}, "/source"), ({"for": "netsuite", "roles": []}, "/roles"),
    ({"for": "netsuite", "roles": ["king"]}, "/roles/0"), ({"consumer_key": "x", "roles": ["viewer"]}, "/consumer_key"), ({"for": "netsuite", "consumer_key": 5}, "/consumer_key"),
    ({"for": "netsuite", "org": "acme-test"}, "/org"), ({"for": "netsuite", "org": "nowhere"}, "/org"), ({"for": "netsuite", "token_id": "mine"}, "/token_id")])
def test_bad_requests_name_the_member(accounts, body, field):
    answer = problem(accounts.api("POST", "/v1/keys", {"name": "erp", "org": "acme-erp", **body}), 400, "invalid", field)
    if body.get("org") == "acme-test":
        assert "ids.netsuite_account" in answer["detail"]


@covers("POST /v1/keys", "GET /v1/keys", "DELETE /v1/keys/{id}")
def test_only_admins_of_the_org(accounts):
    made = token(accounts)

    def key_for(role, org):
        return accounts.api("POST", "/v1/keys", {"name": role, "org": org, "roles": [role]}).json()["key"]

    for role in ("viewer", "ingester", "exporter"):
        problem(accounts.api("POST", "/v1/keys", {"for": "netsuite", "name": "x", "org": "acme-erp"}, key=key_for(role, "acme")), 403, "forbidden", "/org")
    stranger = accounts.stranger
    hidden = problem(accounts.api("POST", "/v1/keys", {"for": "netsuite", "name": "x", "org": "acme-erp"}, key=stranger), 400, "invalid", "/org")["detail"]
    assert hidden == problem(accounts.api("POST", "/v1/keys", {"for": "netsuite", "name": "x", "org": "nowhere"}, key=stranger), 400, "invalid", "/org")["detail"].replace("nowhere", "acme-erp")
    assert made["id"] not in accounts.api("GET", "/v1/keys", key=stranger).body.decode()
    for id in (made["token_id"], made["consumer_key"], "none"):
        problem(accounts.api("DELETE", f"/v1/keys/{id}", key=stranger), 404, "not_found")
    problem(accounts.api("POST", "/v1/keys", {"for": "netsuite", "name": "x", "org": "acme-erp", "roles": ["operator"]}, key=key_for("admin", "acme")), 403, "forbidden", "/roles")


def test_tokens_outlive_a_restart_and_their_secrets_are_nowhere(folder):
    with running(folder, catalogue=with_accounts(ACME)) as server:
        made = token(server)
        server.restart()
        assert made["id"] in server.api("GET", "/v1/keys").body.decode()
        server.stop()
        written = b"".join(f.read_bytes() for f in folder.rglob("*") if f.is_file())
        assert made["id"].encode() in written and not any(made[s].encode() in written for s in SECRETS)


def test_the_command_line_makes_lists_and_revokes(folder):
    catalogue, data = folder / "catalogue.json", folder / "data"
    catalogue.write_text(json.dumps(with_accounts(ACME)))
    run("init", "--data", data, "--catalog", catalogue, env={"METERPORT_ADMIN_PASSWORD": ADMIN_PASSWORD})

    def keys(*arguments, accept=(0,)):
        return run("keys", *arguments, "--data", data, accept=accept)

    made = json.loads(keys("create", "--for", "netsuite", "--org", "acme-erp", "--name", "erp", "--json").stdout)
    assert {"consumer_key", "consumer_secret", "token_id", "token_secret", "account"} <= set(made) and made["account"] == "7700001_SB1"
    shown = keys("create", "--for", "netsuite", "--org", "acme-erp", "--name", "more", "--roles", "ingester,viewer", "--consumer-key", made["consumer_key"]).stdout
    assert made["consumer_key"] in shown and "token secret" in shown and made["consumer_secret"] not in shown
    keys("create", "--name", "agents", "--org", "acme", "--role", "ingester", "--role", "viewer")
    listed = json.loads(keys("list", "--json").stdout)["keys"]
    assert [(k["for"], k["name"], k["roles"]) for k in listed] == [
        ("netsuite", "erp", ["ingester"]), ("netsuite", "more", ["ingester", "viewer"]), ("meterport", "agents", ["ingester", "viewer"])]
    assert [k["name"] for k in json.loads(keys("list", "--for", "meterport", "--json").stdout)["keys"]] == ["agents"]
    assert made["token_id"] in keys("list", "--for", "netsuite").stdout
    keys("revoke", "--for", "netsuite", made["token_id"])
    keys("revoke", "--for", "netsuite", made["consumer_key"])
    assert [bool(k["revoked_at"]) for k in json.loads(keys("list", "--json").stdout)["keys"]] == [True, True, False]
    for bad in (("create", "--for", "sap", "--name", "x"), ("create", "--name", "x", "--org", "acme"), ("create", "--for", "netsuite", "--name", "x", "--org", "acme-test"), ("list", "--for", "sap")):
        keys(*bad, accept=(2,))
    help_text = run("keys", "create", "--help").stdout
    assert all(word in help_text for word in ("netsuite", "--consumer-key", "ids.netsuite_account", "--roles"))
