"""/v1/audit: what is told, who sees it, paging."""
import pytest
from api_contract import Contract, covers, problem
from acme_world import ACME
from harness import running

pytestmark = pytest.mark.quick


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """A server whose second tenant has an admin of his own."""
    admin = {"name": "olga@other.example", "password": "admin-of-other", "org": "other", "roles": ["admin"]}
    with running(tmp_path_factory.mktemp("audit"), catalogue={**ACME, "users": ACME["users"] + [admin]}) as server:
        server.stranger = server.login("olga@other.example", "admin-of-other")["userInfo"]["sessionId"]
        yield server


def key_for(server, role, org, by=None):
    answer = server.api("POST", "/v1/keys", {"name": f"{role} of {org}", "org": org, "roles": [role]}, key=by)
    assert answer.status == 201, answer
    return answer.json()["key"]


def entries(server, query="", key=None):
    answer = server.api("GET", f"/v1/audit{query}", key=key)
    assert answer.status == 200, answer
    return answer.json()["entries"]


def refuse_login(server, name, password="not the password"):
    answer = server.call("POST", "/saas/public/core/v3/login", {"username": name, "password": password}, {"Content-Type": "application/json"})
    assert answer.status == 401, answer


@covers("GET /v1/audit")
def test_changes_and_refusals_are_told_at_once(shared):
    contract = Contract(shared)
    made = shared.api("POST", "/v1/keys", {"name": "agent", "org": "acme-eu", "roles": ["ingester"]}).json()
    shared.api("DELETE", f"/v1/keys/{made['id']}")
    shared.user("lea@acme.example", "acme-eu", "viewer")
    shared.api("POST", "/v1/users/lea%40acme.example/password", {"password": "a new password"})
    refuse_login(shared, "lea@acme.example")
    listed = contract.check(shared.api("GET", "/v1/audit?page_size=5"), "GET", "/v1/audit")
    told = [(e["event"], e["org"], e["subject"], e["detail"]) for e in listed["entries"]]
    lea = "lea@acme.example"
    assert told == [("login_refused", "acme-eu", lea, "wrong_password"), ("password_changed", "acme-eu", lea, ""), ("user_created", "acme-eu", lea, "roles viewer"),
                    ("key_revoked", "acme-eu", made["id"], ""), ("key_created", "acme-eu", made["id"], "roles ingester")]
    assert listed["entries"][0]["peer"] == "127.0.0.1"
    by = {e["principal"] for e in listed["entries"] if e["event"] != "login_refused"}
    assert by == {"tests"}, "the name of the key that did it"
    whole = shared.api("GET", "/v1/audit?page_size=1000").body.decode()
    assert made["key"] not in whole and "a new password" not in whole and "not the password" not in whole


@covers("GET /v1/audit")
def test_each_sees_his_orgs_and_only_operators_what_belongs_to_none(world):
    admins = {org: key_for(world, "admin", org) for org in ("acme", "acme-eu")} | {"other": world.stranger}
    others = {role: key_for(world, role, "acme") for role in ("viewer", "exporter", "ingester", "operator")}
    refuse_login(world, "otto@other.example")
    refuse_login(world, "ana@acme.example")
    refuse_login(world, "a-name-nobody-has")
    seen = {org: {e["org"] for e in entries(world, "?page_size=1000", key)} for org, key in admins.items()}
    assert seen["other"] == {"other"} and seen["acme-eu"] <= {"acme-eu"} and {"acme", "acme-eu"} <= seen["acme"] and not {"other", None} & seen["acme"]
    assert "ana@acme" not in world.api("GET", "/v1/audit", key=admins["other"]).body.decode()
    for role in ("viewer", "exporter", "ingester"):
        assert entries(world, key=others[role]) == [], role
    of_none = entries(world, key=others["operator"])
    assert {e["org"] for e in of_none} == {None} and of_none[0]["detail"] == "unknown_user"
    assert "a-name-nobody-has" not in world.api("GET", "/v1/audit").body.decode(), "it may be a password in the wrong field"
    problem(world.call("GET", "/v1/audit"), 401, "unauthenticated")


@covers("GET /v1/audit")
def test_pages_and_the_filter(world):
    for i in range(5):
        key_for(world, "viewer", "other", world.stranger)
    key = world.stranger
    pages, page_token = [], ""
    while True:
        answer = world.api("GET", f"/v1/audit?page_size=2&event=key_created&page_token={page_token}", key=key).json()
        pages.append(answer["entries"])
        page_token = answer["next_page_token"]
        world.api("POST", "/v1/keys", {"name": "newer", "org": "other", "roles": ["viewer"]}, key=key)
        if not page_token:
            break
    numbers = [e["number"] for page in pages for e in page]
    assert len(numbers) == 5 and numbers == sorted(set(numbers), reverse=True) and all(len(p) == 2 for p in pages[:-1])
    assert {e["event"] for page in pages for e in page} == {"key_created"} and {e["org"] for page in pages for e in page} == {"other"}
    for query, field in (("event=nothing", "event"), ("page_token=x", "page_token"), ("page_size=0", "page_size"), ("org=acme", "org")):
        problem(world.api("GET", f"/v1/audit?{query}"), 400, "invalid", field)


def test_the_trail_outlives_a_stop_and_is_pruned(folder):
    with running(folder, catalogue=ACME, config="[audit]\nretention = 3600\n") as server:
        before = entries(server)
        server.restart()
        assert [e["number"] for e in entries(server)] == [e["number"] for e in before] != []
        server.advance(2 * 3600)
        key_for(server, "viewer", "acme")
        server.restart()
        assert [e["event"] for e in entries(server)] == ["key_created"], "what is older than the retention is gone"
