"""/v1/operations: submissions that are answered at once and settled later."""
import gzip
import json
import time

import pytest
from api_contract import Contract, covers, problem
from harness import record, run, running

pytestmark = pytest.mark.quick
DI = "a2nB20h1o0lc7k3P9xtWS8"


def records(count, prefix="r", **fields):
    return [record("acme-eu", "nothing" if n % 10 == 9 else DI, "2024-09-03T10:00:00Z", "0.5", f"{prefix}{n}", **fields) for n in range(count)]


def post_async(server, body, content_type="application/json", **headers):
    return server.api("POST", "/v1/usage", body, content_type=content_type, Prefer="respond-async", **headers)


def wait(server, operation, seconds_max=60):
    end = time.monotonic() + seconds_max
    while True:
        shown = server.api("GET", f"/v1/operations/{operation}").json()
        if shown["state"] not in ("CREATED", "PROCESSING"):
            return shown
        assert time.monotonic() < end, shown
        time.sleep(0.01)


def results(server, operation, query=""):
    out, token = [], ""
    while True:
        page = server.api("GET", f"/v1/operations/{operation}/results?page_size=1000{query}" + (f"&page_token={token}" if token else "")).json()
        out += page["results"]
        token = page["next_page_token"]
        if not token:
            return out


@covers("POST /v1/usage", "GET /v1/operations/{id}", "GET /v1/operations/{id}/results")
def test_respond_async_answers_at_once_and_settles_each_item(shared):
    contract = Contract(shared)
    answer = post_async(shared, records(2500))
    operation = contract.check(answer, "POST", "/v1/usage")
    assert answer.status == 202 and answer.headers["preference-applied"] == "respond-async"
    assert answer.headers["location"] == f"/v1/operations/{operation['id']}" and operation["items"] == 2500
    end = wait(shared, operation["id"])
    contract.check(shared.api("GET", f"/v1/operations/{operation['id']}"), "GET", "/v1/operations/{id}")
    assert (end["state"], end["stored"], end["rejected"], end["settled"]) == ("PARTIAL_SUCCESS", 2250, 250, 2500) and end["finished_at"]
    contract.check(shared.api("GET", f"/v1/operations/{operation['id']}/results"), "GET", "/v1/operations/{id}/results")
    got = results(shared, operation["id"])
    assert [r["index"] for r in got] == list(range(2500))
    for r in got:
        if r["index"] % 10 == 9:
            assert r["status"] == "rejected" and r["error"]["code"] == "unknown_meter" and r["error"]["pointer"] == "/meter"
        else:
            assert r["status"] == "stored" and r["position"] > 0
    assert [r["index"] for r in results(shared, operation["id"], "&status=rejected")] == list(range(9, 2500, 10))
    assert results(shared, operation["id"], "&status=duplicate") == []
    again = wait(shared, post_async(shared, records(2500)).json()["id"])
    assert (again["stored"], again["duplicates"]) == (0, 2250), "record keys make it exactly once"


@covers("POST /v1/usage")
def test_lines_and_packed_bodies_too(shared):
    lines = "\n\n".join(json.dumps(r) for r in records(5, "line")) + "\n{broken\n"
    body = gzip.compress(lines.encode())
    end = wait(shared, post_async(shared, body, "application/x-ndjson", **{"Content-Encoding": "gzip"}).json()["id"])
    assert (end["items"], end["stored"], end["rejected"]) == (6, 5, 1)
    [bad] = results(shared, end["id"], "&status=rejected")
    assert bad["index"] == 5 and bad["error"]["code"] == "malformed_record"
    one = wait(shared, post_async(shared, records(1, "single")[0]).json()["id"])
    assert (one["state"], one["stored"]) == ("SUCCESS", 1)


@covers("POST /v1/usage")
def test_what_is_no_json_or_empty_is_refused_now(shared):
    problem(post_async(shared, '[{"org":"acme",]'), 400, "malformed")
    problem(post_async(shared, "[]"), 400, "invalid")
    problem(post_async(shared, "", "application/x-ndjson"), 400, "invalid")
    problem(post_async(shared, "a,b", "text/csv"), 415, "unsupported_media")


@covers("GET /v1/operations", "GET /v1/operations/{id}", "GET /v1/operations/{id}/results")
def test_the_list_is_paged_and_others_see_nothing(folder, acme_catalogue):
    with running(folder, catalogue=acme_catalogue) as server:
        ids = [post_async(server, records(1, f"p{n}")).json()["id"] for n in range(5)]
        assert ids == [1, 2, 3, 4, 5]
        first = Contract(server).check(server.api("GET", "/v1/operations?page_size=2"), "GET", "/v1/operations")
        assert [o["id"] for o in first["operations"]] == [5, 4]
        second = server.api("GET", f"/v1/operations?page_size=3&page_token={first['next_page_token']}").json()
        assert [o["id"] for o in second["operations"]] == [3, 2, 1] and second["next_page_token"] == ""
        other = server.login("otto@other.example", "change-me-too")["userInfo"]["sessionId"]
        assert server.api("GET", "/v1/operations", key=other).json()["operations"] == []
        for path in ("/v1/operations/1", "/v1/operations/1/results"):
            hidden, unknown = server.api("GET", path, key=other), server.api("GET", path.replace("operations/1", "operations/999"), key=other)
            assert problem(hidden, 404, "not_found")["detail"] == problem(unknown, 404, "not_found")["detail"]
        problem(server.api("GET", "/v1/operations/abc"), 404, "not_found")
        problem(server.api("GET", "/v1/operations/1/results?status=lost"), 400, "invalid", "status")
        viewer = server.api("POST", "/v1/keys", {"name": "viewer", "org": "acme", "roles": ["viewer"]}).json()["key"]
        problem(server.api("POST", "/v1/usage", records(1), key=viewer, Prefer="respond-async"), 403, "forbidden")


@covers("GET /v1/operations")
def test_an_operation_survives_the_process_and_the_command_line_shows_it(folder, acme_catalogue):
    with running(folder, catalogue=acme_catalogue, config="[operations]\nrunners = 0\n") as server:
        waiting = post_async(server, records(20)).json()
        assert server.api("GET", f"/v1/operations/{waiting['id']}").json()["state"] == "CREATED"
        assert results(server, waiting["id"]) == []
        server.kill()
        server.config.write_text("")
        server.start()
        assert wait(server, waiting["id"])["stored"] == 18
        url = ("--url", server.url, "--key", server.admin_key)
        listed = json.loads(run("operations", "list", *url, "--json").stdout)
        assert [o["id"] for o in listed["operations"]] == [waiting["id"]]
        assert "PARTIAL_SUCCESS" in run("operations", "list", *url).stdout
        shown = run("operations", "show", waiting["id"], *url).stdout
        assert "item 9: " in shown and "unknown_meter" in shown
        assert run("operations", "show", "99", *url, accept=(1,)).returncode == 1


@covers("GET /metrics")
def test_metrics_count_operations(shared):
    wait(shared, post_async(shared, records(1, "metric")).json()["id"])
    text = shared.api("GET", "/metrics").body.decode()
    assert "meterport_operations_taken_total" in text and "meterport_operations_finished_total" in text
