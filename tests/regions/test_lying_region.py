"""Our server asks a region in Python that lies, stalls or breaks: nothing of its answer is used, and what is wrong is told in few words."""
import concurrent.futures
import json
import re
import socket
import time

import pytest
from harness import running
from region_peer import FakeRegion, Key, answer_headers, digest_of

US, OTHER = Key("us"), Key("other")
PING, FEED = "/peer/v1/ping", "/peer/v1/catalogue"
CONFIG = '[region]\nname = "eu"\n[regions]\npoll_interval = 3600\nread_budget = 1\nstall_timeout = 1\n'


def catalogue(url):
    return {"regions": [{"name": "eu"}, {"name": "us", "url": url, "key": US.text}],
            "orgs": [{"id": "acme", "kind": "production", "name": "Acme", "region": "eu"},
                     {"id": "acme-us", "kind": "sandbox", "name": "Acme US", "parent": "acme", "region": "us"}],
            "meters": [{"id": "m", "name": "M"}]}


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    region = FakeRegion("us", US)
    with running(tmp_path_factory.mktemp("eu"), catalogue=catalogue(region.url), config=CONFIG) as server:
        yield server, region
    region.close()


@pytest.fixture
def check(pair):
    server, region = pair
    region.answers.clear()

    def run():
        answer = server.api("POST", "/v1/regions/us/check")
        assert answer.status == 200, answer
        [told] = answer.json()["regions"]
        return told
    return run


@pytest.fixture
def region(pair, check):
    return pair[1]


def test_a_region_that_answers_well(check, region, pair):
    told = check()
    assert told["reachable"] and told["problem"] is None and abs(told["clock_offset_ms"]) < 2000
    assert pair[0].call("GET", "/readyz").json()["regions"] == [{"name": "us", "reachable": True}]


def raw(content):
    """Answers with these bytes and closes."""
    def answer(handler, _):
        handler.wfile.write(content)
        handler.close_connection = True
    return answer


def stall(handler, _):
    time.sleep(3)
    handler.close_connection = True


def reset(handler, _):
    handler.connection.shutdown(socket.SHUT_RDWR)
    handler.close_connection = True


LIES = {
    "wrong key": (lambda r: lambda h, s: (200, r.ping(), answer_headers(OTHER, s, 200, r.ping())), "its answer is not signed by its key"),
    "no signature": (lambda r: lambda h, s: (200, r.ping(), {"Content-Length": str(len(r.ping()))}), "its answer is not signed by its key"),
    "of another call": (lambda r: lambda h, s: (200, r.ping(), answer_headers(US, US.sign("other"), 200, r.ping())), "its answer is not signed by its key"),
    "of another status": (lambda r: lambda h, s: (200, r.ping(), answer_headers(US, s, 201, r.ping())), "its answer is not signed by its key"),
    "digest of another body": (lambda r: lambda h, s: (200, r.ping(), answer_headers(US, s, 200, r.ping(), digest_of(b"x"))), "its answer was damaged"),
    "another body": (lambda r: lambda h, s: (200, r.ping(name="ab"), answer_headers(US, s, 200, r.ping(name="us"))), "its answer was damaged"),
    "truncated": (lambda r: lambda h, s: (h.__setattr__("close_connection", True), (200, r.ping()[:20], answer_headers(US, s, 200, r.ping())))[1],
                  "broke off its answer"),
    "longer than it may be": (lambda r: lambda h, s: (200, b"x", answer_headers(US, s, 200, b"x", length=10**9)), "its answer is too long"),
    "garbage": (lambda r: raw(b"\x00\xff garbage\r\n\r\n"), "does not speak HTTP"),
    "nothing": (lambda r: reset, "broke off the connection"),
    "stalled": (lambda r: stall, "did not answer in time"),
    "server error": (lambda r: lambda h, s: (500, b"{}", {"Content-Length": "2"}), "answered 500"),
    "busy": (lambda r: lambda h, s: (503, b"{}", {"Content-Length": "2"}), "is busy (503)"),
    "refused": (lambda r: lambda h, s: (401, b"{}", {"Content-Length": "2"}), "does not accept this server's calls (401)"),
    "signed, but no ping": (lambda r: lambda h, s: (200, b"[1]"), "its answer can't be read"),
    "another region": (lambda r: lambda h, s: (200, r.ping(name="ap")), "is another region than the catalogue says"),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_lie_is_found_and_named(check, region, pair, lie):
    assert check()["reachable"]
    make, problem = LIES[lie]
    region.answers[PING] = make(region)
    began = time.monotonic()
    told = check()
    assert (told["reachable"], told["problem"]) == (False, problem)
    assert time.monotonic() - began < 2.5
    assert pair[0].call("GET", "/readyz").status == 200 and pair[0].call("GET", "/readyz").json()["regions"][0]["reachable"] is False


def test_redirects_are_not_followed(check, region):
    elsewhere = FakeRegion("us", US)
    region.answers[PING] = lambda h, s: (302, b"", {"Location": elsewhere.url + PING, "Content-Length": "0"})
    assert check()["problem"] == "answered 302" and not elsewhere.calls
    elsewhere.close()


def test_a_replica_is_not_made_of_what_is_not_its_homes(check, region, pair):
    server = pair[0]
    foreign = {"orgs": [{"id": "acme", "kind": "production", "name": "Taken over", "region": "eu"}]}
    region.answers[PING] = lambda h, s: (200, region.ping(catalogue_position=7))
    region.answers[FEED] = lambda h, s: (200, json.dumps({"position": 7, "file": foreign}).encode())
    told = check()
    assert told["reachable"] and told["problem"].startswith("its catalogue: ")
    assert server.api("GET", "/v1/orgs/acme").json()["name"] == "Acme"
    assert "acme" in told["problem"]
    admin = server.api("POST", "/v1/keys", {"name": "of one org", "org": "acme-us", "roles": ["admin"]}).json()["key"]
    [_, seen] = server.api("GET", "/v1/regions", key=admin).json()["regions"]
    assert seen["problem"] == "its catalogue is not taken", "the operator alone reads of all tenants"


def usage(server, **asked):
    query = "&".join(f"{name}={value}" for name, value in {"org": "acme", "all_linked": "true", "from": "2024-09-01", "to": "2024-10-01", **asked}.items())
    return server.api("GET", f"/v1/usage?{query}")


ROW = {"org": "acme-us", "meter": "m", "dims": ["p"], "quantity": "5", "records": 1}


@pytest.mark.parametrize("changed", [{"org": "acme"}, {"org": "nobody"}, {"meter": ""}, {"dims": []}, {"dims": ["p", "q"]}, {"day": "2024-09-01"},
                                     {"window": {"from": "2024-09-01T00:00:00Z", "to": "2024-09-02T00:00:00Z"}}], ids=str)
def test_rows_of_totals_that_were_not_asked_for_are_not_taken(check, region, pair, changed):
    answer = lambda *rows: lambda h, s: (200, b"".join(json.dumps(row).encode() + b"\n" for row in rows))
    region.answers["/peer/v1/totals"] = answer(ROW)
    good = usage(pair[0], group_by="org,meter,project")
    assert good.status == 200 and [row["quantity"] for row in good.json()["rows"]] == ["5"], good
    region.answers["/peer/v1/totals"] = answer(ROW, {**ROW, **changed})
    bad = usage(pair[0], group_by="org,meter,project")
    assert bad.status == 503 and "its answer can't be read" in bad.json()["detail"], bad


def test_looks_at_a_stalled_region_do_not_wait_for_each_other(check, region, pair):
    """Neither for each other nor for one that takes its catalogue."""
    server = pair[0]
    region.answers[PING] = stall
    job = {"kind": "summary", "org": "acme-us", "from": "2024-09-01", "to": "2024-09-02"}
    began = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        made = list(pool.map(lambda _: server.api("POST", "/v1/exports", job), range(6)))
    assert {answer.status for answer in made} <= {200, 201, 202}, made[0]
    assert time.monotonic() - began < 3


def test_calls_are_signed_and_never_the_same_twice(check, region):
    region.calls.clear()
    check(), check()
    pings = [headers for _, path, headers, _ in region.calls if path == PING]
    assert len(pings) == 2 and len({h["Signature"] for h in pings}) == 2
    assert all(h["Meterport-From"] == "eu" and h["Meterport-To"] == "us" for h in pings)


def test_a_region_that_is_gone_is_told_once_in_the_log(check, region, pair):
    server = pair[0]
    assert check()["reachable"]
    region.close()
    check(), check()
    log = (server.folder / "server.log").read_text().splitlines()
    gone = [json.loads(line) for line in log if "a region does not answer" in line]
    assert gone[-1]["why"] == "refused the connection" and [g["why"] for g in gone].count("refused the connection") == 1




PARTS, TOTALS = "/peer/v1/parts", "/peer/v1/totals"
WAITS = json.dumps({"state": "making", "rows": 5, "waits_for": "", "now": "2024-01-01T00:00:00Z"}).encode()


def waiting(region, behind_s):
    """A 202 of a region whose clock is that much behind."""
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - behind_s))
    return json.dumps({"state": "waiting", "rows": 0, "waits_for": "the clock", "now": now}).encode()


PART_LIES = {
    "wrong key": (lambda r: lambda h, s: (200, b"part", answer_headers(OTHER, s, 200, b"part")), "its answer is not signed by its key"),
    "another file": (lambda r: lambda h, s: (200, b"tarp", answer_headers(US, s, 200, b"part")), "its answer was damaged"),
    "no part": (lambda r: lambda h, s: (200, b"part"), "its part can't be read"),
    "never done": (lambda r: lambda h, s: (202, WAITS), "it did not finish its part in time"),
    "clock behind": (lambda r: lambda h, s: (202, waiting(r, 118)), r"its clock is 11[89] s behind"),
    "truncated": (lambda r: lambda h, s: (h.__setattr__("close_connection", True), (200, b"pa", answer_headers(US, s, 200, b"part")))[1], "it broke off its answer"),
    "another success": (lambda r: lambda h, s: (201, b"{}"), "its answer can't be read"),
    "not ours": (lambda r: lambda h, s: (404, b"{}"), r"it has nothing for this server \(404\)"),
}


@pytest.fixture
def living(tmp_path):
    """A pair of its own: the last test above ends the other."""
    region = FakeRegion("us", US)
    with running(tmp_path, catalogue=catalogue(region.url), config=CONFIG + "budget = 2\n") as server:
        yield server, region
    region.close()


@pytest.mark.parametrize("lie", PART_LIES)
def test_a_lie_about_a_part_is_a_gap_that_says_so(living, lie):
    server, region = living
    make, why = PART_LIES[lie]
    region.answers[PARTS] = make(region)
    job = server.api("POST", "/v1/exports", {"kind": "summary", "period": "2024-09", "org": "acme", "all_linked": True}).json()
    done = server.api("GET", f"/v1/exports/{job['id']}?wait=20").json()
    assert done["state"] == "PARTIAL_SUCCESS" and [g["orgs"] for g in done["gaps"]] == [["acme-us"]], done
    assert re.search(rf'because region "us" could not be read \({why}\): acme-us\.', done["error"]), done["error"]
    assert not [f for f in (server.data / "artifacts").iterdir() if "part" in f.name], "nothing of it is kept"


@pytest.mark.parametrize("lie, why", [
    (lambda r: lambda h, s: (200, b'{"org":"acme-us"}\n'), "its answer can't be read"),
    (lambda r: lambda h, s: (200, b"x", answer_headers(OTHER, s, 200, b"x")), "its answer is not signed by its key"),
    (lambda r: stall, "did not answer in time"),
])
def test_a_lie_about_totals_is_no_answer(living, lie, why):
    server, region = living
    region.answers[TOTALS] = lie(region)
    answer = server.api("GET", "/v1/usage?org=acme&all_linked=true&from=2024-09-01&to=2024-10-01")
    assert answer.status == 503 and answer.headers["retry-after"] and answer.json()["code"] == "region_unavailable"
    assert answer.json()["detail"] == f'region "us" does not answer: {why}'


def test_totals_of_an_honest_region_are_added(living):
    server, region = living
    row = {"org": "acme-us", "meter": "", "dims": [], "quantity": "2.5", "records": 1}
    region.answers[TOTALS] = lambda h, s: (200, json.dumps(row).encode() + b"\n")
    answer = server.api("GET", "/v1/usage?org=acme&all_linked=true&from=2024-09-01&to=2024-10-01&group_by=org")
    assert [(r["org"], r["quantity"]) for r in answer.json()["rows"]] == [("acme-us", "2.5")], answer
