"""Mail that tells of a HERE report's end, received by a real mail server (here.md section 6, H46)."""
import re
import time

import pytest
from harness import Server, record, run, running
from here_client import Here, new_key
from smtp_sink import SmtpSink, make_certificate
from webhook_receiver import deliveries, delivery_of, in_state

REALM = "org123456789"
SEPTEMBER = {"startDate": "2024-09-01T00:00:00", "endDate": "2024-09-30T23:59:59"}
CATALOGUE = {
    "orgs": [{"id": "acme", "kind": "production", "name": "Acme", "ids": {"here_realm": REALM}}],
    "meters": [{"id": "geocode", "name": "Geocode", "unit": "Transactions"}, {"id": "routing", "name": "Routing", "unit": "Transactions"}],
    "users": [{"name": "ana", "password": "password of ana", "org": "acme", "roles": ["exporter"], "email": "ana@acme.example"},
              {"name": "ben", "password": "password of ben", "org": "acme", "roles": ["exporter"]},
              {"name": "cy", "password": "password of cy", "org": "acme", "roles": ["exporter"], "email": "no address"}],
}
PLAIN = {"tls": "none"}


def config(server="", **mail):
    """Settings that send mail to a server at that address."""
    lines = {"server": server, "from": "meterport@acme.example", **mail}
    return "[mail]\n" + "".join(f'{name} = "{value}"\n' for name, value in lines.items())


def client(server, user="ana"):
    if not hasattr(server, "has_usage"):
        server.usage(*(record("acme", meter, "2024-09-03T10:00:00Z", 2, f"{meter}-1") for meter in ("geocode", "routing")))
        server.has_usage = True
    return Here(server, new_key(server, "acme", user=user), REALM)


def attempts(server, outcome):
    """How many attempts of the running process ended like that."""
    text = server.api("GET", "/metrics").body.decode()
    found = re.search(rf'^meterport_delivery_attempts_total{{outcome="{outcome}"}} (\d+)$', text, re.M)
    return int(found.group(1)) if found else 0


def wait_for_attempts(server, outcome, count):
    end = time.monotonic() + 20
    while attempts(server, outcome) < count:
        assert time.monotonic() < end, f"{attempts(server, outcome)} of {count} {outcome}"
        time.sleep(0.02)


def link_of(server, report):
    return f"{server.url}/v2/usage/realms/{REALM}/reports/{report}/output"


def check(mail, report, link, word):
    assert (mail.sender, mail.to) == ("meterport@acme.example", ["ana@acme.example"])
    assert (mail.message["To"], mail.message["From"]) == ("ana@acme.example", "meterport@acme.example")
    assert report in mail.message["Subject"] and word in mail.message["Subject"]
    assert mail.message["Auto-Submitted"] == "auto-generated" and mail.message["Date"] and mail.message["Message-ID"].endswith("@acme.example>")
    assert mail.message.get_content_type() == "multipart/alternative"
    for kind in ("plain", "html"):
        assert link in mail.part(kind) and word in mail.part(kind), mail.raw
    assert all(len(line) <= 76 for line in mail.raw.split(b"\r\n")) and b"\n" not in mail.raw.replace(b"\r\n", b"")


def test_one_mail_for_a_completed_and_one_for_a_failed_report(folder):
    with SmtpSink() as sink, running(folder, catalogue=CATALOGUE, config=config(sink.url(), **PLAIN) + "[here]\nreport_rows_max = 1\n") as server:
        ana = client(server)
        done = ana.report(**SEPTEMBER, featureId=f"hrn:here:service::{REALM}:geocode")
        status = ana.wait(done)
        assert status["status"] == "completed" and status["resultHref"] == link_of(server, done)
        check(sink.wait(1)[0], done, status["resultHref"], "completed")
        failed = ana.report(**SEPTEMBER)
        assert ana.wait(failed)["status"] == "failed"
        check(sink.wait(2)[1], failed, link_of(server, failed), "failed")
        wait_for_attempts(server, "delivered", 2)
        listed = [delivery_of(server, job, in_state("delivered")) for job in {d["job"] for d in deliveries(server)}]
        assert [(d["kind"], d["url"], d["attempts_made"], d["last_status"]) for d in listed] == [("mail", "mailto:ana@acme.example", 1, 250)] * 2
        server.advance(7200)
        server.restart()
        assert ana.wait(done)["status"] == "completed" and len(sink.mails) == 2 and attempts(server, "delivered") == 0
        assert len({mail.message["Message-ID"] for mail in sink.mails}) == 2


def test_without_mail_or_address_a_report_still_completes(folder):
    with running(folder / "none", catalogue=CATALOGUE) as server:
        ana = client(server)
        assert ana.wait(ana.report(**SEPTEMBER))["status"] == "completed"
    with SmtpSink() as sink, running(folder / "some", catalogue=CATALOGUE, config=config(sink.url(), **PLAIN)) as server:
        for user in ("ben", "cy"):
            caller = client(server, user)
            assert caller.wait(caller.report(**SEPTEMBER))["status"] == "completed"
        wait_for_attempts(server, "refused", 1)
        assert sink.mails == [] and attempts(server, "delivered") == 0


@pytest.fixture
def folder(tmp_path):
    for name in ("none", "some"):
        (tmp_path / name).mkdir()
    return tmp_path


def test_a_busy_server_gets_the_mail_at_the_third_attempt(folder):
    with SmtpSink(busy=2) as sink, running(folder, catalogue=CATALOGUE, config=config(sink.url(), **PLAIN)) as server:
        ana = client(server)
        report = ana.report(**SEPTEMBER)
        for number, pause in ((1, 6), (2, 331)):
            wait_for_attempts(server, "retried", number)
            server.advance(pause)
        check(sink.wait(1)[0], report, link_of(server, report), "completed")
        wait_for_attempts(server, "delivered", 1)
        assert [r["code"] for r in sink.refusals] == [451, 451] and len(sink.mails) == 1 and attempts(server, "retried") == 2


def test_a_refused_recipient_is_not_tried_again(folder):
    with SmtpSink(refuse=550) as sink, running(folder, catalogue=CATALOGUE, config=config(sink.url(), **PLAIN)) as server:
        ana = client(server)
        assert ana.wait(ana.report(**SEPTEMBER))["status"] == "completed"
        wait_for_attempts(server, "failed", 1)
        assert len(sink.refusals) == 1 and attempts(server, "retried") == 0


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_a_mail_server_that_is_down_gets_the_mail_over_a_restart(folder, end):
    with SmtpSink() as sink:
        port = sink.port
    server = Server(folder, catalogue=CATALOGUE, config=config(f"smtp://127.0.0.1:{port}", **PLAIN)).start()
    ana = client(server)
    report, link = ana.report(**SEPTEMBER), None
    assert ana.wait(report)["status"] == "completed"
    link = link_of(server, report)
    wait_for_attempts(server, "retried", 1)
    getattr(server, end)()
    server.advance(6)
    with SmtpSink(port=port) as sink:
        server.start()
        check(sink.wait(1)[0], report, link, "completed")
        wait_for_attempts(server, "delivered", 1)
        server.advance(7200)
        assert server.stop() == 0 and len(sink.mails) == 1


def test_tls_and_log_in(folder):
    key, certificate = make_certificate(folder)
    (folder / "password").write_text("s3cret wörd\n")
    login = {"user": "meterport", "password": "s3cret wörd"}
    settings = {"ca_file": certificate, "user": "meterport", "password_file": folder / "password"}
    for place, scheme in (("none", "smtp"), ("some", "smtps")):
        with SmtpSink(key=key, certificate=certificate, implicit=scheme == "smtps", **login) as sink, \
                running(folder / place, catalogue=CATALOGUE, config=config(sink.url(scheme, "localhost"), **settings)) as server:
            ana = client(server)
            report = ana.report(**SEPTEMBER)
            [mail] = sink.wait(1)
            assert mail.secure and mail.user == "meterport"
            check(mail, report, link_of(server, report), "completed")
        assert "s3cret" not in (folder / place / "server.log").read_text()


@pytest.mark.parametrize("why", ["not offered", "not trusted", "another host", "wrong password"])
def test_what_is_not_safe_is_not_sent(folder, why):
    key, certificate = make_certificate(folder, *(("mail.other.example", "127.0.0.9") if why == "another host" else ()))
    (folder / "password").write_text("wrong")
    options = {"not offered": {}, "wrong password": {"key": key, "certificate": certificate, "user": "meterport", "password": "right"}}.get(
        why, {"key": key, "certificate": certificate})
    settings = {"not trusted": {}, "wrong password": {"ca_file": certificate, "user": "meterport", "password_file": folder / "password"}}.get(
        why, {"ca_file": certificate})
    with SmtpSink(**options) as sink, running(folder, catalogue=CATALOGUE, config=config(sink.url("smtp", "localhost"), **settings)) as server:
        ana = client(server)
        assert ana.wait(ana.report(**SEPTEMBER))["status"] == "completed"
        wait_for_attempts(server, "retried", 1)
        assert sink.mails == [] and attempts(server, "delivered") == 0


def test_a_slow_mail_server_does_not_hold_up_a_report_or_the_stop(folder):
    with SmtpSink(slow=60_000) as sink, running(folder, catalogue=CATALOGUE, config=config(sink.url(), **PLAIN)) as server:
        ana = client(server)
        for _ in range(3):
            assert ana.wait(ana.report(**SEPTEMBER))["status"] == "completed"
        began = time.monotonic()
        assert server.stop() == 0 and time.monotonic() - began < 15


@pytest.mark.quick
@pytest.mark.parametrize("settings, named", [({"from": ""}, "mail.from"), ({"server": "http://mail.acme.example"}, "mail.server"),
                                             ({"user": "meterport"}, "mail.password_file"), ({"ca_file": "/nothing"}, "mail.ca_file")])
def test_a_mistake_in_the_set_up_stops_the_start(folder, settings, named):
    server = Server(folder, catalogue=CATALOGUE)
    server.config.write_text(config(**{"server": "smtp://127.0.0.1:1", **settings}))
    done = run("serve", "--data", server.data, "--listen", "127.0.0.1:0", "--config", server.config, accept=None, timeout=20)
    assert done.returncode != 0 and named in done.stderr, done
