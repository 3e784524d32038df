"""Reports over time and by settings: states, limits, crashes, retention, mail (here.md 3.2, 6, 7; H36, H40, H42, H43, H45 to H48, H54; X07, X08).

One server, configured anew by each test; each test has realms of its own.
"""
import contextlib
import gzip
import json
import re
import socket
import sqlite3
import time
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from harness import Server
from here_client import ask_token, error
from here_world import ACCOUNTS, ANA, AUTOCOMPLETE, BEN, CATALOGUE, FIRST, GEOCODE, PARTNER, SEPTEMBER, SUB_A, SUB_B, Model, csv_text, partner_client, usage
from smtp_sink import SmtpSink

quick = pytest.mark.quick
QUOTED = r"\d{4}-\d\d-\d\d'T'\d\d:\d\d:\d\d"
WAITING = "[exports]\nrunners = 0\n"
GROUPS = {"groupBy": "appId,project,billingTag"}


class Lab:
    """The server and clients of two users of the partner's."""

    def __init__(self, folder):
        self.server = Server(folder, catalogue=CATALOGUE).start()
        self.ana, self.ben = (partner_client(self.server, user["name"]) for user in (ANA, BEN))

    def configure(self, config="", kill=False):
        """Restarts the server with this configuration."""
        if kill:
            self.server.kill()
        else:
            assert self.server.stop() == 0
        self.server.config.write_text(config)
        self.server.start()
        return self

    def fill(self, realm, count):
        """That many records, each a row of its own under GROUPS."""
        for begin in range(0, count, 50_000):
            text = "\n".join(json.dumps(usage(realm, AUTOCOMPLETE, "2024-09-03T10:00:00", n + 1, FIRST, f"a{n % 100}", f"p{n // 100 % 100}", f"t{n // 10_000}"))
                             for n in range(begin, min(begin + 50_000, count)))
            answer = self.server.api("POST", "/v1/usage", text, content_type="application/x-ndjson", Prefer="return=minimal")
            assert answer.status == 200 and answer.json()["rejected"] == 0, answer


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    made = Lab(tmp_path_factory.mktemp("life"))
    try:
        yield made
    finally:
        if made.server.process is not None:
            made.server.kill()


def native(lab, realm):
    """The report jobs of a realm as GET /v1/exports lists them, newest first."""
    answer = lab.server.api("GET", f"/v1/exports?org={realm}&page_size=1000")
    assert answer.status == 200, answer
    [jobs] = [v for v in answer.json().values() if isinstance(v, list)]
    return jobs


def caught_running(lab, realm, attempts=20):
    """A report of many rows, in progress when the server was killed; the server is up again and takes no job up."""
    for _ in range(attempts):
        lab.configure("[exports]\nrunners = 1\n")
        report = lab.ana.report(realm=realm, **SEPTEMBER, **GROUPS)
        end = time.monotonic() + 20
        while (status := lab.ana.status(report, realm)["status"]) == "pending":
            assert time.monotonic() < end
        lab.configure(WAITING, kill=True)
        if status == "inProgress" and lab.ana.status(report, realm)["status"] == "inProgress":
            return report
    raise AssertionError("no report was caught in progress")


@quick
def test_H36_and_H54_the_printing_settings(lab, account):
    lab.configure('[here]\nquoted_dates = true\ncsv_extra_columns = true\n[server]\npublic_url = "https://meter.example.com"\n')
    records = [usage(account, GEOCODE, f"2024-09-{day:02}T10:00:00", 800, FIRST, "app1") for day in (1, 2, 3)]
    lab.server.usage(*records)
    rows = Model(*records).rows(account, **SEPTEMBER, detailLevel="day")
    assert lab.ana.csv(account, **SEPTEMBER, detailLevel="day") == csv_text(rows, extra=True), "two columns at the end, dates plain"
    assert csv_text(rows, extra=True).partition("\n")[0].endswith('"Usage Amount (billableValue)","Charge Number (billingChargeNumber)","Usage Amount (usageValue)"')
    got = lab.ana.rows(account, **SEPTEMBER, detailLevel="day")
    assert got == [{**row, "usageDateTime": row["usageDateTime"].replace("T", "'T'")} for row in rows] and all(re.fullmatch(QUOTED, r["usageDateTime"]) for r in got)
    answer = lab.ana.ask_report(realm=account, **SEPTEMBER, detailLevel="day")
    href = f"https://meter.example.com/v2/usage/realms/{account}/reports/{answer.json()['id']}"
    assert answer.headers["location"] == href
    status = lab.ana.wait(answer.json()["id"], account)
    assert status["resultHref"] == href + "/output" and re.fullmatch(QUOTED, status["created"])
    assert (status["parameters"]["startDate"], status["parameters"]["endDate"]) == ("2024-09-01'T'00:00:00", "2024-09-30'T'23:59:59")
    assert lab.ana.listed(account)["items"][0] == status
    assert gzip.decompress(lab.ana.output(status["id"], account).body).decode() == csv_text(rows, extra=True)


@quick
def test_H40_reports_turned_off(lab):
    lab.configure("[here]\nreports = false\n")
    body = error(lab.ana.ask_report(**SEPTEMBER), 400, "E706015")
    assert body["details"][0]["code"] == "ASYNC_API_DISABLED_FOR_USER"
    assert lab.ana.get(**SEPTEMBER).status == 200


@quick
def test_H43_before_completion_and_X07_pending_and_cancelled(lab, account):
    lab.configure(WAITING)
    answer = lab.ana.ask_report(realm=account, **SEPTEMBER)
    assert answer.status == 201 and answer.json()["status"] == "pending"
    waiting, cancelled = answer.json()["id"], lab.ana.report(realm=account, **SEPTEMBER)
    assert [lab.ana.status(report, account)["status"] for report in (waiting, cancelled)] == ["pending"] * 2
    error(lab.ana.output(waiting, account), 404, "E706013")
    jobs = native(lab, account)
    assert [job["state"] for job in jobs] == ["CREATED"] * 2
    assert lab.server.api("DELETE", f"/v1/exports/{jobs[0]['id']}").status in (200, 202, 204)
    body = lab.ana.wait(cancelled, account)
    assert body["status"] == "failed" and "resultHref" not in body, "the wire has no word for cancelled"
    error(lab.ana.output(cancelled, account), 404, "E706013")
    lab.configure(kill=True)
    assert lab.ana.wait(waiting, account)["status"] == "completed" and lab.ana.status(cancelled, account)["status"] == "failed"
    assert [job["state"] for job in native(lab, account)] == ["CANCELLED", "SUCCESS"]


@quick
def test_H45_as_many_rows_as_allowed_and_one_more(lab, account):
    lab.configure("[here]\nreport_rows_max = 40\ncsv_rows_max = 30\n")
    for count, csv_status, status in ((30, 200, "completed"), (31, 400, "completed"), (40, 400, "completed"), (41, 400, "failed")):
        lab.fill(realm := ACCOUNTS[-1 - count], count)
        answer = lab.ana.get("/csv", realm, **SEPTEMBER, **GROUPS)
        assert answer.status == csv_status
        if csv_status == 400:
            error(answer, 400, "E706011")
        body = lab.ana.wait(report := lab.ana.report(realm=realm, **SEPTEMBER, **GROUPS), realm)
        assert body["status"] == status and ("resultHref" in body) == (status == "completed")
        if status == "failed":
            error(lab.ana.output(report, realm), 404, "E706013")
            assert native(lab, realm)[0]["state"] == "FAILED"
            assert lab.ana.wait(lab.ana.report(realm=realm, **SEPTEMBER), realm)["status"] == "completed", "rows of the answer count, not records"
        else:
            assert gzip.decompress(lab.ana.output(report, realm).body).count(b"\n") == count + 1


@quick
def test_H46_one_mail_at_the_end(lab, account):
    lab.server.usage(*(usage(account, AUTOCOMPLETE, "2024-09-03T10:00:00", 1, app_id=f"app{n}") for n in range(4)))
    with SmtpSink() as sink:
        lab.configure(f'[mail]\nserver = "{sink.url()}"\nfrom = "meterport@example.com"\ntls = "none"\n[here]\nreport_rows_max = 3\n')
        good, bad = lab.ana.report(realm=account, **SEPTEMBER), lab.ana.report(realm=account, **SEPTEMBER, groupBy="appId")
        assert lab.ana.wait(good, account)["status"] == "completed" and lab.ana.wait(bad, account)["status"] == "failed"
        nobody = partner_client(lab.server)
        assert nobody.wait(nobody.report(realm=account, **SEPTEMBER), account)["status"] == "completed", "no address: no mail, no failure"
        others = lab.ben.report([SUB_A, SUB_B], **SEPTEMBER)
        assert lab.ben.wait(others)["status"] == "completed"
        mails = sink.wait(3)
        for report, realm, user in ((good, account, ANA), (bad, account, ANA), (others, PARTNER, BEN)):
            [mail] = [m for m in mails if report in m.raw.decode()]
            link = f"{lab.server.url}/v2/usage/realms/{realm}/reports/{report}/output"
            assert mail.to == [user["email"]] and mail.sender == "meterport@example.com" and mail.message["From"] and mail.message["Subject"]
            assert user["email"] in mail.message["To"] and mail.message["Date"] and mail.message["Message-ID"]
            assert link in mail.part("plain") and link in mail.part("html"), mail.raw
        done = lab.ana.report(realm=account, **SEPTEMBER)
        lab.ana.wait(done, account)
        assert len(sink.wait(4)) == 4, "one each"


@quick
def test_H46_a_mail_server_that_is_not_there_fails_no_report(lab, account):
    lab.configure('[mail]\nserver = "smtp://127.0.0.1:9"\nfrom = "meterport@example.com"\ntls = "none"\n')
    report = lab.ana.report(realm=account, **SEPTEMBER)
    assert lab.ana.wait(report, account)["status"] == "completed" and lab.ana.output(report, account).status == 200


@quick
def test_X08_too_many_reports(lab, account):
    lab.configure(WAITING + "[here]\nactive_reports_max = 2\n")
    for _ in range(2):
        lab.ana.report(realm=account, **SEPTEMBER)
    answer = lab.ana.ask_report(realm=account, **SEPTEMBER)
    assert answer.status == 429 and int(answer.headers["retry-after"]) > 0, answer
    body = answer.json()
    assert body["code"] == "429002" and body["status"] == 429 and all(body[k] for k in ("title", "cause", "action", "correlationId")), answer
    assert lab.ana.listed(account)["total"] == 2, "what was refused left nothing"


@quick
def test_X08_a_server_over_its_queue_bound(lab):
    lab.configure("[http]\nrequests_in_flight_max = 1\n")
    lab.ana.renew()
    ids = {"X-Correlation-ID": "0123456789abcdef", "X-Request-ID": "r"}
    host, port = lab.server.host.split(":")
    with socket.create_connection((host, int(port)), timeout=20) as other:
        head = f"POST {lab.ana.path('/reports', **SEPTEMBER)} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {lab.ana.token}\r\nContent-Length: 9\r\n\r\n"
        other.sendall(head.encode())  # and no body: it stays in flight
        end = time.monotonic() + 20
        while (answer := lab.ana.get(headers=ids, **SEPTEMBER)).status == 200:
            assert time.monotonic() < end
        for refusal in (answer, lab.ana.ask_report(**SEPTEMBER), ask_token(lab.server, lab.ana.key)):
            body = refusal.json()
            assert refusal.status == 429 and body["code"] == "429002" and body["status"] == 429 and int(refusal.headers["retry-after"]) > 0, refusal
            assert all(body[k] for k in ("error", "title", "cause", "action")) and body["correlationId"] == refusal.headers["x-correlation-id"], refusal
        assert (answer.headers["x-correlation-id"], answer.headers["x-request-id"]) == tuple(ids.values())
        assert body["errorCode"] == 429002
    lab.configure()


@pytest.mark.slow
def test_X08_a_control_store_that_takes_no_writes(lab, account):
    """503 with Retry-After on both paths: a token's nonce can't be kept, a report not either. What only reads goes on."""
    lab.configure()
    lab.ana.renew()
    [control] = lab.server.config.parent.rglob("control.sqlite")
    with contextlib.closing(sqlite3.connect(control, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        for answer in (ask_token(lab.server, lab.ana.key), lab.ana.ask_report(realm=account, **SEPTEMBER)):
            assert error(answer, 503, "E706016")["errorId"] in (lab.server.folder / "server.log").read_text()
            assert int(answer.headers["retry-after"]) > 0, answer.headers
        assert lab.ana.get(realm=account, **SEPTEMBER).status == 200
        other.execute("ROLLBACK")
    assert ask_token(lab.server, lab.ana.key).status == 200 and lab.ana.listed(account)["total"] == 0


@quick
def test_H47_archived_after_the_retention(lab, account):
    lab.server.usage(usage(account, AUTOCOMPLETE, "2024-09-03T10:00:00", 1))
    lab.configure()
    report = lab.ana.report(realm=account, **SEPTEMBER)
    before = lab.ana.wait(report, account)
    lab.server.advance(30 * 86400 - 3600)
    assert lab.ana.renew().status(report, account)["status"] == "completed" and lab.ana.output(report, account).status == 200
    lab.server.advance(3700)
    after = lab.ana.status(report, account)
    assert after["status"] == "archived" and "resultHref" not in after and {**after, "status": "completed", "resultHref": before["resultHref"]} == before
    error(lab.ana.output(report, account), 404, "E706013")
    assert native(lab, account)[0]["state"] == "EXPIRED"
    lab.configure("[here]\nreport_retention = 60\n")
    report = lab.ana.report(realm=account, **SEPTEMBER)
    assert lab.ana.wait(report, account)["status"] == "completed"
    lab.server.advance(61)
    assert [r["status"] for r in lab.ana.reports(account)] == ["archived"] * 2, "the list holds them"
    lab.server.advance(400 * 86400)
    assert [r["status"] for r in lab.ana.renew().reports(account)] == ["archived"] * 2, "for ever"
    lab.ben.renew()


@quick
def test_H48_a_report_in_progress_lives_through_a_kill(lab, account):
    lab.fill(account, 60_000)
    report = caught_running(lab, account)
    assert native(lab, account)[0]["state"] == "PROCESSING"
    error(lab.ana.output(report, account), 404, "E706013")
    lab.configure(kill=True)
    assert lab.ana.wait(report, account)["status"] == "completed"
    text = gzip.decompress(lab.ana.output(report, account).body).decode()
    assert text.count("\n") == 60_001 and text == csv_text_of(lab, account)


def csv_text_of(lab, realm):
    """The same report, asked for anew."""
    return lab.ana.finished(realm=realm, **SEPTEMBER, **GROUPS)


@quick
def test_H54_every_report_asked_for_under_a_realm(lab):
    """Of two users, over a sub-account, in every status; the sub-account's own list has none of them."""
    big = ACCOUNTS[-1]
    known = [r["id"] for r in lab.configure().ana.reports()]
    lab.fill(PARTNER, 60_000)
    lab.server.usage(usage(big, AUTOCOMPLETE, "2024-09-03T10:00:00", 1))
    expected = {}
    archived = lab.ana.report(**SEPTEMBER)
    lab.ana.wait(archived)
    expected[archived] = ("archived", PARTNER, ANA)
    lab.server.advance(31 * 86400)
    lab.ana.renew()
    lab.ben.renew()
    lab.configure("[here]\nreport_rows_max = 10\n")
    done, one, several = lab.ben.report(**SEPTEMBER), lab.ana.report([big], **SEPTEMBER), lab.ben.report([big, SUB_A], **SEPTEMBER)
    failed = lab.ana.report(**SEPTEMBER, **GROUPS)
    expected.update({done: ("completed", PARTNER, BEN), one: ("completed", big, ANA), several: ("completed", PARTNER, BEN), failed: ("failed", PARTNER, ANA)})
    for report in (done, one, several, failed):
        lab.ana.wait(report)
    running = caught_running(lab, PARTNER)
    waiting = lab.ben.report(**SEPTEMBER)
    expected.update({running: ("inProgress", PARTNER, ANA), waiting: ("pending", PARTNER, BEN)})
    for client in (lab.ana, lab.ben):
        rows = {r["id"]: r for r in client.reports()}
        for report, (status, realm, user) in expected.items():
            row = rows[report]
            assert (row["status"], row["parameters"]["realm"]) == (status, realm), row
            assert (row["parameters"]["emailId"], row["parameters"]["username"]) == (user["email"], user["name"]), row
            assert ("resultHref" in row) == (status == "completed") and re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", row["created"]), row
            assert row["parameters"]["startDate"] == SEPTEMBER["startDate"], "plain without the setting"
        assert set(known) <= set(rows)
    assert {r["status"] for r in rows.values()} == {"pending", "inProgress", "completed", "failed", "archived"}
    assert not set(expected) & {r["id"] for realm in (big, SUB_A) for r in lab.ana.reports(realm)}
    created = [datetime.fromisoformat(r["created"]) for r in lab.ana.reports()]
    assert created == sorted(created, reverse=True) and created[0] - created[-1] > timedelta(days=30)


@pytest.mark.slow
def test_H45_a_million_rows_and_one_more(lab, account):
    lab.configure()
    lab.fill(account, 1_000_000)
    body = lab.ana.wait(report := lab.ana.report(realm=account, **SEPTEMBER, **GROUPS), account, 120)
    assert body["status"] == "completed"
    text = gzip.decompress(lab.ana.output(report, account).body).decode()
    keys, total = set(), Decimal(0)
    for line in text.splitlines()[1:]:
        cells = line[1:-1].split('","')
        keys.add((cells[3], cells[10], cells[11]))
        total += Decimal(cells[12])
    assert len(keys) == 1_000_000 == text.count("\n") - 1 and total == 1_000_000 * 1_000_001 // 2
    lab.server.usage(usage(account, AUTOCOMPLETE, "2024-09-03T10:00:00", 1, FIRST, "one-more"))
    assert lab.ana.wait(lab.ana.report(realm=account, **SEPTEMBER, **GROUPS), account, 120)["status"] == "failed"


# Last, as it leaves a thousand reports waiting.
@quick
def test_H42_a_thousand_reports_each_exactly_once(lab, account):
    lab.configure(WAITING + "[here]\nactive_reports_max = 10000\n")
    made = [(lab.ana, lab.ben)[n % 2].report(realm=account, **SEPTEMBER) for n in range(1000)]
    for order, expected in (("asc", made), ("desc", made[::-1])):
        assert [r["id"] for r in lab.ana.reports(account, sort=order)] == expected
        assert [r["id"] for r in lab.ben.reports(account, sort=order, limit=37)] == expected
    back = [lab.ana.listed(account, offset=n)["items"] for n in range(9, -1, -1)]
    assert [r["id"] for page in back[::-1] for r in page] == made[::-1]
    assert lab.ana.listed(account, offset=10)["items"] == []
