"""A region in Python calls ours: it gets what is its own, and nothing with a call that is not right to the byte."""
import concurrent.futures
import json
import time

import pytest
from harness import Server, running, run
from region_peer import Call, Key, is_signed_answer

EU, OTHER = Key("eu"), Key("other")
PING = "/peer/v1/ping"
CATALOGUE = {
    "regions": [{"name": "us"}, {"name": "eu", "url": "http://127.0.0.1:9", "key": EU.text}, {"name": "ap", "key": OTHER.text}, {"name": "mute"}],
    "orgs": [{"id": "acme", "kind": "production", "name": "Acme", "region": "eu"},
             {"id": "acme-us", "kind": "sandbox", "name": "Acme US", "parent": "acme", "region": "us"},
             {"id": "acme-ap", "kind": "sandbox", "name": "Acme AP", "parent": "acme", "region": "ap"}],
}
CONFIG = '[region]\nname = "us"\n[regions]\npoll_interval = 3600\n'


def knows_its_key(server):
    own = server.api("GET", "/v1/regions").json()["regions"][0]
    assert own["own"] and own["name"] == "us"
    server.key_text = own["key"]
    return server


@pytest.fixture(scope="module")
def us(tmp_path_factory):
    with running(tmp_path_factory.mktemp("us"), catalogue=CATALOGUE, config=CONFIG) as server:
        yield knows_its_key(server)


def call(method="GET", path=PING, body=b"", key=EU, source="eu", target="us", **more):
    return Call(key, source, target, method, path, body, **more)


def part(**changed):
    period = {"from": "2024-09-01T00:00:00Z", "to": "2024-10-01T00:00:00Z"}
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 1))
    return {"as_of": now, "grain": "day-sums", "orgs": ["acme-us"], "period": period, "shown": period, "dims": [], "with_first_days": False, **changed}


def refused(us, sent):
    answer = sent.send(us) if isinstance(sent, Call) else sent
    assert answer.status == 401 and answer.json()["detail"] == "the call is not accepted", answer
    assert "signature" not in answer.headers
    return True


def test_a_good_call_is_answered_with_a_signature(us):
    sent = call()
    answer = sent.send(us)
    assert answer.status == 200 and is_signed_answer(answer, sent, us.key_text)
    assert answer.json()["name"] == "us" and answer.json()["catalogue_position"] > 0
    assert not is_signed_answer(answer, call(), us.key_text), "the signature is of that call alone"


def test_an_error_is_signed_too(us):
    sent = call("POST", "/peer/v1/parts", {"orgs": []})
    answer = sent.send(us)
    assert answer.status == 400 and is_signed_answer(answer, sent, us.key_text)


def test_without_a_signature_there_is_nothing(us):
    for method, path, body in (("GET", PING, None), ("GET", "/peer/v1/catalogue", None), ("POST", "/peer/v1/parts", "{}"), ("POST", "/peer/v1/totals", "{}")):
        assert refused(us, us.call(method, path, body))
        assert refused(us, us.call(method, path, body, {"Authorization": f"Bearer {us.admin_key}"})), "keys of users count for nothing here"


def test_a_wrong_key_gets_nothing(us):
    assert refused(us, call(key=OTHER))
    forged = call()
    forged.headers["Signature"] = call(key=OTHER).headers["Signature"]
    assert refused(us, forged)


def test_regions_without_a_key_and_unknown_ones_get_nothing(us):
    for source in ("mute", "nobody", "us", ""):
        assert refused(us, call(source=source))
    assert refused(us, call(key=OTHER, source="eu")) and call(key=OTHER, source="ap").send(us).status == 200


def test_a_call_to_another_region_is_not_taken(us):
    assert refused(us, call(target="ap"))


def test_a_call_counts_once_also_over_a_restart(us):
    sent = call()
    assert sent.send(us).status == 200
    assert refused(us, sent)
    us.restart()
    assert refused(us, sent)
    us.kill()
    us.start()
    assert refused(us, sent) and call().send(us).status == 200


def test_every_signed_part_holds(us):
    good = call("POST", "/peer/v1/totals", {"orgs": []})
    assert call("POST", "/peer/v1/totals", {"orgs": []}).send(us).status == 400

    def changed(**what):
        sent = call("POST", "/peer/v1/totals", {"orgs": []})
        for name, value in what.items():
            setattr(sent, name, value)
        return sent

    assert refused(us, changed(method="GET", path="/peer/v1/totals".replace("totals", "ping"), body=b""))
    assert refused(us, changed(path="/peer/v1/parts"))
    assert refused(us, changed(path="/peer/v1/totals?a=1"))
    assert refused(us, changed(body=good.body.replace(b"[", b"[ ")))
    for name, value in (("Meterport-From", "ap"), ("Meterport-To", "eu"), ("Content-Digest", call(body=b"x").headers["Content-Digest"])):
        sent = call("POST", "/peer/v1/totals", {"orgs": []})
        sent.headers[name] = value
        assert refused(us, sent), name
    for old, new in (("created=1", "created=2"), ('nonce="', 'nonce="a'), (EU.text, OTHER.text), ("ed25519\"", "ed25519\";x=1"), ('"@query" ', "")):
        sent = call("POST", "/peer/v1/totals", {"orgs": []})
        assert old in sent.headers["Signature-Input"]
        sent.headers["Signature-Input"] = sent.headers["Signature-Input"].replace(old, new)
        assert refused(us, sent), new
    for name in list(good.headers):
        sent = call("POST", "/peer/v1/totals", {"orgs": []})
        del sent.headers[name]
        assert refused(us, sent), name


def test_old_calls_and_calls_from_the_future_are_not_taken(us):
    now = int(time.time())
    assert call(created=now - 290).send(us).status == 200 and call(created=now + 290).send(us).status == 200
    assert refused(us, call(created=now - 310)) and refused(us, call(created=now + 310)) and refused(us, call(created=-5))


def test_giant_bodies_are_refused_by_their_head(us):
    sent = call("POST", "/peer/v1/parts", b"x")
    sent.headers["Content-Length"] = str(9 * 1024 * 1024)
    assert sent.send(us).status == 413
    many = call("POST", "/peer/v1/parts", part(orgs=[f"o{n:06}" for n in range(100_001)]))
    assert many.send(us).status == 400


@pytest.mark.parametrize("orgs", [["acme"], ["acme-ap"], ["acme-us", "nobody"], ["nobody"]])
def test_orgs_that_are_elsewhere_are_not_here(us, orgs):
    for path, body in (("/peer/v1/parts", part(orgs=sorted(orgs))), ("/peer/v1/totals", totals(orgs=sorted(orgs)))):
        sent = call("POST", path, body)
        answer = sent.send(us)
        assert answer.status == 404 and answer.json()["detail"] == "there is nothing here for you" and is_signed_answer(answer, sent, us.key_text)


def fetched(us, request, wait_s=20):
    """The part, after as many 202 as it takes."""
    end = time.monotonic() + wait_s
    while True:
        sent, began = call("POST", "/peer/v1/parts", request), time.monotonic()
        answer = sent.send(us)
        assert is_signed_answer(answer, sent, us.key_text) and time.monotonic() - began < 2.5
        if answer.status != 202:
            return answer
        assert set(answer.json()) == {"state", "rows", "waits_for", "now"} and time.monotonic() < end


def test_a_part_is_the_same_for_ever_and_made_once(us):
    us.api("POST", "/v1/meters", {"id": "calls", "name": "Calls", "unit": "1"})
    us.usage(*({"id": f"{n}", "org": "acme-us", "meter": "calls", "time": f"2024-09-{n:02}T10:00:00Z", "quantity": f"{n}.5", "project": "p1"} for n in range(1, 29)))
    request = part(as_of=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 1)), dims=["project"])
    first = fetched(us, request)
    assert first.status == 200 and first.headers["content-type"] == "application/vnd.meterport.part" and len(first.body) > 100
    files = set((us.data / "parts").iterdir())
    assert fetched(us, request).body == first.body and set((us.data / "parts").iterdir()) == files
    us.usage({"id": "late", "org": "acme-us", "meter": "calls", "time": "2024-09-02T10:00:00Z", "quantity": "7"})
    us.restart()
    assert not list((us.data / "parts").iterdir()), "what was kept for a while is gone"
    assert fetched(us, request).body == first.body, "what came after T is not in it"
    assert fetched(us, {**request, "grain": "records", "dims": []}).status == 200


def test_totals_are_rows_to_the_digit(us):
    us.api("POST", "/v1/meters", {"id": "exact", "name": "Exact", "unit": "1"})
    us.usage({"id": "e1", "org": "acme-us", "meter": "exact", "time": "2024-09-03T10:00:00Z", "quantity": "999999999999999999.000000000000000001"},
             {"id": "e2", "org": "acme-us", "meter": "exact", "time": "2024-09-03T11:00:00Z", "quantity": "999999999999999999.000000000000000001"})
    asked = totals(as_of=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 1)), meter="exact", group_by=["org", "day"])
    sent = call("POST", "/peer/v1/totals", asked)
    answer = sent.send(us)
    assert answer.status == 200 and is_signed_answer(answer, sent, us.key_text)
    [row] = [json.loads(line) for line in answer.body.splitlines()]
    assert (row["org"], row["day"], row["quantity"], row["records"]) == ("acme-us", "2024-09-03", "1999999999999999998.000000000000000002", 2)


def totals(**changed):
    request = part()
    return {"as_of": request["as_of"], "orgs": ["acme-us"], "period": request["period"], "group_by": ["org"], "window": "none", "time_zone": "UTC", **changed}


def later(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + seconds))


def test_an_instant_that_is_not_there_yet_holds_no_thread(us):
    """Parts of clocks that are ahead wait at the caller's: what others ask for is made meanwhile."""
    for n in range(4):
        answer = call("POST", "/peer/v1/parts", part(as_of=later(200 + n))).send(us)
        assert (answer.status, answer.json()["waits_for"]) == (202, "the clock")
    asked = part()
    answer = call("POST", "/peer/v1/parts", asked).send(us)
    while answer.status == 202:
        assert answer.json()["waits_for"] != "a turn"
        answer = call("POST", "/peer/v1/parts", asked).send(us)
    assert answer.status == 200
    assert call("POST", "/peer/v1/parts", part(as_of=later(3600))).send(us).status == 400


def totals_at(as_of):
    return {"as_of": as_of, "orgs": ["acme-us"], "period": part()["period"], "group_by": [], "window": "none", "time_zone": "UTC"}


def test_one_region_takes_no_more_than_half_of_the_threads(us):
    began = time.monotonic()
    assert call("POST", "/peer/v1/totals", totals_at(later(60))).send(us).status == 503, "it is told at once that the clock is behind"
    assert time.monotonic() - began < 1.5
    sent = [call("POST", "/peer/v1/totals", totals_at(later(2))) for _ in range(24)]
    with concurrent.futures.ThreadPoolExecutor(24) as pool:
        answers = [pool.submit(one.send, us) for one in sent]
        time.sleep(0.5)
        began = time.monotonic()
        assert us.api("GET", "/v1/orgs/acme").status == 200
        assert time.monotonic() - began < 1, "users come through"
        assert {a.result().status for a in answers} <= {200, 503}


def test_a_foreign_tenant_is_not_there(us):
    """ap owns an org of acme, but neither its tenant nor an org above."""
    before = set((us.data / "parts").iterdir())
    for path, body in (("/peer/v1/parts", part()), ("/peer/v1/totals", totals())):
        answer = call("POST", path, body, key=OTHER, source="ap").send(us)
        assert answer.status == 404 and b"acme" not in answer.body
    assert set((us.data / "parts").iterdir()) == before, "nothing was made"


@pytest.mark.parametrize("changed", [
    {"grain": "hours"}, {"orgs": []}, {"orgs": ["b", "a"]}, {"dims": ["org"]}, {"dims": ["nothing"]}, {"as_of": "now"}, {"with_first_days": "yes"}, {"more": 1},
    {"period": {"from": "2024-06-30T00:00:00Z", "to": "2024-10-01T00:00:00Z"}}, {"period": {"from": "2024-09-01T00:00:00Z", "to": "2024-10-02T00:00:00Z"}},
    {"period": {"from": "2024-09-01T00:00:01Z", "to": "2024-10-01T00:00:00Z"}}, {"shown": {"from": "2024-10-01T00:00:00Z", "to": "2024-10-01T00:00:00Z"}},
])
def test_requests_have_bounds(us, changed):
    assert call("POST", "/peer/v1/parts", part(**changed)).send(us).status == 400


def test_refusals_are_counted_by_their_cause(us):
    call(key=OTHER).send(us)
    call(target="ap").send(us)
    text = us.api("GET", "/metrics").body.decode()
    for cause in ("signature", "other_region_called"):
        assert f'meterport_region_calls_refused_total{{cause="{cause}"}}' in text


def test_the_key_is_made_by_init_and_shown_offline(tmp_path):
    server = Server(tmp_path, catalogue=CATALOGUE, config=CONFIG)
    shown = json.loads(run("regions", "list", "--data", server.data, "--config", server.config, "--json").stdout)["regions"]
    again = json.loads(run("regions", "list", "--data", server.data, "--config", server.config, "--json").stdout)["regions"]
    assert [r["name"] for r in shown] == ["us", "ap", "eu", "mute"] and shown[0]["key"] == again[0]["key"]
    assert shown[0]["key"].startswith("ed25519:") and len(shown[0]["key"]) == 51
    table = run("regions", "list", "--data", server.data, "--config", server.config).stdout
    assert "this server" in table and "not asked yet" in table


@pytest.fixture
def early(tmp_path):
    """A server of its own, as its clock is set."""
    with running(tmp_path, catalogue=CATALOGUE, config=CONFIG) as server:
        yield knows_its_key(server)


def test_a_part_waits_until_the_clock_has_passed_its_instant(early):
    us = early
    later = part(as_of=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 30)))
    sent, began = call("POST", "/peer/v1/parts", later), time.monotonic()
    answer = sent.send(us)
    assert answer.status == 202 and time.monotonic() - began < 2.2 and is_signed_answer(answer, sent, us.key_text)
    told = call("POST", "/peer/v1/parts", later).send(us).json()
    assert (told["state"], told["rows"], told["waits_for"]) == ("waiting", 0, "the clock")
    us.advance(31)
    assert fetched(us, later).status == 200


def test_a_region_that_is_only_named_lacks_nothing(tmp_path):
    """Names come with the catalogues of others; where no org's usage is there, nothing is to be set up."""
    alone = {"regions": [{"name": "us"}, {"name": "far"}], "orgs": [{"id": "acme", "kind": "production", "name": "Acme", "region": "us"}]}
    server = Server(tmp_path, catalogue=alone, config=CONFIG)
    checked = run("regions", "check", "--data", server.data, "--config", server.config, "--json")
    assert checked.returncode == 0 and [r["problem"] for r in json.loads(checked.stdout)["regions"]] == [None, None]
