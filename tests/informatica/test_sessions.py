"""Log-in, session and log-out lines of the Informatica checklist (informatica.md sections 1 to 3)."""
import re

import pytest
from harness import ADMIN_PASSWORD, METERING, Informatica

BASE62_22 = re.compile(r"^[0-9A-Za-z]{22}$")
JSON = {"Content-Type": "application/json"}
V3_LOGIN = "/saas/public/core/v3/login"
V2_LOGIN = "/ma/api/v2/user/login"


def assert_v3_error(answer, status, code):
    assert answer.status == status, answer
    error = answer.json()["error"]
    assert list(error) == ["code", "message", "requestId", "details"]
    assert error["code"] == code, answer
    assert error["message"] and BASE62_22.match(error["requestId"]) and error["details"] is None


def assert_v2_error(answer, status, code):
    assert answer.status == status, answer
    error = answer.json()
    assert list(error) == ["@type", "code", "description", "statusCode"]
    assert (error["@type"], error["code"], error["statusCode"]) == ("error", code, status)
    assert error["description"]


@pytest.mark.quick
def test_I01_v3_login_gives_base_url_and_session(shared):
    answer = shared.login()
    assert answer["products"][0] == {"name": "Integration Cloud", "baseApiUrl": shared.url + "/saas"}
    user = answer["userInfo"]
    assert BASE62_22.match(user["sessionId"]) and BASE62_22.match(user["id"])
    assert user["name"] == "admin" and user["orgId"] == "4wMFqGlxAKVlIFTixlTSOY" and user["orgName"] == "Acme"
    assert user["groups"] == {} and user["status"] == "Active" and "parentOrgId" in user


@pytest.mark.quick
def test_I02_wrong_password_is_401_IDS_085(shared):
    for body in ({"username": "admin", "password": "wrong"}, {"username": "nobody", "password": ADMIN_PASSWORD}):
        assert_v3_error(shared.call("POST", V3_LOGIN, body, JSON), 401, "IDS_085")
    for body in ({"username": "admin"}, {"username": "admin", "password": "x" * 256}, {"username": 7, "password": "x"}):
        assert_v3_error(shared.call("POST", V3_LOGIN, body, JSON), 400, "METERING_INVALID_FIELD")
    assert_v3_error(shared.call("POST", V3_LOGIN, "{\"username\":", JSON), 400, "METERING_INVALID_FIELD")


@pytest.mark.quick
def test_I03_v2_login_with_and_without_type(shared):
    for extra in ({"@type": "login"}, {}):
        answer = shared.call("POST", V2_LOGIN, {**extra, "username": "admin", "password": ADMIN_PASSWORD}, JSON)
        assert answer.status == 200, answer
        user = answer.json()
        assert user["serverUrl"] == shared.url + "/saas" and BASE62_22.match(user["icSessionId"])
        assert user["@type"] == "user" and user["orgId"] == "4wMFqGlxAKVlIFTixlTSOY" and user["name"] == "admin"
        assert (user["password"], user["securityQuestion"], user["securityAnswer"]) == ("", "", "")
    assert_v2_error(shared.call("POST", V2_LOGIN, {"username": "admin", "password": "wrong"}, JSON), 403, "UI_10000")
    xml = shared.call("POST", V2_LOGIN, "<login/>", {"Content-Type": "application/xml"})
    assert xml.status == 415
    assert_v2_error(shared.call("POST", "/ma/api/v2/user/loginOAuth", {}, JSON), 501, "METERING_NOT_SUPPORTED")


@pytest.mark.quick
def test_I04_a_session_works_for_v2_and_v3_whichever_login_made_it(shared):
    v2 = shared.call("POST", V2_LOGIN, {"username": "admin", "password": ADMIN_PASSWORD}, JSON).json()["icSessionId"]
    assert Informatica(shared, v2).post().status == 200
    v3 = shared.login()["userInfo"]["sessionId"]
    answer = shared.call("POST", "/saas/api/v2/user/logout", None, {"icSessionId": v3})
    assert answer.status == 200 and answer.json() == {}


@pytest.mark.quick
def test_I05_no_unknown_and_expired_sessions_are_401(server):
    job = server.informatica().post().json()["jobId"]
    paths = [("POST", f"{METERING}/ExportMeteringData"), ("POST", f"{METERING}/ExportMeteringDataAllLinkedOrgsAcrossRegion"),
             ("POST", f"{METERING}/ExportServiceJobLevelMeteringData"), ("GET", f"{METERING}/ExportMeteringData/{job}"),
             ("GET", f"{METERING}/ExportMeteringData/{job}/download"), ("POST", "/saas/public/core/v3/logout")]
    old = server.informatica()
    server.advance(33 * 60)
    for method, path in paths:
        for headers in ({}, {"INFA-SESSION-ID": "0123456789abcdefghijkl"}, {"INFA-SESSION-ID": old.session},
                        {"Authorization": f"Bearer {old.session}"}):
            assert_v3_error(server.call(method, path, None, headers), 401, "AUTH_01")
    assert_v2_error(server.call("POST", "/saas/api/v2/user/logout", None, {"icSessionId": old.session}), 401, "AUTH_01")


@pytest.mark.quick
def test_I06_a_session_slides_for_30_minutes(server):
    client = server.informatica()
    job = client.post().json()["jobId"]
    for _ in range(3):
        server.advance(29 * 60)
        assert client.status(job).status == 200
    server.advance(33 * 60)
    assert client.status(job).status == 401


@pytest.mark.quick
def test_I08_logout_ends_the_session_for_v2_and_v3(shared):
    client = shared.informatica()
    job = client.post().json()["jobId"]
    answer = client.call("POST", "/saas/public/core/v3/logout", {})
    assert answer.status == 200 and answer.json() == {}
    assert client.status(job).status == 401
    assert_v2_error(shared.call("POST", "/saas/api/v2/user/logout", None, {"icSessionId": client.session}), 401, "AUTH_01")
    other = shared.informatica()
    assert other.status(job).status == 200, "another session of the same user lives on"
    assert other.wait(job)["status"] == "SUCCESS", "a log-out never stops a running job"


@pytest.mark.quick
def test_I12_a_double_slash_is_one(shared):
    client = shared.informatica()
    job = client.call("POST", "/saas//public/core/v3/license/metering/ExportMeteringData",
                      {"startDate": "2024-09-01T00:00:00Z", "endDate": "2024-09-02T00:00:00Z", "jobType": "SUMMARY"})
    assert job.status == 200, job
    assert client.call("GET", f"//public/core/v3/license/metering/ExportMeteringData/{job.json()['jobId']}").status == 200


@pytest.mark.quick
def test_I33_a_get_with_a_content_type_and_no_body_works(shared):
    client = shared.informatica()
    job = client.post().json()["jobId"]
    client.wait(job)
    path = f"{METERING}/ExportMeteringData/{job}"
    assert client.call("GET", path, **JSON).status == 200
    assert client.call("GET", path + "/download", **JSON).status == 200


@pytest.mark.quick
def test_I61_every_path_works_without_saas(shared):
    login = shared.call("POST", "/public/core/v3/login", {"username": "admin", "password": ADMIN_PASSWORD}, JSON)
    assert login.status == 200 and login.json()["products"][0]["baseApiUrl"] == shared.url + "/saas"
    client = Informatica(shared, login.json()["userInfo"]["sessionId"])
    for resource in ("ExportMeteringData", "ExportMeteringDataAllLinkedOrgsAcrossRegion"):
        with_saas = client.post(resource=resource).json()
        without = client.call("POST", f"/public/core/v3/license/metering/{resource}",
                              {"startDate": "2024-09-01T00:00:00Z", "endDate": "2024-09-30T00:00:00Z", "jobType": "SUMMARY"})
        assert without.status == 200 and list(without.json()) == list(with_saas)
    job = with_saas["jobId"]
    client.wait(job)
    path = f"/public/core/v3/license/metering/ExportMeteringData/{job}"
    assert client.call("GET", path).json() == client.call("GET", "/saas" + path).json()
    assert client.call("GET", path + "/download").body == client.call("GET", f"/saas{path}/download").body
    wrong = client.call("GET", "/public/core/v3/license/nothing")
    assert_v3_error(wrong, 404, "METERING_NO_SUCH_PATH")
    answer = shared.call("POST", "/public/core/v3/license/metering/ExportServiceJobLevelMeteringData", {}, {"INFA-SESSION-ID": client.session})
    assert_v3_error(answer, 400, "METERING_INVALID_FIELD")
    assert_v2_error(shared.call("POST", "/api/v2/user/logout", None, {"icSessionId": "no"}), 401, "AUTH_01")
    assert client.call("POST", "/public/core/v3/logout", {}).status == 200
