"""/v1/subscriptions, and records that name a subscription and its line (crosswalk 2.2, 3.3)."""
import pytest
from api_contract import Contract, covers, problem
from acme_world import ACME
from harness import record, run, running

PATH, ONE = "/v1/subscriptions", "/v1/subscriptions/{id}"
HOURS, FILES = "a2nB20h1o0lc7k3P9xtWS8", "lCwc4CfL7EEhv9773egFC8"


def subscription(id_, org="acme", **members):
    return {"id": id_, "name": f"Name of {id_}", "org": org, **members}


def usage_line(number, org="acme-eu", **members):
    return {"number": number, "org": org, "meter": HOURS, **members}


FULL = subscription("full", customer="Ems", charge_number="C-00011212", term={"start": "2024-01-01", "end": "2024-12-31"}, status="suspended",
                    fields={"service": "1001", "size": 2},
                    lines=[{"number": 3, "id": "full-3", "item": "Data hours", "status": "active", "term": {"end": "2024-06-30"},
                            "fields": {"line_service": "1234"}, "org": "acme-eu", "meter": HOURS},
                           {"number": 1, "id": "full-1", "type": "one-time"}])


def make(server, body, key=None):
    answer = server.api("POST", PATH, body, key=key)
    assert answer.status == 201, answer
    return answer.json()


def key_for(server, org, *roles):
    answer = server.api("POST", "/v1/keys", {"name": f"{roles} of {org}", "org": org, "roles": list(roles)})
    assert answer.status == 201, answer
    return answer.json()["key"]


@pytest.fixture(scope="module")
def tenants(tmp_path_factory):
    """A server with an administrator of each tenant: (server, key of the other tenant's)."""
    with running(tmp_path_factory.mktemp("tenants"), catalogue=ACME) as server:
        server.stop()
        run("users", "create", "olga", "--data", server.data, "--org", "other", "--role", "admin", "--password", "long-enough-1")
        server.start()
        session = server.login("olga", "long-enough-1")["userInfo"]["sessionId"]
        yield server, server.api("POST", "/v1/keys", {"name": "olga", "roles": ["admin"]}, key=session).json()["key"]


@pytest.mark.quick
@covers("POST /v1/subscriptions", "GET /v1/subscriptions/{id}")
def test_a_subscription_is_made_and_shown_as_it_was_written(shared):
    contract = Contract(shared)
    answer = shared.api("POST", PATH, FULL)
    assert contract.check(answer, "POST", PATH) == FULL
    assert answer.headers["location"] == f"{PATH}/full?org=acme"
    assert contract.check(shared.api("GET", answer.headers["location"]), "GET", ONE) == FULL
    assert shared.api("GET", f"{PATH}/full").json() == FULL, "org left out: the caller's own"
    exact = b'{"id":"exact","name":"Digits","org":"acme","status":"active","fields":{"b":1.50,"a":"x"},"lines":[]}'
    assert shared.api("POST", PATH, exact).body == b'{"id":"exact","name":"Digits","org":"acme","fields":{"a":"x","b":1.50}}'
    problem(shared.api("POST", PATH, FULL), 409, "conflict", "/id")
    assert make(shared, subscription("full", "acme-eu"))["org"] == "acme-eu", "an id is unique in its account only"
    assert shared.api("GET", f"{PATH}/full?org=acme-eu").json()["name"] == "Name of full"
    for path in ("/nothing", "/nothing?org=acme", "/full?org=acme-us", "/full?org=nowhere"):
        problem(shared.api("GET", PATH + path), 404, "not_found")


@pytest.mark.quick
@covers("PATCH /v1/subscriptions/{id}", "GET /v1/subscriptions/{id}")
def test_a_change_is_a_merge_patch(shared):
    contract = Contract(shared)
    whole = {**FULL, "id": "patched", "lines": [usage_line(1), usage_line(2)]}
    make(shared, whole)

    def patch(**fields):
        body = contract.check(shared.api("PATCH", f"{PATH}/patched?org=acme", fields, content_type="application/merge-patch+json"), "PATCH", ONE)
        assert shared.api("GET", f"{PATH}/patched").json() == body
        return body

    assert patch() == whole
    assert patch(name="Other", customer=None) == {k: v for k, v in {**whole, "name": "Other"}.items() if k != "customer"}
    assert patch(fields={"size": None, "colour": "red"})["fields"] == {"colour": "red", "service": "1001"}, "objects are merged"
    assert patch(term={"end": None})["term"] == {"start": "2024-01-01"} and "term" not in patch(term=None)
    assert patch(lines=[usage_line(2, status="closed")])["lines"] == [usage_line(2, status="closed")], "an array is replaced"
    assert "lines" not in patch(lines=[]) and "lines" not in patch(lines=None)
    assert "status" not in patch(status=None), "back to the default"
    assert patch(id="patched", org="acme")["name"] == "Other", "the same id and owner may stand there"
    problem(shared.api("PATCH", f"{PATH}/patched?org=acme-eu", {"name": "x"}), 404, "not_found")


@pytest.mark.quick
@covers("POST /v1/subscriptions", "PATCH /v1/subscriptions/{id}")
@pytest.mark.parametrize("members,pointer", [
    ({"name": None}, "/name"), ({"name": ""}, "/name"), ({"colour": "red"}, "/colour"), ({"customer": 1}, "/customer"), ({"status": "Active"}, "/status"),
    ({"term": {"start": "2024-02-30"}}, "/term/start"), ({"term": {"start": "2024-02-02", "end": "2024-02-01"}}, "/term/end"), ({"term": {"from": "2024-01-01"}}, "/term/from"),
    ({"fields": {"a/b": [1]}}, "/fields/a~1b"), ({"fields": {"flag": True}}, "/fields/flag"), ({"fields": []}, "/fields"), ({"lines": {}}, "/lines"), ({"lines": [1]}, "/lines/0"),
    ({"lines": [{"meter": HOURS}]}, "/lines/0/number"), ({"lines": [usage_line(0)]}, "/lines/0/number"), ({"lines": [usage_line("1")]}, "/lines/0/number"),
    ({"lines": [usage_line(1), usage_line(1)]}, "/lines/1/number"), ({"lines": [usage_line(1, id="a b")]}, "/lines/0/id"), ({"lines": [usage_line(1, type="weekly")]}, "/lines/0/type"),
    ({"lines": [usage_line(1, status="gone")]}, "/lines/0/status"), ({"lines": [usage_line(1, term={"end": 1})]}, "/lines/0/term/end"),
    ({"lines": [usage_line(1, fields={"a": None})]}, "/lines/0/fields/a"), ({"lines": [usage_line(1, size=1)]}, "/lines/0/size"),
    ({"lines": [{"number": 1}]}, "/lines/0/meter"), ({"lines": [usage_line(1, meter="nothing")]}, "/lines/0/meter"),
    ({"lines": [usage_line(1, "nowhere")]}, "/lines/0/org"), ({"lines": [usage_line(1, "other")]}, "/lines/0/org"),
    ({"lines": [usage_line(1, id="taken"), usage_line(2, id="taken")]}, "/lines/1/id")])
def test_each_broken_rule_names_its_place_and_nothing_is_applied(shared, members, pointer):
    if shared.api("GET", f"{PATH}/kept").status == 404:
        make(shared, subscription("kept", customer="Ems"))
    before = shared.api("GET", "/v1/catalog").body
    for answer in (shared.api("POST", PATH, subscription("broken", **members)), shared.api("PATCH", f"{PATH}/kept", members)):
        body = problem(answer, 400, "invalid", pointer)
        assert "/subscriptions/0" not in body["detail"] and pointer in body["detail"]
    assert shared.api("GET", "/v1/catalog").body == before


@pytest.mark.quick
@covers("POST /v1/subscriptions", "PATCH /v1/subscriptions/{id}")
def test_ids_and_owners_do_not_change_and_bodies_are_objects(shared):
    make(shared, subscription("fixed"))
    for members, pointer in (({"id": "x"}, "/id"), ({"org": "acme-eu"}, "/org"), ({"org": None}, "/org")):
        problem(shared.api("PATCH", f"{PATH}/fixed", members), 400, "invalid", pointer)
    for bad in ("a/b", "a b", "x" * 65, "..", ""):
        problem(shared.api("POST", PATH, {"id": bad, "name": "Bad", "org": "acme"}), 400, "invalid", "/id")
    problem(shared.api("POST", PATH, {"name": "No id", "org": "acme"}), 400, "invalid", "/id")
    problem(shared.api("POST", PATH, {"id": "no-org", "name": "No org"}), 400, "invalid", "/org")
    problem(shared.api("POST", PATH, subscription("x", "nowhere")), 400, "invalid", "/org")
    for method, path in (("POST", PATH), ("PATCH", f"{PATH}/fixed")):
        problem(shared.api(method, path, b"{"), 400, "malformed")
        problem(shared.api(method, path, [1]), 400, "invalid")
    problem(shared.api("GET", f"{PATH}/fixed?owner=acme"), 400, "invalid")


@covers("GET /v1/subscriptions", "POST /v1/catalog")
def test_a_listing_is_paged_in_order_of_id_then_owner(server):
    contract = Contract(server)
    assert contract.check(server.api("GET", PATH), "GET", PATH) == {"subscriptions": [], "next_page_token": ""}
    made = [subscription(str(n), org) for n in range(7) for org in ("acme", "acme-eu", "acme-us") if (n + len(org)) % 2]
    assert server.api("POST", "/v1/catalog", {"subscriptions": made[::-1]}).json()["subscriptions"] == len(made)
    expected = sorted(made, key=lambda s: (s["id"], s["org"]))

    def pages(size, org=""):
        seen, token = [], ""
        while True:
            page = contract.check(server.api("GET", f"{PATH}?page_size={size}&page_token={token}" + (f"&org={org}" if org else "")), "GET", PATH)
            assert len(page["subscriptions"]) <= size
            seen += page["subscriptions"]
            token = page["next_page_token"]
            if not token:
                return seen
            assert len(page["subscriptions"]) == size

    for size in (1, 2, 3, len(made), 1000):
        assert pages(size) == expected, size
    for org in ("acme", "acme-eu", "acme-test"):
        assert pages(2, org) == [s for s in expected if s["org"] == org], "those this org owns"
    for size in ("0", "1001", "x"):
        problem(server.api("GET", f"{PATH}?page_size={size}"), 400, "invalid", "page_size")
    problem(server.api("GET", f"{PATH}?org=nowhere"), 404, "not_found", "org")


@covers("GET /v1/subscriptions", "GET /v1/subscriptions/{id}", "POST /v1/subscriptions", "PATCH /v1/subscriptions/{id}", "GET /v1/catalog")
def test_rights_are_those_of_catalogue_changes(tenants):
    server, _ = tenants
    make(server, subscription("r1"))
    make(server, subscription("r1", "acme-eu"))
    for role in ("viewer", "ingester", "exporter"):
        key = key_for(server, "acme-eu", role)
        assert [s["org"] for s in server.api("GET", PATH, key=key).json()["subscriptions"]] == ["acme-eu"], "not those of the org above"
        assert server.api("GET", f"{PATH}/r1", key=key).json()["org"] == "acme-eu"
        problem(server.api("GET", f"{PATH}/r1?org=acme", key=key), 404, "not_found")
        problem(server.api("PATCH", f"{PATH}/r1", {"name": "x"}, key=key), 403, "forbidden")
        problem(server.api("POST", PATH, subscription("r2", "acme-eu"), key=key), 403, "forbidden")
        assert {s["org"] for s in server.api("GET", "/v1/catalog", key=key).json()["subscriptions"]} == {"acme-eu"}
    admin = key_for(server, "acme-eu", "admin")
    assert server.api("PATCH", f"{PATH}/r1", {"name": "By its own admin"}, key=admin).status == 200
    problem(server.api("PATCH", f"{PATH}/r1?org=acme", {"name": "x"}, key=admin), 404, "not_found")
    problem(server.api("POST", PATH, subscription("r3"), key=admin), 400, "invalid", "/org")
    assert server.api("GET", PATH, key=key_for(server, "acme", "operator")).json()["subscriptions"] == [], "an operator sees no tenant"


@covers("GET /v1/subscriptions", "GET /v1/subscriptions/{id}", "POST /v1/subscriptions", "PATCH /v1/subscriptions/{id}")
def test_another_tenants_answer_like_unknown_ones(tenants):
    server, olga = tenants
    make(server, subscription("t1", lines=[usage_line(1, id="t1-1")]))

    def answers(method, path, body=None):
        """What is told of acme's and, in the same words, of an org that there is not."""
        told = []
        for org in ("acme", "nowhere"):
            answer = server.api(method, path.format(org=org), body and {**body, "org": org}, key=olga)
            told.append((answer.status, {**answer.json(), "request_id": ""}))
            told[-1][1]["detail"] = told[-1][1]["detail"].replace("nowhere", "acme")
        assert told[0] == told[1]
        return told[0][0]

    assert answers("GET", PATH + "?org={org}") == 404 and answers("GET", PATH + "/t1?org={org}") == 404
    assert answers("PATCH", PATH + "/t1?org={org}", {"name": "x"}) == 404 and answers("POST", PATH, subscription("t1")) == 400
    for path in ("t1", "t2"):
        problem(server.api("GET", f"{PATH}/{path}", key=olga), 404, "not_found")
    own = subscription("t1", "other", lines=[usage_line(1, "other", id="t1-1")])
    assert make(server, own, key=olga) == own, "one id, one line id in two accounts is no collision"
    assert server.api("GET", PATH, key=olga).json()["subscriptions"] == [own]
    assert {s["org"] for s in server.api("GET", f"{PATH}?page_size=1000").json()["subscriptions"]}.isdisjoint({"other"})
    assert server.api("GET", f"{PATH}/t1").json()["org"] == "acme"


@covers("GET /v1/catalog", "POST /v1/catalog", "PATCH /v1/subscriptions/{id}")
def test_X01_export_then_import_changes_nothing_also_after_a_restart(server):
    make(server, FULL)
    make(server, subscription("plain", "acme-eu"))
    assert server.api("PATCH", f"{PATH}/full", {"name": "Renamed"}).status == 200
    file = server.api("GET", "/v1/catalog")
    assert file.json()["subscriptions"] == [{**FULL, "name": "Renamed"}, subscription("plain", "acme-eu")]
    counts = server.api("POST", "/v1/catalog", file.body).json()
    assert counts["subscriptions"] == 0
    server.restart()
    assert server.api("GET", "/v1/catalog").body == file.body
    assert server.api("POST", "/v1/catalog", file.body).json()["position"] == counts["position"], "no change, no record"


SUBSCRIBED = [
    subscription("s1", term={"start": "2024-01-01", "end": "2024-12-31"}, lines=[
        usage_line(1), usage_line(2, "acme"), {"number": 3, "org": "acme-eu", "type": "recurring"}, usage_line(4, type="one-time"), usage_line(5, status="suspended"),
        *(usage_line(10 + n, status=s) for n, s in enumerate(("draft", "pending-activation", "terminated", "closed"))), usage_line(20, term={"start": "2024-09-03"})]),
    subscription("s2", status="terminated", lines=[usage_line(1), usage_line(2, status="active")]),
    subscription("below", "acme-eu", lines=[usage_line(1)])]


@pytest.fixture(scope="module")
def subscribed(tenants):
    server, olga = tenants
    for body in SUBSCRIBED:
        make(server, body)
    make(server, subscription("foreign", "other", lines=[usage_line(1, "other")]), key=olga)
    return server


def used(subscription_id, line, org="acme-eu", meter=HOURS, time="2024-09-03T10:00:00Z", **fields):
    return record(org, meter, time, "1", f"{subscription_id}-{line}-{org}-{time}", subscription=subscription_id, line=line, **fields)


@pytest.mark.quick
@covers("POST /v1/usage")
@pytest.mark.parametrize("given", [
    used("s1", 1), used("s1", 2, "acme"), used("s1", 5), used("s2", 2), used("below", 1), used("s1", 1, time="2024-01-01T00:00:00Z"), used("s1", 1, time="2024-12-31T23:59:59.999999Z"),
    used("s1", 1, time="2025-01-01T00:30:00+01:00"), used("s1", 20, time="2025-06-01T00:00:00Z")], ids=lambda r: r["id"])
def test_usage_of_a_line_is_stored(subscribed, given):
    subscribed.usage(given)


@pytest.mark.quick
@covers("POST /v1/usage")
@pytest.mark.parametrize("given,code,pointer", [
    (used("nothing", 1), "unknown_subscription", "/subscription"), (used("foreign", 1), "unknown_subscription", "/subscription"),
    (used("below", 1, "acme"), "unknown_subscription", "/subscription"), (used("s1", 99), "unknown_line", "/line"),
    (used("s1", 1, "acme"), "mismatch", "/org"), (used("s1", 2), "mismatch", "/org"), (used("s1", 1, meter=FILES), "mismatch", "/meter"),
    (used("s1", 3), "line_unusable", "/line"), (used("s1", 4), "line_unusable", "/line"), *((used("s1", 10 + n), "line_unusable", "/line") for n in range(4)),
    (used("s2", 1), "line_unusable", "/line"), (used("s1", 1, time="2023-12-31T23:59:59.999999Z"), "outside_term", "/time"),
    (used("s1", 1, time="2025-01-01T00:00:00Z"), "outside_term", "/time"), (used("s1", 20, time="2024-09-02T23:59:59Z"), "outside_term", "/time"),
    (used("nothing", 1, "nowhere"), "unknown_org", "/org"), (used("nothing", 1, meter="nothing"), "unknown_meter", "/meter"),
    ({**used("s1", 1), "line": None}, "missing_field", "/line"), ({**used("s1", 1), "subscription": ""}, "missing_field", "/subscription")],
    ids=lambda v: v["id"] if isinstance(v, dict) else v.strip("/"))
def test_usage_a_line_cannot_take_is_rejected_and_the_rest_is_stored(subscribed, given, code, pointer):
    good = used("s1", 1, time="2024-02-01T00:00:00Z")
    answer = subscribed.api("POST", "/v1/usage", [good, given, good]).json()
    assert [r["status"] for r in answer["results"]][1:] == ["rejected", "duplicate"] and answer["rejected"] == 1
    error = answer["results"][1]["error"]
    assert (error["code"], error["pointer"]) == (code, pointer) and pointer[1:] in error["text"].split(":")[0]
    assert "acme" not in error["text"] and "Name of" not in error["text"], "nothing is told of what may be another's"


@covers("POST /v1/usage")
def test_another_tenants_subscription_is_as_unknown_as_none(subscribed):
    answer = subscribed.api("POST", "/v1/usage", [used("foreign", 1), used("nothing", 1)]).json()
    first, second = (r["error"] for r in answer["results"])
    assert first == second


@covers("POST /v1/usage", "PATCH /v1/subscriptions/{id}", "GET /v1/usage")
def test_the_state_at_intake_counts_and_a_suspended_line_is_in_the_totals(subscribed):
    make(subscribed, subscription("state", lines=[usage_line(1)]))
    subscribed.usage(used("state", 1))
    subscribed.api("PATCH", f"{PATH}/state", {"status": "closed"})
    answer = subscribed.api("POST", "/v1/usage", [used("state", 1, time="2024-09-04T10:00:00Z")]).json()
    assert answer["results"][0]["error"]["code"] == "line_unusable"
    subscribed.api("PATCH", f"{PATH}/state", {"status": "suspended"})
    subscribed.usage(used("state", 1, time="2024-09-05T10:00:00Z"))
    rows = subscribed.api("GET", "/v1/usage?from=2024-09-01&to=2024-10-01&org=acme-eu&group_by=subscription").json()["rows"]
    assert [r["quantity"] for r in rows if r["subscription"] == "state"] == ["2"]
