"""Tokens: how they are asked for, what they open (here.md section 5; H01 to H14, H52)."""
import json
import time

import pytest
from harness import quoted, running
from here_client import (CREDENTIALS, PUBLIC_TOKEN_URL, TOKEN, Here, ask_token, base_string, error, new_key, oauth_fields, refused, sign, token_error,
                         token_header)
from here_world import (AUTOCOMPLETE, CATALOGUE, DEEP, FOREIGN, FOREIGN_ADMIN, GEOCODE, PARTNER, SEPTEMBER, SUB_A, SUB_B, SUB_C, Model, hrn,
                        partner_client, usage)
from netsuite_client import now
from oauthlib.oauth1 import Client

pytestmark = pytest.mark.quick
VECTOR_KEY = {"access_key_id": "Kk1-AccessKeyId_01", "access_key_secret": "s3cret-Key_01~abc"}
VECTOR_FIELDS = [("oauth_consumer_key", VECTOR_KEY["access_key_id"]), ("oauth_nonce", "n0nce1"), ("oauth_timestamp", "1700000000"),
                 ("oauth_signature_method", "HMAC-SHA256"), ("oauth_version", "1.0")]
PROJECT = "hrn:here:authorization::org123456789:project/alpha"
OPERATIONS = [("GET", f"/v2/usage/realms/{PARTNER}?startDate=2024-09-01&endDate=2024-09-02"),
              ("GET", f"/v2/usage/realms/{PARTNER}/csv?startDate=2024-09-01&endDate=2024-09-02"),
              ("POST", f"/v2/usage/realms/{PARTNER}/reports?startDate=2024-09-01&endDate=2024-09-02"),
              ("GET", f"/v2/usage/realms/{PARTNER}/reports"), ("GET", f"/v2/usage/realms/{PARTNER}/reports/REPORT-1001"),
              ("GET", f"/v2/usage/realms/{PARTNER}/reports/REPORT-1001/output"), ("GET", "/v2/health"), ("GET", "/v2/version")]


@pytest.fixture(scope="module")
def key(world):
    return new_key(world, "partner")


def granted(answer, style="snake", scoped=False):
    """A token answer in that key style, with a scope only if one was asked for; its body."""
    assert answer.status == 200 and answer.headers["content-type"].split(";")[0] == "application/json", answer
    names = {"snake": ("access_token", "token_type", "expires_in"), "camel": ("accessToken", "tokenType", "expiresIn")}[style]
    body = answer.json()
    assert set(body) == {*names, *(["scope"] if scoped else [])}, answer
    assert isinstance(body[names[0]], str) and body[names[1]] == "bearer" and type(body[names[2]]) is int, answer
    return body


def status_with(world, token):
    return world.call("GET", "/v2/version", headers={"Authorization": f"Bearer {token}"})


def test_H01_the_tests_own_signer_gives_the_vectors():
    form = [("grant_type", "client_credentials"), ("expires_in", "3600")]
    scoped = [("grant_type", "client_credentials"), ("scope", "hrn:here:authorization::myrealm:project/myproject")]
    for url, signed, expected in ((PUBLIC_TOKEN_URL, form, "KKHgF1hURNlB+XYR0HL/CBO6GUEcqSfSzsT1rQk1UWI="),
                                  (PUBLIC_TOKEN_URL, scoped, "gMqWuodUyt2JD8Sr8q9+JuVt2panusXej70SeN5lYZg="),
                                  (f"{PUBLIC_TOKEN_URL}?sentWith=OLP-TS-SDK-1.2.3", [], "HtFE2fF2yTLTt5WIX06o+DKCrN0nOd4CGZcC6LtHsqE="),
                                  ("http://127.0.0.1:18080/oauth2/token", form[:1], "0eMQUN4DlA592P2+unl0tCYRWOBWup8lcoljRcj7a20=")):
        assert sign("POST", url, VECTOR_FIELDS, VECTOR_KEY, signed) == expected
    assert base_string("POST", PUBLIC_TOKEN_URL, VECTOR_FIELDS, form) == (
        "POST&https%3A%2F%2Faccount.api.here.com%2Foauth2%2Ftoken&expires_in%3D3600%26grant_type%3Dclient_credentials%26oauth_consumer_key%3D"
        "Kk1-AccessKeyId_01%26oauth_nonce%3Dn0nce1%26oauth_signature_method%3DHMAC-SHA256%26oauth_timestamp%3D1700000000%26oauth_version%3D1.0")


def test_H02_form_and_json_and_both_key_styles(world, key):
    body = granted(ask_token(world, key, {**CREDENTIALS, "expires_in": 3600}))
    assert body["expires_in"] == 3600 and status_with(world, body["access_token"]).status == 200
    body = granted(ask_token(world, key, body={"grantType": "client_credentials", "expiresIn": 3600}), "camel")
    assert body["expiresIn"] == 3600 and status_with(world, body["accessToken"]).status == 200
    granted(ask_token(world, key, {"grantType": "client_credentials"}), "camel")
    granted(ask_token(world, key, body={"grant_type": "client_credentials"}), "snake")
    assert set(key) >= {"access_key_id", "access_key_secret", "app_id", "realm"} and key["realm"] == PARTNER and key["app_id"] != key["access_key_id"]


def test_H02_the_header_of_an_unchanged_client_library(world, key):
    library = Client(key["access_key_id"], key["access_key_secret"], signature_method="HMAC-SHA256", timestamp=str(now(world)))
    url, headers, body = library.sign(f"{world.url}{TOKEN}", "POST", "grant_type=client_credentials", {"Content-Type": "application/x-www-form-urlencoded"})
    granted(world.call("POST", TOKEN, body, headers))


def test_H03_fields_in_any_order_with_and_without_blanks(world, key):
    url, form = f"{world.url}{TOKEN}", list(CREDENTIALS.items())
    for arrange in (lambda f: f, lambda f: f[::-1], sorted, lambda f: sorted(f, reverse=True)):
        for separator in (", ", ","):
            granted(ask_token(world, key, authorization=token_header(arrange(oauth_fields(world, key, url, form)), separator=separator)))
    for nonce in ("abcdef", str(time.time_ns() // 1_000_000), "n0+nce/=ü!"):
        granted(ask_token(world, key, nonce=nonce))
    plain = token_header(oauth_fields(world, key, url, form)).replace(quoted(key["access_key_id"]), key["access_key_id"])
    granted(ask_token(world, key, authorization=plain))


def test_H04_a_query_parameter_of_a_json_request_is_signed(world, key):
    body, query = {"grantType": "client_credentials"}, "sentWith=OLP-TS-SDK-1.2.3"
    granted(ask_token(world, key, body=body, query=query), "camel")
    unsigned = token_header(oauth_fields(world, key, f"{world.url}{TOKEN}"))
    token_error(ask_token(world, key, body=body, query=query, authorization=unsigned), 401, 401300)


def test_H05_signed_for_a_configured_public_url(world, key):
    granted(ask_token(world, key, url=PUBLIC_TOKEN_URL))
    granted(ask_token(world, key, url=PUBLIC_TOKEN_URL, body={"grantType": "client_credentials"}, query="sentWith=OLP-TS-SDK-1.2.3"), "camel")
    for other in ("https://account.example.com/oauth2/token", "http://account.api.here.com/oauth2/token", "https://account.api.here.com/oauth2/tokens"):
        token_error(ask_token(world, key, url=other), 401, 401300)


def test_H06_stale_reused_wrong_malformed_missing(world, key):
    while time.time() % 1 > 0.4:  # so that no second begins between the client's clock and the server's
        time.sleep(0.02)
    for skew in (-299, 299):
        granted(ask_token(world, key, timestamp=str(now(world) + skew)))
    for skew in (-301, 302):
        token_error(ask_token(world, key, timestamp=str(now(world) + skew)), 401, 401204)
    url, form = f"{world.url}{TOKEN}", list(CREDENTIALS.items())
    fields = oauth_fields(world, key, url, form)
    granted(ask_token(world, key, authorization=token_header(fields)))
    token_error(ask_token(world, key, authorization=token_header(fields)), 401, 401207)
    for method in ("HMAC-SHA1", "PLAINTEXT", "RSA-SHA256"):
        token_error(ask_token(world, key, signature_method=method), 401, 401205)
    token_error(ask_token(world, key, version="2.0"), 401, 401206)
    fields = oauth_fields(world, key, url, form)
    for index, (name, value) in enumerate(fields):
        if name != "oauth_version":
            token_error(ask_token(world, key, authorization=token_header(fields[:index] + fields[index + 1:])), 401, 401202)
        token_error(ask_token(world, key, authorization=token_header([*fields, (name, value)])), 401, 401202)
    for garbage in ("OAuth", "OAuth oauth_nonce", 'OAuth oauth_nonce="%zz"'):
        token_error(ask_token(world, key, authorization=garbage), 401, 401202)
    token_error(ask_token(world, key, authorization=""), 401, 401200)
    granted(ask_token(world, key, authorization=token_header(fields)))


def test_H07_app_id_as_key_disabled_key_wrong_secret(world, key):
    token_error(ask_token(world, {**key, "access_key_id": key["app_id"]}), 401, 401310)
    token_error(ask_token(world, {**key, "access_key_secret": "wrong"}), 401, 401300)
    token_error(ask_token(world, {**key, "access_key_id": "no-such-key"}), 401, 401300)
    disabled = new_key(world, "partner")
    granted(ask_token(world, disabled))
    assert world.api("DELETE", f"/v1/keys/{quoted(disabled['access_key_id'])}").status in (200, 204)
    token_error(ask_token(world, disabled), 401, 401424)
    closed = new_key(world, "closed")
    granted(ask_token(world, closed))
    assert world.api("PATCH", "/v1/orgs/closed", {"status": "disabled"}, content_type="application/merge-patch+json").status == 200
    token_error(ask_token(world, closed), 401, 401311)


def test_H07_a_second_key_of_an_application(world, key):
    second = new_key(world, "partner", app_id=key["app_id"])
    assert second["app_id"] == key["app_id"] and second["access_key_id"] != key["access_key_id"] and second["access_key_secret"] != key["access_key_secret"]
    granted(ask_token(world, second))
    token_error(ask_token(world, {**second, "access_key_secret": key["access_key_secret"]}), 401, 401300)


def test_H08_lifetimes(world, key):
    for asked, got in ((999999, 86400), (86400, 86400), (60, 60), (0, 86400), (None, 86400)):
        form = {**CREDENTIALS, **({} if asked is None else {"expires_in": asked})}
        assert granted(ask_token(world, key, form))["expires_in"] == got
        body = {"grantType": "client_credentials", **({} if asked is None else {"expiresIn": asked})}
        assert granted(ask_token(world, key, body=body), "camel")["expiresIn"] == got
    token_error(ask_token(world, key, {**CREDENTIALS, "expires_in": "abc"}), 400, 400200, expires_in=400208)
    token_error(ask_token(world, key, {**CREDENTIALS, "expires_in": -1}), 400, 400200, expires_in=400209)
    token_error(ask_token(world, key, body={"grantType": "client_credentials", "expiresIn": "abc"}), 400, 400200, expiresIn=400208)
    token_error(ask_token(world, key, body={"grantType": "client_credentials", "expiresIn": -1}), 400, 400200, expiresIn=400209)


def test_H09_bad_requests(world, key):
    for text in ("{", '{"grantType":', "grant_type=client_credentials", ""):
        token_error(ask_token(world, key, body=text), 400, 400002)
    token_error(ask_token(world, key, body='{"grantType":"client_credentials"}', content_type=""), 400, 400003)
    token_error(ask_token(world, key, body='{"grantType":"client_credentials"}', content_type="text/plain"), 400, 400004)
    for grant in ("password", "authorization_code", "urn:ietf:params:oauth:grant-type:token-exchange", "jwtIssNotHERE"):
        token_error(ask_token(world, key, {"grant_type": grant}), 400, 400290)
        token_error(ask_token(world, key, body={"grantType": grant}), 400, 400290)
    token_error(ask_token(world, key, {"expires_in": 60}), 400, 400200, grant_type=400201)
    token_error(ask_token(world, key, {"grant_type": ""}), 400, 400200, grant_type=400202)
    token_error(ask_token(world, key, {**CREDENTIALS, "scope": f"{PROJECT} {PROJECT}2"}), 400, 400981)


def test_H10_the_servers_time(world):
    answer = world.call("GET", "/timestamp")
    assert answer.status == 200 and list(answer.json()) == ["timestamp"] and type(answer.json()["timestamp"]) is int, answer
    assert abs(answer.json()["timestamp"] - now(world)) <= 1


@pytest.mark.parametrize("method,path", OPERATIONS)
def test_H11_without_a_token(world, method, path):
    answer = world.call(method, path)
    refused(answer, 401, "401200")
    refused(world.call(method, path, headers={"Authorization": "Basic YWRtaW46YWRtaW4="}), 401, "401201")


def test_H12_expired_malformed_and_revoked_tokens(world, key):
    for garbage in ("abc", "e30.e30.e30", "%", "mp_0000000000000000000000"):
        refused(status_with(world, garbage), 401, "400601")
    ended = new_key(world, "partner")
    token = granted(ask_token(world, ended))["access_token"]
    assert status_with(world, token).status == 200
    world.api("DELETE", f"/v1/keys/{quoted(ended['access_key_id'])}")
    refused(status_with(world, token), 401, "401701")
    token = granted(ask_token(world, key, {**CREDENTIALS, "expires_in": 60}))["access_token"]
    assert status_with(world, token).status == 200
    world.advance(61)
    refused(status_with(world, token), 401, "400600")


def test_H13_which_realms_a_token_opens(world, partner, sub_account, foreign):
    for client, own, others in ((partner, (PARTNER, SUB_A, SUB_B, SUB_C, DEEP), (FOREIGN, "org000000000", "partner", "sub-a")),
                                (sub_account, (SUB_B, DEEP), (PARTNER, SUB_A, SUB_C, FOREIGN)), (foreign, (FOREIGN,), (PARTNER, SUB_A))):
        for realm in own:
            assert client.get(realm=realm, **SEPTEMBER).status == 200, realm
            assert client.get("/csv", realm, **SEPTEMBER).status == 200 and client.get("/reports", realm).status == 200
        for realm in others:
            for rest in ("", "/csv", "/reports", "/reports/REPORT-1001", "/reports/REPORT-1001/output"):
                refused(client.get(rest, realm, **SEPTEMBER), 403, "403403")
            refused(client.ask_report(realm=realm, **SEPTEMBER), 403, "403403")


@pytest.mark.parametrize("realm", ["ab", "abcd", "org$1234", "a" * 31, "org%2F1234", "org.12345", "org%C3%A91234"])
def test_H14_a_realm_has_5_to_30_safe_characters(partner, realm):
    for rest in ("", "/csv", "/reports", "/reports/REPORT-1001", "/reports/REPORT-1001/output"):
        error(partner.get(rest, realm, startDate="not a date"), 400, "E706001")
    error(partner.ask_report(realm=realm), 400, "E706001")
    refused(partner.server.call("GET", partner.path(realm=realm)), 401, "401200")


def test_H52_a_token_for_one_project(world, key):
    realm = SUB_C
    records = [usage(realm, GEOCODE, f"2024-09-03T1{n}:00:00", "700", project=project) for n, project in enumerate(["alpha", "beta", "", "alpha"])]
    records.append(usage(realm, AUTOCOMPLETE, "2024-09-03T10:00:00", "3", project=hrn(realm, "alpha")))
    world.usage(*records)
    scope = hrn(realm, "alpha")
    own = new_key(world, realm)
    answer = granted(ask_token(world, own, {**CREDENTIALS, "scope": scope}), scoped=True)
    assert answer["scope"] == scope
    assert granted(ask_token(world, own, body={"grantType": "client_credentials", "scope": scope}), "camel", scoped=True)["scope"] == scope
    client, whole, model = Here(world, own, realm, scope=scope), Here(world, own, realm), Model(*records)
    expected = model.rows(realm, **SEPTEMBER, projectHrn=scope)
    assert client.rows(**SEPTEMBER) == expected and len(expected) == 2
    assert whole.rows(**SEPTEMBER) == model.rows(realm, **SEPTEMBER) != expected
    assert client.rows(**SEPTEMBER, projectHrn=hrn(realm, "beta")) == []
    assert whole.csv(**SEPTEMBER, projectHrn=scope) == client.csv(**SEPTEMBER) == client.finished(**SEPTEMBER)
    hidden = whole.report(**SEPTEMBER)
    assert hidden not in {r["id"] for r in client.reports()} and client.get(f"/reports/{hidden}").status == 404
    for foreign in (f"hrn:here:authorization::{FOREIGN}:project/alpha", "hrn:here:authorization::org000000000:project/alpha"):
        token_error(ask_token(world, own, {**CREDENTIALS, "scope": foreign}), 403, 403109)


def test_the_apps_own_authorization(world, partner):
    answer = partner.call("GET", "/app/me/authorization")
    assert answer.status == 200, answer
    body = json.loads(answer.body)
    assert body["app"]["realm"] == PARTNER and body["app"]["clientId"] == partner.key["app_id"] and {"plans", "policies"} <= {*body, *body["app"]}
    assert world.call("GET", "/app/me/authorization").status == 401


def test_tokens_are_good_after_a_restart_and_a_nonce_is_used_up(tmp_path):
    with running(tmp_path, catalogue=CATALOGUE) as server:
        client = partner_client(server)
        used, host = token_header(oauth_fields(server, client.key, f"{server.url}{TOKEN}", list(CREDENTIALS.items()))), server.host
        token = granted(ask_token(server, client.key, authorization=used))["access_token"]
        server.kill()
        server.start()
        assert status_with(server, token).status == 200
        answer = server.call("POST", TOKEN, "grant_type=client_credentials",
                             {"Content-Type": "application/x-www-form-urlencoded", "Authorization": used, "Host": host})
        token_error(answer, 401, 401207)


def test_nobody_takes_over_the_realm_of_an_org(world, partner, account):
    """Realms are one name space for all tenants, whether they come from ids.here_realm or are an org's id."""
    admin = world.login(*FOREIGN_ADMIN)["userInfo"]["sessionId"]
    for fields in ({"id": "foreign-taker", "ids": {"here_realm": account}}, {"id": SUB_A}, {"id": "foreign-taker", "ids": {"here_realm": SUB_A}}):
        answer = world.api("POST", "/v1/orgs", {"kind": "sub-org", "name": "Taker", "parent": "foreign", **fields}, key=admin)
        assert answer.status == 400 and answer.json()["field"] in ("/ids/here_realm", "/id"), answer
    assert partner.get(realm=account, **SEPTEMBER).status == partner.get(realm=SUB_A, **SEPTEMBER).status == 200
