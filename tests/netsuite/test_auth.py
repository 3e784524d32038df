"""Who is let in: TBA signatures, bearer tokens, NLAuth, lock-out (netsuite.md section 6, N01 to N16)."""
import base64
import hashlib
import socket
import time

import pytest
from harness import quoted, running
from netsuite_client import ACCOUNT, INVALID_LOGIN, PATH, QUERY, NetSuite, await_cause, base_string, causes, compact, error, header, new_key, now, sign
from netsuite_world import CATALOGUE, GOOD, INGESTER
from oauthlib.oauth1 import SIGNATURE_HMAC_SHA1, SIGNATURE_HMAC_SHA256, Client

pytestmark = pytest.mark.quick
ASK = compact({"method": "sbGetUsageCreationStatus", "requestId": 999999})  # any token may ask; there is no such request
VECTOR_KEY = {"consumer_key": "ef40afdd8abaac111b13825dd5e5e2ddddb44f86d5a0dd6dcf38c20aae6b67e4",
              "consumer_secret": "d26ad321a4b2f23b0741c8d38392ce01c3e23e109df6c96eac6d099e9ab9e8b5",
              "token_id": "2b0ce516420110bcbd36b69e99196d1b7f6de3c6234c5afb799b73d87569f5cc",
              "token_secret": "c29a677df7d5439a458c063654187e3d678d73aca8e3c9d8bea1478a3eb0d295"}
V1 = "https://123456.restlets.api.netsuite.com/app/site/hosting/restlet.nl?script=6&deploy=1&customParam=someValue&testParam=someOtherValue"
V2 = "https://123456.suitetalk.api.netsuite.com/services/rest/record/v1/employee/40"
V4 = f"http://127.0.0.1:18099{PATH}?{QUERY}"
V1_BASE_STRING = (
    "POST&https%3A%2F%2F123456.restlets.api.netsuite.com%2Fapp%2Fsite%2Fhosting%2Frestlet.nl&customParam%3DsomeValue%26deploy%3D1%26oauth_consumer_key"
    "%3Def40afdd8abaac111b13825dd5e5e2ddddb44f86d5a0dd6dcf38c20aae6b67e4%26oauth_nonce%3DfjaLirsIcCGVZWzBX0pg%26oauth_signature_method%3DHMAC-SHA256"
    "%26oauth_timestamp%3D1508242306%26oauth_token%3D2b0ce516420110bcbd36b69e99196d1b7f6de3c6234c5afb799b73d87569f5cc%26oauth_version%3D1.0"
    "%26script%3D6%26testParam%3DsomeOtherValue")


def accepted(answer):
    """Past the log-in and every check of the envelope: there is no request 999999."""
    error(answer, 400, "REQUEST_NOT_FOUND", "Request 999999 isn't found using the requestId property")


def refused(client, send, cause):
    """Exactly the generic 401, and the cause in log and audit only."""
    known = len(causes(client.server))
    answer = send()
    assert answer.status == 401 and answer.body == INVALID_LOGIN, answer
    error(answer, 401, "INVALID_LOGIN_ATTEMPT", "Invalid login attempt.")
    assert cause not in str(answer.headers), answer.headers
    assert await_cause(client.server, known) == cause
    entry = client.server.api("GET", "/v1/audit").json()["entries"][0]
    assert cause in compact(entry), entry


def bad_syntax(client, send, cause):
    known = len(causes(client.server))
    error(send(), 400, "INVALID_REQUEST")
    assert await_cause(client.server, known) == cause


def signed(client, **options):
    return client.send(ASK, authorization=client.authorization(**options))


def vector_fields(key=VECTOR_KEY, algorithm="HMAC-SHA256", nonce="fjaLirsIcCGVZWzBX0pg", timestamp="1508242306"):
    return [("oauth_consumer_key", key["consumer_key"]), ("oauth_token", key["token_id"]), ("oauth_nonce", nonce), ("oauth_timestamp", timestamp),
            ("oauth_signature_method", algorithm), ("oauth_version", "1.0")]


def test_N01_the_tests_own_signer_gives_the_vectors():
    assert base_string("POST", V1, vector_fields()) == V1_BASE_STRING
    assert sign("POST", V1, vector_fields(), VECTOR_KEY) == "+KK4SKNgz4ZiILGLwOMtfYlgcXSy1eis8ldE9X90azQ="
    assert sign("GET", V2, vector_fields(), VECTOR_KEY) == "B5OIWznZ2YP0OB7VrJrGkYsTh+8H+5T9Hag+o92q0zY="
    assert sign("POST", V1, vector_fields(algorithm="HMAC-SHA1"), VECTOR_KEY) == "6mNAEAyrm1p2Gw4/CMtoIDLbXGE="
    assert sign("POST", V4, vector_fields(), VECTOR_KEY) == "Wk2NkQaqtH7+LYCGOAn11VLhnm0JI0Xx2S953O9k7L4="
    body = b'{"method":"sbGetUsageCreationStatus","requestId":101}'
    hashed = ("oauth_body_hash", base64.b64encode(hashlib.sha1(body).digest()).decode())
    assert hashed[1] == "EudzMj916OV/rO9jNu9h9UPEX8I="
    assert sign("POST", V4, [*vector_fields(), hashed], VECTOR_KEY) == "iQK8kSM9uBnsL3gpVTyWi92A3VqE43mmjvgB/J87iTQ="
    odd = {"consumer_key": "c k", "consumer_secret": "s&c=1", "token_id": "t/k", "token_secret": "t%s+2"}
    assert sign("POST", V4, vector_fields(odd, nonce="nonce-1", timestamp="1700000000"), odd) == "yqPQFj8O07fbOs6pXArEvd7hbCfPdRbeIk2EFg8VyJw="


def test_N02_fields_in_any_order_with_and_without_blanks(client):
    for arrange in (lambda f: f, lambda f: f[::-1], sorted, lambda f: sorted(f, reverse=True)):
        for separator in (", ", ",", " , ", ",\t"):
            accepted(client.send(ASK, authorization=header(arrange(client.fields()), separator=separator)))
    for scheme in ("oauth", "OAUTH", "oAuth"):
        accepted(client.send(ASK, authorization=header(client.fields(), scheme=scheme)))
    realm_last = header(client.fields(), realm=None) + f', realm="{ACCOUNT}"'
    accepted(client.send(ASK, authorization=realm_last))


def test_N02_the_header_of_an_unchanged_client_library(client):
    key = client.key
    library = Client(key["consumer_key"], key["consumer_secret"], key["token_id"], key["token_secret"], signature_method=SIGNATURE_HMAC_SHA256, realm=ACCOUNT)
    url, headers, body = library.sign(client.url(), "POST", ASK, {"Content-Type": "application/json"})
    assert "oauth_body_hash" in headers["Authorization"] and url == client.url()
    accepted(client.server.call("POST", f"{PATH}?{QUERY}", body, headers))


def test_N03_wrong_secrets_and_unknown_keys_are_one_answer(world):
    client = NetSuite(world)
    key = client.key
    refused(client, lambda: signed(client, key={**key, "token_secret": "wrong"}), "InvalidSignature")
    refused(client, lambda: signed(client, key={**key, "consumer_secret": "wrong"}), "InvalidSignature")
    refused(client, lambda: client.send(ASK, authorization=client.authorization(url=client.url(base="http://example.com"))), "InvalidSignature")
    accepted(signed(client))
    refused(client, lambda: signed(client, key={**key, "consumer_key": "0" * 64}), "consumer_key_unknown")
    refused(client, lambda: signed(client, key={**key, "token_id": "0" * 64}), "token_rejected")
    refused(client, lambda: signed(client, realm="7654321"), "InvalidSignature")
    refused(client, lambda: signed(client, realm="9999999"), "InvalidSignature")
    foreign = NetSuite(world, account="7654321", org="other").key
    refused(client, lambda: signed(client, key={**key, "token_id": foreign["token_id"], "token_secret": foreign["token_secret"]}), "token_rejected")
    accepted(signed(client))


def test_N03_a_revoked_token_a_blocked_application_and_a_token_without_the_role(world):
    first = NetSuite(world)
    second = NetSuite(world, new_key(world, consumer_key=first.key["consumer_key"]))
    assert second.key["consumer_key"] == first.key["consumer_key"] and second.key["token_id"] != first.key["token_id"]
    accepted(signed(first))
    accepted(signed(second))
    assert world.api("DELETE", f"/v1/keys/{quoted(first.key['token_id'])}").status in (200, 204)
    refused(first, lambda: signed(first), "token_rejected")
    accepted(signed(second))
    assert world.api("DELETE", f"/v1/keys/{quoted(second.key['consumer_key'])}").status in (200, 204)
    refused(second, lambda: signed(second), "consumer_key_refused")
    viewer = NetSuite(world, new_key(world, roles=["viewer"]))
    refused(viewer, lambda: viewer.create_text(compact([GOOD])), "permission_denied")


def test_N04_without_an_authorization_header(client):
    error(client.send(ASK, authorization=""), 401, "INVALID_LOGIN_ATTEMPT", "Invalid login attempt.")
    for other in ("Basic YWRtaW46YWRtaW4=", "Digest username=\"x\"", "Something"):
        assert client.send(ASK, authorization=other).status in (400, 401)


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_N05_a_header_counts_once_also_after_a_restart(fresh, end):
    client = NetSuite(fresh)
    used, host = client.authorization(), fresh.host
    accepted(client.send(ASK, authorization=used))
    refused(client, lambda: client.send(ASK, authorization=used), "nonce_used")
    getattr(fresh, end)()
    fresh.start()
    refused(client, lambda: client.send(ASK, authorization=used, headers={"Host": host}), "nonce_used")
    accepted(signed(client))


def test_N05_a_nonce_belongs_to_its_token_and_its_second(world):
    one, two = NetSuite(world), NetSuite(world)
    at = now(world)
    accepted(signed(one, nonce="the-same-nonce", timestamp=str(at)))
    accepted(signed(two, nonce="the-same-nonce", timestamp=str(at)))
    accepted(signed(one, nonce="the-same-nonce", timestamp=str(at - 1)))
    refused(one, lambda: signed(one, nonce="the-same-nonce", timestamp=str(at)), "nonce_used")


def test_N06_timestamps(client):
    while time.time() % 1 > 0.4:  # so that no second begins between the client's clock and the server's
        time.sleep(0.02)
    at = now(client.server)
    for skew in (-299, 299):
        accepted(signed(client, timestamp=str(at + skew)))
    while time.time() % 1 > 0.4:
        time.sleep(0.02)
    at = now(client.server)
    for skew in (301, -301):
        refused(client, lambda: signed(client, timestamp=str(at + skew)), "InvalidTimestamp")
    for text in ("yesterday", "12.5", "1e9", "-1x", "0x10"):
        bad_syntax(client, lambda: signed(client, timestamp=text), "InvalidTimestamp")


def test_N07_nonces_have_six_characters(client):
    refused(client, lambda: signed(client, nonce="abcde"), "nonce_rejected")
    accepted(signed(client, nonce="abcdef"))


def test_N08_bad_oauth_syntax_is_400(client):
    bad_syntax(client, lambda: signed(client, version="2.0"), "VersionRejected")
    for algorithm in ("HMAC-MD5", "PLAINTEXT", "hmac-sha256", "RSA-SHA1"):
        bad_syntax(client, lambda: signed(client, signature_method=algorithm), "UnknownAlgorithm")
    fields = client.fields()
    for index, (name, value) in enumerate(fields):
        without = fields[:index] + fields[index + 1:]
        bad_syntax(client, lambda: client.send(ASK, authorization=header(without)), "MissingTokenPassportRequiredFields")
        bad_syntax(client, lambda: client.send(ASK, authorization=header([*fields, (name, value)])), "parameter_rejected")
        bad_syntax(client, lambda: client.send(ASK, authorization=header([*without, (name, "")])), "parameter_rejected")
    for garbage in ("OAuth", "OAuth ", "OAuth realm", 'OAuth realm="1234567_SB1" oauth_token="x"', 'OAuth realm="1234567_SB1", oauth_token=x, "', "OAuth %zz=\"1\""):
        error(client.send(ASK, authorization=garbage), 400, "INVALID_REQUEST")
    broken = header(fields).replace("oauth_nonce=\"", "oauth_nonce=\"%zz")
    error(client.send(ASK, authorization=broken), 400, "INVALID_REQUEST")
    accepted(signed(client))


def test_N09_hmac_sha1_by_switch_only(client, folder):
    bad_syntax(client, lambda: signed(client, signature_method="HMAC-SHA1"), "UnknownAlgorithm")
    with running(folder, catalogue=CATALOGUE, config="[netsuite]\nhmac_sha1 = true\n") as server:
        old = NetSuite(server)
        accepted(signed(old, signature_method="HMAC-SHA1"))
        accepted(signed(old))
        library = Client(old.key["consumer_key"], old.key["consumer_secret"], old.key["token_id"], old.key["token_secret"],
                         signature_method=SIGNATURE_HMAC_SHA1, realm=ACCOUNT)
        _, headers, _ = library.sign(old.url(), "POST", None, {})
        accepted(old.send(ASK, authorization=headers["Authorization"]))
        wrong = old.fields(signature_method="HMAC-SHA1", key={**old.key, "token_secret": "wrong"})
        refused(old, lambda: old.send(ASK, authorization=header(wrong)), "InvalidSignature")


def test_N10_a_body_hash_is_signed_and_true(world):
    client = NetSuite(world)
    for algorithm in (hashlib.sha1, hashlib.sha256):
        hashed = ("oauth_body_hash", base64.b64encode(algorithm(ASK.encode()).digest()).decode())
        accepted(client.send(ASK, authorization=client.authorization(extra=[hashed])))
        refused(client, lambda: client.send(ASK, authorization=header([*client.fields(), hashed])), "InvalidSignature")
        changed = ASK.replace("999999", "999998")
        refused(client, lambda: client.send(changed, authorization=client.authorization(extra=[hashed])), "InvalidSignature")
        accepted(signed(client))  # so that the token is not locked
    accepted(client.send(ASK, authorization=client.authorization(extra=[("oauth_something", "of its own & = %")])))


def test_N11_extra_query_parameters_are_signed(world):
    client = NetSuite(world)
    for extra in ("&a=1", "&a=2&a=1", "&empty=", "&z=a%20b%2Bc%26d%3De", "&%C3%BC=%E2%82%AC", "&script2=x&a-b=1&a=3&A=4&a.b=5"):
        accepted(client.send(ASK, query=QUERY + extra))
    accepted(client.send(ASK, query="zz=1&" + QUERY))
    signature = client.authorization(url=client.url(QUERY + "&a=1"))
    refused(client, lambda: client.send(ASK, query=QUERY + "&a=2", authorization=signature), "InvalidSignature")
    refused(client, lambda: client.send(ASK, query=QUERY + "&a=1&b=2", authorization=client.authorization(url=client.url(QUERY + "&a=1"))), "InvalidSignature")
    refused(client, lambda: client.send(ASK, authorization=client.authorization(url=client.url(QUERY + "&a=1"))), "InvalidSignature")


def test_N12_ports_and_public_base_urls(folder):
    public = ["https://1234567-sb1.restlets.api.example.com", "https://meter.example.com:8443"]
    with running(folder, catalogue=CATALOGUE, config=f"[netsuite]\nbase_urls = {compact(public)}\n") as server:
        client = NetSuite(server)
        assert ":" in server.host  # the port of this server is signed by every other test
        accepted(signed(client))
        for base in [*public, public[0] + ":443", "HTTPS://1234567-SB1.RESTLETS.api.example.com"]:
            accepted(signed(client, url=client.url(base=base)))
        for base in ("http://" + public[0].removeprefix("https://"), "https://meter.example.com", "https://evil.example.com"):
            refused(client, lambda: signed(client, url=client.url(base=base)), "InvalidSignature")
        # The request's own host is what its Host header says, default port dropped.
        accepted(client.send(ASK, authorization=client.authorization(url=client.url(base="http://Meter.example.org")), headers={"Host": "meter.example.org:80"}))


def test_N13_the_realm_in_both_spellings(client):
    for realm in ("1234567-sb1", "1234567_SB1", "1234567-SB1", "1234567_sb1"):
        accepted(signed(client, realm=realm))
    fields = client.fields()
    bad_syntax(client, lambda: client.send(ASK, authorization=header(fields, realm=None)), "MissingTokenPassportRequiredFields")


def test_N14_five_bad_signatures_lock_the_token_for_half_an_hour(fresh):
    client = NetSuite(fresh)
    wrong = {**client.key, "token_secret": "wrong"}
    for _ in range(2):  # four in a row, then a good one: counted anew
        for _ in range(4):
            refused(client, lambda: signed(client, key=wrong), "InvalidSignature")
        accepted(signed(client))
    for _ in range(5):
        refused(client, lambda: signed(client, key=wrong), "InvalidSignature")
    refused(client, lambda: signed(client), "temporary_locked")
    accepted(signed(NetSuite(fresh, new_key(fresh, consumer_key=client.key["consumer_key"]))))  # the application's other token is free
    fresh.advance(29 * 60)
    refused(client, lambda: signed(client), "temporary_locked")
    fresh.advance(61)
    accepted(signed(client))


def test_N14_the_lock_is_a_switch(folder):
    with running(folder, catalogue=CATALOGUE, config="[netsuite]\nlockout = false\n") as server:
        client = NetSuite(server)
        for _ in range(6):
            refused(client, lambda: signed(client, key={**client.key, "token_secret": "wrong"}), "InvalidSignature")
        accepted(signed(client))


def test_N15_bearer_tokens(client, other):
    made = client.server.api("POST", "/v1/keys", {"name": "bearer", "org": "acme", "roles": ["ingester"]})
    assert made.status == 201, made
    bearer = f"Bearer {made.json()['key']}"
    accepted(client.send(ASK, authorization=bearer))
    answer = client.send(compact({"method": "sbCreateUsage", "usages": [GOOD]}), authorization=bearer)
    assert answer.status == 200, answer
    assert client.wait(answer.json()["requestId"])["status"] == "Completed"  # the account's, whoever asks
    error(other.ask(answer.json()["requestId"]), 400, "REQUEST_NOT_FOUND")
    for unknown in ("Bearer mp_unknown", bearer[:-1] + ("a" if bearer[-1] != "a" else "b"), "Bearer eyJhbGciOiJQUzI1NiJ9.e30.e30"):
        answer = client.send(ASK, authorization=unknown)
        error(answer, 401, "INVALID_LOGIN_ATTEMPT", "Invalid login attempt.")
        challenge = answer.headers["www-authenticate"]
        assert challenge.startswith("Bearer ") and 'realm="' in challenge and 'error="invalid_token"' in challenge and 'error_description="' in challenge, challenge


def nlauth(email=INGESTER["email"], password=INGESTER["password"], account=ACCOUNT, separator=", "):
    fields = [("nlauth_account", account), ("nlauth_email", email), ("nlauth_signature", password), ("nlauth_role", "3")]
    return "NLAuth " + separator.join(f"{name}={quoted(value)}" for name, value in fields if value is not None)


def test_N16_nlauth_by_switch_only(client, folder):
    error(client.send(ASK, authorization=nlauth()), 401, "INVALID_LOGIN_CREDENTIALS")
    with running(folder, catalogue=CATALOGUE, config="[netsuite]\nnlauth = true\n") as server:
        on = NetSuite(server)
        for separator in (", ", ","):
            accepted(on.send(ASK, authorization=nlauth(separator=separator)))
        created = on.send(compact({"method": "sbCreateUsage", "usages": [GOOD]}), authorization=nlauth())
        assert created.status == 200, created
        assert on.wait(created.json()["requestId"])["status"] == "Completed"
        for bad in (nlauth(password="wrong"), nlauth(email="nobody@acme.example"), nlauth(account="7654321"), nlauth(account=None), nlauth(password=None), "NLAuth"):
            error(on.send(ASK, authorization=bad), 401, "INVALID_LOGIN_CREDENTIALS")
        accepted(signed(on))


def test_N16_the_mail_address_of_a_user_with_another_name(folder):
    users = [{**INGESTER, "name": "nora", "email": "nora@acme.example"}]
    with running(folder, catalogue={**CATALOGUE, "users": CATALOGUE["users"] + users}, config="[netsuite]\nnlauth = true\n") as server:
        on = NetSuite(server)
        accepted(on.send(ASK, authorization=nlauth(email="nora@acme.example")))
        accepted(on.send(ASK, authorization=nlauth(email="NORA@acme.example")))
        accepted(on.send(ASK, authorization=nlauth(email="nora")))
        error(on.send(ASK, authorization=nlauth(email="nora@acme.example", password="wrong")), 401, "INVALID_LOGIN_CREDENTIALS")


def test_C28_every_refused_scheme_leaves_its_cause(client):
    for authorization, cause in (("Basic YTpi", "scheme_unknown"), ("Bearer mp_0123456789012345678901", "token_rejected"), (nlauth(), "nlauth_off")):
        known = len(causes(client.server))
        assert client.send(ASK, authorization=authorization).status == 401
        assert await_cause(client.server, known) == cause
        entry = client.server.api("GET", "/v1/audit?event=call_refused").json()["entries"][0]
        assert entry["detail"] == cause and entry["peer"] == "127.0.0.1", entry


def test_a_flood_of_strangers_hides_no_entry_of_an_account(fresh):
    client = NetSuite(fresh)
    for _ in range(150):
        client.send(ASK, authorization="")
    client.send(ASK, authorization=header(client.fields(key={**client.key, "token_secret": "wrong"}), ACCOUNT))
    entry = fresh.api("GET", "/v1/audit").json()["entries"][0]
    assert (entry["org"], entry["detail"]) == ("acme", "InvalidSignature"), entry


def raw(server, *pieces, between=lambda: None):
    """Sends the pieces on a socket of their own; the status line's code."""
    host, port = server.host.split(":")
    with socket.create_connection((host, int(port)), timeout=30) as connection:
        for piece in pieces:
            connection.sendall(piece)
            between()
        return int(connection.recv(65536).split(b" ", 2)[1])


def test_a_target_in_absolute_form_is_signed_like_any(client):
    head = (f"POST {client.url()} HTTP/1.1\r\nHost: {client.server.host}\r\nAuthorization: {client.authorization()}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(ASK)}\r\n\r\n")
    assert raw(client.server, head.encode() + ASK.encode()) == 400


def test_N06_a_slow_body_does_not_make_a_timestamp_stale(fresh):
    client = NetSuite(fresh)
    head = (f"POST {PATH}?{QUERY} HTTP/1.1\r\nHost: {fresh.host}\r\nAuthorization: {client.authorization(timestamp=str(now(fresh) - 290))}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(ASK)}\r\nExpect: 100-continue\r\n\r\n").encode()
    host, port = fresh.host.split(":")
    with socket.create_connection((host, int(port)), timeout=30) as connection:
        connection.sendall(head)
        assert connection.recv(65536).startswith(b"HTTP/1.1 100"), "the head was accepted"
        fresh.advance(30)
        connection.sendall(ASK.encode())
        assert connection.recv(65536).startswith(b"HTTP/1.1 400"), "past the log-in"
