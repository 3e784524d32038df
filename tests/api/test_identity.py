"""/v1/users and /v1/keys: making, listing, revoking; what is never shown; who may do it."""
import pytest
from api_contract import Contract, covers, problem
from harness import ADMIN_PASSWORD

pytestmark = pytest.mark.quick


def key_for(server, role, org="acme"):
    answer = server.api("POST", "/v1/keys", {"name": f"{role} of {org}", "org": org, "roles": [role]})
    assert answer.status == 201, answer
    return answer.json()["key"]


@covers("POST /v1/users", "GET /v1/users")
def test_a_user_is_made_listed_and_can_log_in(shared):
    contract = Contract(shared)
    body = {"name": "eva@acme.example", "password": "correct horse", "org": "acme-eu", "roles": ["exporter", "viewer"], "email": "eva@acme.example"}
    user = contract.check(shared.api("POST", "/v1/users", body), "POST", "/v1/users")
    assert {k: user[k] for k in ("name", "org", "email", "roles")} == {k: body[k] for k in ("name", "org", "email", "roles")}
    listed = contract.check(shared.api("GET", "/v1/users"), "GET", "/v1/users")["users"]
    assert user in listed and "admin" in [u["name"] for u in listed]
    assert "password" not in shared.api("GET", "/v1/users").body.decode()
    session = shared.login("eva@acme.example", "correct horse")["userInfo"]["sessionId"]
    assert [o["id"] for o in shared.api("GET", "/v1/orgs", key=session).json()["orgs"]] == ["acme-eu"]
    problem(shared.api("POST", "/v1/users", {**body, "name": "EVA@acme.example"}), 409, "conflict")
    assert shared.api("POST", "/v1/users", {"name": "own-org", "password": "correct horse"}).json()["org"] == "acme", "left out: the caller's org"


@covers("POST /v1/users", "POST /v1/keys", "POST /v1/users/{name}/password")
@pytest.mark.parametrize("path,body,field", [
    ("/v1/users", {"password": "correct horse"}, "/name"), ("/v1/users", {"name": "u1"}, "/password"), ("/v1/users", {"name": "u1", "password": ""}, "/password"),
    ("/v1/users", {"name": "u1", "password": 12345678}, "/password"), ("/v1/users", {"name": "u1", "password": "correct horse", "roles": ["king"]}, "/roles/0"),
    ("/v1/users", {"name": "u1", "password": "correct horse", "roles": "admin"}, "/roles"), ("/v1/users", {"name": "u1", "password": "correct horse", "org": "a/b"}, "/org"),
    ("/v1/users", {"name": "u1", "password": "correct horse", "passwd": 1}, "/passwd"), ("/v1/users", {"name": "a\nb", "password": "correct horse"}, "/name"),
    ("/v1/keys", {}, "/name"), ("/v1/keys", {"name": "k", "roles": ["king"]}, "/roles/0"), ("/v1/keys", {"name": "k", "secret": "x"}, "/secret"),
    ("/v1/keys", {"name": "k", "source": 7}, "/source"), ("/v1/users/admin/password", {}, "/password"), ("/v1/users/admin/password", {"password": "x", "old": "y"}, "/old")])
def test_bad_bodies_name_the_member(shared, path, body, field):
    problem(shared.api("POST", path, body), 400, "invalid", field)
    for broken in (b"", b"{", b"nonsense"):
        problem(shared.api("POST", path, broken), 400, "malformed")


@covers("POST /v1/users/{name}/password")
def test_a_password_can_be_changed(shared):
    contract = Contract(shared)
    shared.user("pia@acme.example", "acme", "viewer", password="the first one")
    contract.check(shared.api("POST", "/v1/users/pia%40acme.example/password", {"password": "the second one"}), "POST", "/v1/users/{name}/password")
    assert shared.login("pia@acme.example", "the second one")
    old = shared.call("POST", "/saas/public/core/v3/login", {"username": "pia@acme.example", "password": "the first one"}, {"Content-Type": "application/json"})
    assert old.status == 401
    problem(shared.api("POST", "/v1/users/nobody/password", {"password": "the second one"}), 404, "not_found")
    viewer = key_for(shared, "viewer")
    assert shared.api("POST", "/v1/users/admin/password", {"password": "taken over!"}, key=viewer).status in (403, 404)
    assert shared.login("admin", ADMIN_PASSWORD)


@covers("POST /v1/keys", "GET /v1/keys", "DELETE /v1/keys/{id}")
def test_a_key_is_shown_once_and_ends_when_revoked(shared):
    contract = Contract(shared)
    answer = shared.api("POST", "/v1/keys", {"name": "agent", "org": "acme-eu", "roles": ["ingester", "viewer"], "source": "agent-1"})
    made = contract.check(answer, "POST", "/v1/keys")
    secret = made.pop("key")
    assert secret.startswith("mp_") and answer.headers["cache-control"] == "no-store" and made["source"] == "agent-1"
    listing = shared.api("GET", "/v1/keys")
    assert made in contract.check(listing, "GET", "/v1/keys")["keys"] and secret not in listing.body.decode()
    assert shared.api("GET", "/v1/orgs", key=secret).status == 200
    for wrong in (secret[:-1], secret + "x", secret.swapcase(), "mp_", made["id"]):
        problem(shared.api("GET", "/v1/orgs", key=wrong), 401, "unauthenticated")
    gone = contract.check(shared.api("DELETE", f"/v1/keys/{made['id']}"), "DELETE", "/v1/keys/{id}")
    assert gone == {"id": made["id"]}
    problem(shared.api("GET", "/v1/orgs", key=secret), 401, "unauthenticated")
    [listed] = [k for k in shared.api("GET", "/v1/keys").json()["keys"] if k["id"] == made["id"]]
    assert listed["revoked_at"]
    problem(shared.api("DELETE", "/v1/keys/none"), 404, "not_found")


@covers("POST /v1/users", "GET /v1/users", "POST /v1/keys", "GET /v1/keys", "DELETE /v1/keys/{id}")
def test_only_admins_and_only_in_their_scope(shared):
    branch_admin = key_for(shared, "admin", "acme-eu")
    made = shared.api("POST", "/v1/keys", {"name": "sub", "org": "acme-eu", "roles": ["viewer"]}, key=branch_admin)
    assert made.status == 201, "an admin of a branch rules the branch"
    for path, body in (("/v1/keys", {"name": "up", "roles": ["viewer"]}), ("/v1/users", {"name": "up", "password": "correct horse"})):
        details = set()
        for org in ("acme", "acme-us", "other", "nowhere"):
            answer = problem(shared.api("POST", path, {**body, "org": org}, key=branch_admin), 400, "invalid", "/org")
            details.add(answer["detail"].replace(org, ""))
        assert len(details) == 1, "an org that is not his answers like an unknown one"
    assert {u["org"] for u in shared.api("GET", "/v1/users", key=branch_admin).json()["users"]} <= {"acme-eu"}
    assert {k["org"] for k in shared.api("GET", "/v1/keys", key=branch_admin).json()["keys"]} == {"acme-eu"}
    above = shared.api("POST", "/v1/keys", {"name": "above", "roles": ["viewer"]}).json()
    problem(shared.api("DELETE", f"/v1/keys/{above['id']}", key=branch_admin), 404, "not_found")
    for role in ("viewer", "exporter", "ingester", "operator"):
        key = key_for(shared, role)
        assert shared.api("POST", "/v1/keys", {"name": "more", "roles": ["admin"]}, key=key).status in (400, 403, 404), role
        assert shared.api("POST", "/v1/users", {"name": f"more-{role}", "password": "correct horse", "roles": ["admin"]}, key=key).status in (400, 403, 404), role
        answer = shared.api("GET", "/v1/users", key=key)
        assert answer.status == 403 or answer.json()["users"] == [], role
    for path in ("/v1/users", "/v1/keys"):
        problem(shared.call("GET", path), 401, "unauthenticated")


@covers("POST /v1/users", "POST /v1/keys", "POST /v1/users/{name}/password", "POST /v1/catalog")
def test_only_operators_make_operators(shared):
    admin = key_for(shared, "admin")
    body = {"name": "ops", "password": "correct horse", "roles": ["operator"]}
    problem(shared.api("POST", "/v1/keys", {"name": "ops", "roles": ["operator"]}, key=admin), 403, "forbidden", "/roles")
    problem(shared.api("POST", "/v1/users", body, key=admin), 403, "forbidden", "/roles")
    problem(shared.api("POST", "/v1/catalog", {"users": [{**body, "org": "acme"}]}, key=admin), 403, "forbidden", "/users/0/roles")
    assert shared.api("POST", "/v1/users", body).status == 201, "an operator may"
    problem(shared.api("POST", "/v1/users/ops/password", {"password": "taken over"}, key=admin), 403, "forbidden")
    assert shared.login("ops", "correct horse")
