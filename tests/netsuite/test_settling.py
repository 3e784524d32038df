"""Operations at work: crashes, internal failures, several at once, and the same operations on /v1 (N45 to N47, N52, crosswalk 3.1)."""
import json
import re

import pytest
from harness import Server, record, run
from netsuite_client import NetSuite, await_operation, compact, operations, totals
from netsuite_world import CATALOGUE, GOOD, HOURS, usage

quick = pytest.mark.quick
STAGES = ("getInputData", "map", "shuffle", "reduce", "summarize")


def batch(count):
    return [usage(line=3 if n % 7 else 5, quantity=n % 100) for n in range(count)]


@quick
def test_N45_a_crash_in_mid_batch(fresh):
    client, count = NetSuite(fresh), 20_000
    request = client.create(*batch(count))
    for _ in range(3):
        fresh.kill()
        fresh.start()
    body = client.wait(request)
    assert body["status"] == "Completed" and body["result"]["errors"] == []
    successes, failures = body["result"]["successes"], body["result"]["failures"]
    assert [s["index"] for s in successes] == [n for n in range(count) if n % 7] and [f["index"] for f in failures] == list(range(0, count, 7))
    assert len({s["result"]["usageId"] for s in successes}) == len(successes)
    [row] = totals(fresh)
    assert row["records"] == len(successes) and row["quantity"] == str(sum(n % 100 for n in range(count) if n % 7))


@quick
def test_N46_an_internal_failure_of_one_item(folder):
    """The key of item 1 of the next request is taken by other content, which no request of this wire can do."""
    server = Server(folder, catalogue=CATALOGUE).start()
    try:
        client = NetSuite(server)
        following = client.create(GOOD) + 1
        client.wait(following - 1)
        server.stop()
        file = folder / "taken.ndjson"
        taken = record("acme-eu", HOURS, "2018-06-01T00:00:00Z", "77", f"{following}.1", source="netsuite")
        file.write_text(json.dumps(taken) + "\n")
        run("import", "--data", server.data, "--format", "ndjson", file)
        server.start()
        request = client.create(GOOD, GOOD, usage(line=5), GOOD)
        assert request == following, "one number series, without gaps between requests"
        body = client.wait(request)
        assert body["status"] == "Completed"
        result = body["result"]
        assert [s["index"] for s in result["successes"]] == [0, 3] and [f["index"] for f in result["failures"]] == [2]
        [entry] = result["errors"]
        assert set(entry) == {"stage", "key", "name", "message", "index"}, entry
        assert list(entry)[:4] == ["stage", "key", "name", "message"], "the page's members in its order, ours after them"
        assert entry["stage"] in STAGES and type(entry["key"]) is str and entry["key"] and entry["index"] == 1
        assert (entry["name"], entry["message"]) == ("UNEXPECTED_ERROR", "An unexpected error occurred.")
        operation = await_operation(server, request)
        assert operation["state"] == "PARTIAL_SUCCESS" and operation["stored"] == 2 and operation["settled"] == 4, operation
        assert server.stop() == 0
    finally:
        if server.process is not None:
            server.kill()


@quick
@pytest.mark.parametrize("harm", ["removed", "emptied", "changed"])
def test_N47_an_operation_that_cannot_be_processed(folder, harm):
    server = Server(folder, catalogue=CATALOGUE, config="[operations]\nrunners = 0\n").start()
    try:
        client = NetSuite(server)
        request = client.create(GOOD, GOOD)
        server.stop()
        bodies = [p for p in (server.data / "operations").rglob("*") if p.is_file() and p.stat().st_size > 0]
        assert bodies, "the body is a file of its own"
        for path in bodies:
            if harm == "removed":
                path.unlink()
            elif harm == "emptied":
                path.write_bytes(b"")
            else:
                path.write_bytes(bytes(b ^ 0x55 for b in path.read_bytes()))
        server.config.write_text("[operations]\nrunners = 2\n")
        server.start()
        body = client.wait(request)
        assert body["status"] == "Error", body
        assert body["result"]["successes"] == [] and body["result"]["failures"] == []
        [entry] = body["result"]["errors"]
        assert entry["stage"] == "getInputData" and type(entry["key"]) is str
        assert (entry["name"], entry["message"]) == ("UNEXPECTED_ERROR", "An unexpected error occurred.")
        assert await_operation(server, request)["state"] == "FAILED"
        assert client.success(GOOD), "others go on"
        assert server.stop() == 0
    finally:
        if server.process is not None:
            server.kill()


@pytest.mark.slow
def test_N52_a_small_operation_does_not_wait_for_a_large_one(fresh):
    client = NetSuite(fresh)
    large = client.create_text("[" + ",".join([compact(GOOD)] * 150_000) + "]").json()["requestId"]
    small = client.create(GOOD)
    assert client.wait(small)["status"] == "Completed"
    assert fresh.api("GET", f"/v1/operations/{large}").json()["state"] in ("CREATED", "PROCESSING"), "the large one ended first"
    assert await_operation(fresh, large)["state"] == "SUCCESS"


@quick
def test_states_of_3_1_on_both_wires(client, world):
    """SUCCESS, and PARTIAL_SUCCESS also when all fail; NetSuite says Completed to both."""
    for items, state, stored, rejected in (([GOOD, GOOD], "SUCCESS", 2, 0), ([GOOD, {}], "PARTIAL_SUCCESS", 1, 1), ([{}, {}], "PARTIAL_SUCCESS", 0, 2)):
        request = client.create(*items)
        assert client.wait(request)["status"] == "Completed"
        operation = await_operation(world, request)
        assert operation["id"] == request and operation["state"] == state, operation
        counted = {k: operation[k] for k in ("items", "settled", "stored", "duplicates", "conflicts", "rejected")}
        assert counted == {"items": 2, "settled": 2, "stored": stored, "duplicates": 0, "conflicts": 0, "rejected": rejected}
        assert operation["created_at"] <= operation["finished_at"] and request in [o["id"] for o in operations(world)]


@quick
def test_the_same_results_on_v1(client, world):
    request = client.create(GOOD, usage(line=5), usage(date="2/30/2018"), GOOD)
    ids = [s["result"]["usageId"] for s in client.wait(request)["result"]["successes"]]
    answer = world.api("GET", f"/v1/operations/{request}/results")
    assert answer.status == 200, answer
    results = answer.json()["results"]
    assert [(r["index"], r["status"]) for r in results] == [(0, "stored"), (1, "rejected"), (2, "rejected"), (3, "stored")]
    assert [r["position"] for r in results if r["status"] == "stored"] == ids, "a usage id is the record's position"
    assert [r["error"]["code"] for r in results if r["status"] == "rejected"] == ["unknown_line", "bad_format"]
    pages, token = [], ""
    while True:
        page = world.api("GET", f"/v1/operations/{request}/results?page_size=3" + (f"&page_token={token}" if token else "")).json()
        pages.append(page["results"])
        token = page["next_page_token"]
        if not token:
            break
    assert [len(p) for p in pages] == [3, 1] and sum(pages, []) == results


@quick
def test_requests_of_both_wires_share_one_number_series(fresh):
    client = NetSuite(fresh)
    first = client.create(GOOD)
    native = fresh.api("POST", "/v1/usage", [record("acme", HOURS, "2018-01-03T00:00:00Z", "1", "native")], Prefer="respond-async")
    assert native.status == 202 and native.headers["preference-applied"] == "respond-async", native
    number = int(re.fullmatch(r"/v1/operations/(\d+)", native.headers["location"]).group(1))
    assert client.create(GOOD) > number > first
    assert await_operation(fresh, number)["state"] == "SUCCESS"
    for type_ in (int, str):
        answer = client.ask(type_(number))
        assert answer.status == 400 and answer.json()["error"]["code"] == "REQUEST_NOT_FOUND", "a /v1 submission is no NetSuite request"
