"""The session calls that few clients make: validSessionId, logoutall, the log-in of other services; guessed paths (informatica.md sections 1 and 2)."""
import re

import pytest
from harness import ADMIN_PASSWORD, METERING, Informatica
from test_sessions import BASE62_22, JSON, assert_v2_error, assert_v3_error

VALID = "/saas/api/v2/user/validSessionId"
LOGOUT_ALL = "/ma/api/v2/user/logoutall"
IDENTITY = "/identity-service/api/v1/Login"


def ask(server, token, path=VALID, headers=None, **fields):
    answer = server.call("POST", path, {"@type": "validatedToken", "userName": "admin", "icToken": token, **fields}, {**JSON, **(headers or {})})
    assert answer.status == 200, answer
    assert list(answer.json()) == ["@type", "timeUntilExpire", "isValidToken"] and answer.json()["@type"] == "validatedToken"
    return answer.json()["isValidToken"], answer.json()["timeUntilExpire"]


def test_validSessionId_counts_down_and_extends_nothing(server):
    client = server.informatica()
    assert ask(server, client.session) == (True, 29)
    server.advance(20 * 60)
    for headers in ({}, {"icSessionId": client.session}):
        assert ask(server, client.session, headers=headers) == (True, 9), "asking is no use of it, also with the session in the header"
    server.advance(10 * 60 + 30)
    assert ask(server, client.session) == (True, 0), "in its grace"
    server.advance(2 * 60)
    assert ask(server, client.session) == (False, 0)
    assert client.status("x").status == 401


@pytest.mark.quick
def test_validSessionId_of_unknown_foreign_and_missing_tokens(shared):
    client = shared.informatica()
    assert ask(shared, client.session, path="/api/v2/user/validSessionId") == (True, 29)
    assert ask(shared, client.session, userName="ADMIN")[0] and ask(shared, client.session, userName=None)[0]
    for token, fields in (("0123456789abcdefghijkl", {}), ("", {}), ("x" * 8000, {}), (client.session, {"userName": "ana@acme.example"})):
        assert ask(shared, token, **fields) == (False, 0)
    for body in ({"userName": "admin"}, {"icToken": 5}, {"icToken": client.session, "userName": 5}, "{", "[]"):
        assert_v2_error(shared.call("POST", VALID, body, JSON), 400, "METERING_INVALID_FIELD")
    assert_v2_error(shared.call("POST", VALID, "<validatedToken/>", {"Content-Type": "application/xml"}), 415, "METERING_INVALID_FIELD")
    client.call("POST", "/saas/public/core/v3/logout", {})
    assert ask(shared, client.session) == (False, 0)


@pytest.mark.quick
def test_logoutall_ends_every_session_of_the_user_and_no_other(shared):
    shared.user("lou", "acme", "exporter")
    lou = [shared.informatica("lou", "password-of-user") for _ in range(3)]
    other = shared.informatica()
    for wrong in ({"username": "lou", "password": "wrong"}, {"username": "nobody", "password": "password-of-user"}):
        assert_v2_error(shared.call("POST", LOGOUT_ALL, {"@type": "logout", **wrong}, JSON), 403, "UI_10000")
    assert all(ask(shared, c.session, userName="lou")[0] for c in lou), "wrong credentials end nothing"
    assert_v2_error(shared.call("POST", LOGOUT_ALL, {"username": "lou"}, JSON), 400, "METERING_INVALID_FIELD")
    assert_v2_error(shared.call("POST", LOGOUT_ALL, "<logout/>", {"Content-Type": "text/xml"}), 415, "METERING_INVALID_FIELD")
    answer = shared.call("POST", LOGOUT_ALL, {"@type": "logout", "username": "lou", "password": "password-of-user"}, JSON)
    assert (answer.status, answer.json()) == (200, {"@type": "success"})
    for client in lou:
        assert client.post().status == 401 and ask(shared, client.session, userName="lou") == (False, 0)
    assert other.post().status == 200
    assert shared.informatica("lou", "password-of-user").post().status == 200, "he may log in again"


@pytest.mark.quick
def test_the_log_in_of_other_services(shared):
    answer = shared.call("POST", IDENTITY, {"username": "admin", "password": ADMIN_PASSWORD}, JSON)
    assert answer.status == 200, answer
    body = answer.json()
    assert list(body) == ["sessionId", "sessionExpireTime", "currentOrgId"] and BASE62_22.match(body["sessionId"])
    assert re.match(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$", body["sessionExpireTime"]) and body["currentOrgId"] == "4wMFqGlxAKVlIFTixlTSOY"
    job = shared.informatica().post().json()["jobId"]
    assert shared.call("GET", f"{METERING}/ExportMeteringData/{job}", None, {"IDS-SESSION-ID": body["sessionId"]}).status == 200
    assert Informatica(shared, body["sessionId"]).call("GET", "/saas/api/v2/org").status == 200
    assert_v3_error(shared.call("POST", IDENTITY, {"username": "admin", "password": "wrong"}, JSON), 401, "IDS_085")
    assert_v3_error(shared.call("POST", IDENTITY, {"username": "admin"}, JSON), 400, "METERING_INVALID_FIELD")


@pytest.mark.quick
@pytest.mark.parametrize("method, path, right", [
    ("GET", f"{METERING}/ExportServiceJobLevelMeteringData/4l1eKlA9ngChmu6gdv3FKs", "ExportMeteringData/<jobId>"),
    ("GET", f"{METERING}/ExportMeteringData/4l1eKlA9ngChmu6gdv3FKs/status", "ExportMeteringData/<jobId>"),
    ("POST", f"{METERING}/exportMeteringData", "ExportMeteringData,"),
    ("POST", "/public/core/v3/ExportServiceJobLevelMeteringData", "/license/metering/"),
    ("POST", "/saas/ma/api/v2/user/login", "/ma/api/v2/user/login"),
    ("POST", "/ma/public/core/v3/login", "/saas/public/core/v3/login"),
    ("GET", "/saas/public/core/v3/Orgs/acme", "/api/v2/org"),
    ("POST", "/identity-service/api/v1/Logout", "/saas/public/core/v3/logout")])
def test_a_guessed_path_is_told_the_right_one(shared, method, path, right):
    answer = shared.call(method, path, {} if method == "POST" else None, JSON)
    assert answer.status == 404, answer
    body = answer.json()
    text, code = (body["error"]["message"], body["error"]["code"]) if "error" in body else (body["description"], body["code"])
    assert code == "METERING_NO_SUCH_PATH" and right in text


@pytest.mark.quick
def test_a_session_id_may_be_8_KiB_long(shared):
    for name in ("INFA-SESSION-ID", "icSessionId", "IDS-SESSION-ID"):
        assert_v2_error(shared.call("GET", "/saas/api/v2/org", None, {name: "e" * 8 * 1024}), 401, "AUTH_01")


@pytest.mark.quick
def test_a_double_slash_is_one_on_every_path(shared):
    client = shared.informatica()
    assert client.call("GET", "/saas//api/v2/org").status == client.call("GET", "/saas/api//v2/activity/activityLog").status == 200
    assert_v3_error(client.call("GET", "//public/core/v3/nothing"), 404, "METERING_NO_SUCH_PATH")
    assert_v2_error(client.call("GET", "//saas//api/v2/nothing"), 404, "METERING_NO_SUCH_PATH")
    assert ask(shared, client.session, path="/saas//api/v2/user/validSessionId")[0]


@pytest.mark.quick
def test_guesses_on_v2_paths_speak_v2(shared):
    for path in ("/saas/api/v2/user/login", "/saas/api/v2/user/logoutall", "/ma/api/v2/user/logout", "/ma/api/v2/user/validSessionId"):
        assert_v2_error(shared.call("POST", path, {}, JSON), 404, "METERING_NO_SUCH_PATH")
    assert_v2_error(shared.call("GET", LOGOUT_ALL), 405, "METERING_NO_SUCH_PATH")
    assert_v2_error(shared.call("POST", "/saas/api/v2/org", {}, JSON), 405, "METERING_NO_SUCH_PATH")
