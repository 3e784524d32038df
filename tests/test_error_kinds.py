"""X08: each kind of core error that a wire can meet, provoked there; status and code of crosswalk 3.2, in the wire's own shape.

One table a server: (wire, kind, how, status, code). Kinds that another file provokes with more care stand here too, so that the table is whole.
Not here: region_unavailable (one region), internal (nothing provokes it on purpose), rate_limited of NetSuite's own limit (netsuite/test_envelope.py),
HERE's two paths on a store that takes no writes (here/test_life.py).
"""
import concurrent.futures
import contextlib
import copy
import socket
import sqlite3
import sys
import time
from pathlib import Path

import here_client
import netsuite_client
import pytest
from harness import METERING, Informatica, Server, running
from here_client import Here, ask_token, refused, token_error
from metering_world import JOB_LEVEL, OLDER
from netsuite_client import NetSuite, compact
from netsuite_world import CATALOGUE, GOOD

sys.path[:0] = [str(Path(__file__).resolve().parent / name) for name in ("api", "informatica")]
from api_contract import problem  # noqa: E402
from test_sessions import assert_v2_error, assert_v3_error  # noqa: E402

REALM, FOREIGN, SEPTEMBER = "org123456789", "org999999999", {"startDate": "2024-09-01T00:00:00", "endDate": "2024-09-30T23:59:59"}
JSON, METERS = {"Content-Type": "application/json"}, {"startDate": "2024-09-01T00:00:00Z", "endDate": "2024-09-02T00:00:00Z", "jobType": "SUMMARY"}
NS_ASK = compact({"method": "sbGetUsageCreationStatus", "requestId": 1})
V3_LOGIN, V2_LOGIN = "/saas/public/core/v3/login", "/ma/api/v2/user/login"


def catalogue():
    made = copy.deepcopy(CATALOGUE)
    made["orgs"][0]["ids"]["here_realm"] = REALM
    made["orgs"][4]["ids"]["here_realm"] = FOREIGN
    made["users"].append({"name": "vera", "password": "password-of-vera", "org": "acme", "roles": ["viewer"]})
    return made


class Wires:
    """One server's clients of every wire. `limits`: its settings; how[...] asks with them."""

    def __init__(self, server):
        self.server = server
        self.informatica, self.viewer = server.informatica(), server.informatica("vera", "password-of-vera")
        self.netsuite, self.here = NetSuite(server), Here(server, here_client.new_key(server, "acme"), REALM)
        self.native_viewer = self.key("viewer")
        self.here.renew()

    def key(self, role):
        return self.server.api("POST", "/v1/keys", {"name": role, "org": "acme", "roles": [role]}).json()["key"]

    def v3(self, body=None, resource="ExportMeteringData", client=None):
        return (client or self.informatica).call("POST", f"{METERING}/{resource}", METERS if body is None else body)

    def v2(self, method, path, body=None, session=True, headers=None):
        return self.server.call(method, path, body, {**({"icSessionId": self.informatica.session} if session else {}), **(headers or {})})

    def native(self, method, path, body=None, **more):
        return self.server.api(method, path, body, **more)

    def job(self):
        """A job that waits; no runner takes it up."""
        answer = self.v3()
        assert answer.status == 200, answer
        return answer.json()["jobId"]

    def cancelled(self):
        job = self.job()
        assert self.native("DELETE", f"/v1/exports/{job}").status == 200
        return job

    def full(self):
        """The answer once the org has as many active jobs as it may have; they are cancelled again."""
        made = []
        while (answer := self.v3()).status == 200:
            made.append(answer.json()["jobId"])
            assert len(made) < 10
        for job in made:
            self.native("DELETE", f"/v1/exports/{job}")
        return answer

    def retried(self):
        """An idempotency key used again with another body."""
        key = {"X-NetSuite-Idempotency-Key": "one-key"}
        assert self.netsuite.create_text(compact([GOOD]), **key).status == 200
        return self.netsuite.create_text(compact([GOOD, GOOD]), **key)

    def wrong_secret(self):
        return NetSuite(self.server, {**self.netsuite.key, "token_secret": "0" * 64}).send(NS_ASK)

    def reports(self):
        """One more than a realm may have unfinished."""
        while (answer := self.here.ask_report(**SEPTEMBER)).status == 201:
            pass
        return answer

    def many_rows(self):
        self.server.usage(*[{"org": "acme", "meter": m, "time": "2024-09-03T00:00:00Z", "quantity": "1", "id": f"x08-{m}"}
                            for m in ("a2nB20h1o0lc7k3P9xtWS8", "lCwc4CfL7EEhv9773egFC8")])
        return self.here.get("/csv", **SEPTEMBER)

    def here_report_job(self):
        """The output of a report that waits, and of one that is cancelled."""
        report = self.here.report(**SEPTEMBER)
        waiting = self.here.output(report)
        for job in self.native("GET", "/v1/exports?page_size=100").json()["exports"]:
            if job["kind"] == "billed-usage" and job["state"] == "CREATED":
                self.native("DELETE", f"/v1/exports/{job['id']}")
        return waiting, self.here.output(report)


def shape(wire, answer, status, code):
    """The answer has the wire's own error form with this code; 429 and 503 say when to come again."""
    if wire == "informatica v3":
        assert_v3_error(answer, status, code)
    elif wire == "informatica v2":
        assert_v2_error(answer, status, code)
    elif wire == "netsuite":
        netsuite_client.error(answer, status, code)
    elif wire == "here":
        if str(status) in ("401", "403"):
            refused(answer, status, code)
        elif status == 429:
            assert answer.status == 429 and answer.json()["code"] == code and answer.json()["status"] == 429, answer
        else:
            here_client.error(answer, status, code)
    elif wire == "here token":
        (here_client.error if isinstance(code, str) else token_error)(answer, status, code)
    else:
        problem(answer, status, code)
    if status in (429, 503) or code == "SSS_REQUEST_LIMIT_EXCEEDED":
        assert int(answer.headers["retry-after"]) > 0, answer.headers


I3, I2, NS, HR, TK, V1 = "informatica v3", "informatica v2", "netsuite", "here", "here token", "/v1"
JOBS = f"{METERING}/ExportMeteringData"
BIG = "{" + " " * 100_000 + "}"
NO_RUNNERS = ("[exports]\nrunners = 0\n[http]\nbody_bytes_max = 65536\n[netsuite]\nbody_bytes_max = 2048\n[informatica]\ndownload_hold = 0\n"
              "[here]\nactive_reports_max = 1\ncsv_rows_max = 1\n")
CALLS = [
    (I3, "bad_credentials", lambda w: w.server.call("POST", V3_LOGIN, {"username": "admin", "password": "no"}, JSON), 401, "IDS_085"),
    (I2, "bad_credentials", lambda w: w.v2("POST", V2_LOGIN, {"username": "admin", "password": "no"}, False, JSON), 403, "UI_10000"),
    (NS, "bad_credentials", lambda w: w.wrong_secret(), 401, "INVALID_LOGIN_ATTEMPT"),
    (NS, "bad_credentials", lambda w: w.netsuite.send(NS_ASK, authorization="NLAuth nlauth_account=1234567_SB1, nlauth_email=a@b.c, nlauth_signature=x"), 401,
     "INVALID_LOGIN_CREDENTIALS"),
    (TK, "bad_credentials", lambda w: ask_token(w.server, {**w.here.key, "access_key_secret": "x" * 40}), 401, 401300),
    (V1, "bad_credentials", lambda w: w.native("GET", "/v1/orgs", key="mp_no_such_key"), 401, ("unauthenticated", "bad_credentials")),
    (I3, "unauthenticated", lambda w: w.v3(client=Informatica(w.server, "0123456789abcdefghijkl")), 401, "AUTH_01"),
    (I2, "unauthenticated", lambda w: w.v2("GET", "/saas/api/v2/org", session=False), 401, "AUTH_01"),
    (NS, "unauthenticated", lambda w: w.netsuite.send(NS_ASK, authorization=""), 401, "INVALID_LOGIN_ATTEMPT"),
    (NS, "unauthenticated", lambda w: w.netsuite.send(NS_ASK, authorization='OAuth realm="x", oauth_token=y, "'), 400, "INVALID_REQUEST"),
    (HR, "unauthenticated", lambda w: w.server.call("GET", w.here.path(**SEPTEMBER)), 401, "401200"),
    (HR, "unauthenticated", lambda w: w.here.get(headers={"Authorization": "Basic eDp5"}, **SEPTEMBER), 401, "401201"),
    (HR, "unauthenticated", lambda w: w.here.get(headers={"Authorization": "Bearer abc"}, **SEPTEMBER), 401, "400601"),
    (TK, "unauthenticated", lambda w: ask_token(w.server, w.here.key, authorization=""), 401, 401200),
    (V1, "unauthenticated", lambda w: w.server.call("GET", "/v1/orgs"), 401, "unauthenticated"),
    (I3, "forbidden", lambda w: w.v3(client=w.viewer), 403, "METERING_FORBIDDEN"),
    (I3, "forbidden", lambda w: w.v3(resource=OLDER, client=w.viewer), 403, "METERING_FORBIDDEN"),
    (I3, "forbidden", lambda w: w.v3({**METERS, "allMeters": "TRUE"}, JOB_LEVEL, w.viewer), 403, "METERING_FORBIDDEN"),
    (NS, "forbidden", lambda w: NetSuite(w.server, netsuite_client.new_key(w.server, roles=["viewer"])).create_text(compact([GOOD])), 401,
     "INVALID_LOGIN_ATTEMPT"),
    (HR, "forbidden", lambda w: w.here.get(realm=FOREIGN, **SEPTEMBER), 403, "403403"),
    (V1, "forbidden", lambda w: w.native("POST", "/v1/usage", [], key=w.native_viewer), 403, "forbidden"),
    (I3, "not_found", lambda w: w.informatica.status("0" * 22), 404, "METERING_JOB_NOT_FOUND"),
    (I3, "not_found", lambda w: w.informatica.download("0" * 22), 404, "METERING_JOB_NOT_FOUND"),
    (I2, "not_found", lambda w: w.v2("GET", "/saas/api/v2/org/nothing"), 404, "METERING_ORG_NOT_FOUND"),
    (I2, "not_found", lambda w: w.v2("GET", "/saas/api/v2/org/name/Other"), 404, "METERING_ORG_NOT_FOUND"),
    (NS, "not_found", lambda w: w.netsuite.ask(999_999), 400, "REQUEST_NOT_FOUND"),
    (HR, "not_found", lambda w: w.here.get("/reports/REPORT-999999"), 404, "E706012"),
    (HR, "not_found", lambda w: w.here.get(realm="org000000000", **SEPTEMBER), 403, "403403"),
    (V1, "not_found", lambda w: w.native("GET", "/v1/exports/" + "0" * 22), 404, "not_found"),
    (I3, "no_such_path", lambda w: w.informatica.call("GET", "/saas/public/core/v3/nothing"), 404, "METERING_NO_SUCH_PATH"),
    (I3, "no_such_path", lambda w: w.informatica.call("GET", f"{JOBS}/jobs/{'0' * 22}"), 404, "METERING_NO_SUCH_PATH"),
    (I2, "no_such_path", lambda w: w.v2("GET", "/saas/api/v2/nothing"), 404, "METERING_NO_SUCH_PATH"),
    (I2, "no_such_path", lambda w: w.v2("GET", "/ma/api/v2/nothing"), 404, "METERING_NO_SUCH_PATH"),
    (NS, "no_such_path", lambda w: w.netsuite.send(NS_ASK, query="script=1&deploy=1"), 404, "SSS_INVALID_SCRIPTLET_ID"),
    (HR, "no_such_path", lambda w: w.here.call("GET", "/v2/nothing"), 404, "E706014"),
    (TK, "no_such_path", lambda w: w.server.call("POST", "/oauth2/nothing"), 404, "E706014"),
    (V1, "no_such_path", lambda w: w.native("GET", "/v1/nothing"), 404, "no_such_path"),
    (I3, "method_not_allowed", lambda w: w.informatica.call("DELETE", f"{JOBS}/{'0' * 22}"), 405, "METERING_NO_SUCH_PATH"),
    (I3, "method_not_allowed", lambda w: w.informatica.call("GET", V3_LOGIN), 405, "METERING_NO_SUCH_PATH"),
    (I2, "method_not_allowed", lambda w: w.v2("POST", "/saas/api/v2/org", {}), 405, "METERING_NO_SUCH_PATH"),
    (NS, "method_not_allowed", lambda w: w.netsuite.send(None, method="GET"), 405, "METHOD_NOT_ALLOWED"),
    (HR, "method_not_allowed", lambda w: w.here.call("DELETE", w.here.path("/reports")), 405, "E706014"),
    (TK, "method_not_allowed", lambda w: w.server.call("GET", "/oauth2/token"), 405, "E706014"),
    (V1, "method_not_allowed", lambda w: w.native("PUT", "/v1/orgs", {}), 405, "method_not_allowed"),
    (I2, "unsupported_media", lambda w: w.v2("POST", V2_LOGIN, "<login/>", False, {"Content-Type": "application/xml"}), 415, "METERING_INVALID_FIELD"),
    (NS, "unsupported_media", lambda w: w.netsuite.send(NS_ASK, content_type="text/plain"), 415, "UNSUPPORTED_MEDIA_TYPE"),
    (HR, "unsupported_media", lambda w: w.here.call("POST", w.here.path("/reports", **SEPTEMBER), "a=b",
                                                    {"Content-Type": "application/x-www-form-urlencoded"}), 400, "E706010"),
    (TK, "unsupported_media", lambda w: ask_token(w.server, w.here.key, body='{"grantType":"client_credentials"}', content_type=""), 400, 400003),
    (TK, "unsupported_media", lambda w: ask_token(w.server, w.here.key, body='{"grantType":"client_credentials"}', content_type="text/plain"), 400, 400004),
    (V1, "unsupported_media", lambda w: w.native("POST", "/v1/usage", "a,b", content_type="text/plain"), 415, "unsupported_media"),
    (I3, "malformed", lambda w: w.v3("{"), 400, "METERING_INVALID_FIELD"),
    (I3, "malformed", lambda w: w.v3(b""), 400, "METERING_INVALID_FIELD"),
    (I2, "malformed", lambda w: w.v2("POST", V2_LOGIN, "{", False, JSON), 400, "METERING_INVALID_FIELD"),
    (NS, "malformed", lambda w: w.netsuite.send("{"), 400, "INVALID_REQUEST"),
    (NS, "malformed", lambda w: w.netsuite.send(b""), 400, "MISSING_REQUEST_DATA"),
    (NS, "malformed", lambda w: w.netsuite.send("{}"), 400, "EMPTY_REQUEST_OBJECT"),
    (HR, "malformed", lambda w: w.here.ask_report("{", **SEPTEMBER), 400, "E706010"),
    (TK, "malformed", lambda w: ask_token(w.server, w.here.key, body="{"), 400, 400002),
    (V1, "malformed", lambda w: w.native("POST", "/v1/exports", "{"), 400, "malformed"),
    (I3, "invalid", lambda w: w.v3({**METERS, "jobType": "summary"}), 400, "METERING_INVALID_FIELD"),
    (I3, "invalid", lambda w: w.v3({**METERS, "meterId": "no-such-meter"}, JOB_LEVEL), 400, "METERING_INVALID_FIELD"),
    (I2, "invalid", lambda w: w.v2("POST", V2_LOGIN, {"username": "admin"}, False, JSON), 400, "METERING_INVALID_FIELD"),
    (NS, "invalid", lambda w: w.netsuite.send(compact({"method": "sbGetUsageCreationStatus"})), 400, "MISSING_REQUEST_PROPERTY"),
    (NS, "invalid", lambda w: w.netsuite.ask(""), 400, "EMPTY_REQUEST_PROPERTY"),
    (NS, "invalid", lambda w: w.netsuite.ask("abc"), 400, "INVALID_PROPERTY_FORMAT"),
    (NS, "invalid", lambda w: w.netsuite.send(compact({"method": "sbNothing"})), 400, "INVALID_REQUEST_METHOD"),
    *[(HR, "invalid", lambda w, changed=changed: w.here.get(**{**SEPTEMBER, **changed}), 400, code) for changed, code in (
        ({"limit": 0}, "E706002"), ({"startDate": "x"}, "E706003"), ({"groupBy": "name"}, "E706004"), ({"offset": -1}, "E706006"),
        ({"channelId": "warm"}, "E706007"),
        ({"usageFields": "x"}, "E706008"), ({"billingSubscriptionId": ",".join(map(str, range(21)))}, "E706009"))],
    (HR, "invalid", lambda w: w.here.get(realm="ab", **SEPTEMBER), 400, "E706001"),
    (TK, "invalid", lambda w: ask_token(w.server, w.here.key, {"expires_in": 60}), 400, 400200),
    (TK, "not_supported", lambda w: ask_token(w.server, w.here.key, {"grant_type": "password"}), 400, 400290),
    (V1, "invalid", lambda w: w.native("POST", "/v1/exports", {"kind": "summary", "period": "September"}), 400, "invalid"),
    (I3, "range_too_long", lambda w: w.v3({**METERS, "endDate": "2025-09-02T00:00:00Z"}), 400, "METERING_RANGE_TOO_LONG"),
    (I3, "range_too_long", lambda w: w.v3({**METERS, "jobType": "ASSET", "endDate": "2024-10-03T00:00:00Z"}), 400, "METERING_RANGE_TOO_LONG"),
    (HR, "range_too_long", lambda w: w.here.get(**{**SEPTEMBER, "endDate": "2024-12-31"}), 400, "E706005"),
    (V1, "range_too_long", lambda w: w.native("POST", "/v1/exports", {"kind": "summary", "from": "1971-01-01", "to": "2199-01-01"}), 400, "range_too_long"),
    (I3, "too_large", lambda w: w.v3(BIG), 413, "METERING_TOO_LARGE"),
    (I2, "too_large", lambda w: w.v2("POST", V2_LOGIN, BIG, False, JSON), 413, "METERING_TOO_LARGE"),
    (NS, "too_large", lambda w: w.netsuite.send(BIG[:3000]), 400, "INVALID_REQUEST"),
    (HR, "too_large", lambda w: w.here.ask_report(BIG, **SEPTEMBER), 400, "E706010"),
    (HR, "too_large", lambda w: w.many_rows(), 400, "E706011"),
    (TK, "too_large", lambda w: ask_token(w.server, w.here.key, body=BIG), 400, 400917),
    (V1, "too_large", lambda w: w.native("POST", "/v1/usage", BIG), 413, "too_large"),
    (I3, "too_many_jobs", lambda w: w.full(), 400, "METERING_TOO_MANY_JOBS"),
    (HR, "too_many_jobs", lambda w: w.reports(), 429, "429002"),
    (NS, "conflict", lambda w: w.retried(), 400, "IDEMPOTENCY_ERROR"),
    (V1, "conflict", lambda w: w.native("POST", "/v1/orgs", {"id": "acme-eu", "kind": "sub-org", "name": "Again", "parent": "acme"}), 409, "conflict"),
    (I3, "not_ready", lambda w: w.informatica.download(w.job()), 409, "METERING_NOT_READY"),
    (V1, "not_ready", lambda w: w.native("GET", f"/v1/exports/{w.job()}/download"), 409, "not_ready"),
    (I3, "gone", lambda w: w.informatica.download(w.cancelled()), 404, "METERING_NO_OUTPUT"),
    (V1, "gone", lambda w: w.native("GET", f"/v1/exports/{w.cancelled()}/download"), 410, "gone"),
    (I2, "not_supported", lambda w: w.v2("POST", "/ma/api/v2/user/loginOAuth", {"oauthToken": "x", "orgId": "acme"}, False, JSON), 501,
     "METERING_NOT_SUPPORTED"),
]


def name_of(call):
    return f"{call[0]}-{call[1]}-{call[4] if isinstance(call[4], (str, int)) else call[4][0]}".replace(" ", "_").replace("/", "")


@pytest.fixture(scope="module")
def wires(tmp_path_factory):
    with running(tmp_path_factory.mktemp("kinds"), catalogue=catalogue(), config=NO_RUNNERS) as server:
        yield Wires(server)


@pytest.mark.quick
@pytest.mark.parametrize("call", CALLS, ids=name_of)
def test_X08_kinds_of_a_healthy_server(wires, call):
    wire, _, provoke, status, code = call
    answer = provoke(wires)
    if isinstance(code, tuple):
        code = answer.json()["code"] if answer.json().get("code") in code else code[0]
    shape(wire, answer, status, code)
    if wire == I3:
        for job in wires.native("GET", "/v1/exports?page_size=100").json()["exports"]:
            if job["state"] == "CREATED":
                wires.native("DELETE", f"/v1/exports/{job['id']}")


def test_X08_reports_that_are_not_ready_or_gone(tmp_path):
    with running(tmp_path, catalogue=catalogue(), config="[exports]\nrunners = 0\n") as server:
        for answer in Wires(server).here_report_job():
            shape(HR, answer, 404, "E706013")


def test_X08_an_operation_that_is_gone(tmp_path):
    with running(tmp_path, catalogue=catalogue(), config="[operations]\nretention = 60\n") as server:
        client = NetSuite(server)
        request = client.create(GOOD)
        client.wait(request)
        server.advance(3 * 3600)
        end = time.monotonic() + 30
        while (answer := client.ask(request)).status == 200:
            assert time.monotonic() < end, "it is pruned"
            time.sleep(0.1)
        shape(NS, answer, 400, "REQUEST_NOT_FOUND")


def test_X08_too_many_jobs_by_the_setting(tmp_path):
    config = "[exports]\nrunners = 0\n[informatica]\ntoo_many_jobs_status = 429\nactive_jobs_max = 1\n"
    with running(tmp_path, catalogue=catalogue(), config=config) as server:
        shape(I3, Wires(server).full(), 429, "METERING_TOO_MANY_JOBS")


BUSY = [
    (I3, lambda w: w.v3(), 503, "METERING_BUSY"), (I3, lambda w: w.server.call("POST", V3_LOGIN, {}, JSON), 503, "METERING_BUSY"),
    (I3, lambda w: w.informatica.status("0" * 22), 503, "METERING_BUSY"), (I2, lambda w: w.v2("GET", "/saas/api/v2/org"), 503, "METERING_BUSY"),
    (I2, lambda w: w.v2("POST", V2_LOGIN, {}, False, JSON), 503, "METERING_BUSY"), (NS, lambda w: w.netsuite.send(NS_ASK), 400, "SSS_REQUEST_LIMIT_EXCEEDED"),
    (HR, lambda w: w.here.get(**SEPTEMBER), 429, "429002"), (V1, lambda w: w.native("GET", "/v1/orgs"), 503, "busy"),
        (V1, lambda w: w.native("POST", "/v1/usage", []), 503, "busy")]


@pytest.mark.quick
def test_X08_busy_on_every_wire(tmp_path):
    server = Server(tmp_path, catalogue=catalogue()).start()
    try:
        wires = Wires(server)
        server.stop()
        server.config.write_text("[http]\nrequests_in_flight_max = 4\n")
        server.start()
        wires.informatica, key = server.informatica(), server.admin_key
        wires.here.renew()
        host, port = server.host.split(":")
        head = f"POST /v1/usage HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {key}\r\nContent-Length: 9\r\n\r\n"
        with contextlib.ExitStack() as others:
            for _ in range(4):
                others.enter_context(socket.create_connection((host, int(port)), timeout=20)).sendall(head.encode())  # and no body: it stays in flight
            end = time.monotonic() + 20
            while wires.native("GET", "/v1/orgs").status == 200:
                assert time.monotonic() < end
            for wire, provoke, status, code in BUSY:
                shape(wire, provoke(wires), status, code)
            answer = ask_token(server, wires.here.key)
            assert (answer.status, answer.json()["errorCode"]) == (429, 429002) and int(answer.headers["retry-after"]) > 0, answer
    finally:
        server.kill()


def test_X08_a_queue_of_operations_that_is_full(tmp_path):
    with running(tmp_path, catalogue=catalogue(), config="[operations]\nrunners = 0\nunfinished_max = 1\n") as server:
        wires = Wires(server)
        assert wires.netsuite.create_text(compact([GOOD])).status == 200
        shape(NS, wires.netsuite.create_text(compact([GOOD])), 400, "SSS_REQUEST_LIMIT_EXCEEDED")
        record = {"org": "acme", "meter": "a2nB20h1o0lc7k3P9xtWS8", "time": "2024-09-03T00:00:00Z", "quantity": "1", "id": "1"}
        shape(V1, wires.native("POST", "/v1/usage", [record], Prefer="respond-async"), 503, "busy")


@pytest.mark.slow
def test_X08_a_control_store_that_takes_no_writes(tmp_path):
    with running(tmp_path, catalogue=catalogue()) as server:
        wires = Wires(server)
        [control] = server.folder.rglob("control.sqlite")
        with contextlib.closing(sqlite3.connect(control, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            calls = [lambda: wires.v3(), lambda: wires.v3({**METERS, "allMeters": "TRUE"}, JOB_LEVEL),
                     lambda: wires.native("POST", "/v1/exports", {"kind": "summary", "period": "2024-09"})]
            with concurrent.futures.ThreadPoolExecutor(len(calls)) as pool:
                summary, level, native = pool.map(lambda call: call(), calls)
            shape(I3, summary, 503, "METERING_BUSY")
            shape(I3, level, 503, "METERING_BUSY")
            shape(V1, native, 503, "store_unavailable")
            other.execute("ROLLBACK")
        assert wires.v3().status == 200, "it works again"


def test_X08_stores_that_fail_or_are_full(tmp_path):
    record = {"org": "acme", "meter": "a2nB20h1o0lc7k3P9xtWS8", "time": "2024-09-03T00:00:00Z", "quantity": "1", "id": "1"}
    server = Server(tmp_path, catalogue=catalogue()).start()
    wires = Wires(server)

    def start(config="", **env):
        server.stop()
        server.config.write_text(config)
        server.start(**env)
        wires.netsuite = NetSuite(server, wires.netsuite.key)

    try:
        for fault in ("sync_error", "no_space"):
            start(METERPORT_TEST_FILE_FAULTS=f"{fault}:operations:1:1")
            shape(NS, wires.netsuite.create_text(compact([GOOD])), 503, "UNEXPECTED_ERROR")
        for fault, refusal in (("sync_error", (503, "store_unavailable")), ("no_space", (507, "storage_full"))):
            start(METERPORT_TEST_FILE_FAULTS=f"{fault}:ledger:20:1000")  # the start needs a few calls
            for n in range(30):
                if (answer := wires.native("POST", "/v1/usage", [{**record, "id": f"{fault}-{n}"}])).status != 200:
                    break
            shape(V1, answer, *refusal)
    finally:
        server.kill()
