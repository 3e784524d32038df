"""Lines of the Informatica checklist about sessions' validity, logoutall and reading orgs: I05, I07 to I09, I58, I61 (sections 1, 2, 3, 5.1, 10)."""
import pytest
from harness import ADMIN_PASSWORD, Informatica, running
from metering_world import ACME, CATALOGUE, JOB_LEVEL, OLDER, as_user
from test_sessions import BASE62_22, JSON, V2_LOGIN, assert_v2_error, assert_v3_error

quick = pytest.mark.quick
V2 = "/saas/api/v2"
LOG = f"{V2}/activity/activityLog?rowLimit=10"


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    with running(tmp_path_factory.mktemp("orgs"), catalogue=CATALOGUE) as server:
        yield server


def valid(server, token, user="admin"):
    answer = server.call("POST", f"{V2}/user/validSessionId", {"@type": "validatedToken", "userName": user, "icToken": token}, {**JSON, "icSessionId": token})
    assert answer.status == 200, answer
    body = answer.json()
    assert body.pop("@type") == "validatedToken" and set(body) == {"timeUntilExpire", "isValidToken"}, answer
    assert type(body["timeUntilExpire"]) is int and type(body["isValidToken"]) is bool
    return body["isValidToken"], body["timeUntilExpire"]


def test_I07_validSessionId_tells_whole_minutes_and_extends_nothing(folder):
    with running(folder, catalogue=CATALOGUE) as server:
        session = server.login()["userInfo"]["sessionId"]
        assert valid(server, session) in ((True, 29), (True, 30))
        server.advance(20 * 60)
        for _ in range(3):
            assert valid(server, session) in ((True, 9), (True, 10))
        server.advance(13 * 60)  # 33 minutes since the log-in: had a check extended it, it would still be there
        assert valid(server, session) == (False, 0)
        assert_v3_error(Informatica(server, session).post(), 401, "AUTH_01")
        assert valid(server, "0123456789abcdefghijkl") == (False, 0) == valid(server, "x")


@quick
def test_I07_a_token_of_another_user_is_not_his(world):
    session = world.login()["userInfo"]["sessionId"]
    assert valid(world, session, "ana@example.com") == (False, 0)
    assert valid(world, session)[0]
    without_header = world.call("POST", "/api/v2/user/validSessionId", {"userName": "admin", "icToken": session}, JSON)
    assert without_header.status == 200 and without_header.json()["isValidToken"] is True
    for body in ("{", "[]"):
        assert_v2_error(world.call("POST", f"{V2}/user/validSessionId", body, {**JSON, "icSessionId": session}), 400, "METERING_INVALID_FIELD")


@quick
def test_I08_logoutall_ends_every_session_of_the_user(world):
    mine = [as_user(world, "ana") for _ in range(3)]
    other = world.informatica()
    body = {"@type": "logout", "username": "ana@example.com", "password": "password-of-ana"}
    assert_v2_error(world.call("POST", "/ma/api/v2/user/logoutall", {**body, "password": "wrong"}, JSON), 403, "UI_10000")
    assert all(client.post().status == 200 for client in mine), "a wrong password ends none"
    answer = world.call("POST", "/ma/api/v2/user/logoutall", body, JSON)
    assert answer.status == 200 and answer.json() == {"@type": "success"}
    for client in mine:
        assert_v3_error(client.post(), 401, "AUTH_01")
        assert_v2_error(world.call("GET", f"{V2}/org", None, {"icSessionId": client.session}), 401, "AUTH_01")
    assert other.post().status == 200 and as_user(world, "ana").post().status == 200


@quick
def test_I08_v2_logout_ends_one_session_for_both(world):
    one, two = as_user(world, "tess"), as_user(world, "tess")
    answer = world.call("POST", f"{V2}/user/logout", None, {"icSessionId": one.session})
    assert answer.status == 200 and answer.json() == {}
    assert_v3_error(one.post(), 401, "AUTH_01")
    assert two.post().status == 200


@quick
def test_I09_the_own_org(world):
    client = world.informatica()
    answer = client.call("GET", f"{V2}/org")
    assert answer.status == 200 and answer.headers["content-type"].startswith("application/json"), answer
    org = answer.json()
    assert (org["id"], org["orgId"], org["name"], org["parentOrgId"]) == (ACME, ACME, "Acme", "0")
    assert "acme-eu" in str(org) and "Acme EU" in str(org), "sub-organization ids and names"
    assert "acme-us" not in str(org), "a linked org is no sub-organization"
    for user, id_, name, parent in (("uma", "acme-us", "Acme US", "0"), ("eva", "acme-eu", "Acme EU", ACME)):
        org = as_user(world, user).call("GET", f"{V2}/org").json()
        assert (org["id"], org["orgId"], org["name"]) == (id_, id_, name)
        if user == "eva":
            assert org["parentOrgId"] == parent


@quick
def test_I09_by_id_and_name(world):
    client = world.informatica()
    own = client.call("GET", f"{V2}/org").json()
    assert client.call("GET", f"{V2}/org/{ACME}").json() == own == client.call("GET", f"{V2}/org/acme").json(), "either id is understood"
    assert client.call("GET", f"{V2}/org/name/Acme").json() == own
    sub = client.call("GET", f"{V2}/org/acme-eu").json()
    assert (sub["id"], sub["name"], sub["parentOrgId"]) == ("acme-eu", "Acme EU", ACME) and client.call("GET", f"{V2}/org/name/Acme%20EU").json() == sub
    for path in ("org/nothing", "org/other", "org/name/Other", "org/name/Nobody"):
        assert_v2_error(client.call("GET", f"{V2}/{path}"), 404, "METERING_ORG_NOT_FOUND")
    assert_v2_error(as_user(world, "eva").call("GET", f"{V2}/org/acme"), 404, "METERING_ORG_NOT_FOUND")


@quick
def test_I09_the_activity_log_is_empty(world):
    for path in (LOG, f"{V2}/activity/activityLog", "/api/v2/activity/activityLog?rowLimit=1"):
        answer = as_user(world, "eva").call("GET", path)
        assert answer.status == 200 and answer.json() == [], answer


@quick
@pytest.mark.parametrize("method, path", [("GET", f"{V2}/org"), ("GET", f"{V2}/org/acme"), ("GET", f"{V2}/org/name/Acme"), ("GET", LOG),
                                          ("POST", f"{V2}/user/logout"), ("GET", "/api/v2/org"), ("GET", "/api/v2/activity/activityLog")])
def test_I05_v2_paths_answer_401_in_the_v2_shape(world, method, path):
    for headers in ({}, {"icSessionId": "0123456789abcdefghijkl"}, {"INFA-SESSION-ID": "x" * 8000}):
        assert_v2_error(world.call(method, path, None, headers), 401, "AUTH_01")


@quick
def test_I04_any_of_three_headers_on_any_path(world):
    ids = [world.login()["userInfo"]["sessionId"], world.call("POST", V2_LOGIN, {"username": "admin", "password": ADMIN_PASSWORD}, JSON).json()["icSessionId"]]
    answer = world.call("POST", "/identity-service/api/v1/Login", {"username": "admin", "password": ADMIN_PASSWORD}, JSON)
    assert answer.status == 200, answer
    login = answer.json()
    assert BASE62_22.match(login["sessionId"]) and login["currentOrgId"] == ACME and login["sessionExpireTime"]
    job = world.informatica().post().json()["jobId"]
    for session in [*ids, login["sessionId"]]:
        for name in ("INFA-SESSION-ID", "icSessionId", "IDS-SESSION-ID"):
            for path in (f"{V2}/org", f"/saas/public/core/v3/license/metering/ExportMeteringData/{job}"):
                assert world.call("GET", path, None, {name: session}).status == 200, (name, path)
    wrong = world.call("POST", "/identity-service/api/v1/Login", {"username": "admin", "password": "wrong"}, JSON)
    assert wrong.status in (401, 403), wrong


@quick
def test_I61_the_other_paths_work_without_saas(world):
    client = world.informatica()
    for path in ("org", f"org/{ACME}", "org/name/Acme", "activity/activityLog?rowLimit=5", "org/nothing"):
        with_saas, without = client.call("GET", f"/saas/api/v2/{path}"), client.call("GET", f"/api/v2/{path}")
        assert (without.status, without.body) == (with_saas.status, with_saas.body)
    for resource, fields in ((JOB_LEVEL, {"allMeters": "TRUE"}), (OLDER, {}), ("ExportMeteringData", {"jobType": "ASSET"})):
        body = {"startDate": "2024-09-01T00:00:00Z", "endDate": "2024-09-02T00:00:00Z", **fields}
        jobs = [client.call("POST", f"{start}/public/core/v3/license/metering/{resource}", body).json() for start in ("/saas", "")]
        assert list(jobs[0]) == list(jobs[1]) and {client.wait(j["jobId"])["status"] for j in jobs} == {"SUCCESS"}
    token = {"userName": "admin", "icToken": client.session}
    assert client.call("POST", "/api/v2/user/validSessionId", token).json() == client.call("POST", f"{V2}/user/validSessionId", token).json()
    assert_v3_error(client.call("GET", "/public/core/v3/nothing"), 404, "METERING_NO_SUCH_PATH")


def test_I58_a_cancelled_job_reads_FAILED(folder):
    with running(folder, catalogue=CATALOGUE, config="[exports]\nrunners = 0\n") as server:
        client = server.informatica()
        for resource, fields in (("ExportMeteringData", {"jobType": "SUMMARY"}), ("ExportMeteringData", {"jobType": "ASSET"}), (OLDER, {}),
                                 (JOB_LEVEL, {"allMeters": "TRUE"})):
            job = client.post(resource=resource, **fields).json()["jobId"]
            assert client.status(job).json()["status"] == "CREATED"
            assert server.api("DELETE", f"/v1/exports/{job}").status == 200
            status = client.status(job).json()
            assert status["status"] == "FAILED" and "cancel" in status["errorMessage"].lower(), status
            assert_v3_error(client.download(job), 404, "METERING_NO_OUTPUT")
