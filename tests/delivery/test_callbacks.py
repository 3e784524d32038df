"""Callbacks of exports against receivers that answer, refuse, stall and die: signatures, attempts and pauses as Standard Webhooks has them,
and a job that is never touched by what becomes of its callback."""
import calendar
import json
import time

import pytest
from harness import run, running
from webhook_receiver import (OPENED, Receiver, attempted, check_signatures, deliveries, delivery_of, endless_body, hang_up, in_state, reset, signatures, stall,
                              trickle_headers)

DAY_S = 86_400


@pytest.fixture(scope="module")
def opened(tmp_path_factory):
    from acme_world import ACME
    with running(tmp_path_factory.mktemp("opened"), catalogue=ACME, config=OPENED) as server:
        yield server


def start(server, url, org="acme"):
    answer = server.api("POST", "/v1/exports", {"kind": "summary", "period": "2024-09", "org": org, "callback_url": url})
    assert answer.status == 202, answer
    return answer.json()["id"]


def job_of(server, job):
    """The job once it is final."""
    answer = server.api("GET", f"/v1/exports/{job}?wait=30")
    assert answer.status == 200 and answer.json()["state"] == "SUCCESS", answer
    return answer.json()


def keys(server, org="acme"):
    return server.api("GET", f"/v1/deliveries/keys?org={org}").json()


def attempts_of(server, delivery):
    return server.api("GET", f"/v1/deliveries/{delivery['id']}").json()["attempts"]


def seconds_to_next(server, delivery):
    """From the end of the last attempt to the next."""
    def of(text):
        whole, _, fraction = text.removesuffix("Z").partition(".")
        return calendar.timegm(time.strptime(whole, "%Y-%m-%dT%H:%M:%S")) + float("0." + (fraction or "0"))
    last = attempts_of(server, delivery)[-1]
    return of(delivery["next_attempt_at"]) - of(last["began_at"]) - last["took_ms"] / 1000


@pytest.mark.quick
def test_a_callback_is_signed_in_both_schemes(opened):
    with Receiver() as receiver:
        job = start(opened, receiver.url)
        call, delivery = receiver.wait(), delivery_of(opened, job, in_state("delivered"))
        assert call.headers["webhook-id"] == delivery["id"] and "." not in delivery["id"]
        now = time.time() + int(opened.clock_file.read_text())
        assert abs(int(call.headers["webhook-timestamp"]) - now) < 60
        check_signatures(call, keys(opened))
        ours, theirs = keys(opened), keys(opened, "acme-eu")
        assert theirs["secret"] != ours["secret"] and theirs["public_key"] != ours["public_key"]
        body = json.loads(call.body)
        assert list(body)[:3] == ["type", "timestamp", "id"] and body["type"] == "export.finished" and body["id"] == job
        assert body["timestamp"] == body["finished_at"] == job_of(opened, job)["finished_at"]


@pytest.mark.quick
def test_each_attempt_has_the_same_id_and_body_and_a_time_and_signature_of_its_own(opened):
    with Receiver(500, 502, 204) as receiver:
        job = start(opened, receiver.url)
        for made, pause in ((1, 5), (2, 300)):
            delivery = delivery_of(opened, job, attempted(made))
            assert delivery["state"] == "pending" and pause * 0.89 < seconds_to_next(opened, delivery) < pause * 1.11 + 1
            opened.advance(pause * 1.2 + 1)
        first, _, last = receiver.wait(1), receiver.wait(2), receiver.wait(3)
        done = delivery_of(opened, job, in_state("delivered"))
        assert (done["attempts_made"], done["last_status"], done["last_error"], done["next_attempt_at"]) == (3, 204, None, None)
        assert first.headers["webhook-id"] == last.headers["webhook-id"] == done["id"] and first.body == last.body
        assert int(last.headers["webhook-timestamp"]) - int(first.headers["webhook-timestamp"]) >= 300
        assert signatures(first) != signatures(last)
        for call in receiver.calls:
            check_signatures(call, keys(opened))
        assert [(a["number"], a["status"], a["error"]) for a in attempts_of(opened, done)] == [
            (1, 500, "answered with status 500"), (2, 502, "answered with status 502"), (3, 204, None)]


def test_ten_attempts_over_three_days_then_it_is_given_up(opened):
    pauses = [5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, DAY_S]
    with Receiver(404) as receiver:
        job = start(opened, receiver.url)
        for made, pause in enumerate(pauses, 1):
            delivery = delivery_of(opened, job, attempted(made))
            assert delivery["state"] == "pending", delivery
            assert pause * 0.89 < seconds_to_next(opened, delivery) < pause * 1.11 + 1
            opened.advance(pause * 1.2 + 1)
        failed = delivery_of(opened, job, in_state("failed"))
        assert failed["attempts_made"] == 10 and failed["last_error"] == "answered with status 404"
        opened.advance(2 * DAY_S)
        again = opened.api("POST", f"/v1/deliveries/{failed['id']}/retry")
        assert again.status == 200 and again.json()["state"] == "pending"
        delivery = delivery_of(opened, job, attempted(11))
        assert delivery["state"] == "pending" and seconds_to_next(opened, delivery) < 7, "fresh attempts, and pauses from the start"
        assert len(receiver.calls) == 11


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("form", ["seconds", "date"])
def test_a_receiver_that_asks_for_time_gets_it(opened, status, form):
    def asked(handler):
        at = time.gmtime(time.time() + int(opened.clock_file.read_text()) + 600)
        value = "600" if form == "seconds" else time.strftime("%a, %d %b %Y %H:%M:%S GMT", at)
        handler.answer((status, {"Retry-After": value}))
    with Receiver(asked, 204) as receiver:
        job = start(opened, receiver.url)
        delivery = delivery_of(opened, job, attempted(1))
        assert delivery["state"] == "pending" and 598 <= seconds_to_next(opened, delivery) <= 602
        opened.advance(610)
        assert delivery_of(opened, job, in_state("delivered"))["attempts_made"] == 2


def test_a_receiver_can_put_us_off_for_a_day_at_most_and_is_not_heard_elsewhere(opened):
    with Receiver((503, {"Retry-After": "99999999"})) as receiver, Receiver((500, {"Retry-After": "99999999"})) as other:
        delivery = delivery_of(opened, start(opened, receiver.url), attempted(1))
        assert DAY_S - 2 <= seconds_to_next(opened, delivery) <= DAY_S + 2
        assert seconds_to_next(opened, delivery_of(opened, start(opened, other.url), attempted(1))) < 7


@pytest.mark.quick
def test_410_is_the_end(opened):
    with Receiver(410, 204) as receiver:
        job = start(opened, receiver.url)
        failed = delivery_of(opened, job, in_state("failed"))
        assert (failed["attempts_made"], failed["last_status"], failed["next_attempt_at"]) == (1, 410, None)
        opened.advance(2 * DAY_S)
        other = delivery_of(opened, start(opened, receiver.url), in_state("delivered"))
        assert other["attempts_made"] == 1, "another job's callback is another matter"
        assert len(receiver.calls) == 2 and delivery_of(opened, job)["state"] == "failed"
        assert opened.api("POST", f"/v1/deliveries/{failed['id']}/retry").status == 200, "who asks for it gets it"
        assert delivery_of(opened, job, in_state("delivered"))["attempts_made"] == 2


@pytest.mark.quick
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_a_failure_and_never_followed(opened, status):
    with Receiver() as inside, Receiver(address="127.0.0.3") as beside:
        for target in (inside.url, "http://169.254.169.254/latest/meta-data", beside.url, "file:///etc/passwd", "/done"):
            with Receiver((status, {"Location": target})) as receiver:
                delivery = delivery_of(opened, start(opened, receiver.url), attempted(1))
                assert (delivery["state"], delivery["last_status"], delivery["last_error"]) == ("pending", status, f"answered with status {status}")
                assert len(receiver.calls) == 1
        assert inside.connections == beside.connections == 0


@pytest.mark.parametrize("misbehave", [stall, trickle_headers, reset, hang_up], ids=lambda f: f.__name__)
def test_a_receiver_that_dies_or_stalls_is_tried_again_and_its_job_does_not_notice(opened, misbehave):
    with Receiver(misbehave, 204) as receiver:
        began = time.monotonic()
        job = start(opened, receiver.url)
        before = job_of(opened, job)
        assert time.monotonic() - began < 30
        receiver.wait()
        delivery = delivery_of(opened, job, attempted(1))
        assert delivery["state"] == "pending" and delivery["last_status"] in (None, 200) and delivery["last_error"], delivery
        assert attempts_of(opened, delivery)[0]["took_ms"] < 10_000
        opened.advance(7)
        assert delivery_of(opened, job, in_state("delivered"))["attempts_made"] == 2
        assert job_of(opened, job) == before and opened.api("GET", f"/v1/exports/{job}/download").status == 200


@pytest.mark.parametrize("status, state", [(200, "delivered"), (500, "pending")])
def test_an_answer_without_end_is_cut(opened, status, state):
    with Receiver(endless_body(status)) as receiver:
        job = start(opened, receiver.url)
        delivery = delivery_of(opened, job, attempted(1))
        assert (delivery["state"], delivery["last_status"]) == (state, status)
        assert attempts_of(opened, delivery)[0]["took_ms"] < 2000, "cut by size, not by time"


def test_a_closed_port_is_tried_again(opened):
    with Receiver() as receiver:
        url = receiver.url
    job = start(opened, url)
    delivery = delivery_of(opened, job, attempted(1))
    assert delivery["state"] == "pending" and delivery["last_status"] is None and delivery["last_error"]
    assert job_of(opened, job)["error"] is None


def test_a_slow_receiver_holds_up_nobody_else(opened):
    """One is sent to a host at a time; the quick one is another host."""
    with Receiver(stall) as slow, Receiver(address="127.0.0.2") as quick:
        jobs = [start(opened, slow.url) for _ in range(3)]
        slow.wait()
        assert delivery_of(opened, start(opened, quick.url), in_state("delivered"))
        for job in jobs:
            assert job_of(opened, job)["state"] == "SUCCESS"


@pytest.mark.durability
def test_a_callback_survives_a_kill_and_keeps_its_id(folder, acme_catalogue):
    with running(folder, catalogue=acme_catalogue, config=OPENED) as server, Receiver(stall, 204) as receiver:
        job = start(server, receiver.url)
        first = receiver.wait()  # sent, not answered: the outbox does not know what became of it
        server.kill()
        server.start()
        last = receiver.wait(2)
        done = delivery_of(server, job, in_state("delivered"))
        assert first.headers["webhook-id"] == last.headers["webhook-id"] == done["id"] and first.body == last.body
        assert len(deliveries(server, job=job)) == 1
        check_signatures(first, keys(server))
        check_signatures(last, keys(server))


@pytest.mark.quick
def test_a_command_on_the_data_directory_sends_nothing(folder, acme_catalogue):
    """It would be gone before the answer, and the server would send it all again."""
    with running(folder, catalogue=acme_catalogue, config=OPENED + "[exports]\nrunners = 0\n") as server, Receiver(500, stall, 204) as receiver:
        job = start(server, receiver.url)
        assert server.api("DELETE", f"/v1/exports/{job}").status == 200
        delivery = delivery_of(server, job, attempted(1))
        server.stop()
        offline = ("--data", server.data, "--config", server.config)
        assert "pending" in run("deliveries", "retry", *offline, delivery["id"]).stdout
        for _ in range(3):
            assert json.loads(run("deliveries", "show", *offline, delivery["id"], "--json").stdout)["delivery"]["attempts_made"] == 1
        assert len(receiver.calls) == 1
        receiver.answers = [204]
        server.start()
        assert delivery_of(server, job, in_state("delivered"))["attempts_made"] == len(receiver.calls) == 2


@pytest.mark.quick
def test_the_keys_are_made_once_and_a_data_directory_without_them_gets_some(folder, acme_catalogue):
    with running(folder, catalogue=acme_catalogue) as server:
        file = server.data / "keys/delivery-secret"
        assert file.exists(), "made by init"
        before = keys(server)
        assert keys(server.restart()) == before
        server.stop()
        offline = run("deliveries", "keys", "--data", server.data, "--org", "acme", "--json")
        assert json.loads(offline.stdout) == before
        file.unlink()  # as in a data directory of an earlier version
        after = keys(server.start())
        assert file.exists() and after["secret"] != before["secret"]
