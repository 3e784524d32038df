"""A HERE client for the tests. It signs token requests with python3-oauthlib, which shares nothing with the server's own code.

Signatures carry the server's time (its clock file), and each token request a nonce of its own. Numbers of JSON answers are read as
Decimal.
"""
import gzip
import json
import re
import secrets
import time
import urllib.parse
from decimal import Decimal

from netsuite_client import compact, header, now
from oauthlib.oauth1 import Client
from oauthlib.oauth1.rfc5849 import signature

TOKEN, PUBLIC_TOKEN_URL = "/oauth2/token", "https://account.api.here.com/oauth2/token"
FORM, JSON = "application/x-www-form-urlencoded", "application/json"
CREDENTIALS = {"grant_type": "client_credentials"}
UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
REQUIRED = ("title", "errorId", "status", "code", "cause", "action", "correlationId")  # of an ErrorResponse
UNFINISHED = ("pending", "inProgress")


def exact(answer):
    """The JSON of an answer, its numbers as they were written."""
    return json.loads(answer.body, parse_float=Decimal, parse_int=lambda text: int(text))


def query(parameters):
    """Percent-encoded, colons, commas and blanks too; a list repeats its parameter."""
    return urllib.parse.urlencode([(k, v) for k, v in parameters.items() if v is not None], doseq=True, quote_via=urllib.parse.quote, safe="")


# --- token requests

def base_string(method, url, fields, form=()):
    """RFC 5849 3.4.1 over the query, every field and the form's."""
    signed = signature.collect_parameters(uri_query=urllib.parse.urlsplit(url).query) + list(fields) + list(form)
    return signature.signature_base_string(method, signature.base_string_uri(url), signature.normalize_parameters(signed))


def sign(method, url, fields, key, form=()):
    signer = signature.sign_hmac_sha1_with_client if dict(fields).get("oauth_signature_method") == "HMAC-SHA1" else signature.sign_hmac_sha256_with_client
    return signer(base_string(method, url, fields, form), Client(key["access_key_id"], key["access_key_secret"]))


def oauth_fields(server, key, url, form=(), **changes):
    """The OAuth fields, signed as they are. A change (`nonce="x"`) replaces a field's value, None leaves the field out."""
    values = {"oauth_consumer_key": key["access_key_id"], "oauth_nonce": secrets.token_hex(10), "oauth_timestamp": str(now(server)),
              "oauth_signature_method": "HMAC-SHA256", "oauth_version": "1.0"}
    values.update({f"oauth_{name}": value for name, value in changes.items()})
    fields = [(name, value) for name, value in values.items() if value is not None]
    return fields + [("oauth_signature", sign("POST", url, fields, key, form))]


def token_header(fields, **options):
    return header(fields, realm=None, **options)


def ask_token(server, key, form=None, body=None, query="", url=None, content_type=None, authorization=None, **changes):
    """POST /oauth2/token with a form (a dict or pairs; the default) or a JSON body (a dict, or a text as it is).

    `url`: the URL that is signed, without query. `authorization`: the header's value in place of a signed one, "" for none. `content_type`
    "": none. `changes`: of OAuth fields.
    """
    pairs = () if body is not None else list((form.items() if isinstance(form, dict) else form) if form is not None else CREDENTIALS.items())
    if authorization is None:
        signed = (url or f"{server.url}{TOKEN}") + (f"?{query}" if query else "")
        authorization = token_header(oauth_fields(server, key, signed, [(k, str(v)) for k, v in pairs], **changes))
    content_type = content_type if content_type is not None else FORM if body is None else JSON
    headers = {**({"Content-Type": content_type} if content_type else {}), **({"Authorization": authorization} if authorization else {})}
    text = urllib.parse.urlencode(pairs) if body is None else compact(body) if isinstance(body, dict) else body
    return server.call("POST", TOKEN + (f"?{query}" if query else ""), text, headers)


def token_error(answer, status, code, **fields):
    """The token endpoint's error: an integer errorCode; of 400s the union of three forms. `fields`: name=code of errorFields, exactly these."""
    assert answer.status == status, answer
    body = answer.json()
    assert type(body["errorCode"]) is int and body["errorCode"] == code, answer
    assert body["httpStatus"] == status and body["message"] and re.fullmatch(rf"ERROR-{UUID}", body["errorId"]), answer
    if status == 400:
        assert all(body[name] for name in ("error", "title", "code", "cause", "action", "correlationId")) and body["status"] == 400, answer
    if fields:
        assert {f["name"]: f["errorCode"] for f in body["errorFields"]} == fields and all(f["message"] for f in body["errorFields"]), answer
    return body


# --- keys

def new_key(server, org, admin=None, **fields):
    """An access key, of a new application unless `app_id` names one. `admin`: (name, password) of who may make it; left out, the first tenant's."""
    session = server.login(*admin)["userInfo"]["sessionId"] if admin else None
    body = {"for": "here", "name": f"here-{secrets.token_hex(6)}", "org": org, "roles": ["exporter"], **fields}
    answer = server.api("POST", "/v1/keys", body, key=session)
    assert answer.status == 201, answer
    return answer.json()


# --- the usage API

def error(answer, status, code):
    """The ErrorResponse of /v2: every required field, and `details` an array where there is one (400s always have it)."""
    assert answer.status == status, answer
    assert answer.headers["content-type"].split(";")[0] == JSON, answer.headers
    body = answer.json()
    assert body["code"] == code, answer
    assert all(name in body and body[name] not in ("", None) for name in REQUIRED), answer
    assert type(body["status"]) is int and body["status"] == status and re.fullmatch(rf"ERROR-{UUID}", body["errorId"]), answer
    assert body["correlationId"] == answer.headers["x-correlation-id"] and "requestId" not in body, answer
    if status == 400:
        assert (body["title"], body["action"]) == ("Input data failed validation", "Correct input data and retry request"), answer
        assert isinstance(body["details"], list) and body["details"], answer
    assert isinstance(body.get("details", []), list) and all(d["title"] and d["message"] for d in body.get("details", [])), answer
    return body


def refused(answer, status, code):
    """The 401 and 403 of /v2: the union of the vendor's forms."""
    assert answer.status == status, answer
    body = answer.json()
    assert body["code"] == code and body["status"] == status, answer
    text = {401: ("Unauthorized", "No credentials found."), 403: ("Forbidden", "These credentials do not provide authorized access.")}[status]
    assert body["error"] == text[0] and (body["error_description"] == text[1] or code not in ("401200", "403403")) and body["error_description"], answer
    assert body["title"] and body["cause"] and body["action"] and body["correlationId"] == answer.headers["x-correlation-id"], answer
    return body


class Here:
    """One access key's view of the usage API, with a token that is asked for at the first call."""

    def __init__(self, server, key, realm, **token):
        self.server, self.key, self.realm, self._asked, self._token = server, key, realm, token, None

    def renew(self):
        """A new token, of the form {"grant_type", ...} given at the start."""
        answer = ask_token(self.server, self.key, {**CREDENTIALS, **self._asked})
        assert answer.status == 200, answer
        self._token = answer.json()["access_token"]
        return self

    @property
    def token(self):
        return self._token or self.renew()._token

    def call(self, method, path, body=None, headers=None):
        all_headers = {"Authorization": f"Bearer {self.token}", **(headers or {})}
        return self.server.call(method, path, body, {k: v for k, v in all_headers.items() if v is not None})

    def path(self, rest="", realm=None, **parameters):
        asked = query(parameters)
        return f"/v2/usage/realms/{realm or self.realm}{rest}" + (f"?{asked}" if asked else "")

    def get(self, rest="", realm=None, headers=None, **parameters):
        return self.call("GET", self.path(rest, realm, **parameters), headers=headers)

    # usage

    def page(self, realm=None, **parameters):
        """One page of usage: the checked body."""
        answer = self.get(realm=realm, **parameters)
        assert answer.status == 200 and answer.headers["content-type"].split(";")[0] == JSON, answer
        body = exact(answer)
        assert list(body) == ["total", "limit", "items", "nextOffset", "lastOffset"], answer
        assert all(type(body[name]) is int for name in body if name != "items"), answer
        return body

    def rows(self, realm=None, **parameters):
        """The records of all pages, read the way the strictest client in the wild reads them."""
        found, offset = [], 0
        while True:
            body = self.page(realm, **parameters, offset=offset)
            found += body["items"]
            if body["nextOffset"] == offset == body["lastOffset"]:
                assert len(found) == body["total"], body
                return found
            assert body["nextOffset"] > offset, body
            offset = body["nextOffset"]

    def csv(self, realm=None, **parameters):
        answer = self.get("/csv", realm, **parameters)
        assert answer.status == 200 and answer.headers["content-type"].split(";")[0] == "text/csv", answer
        return answer.body.decode()

    # reports

    def ask_report(self, body=None, realm=None, **parameters):
        """POST reports. `body`: a dict is sent as JSON, a text as it is."""
        headers = {} if body is None else {"Content-Type": JSON}
        return self.call("POST", self.path("/reports", realm, **parameters), compact(body) if isinstance(body, dict) else body, headers)

    def report(self, sub_accounts=None, realm=None, **parameters):
        """The id of a new report."""
        answer = self.ask_report(None if sub_accounts is None else {"subAccounts": sub_accounts}, realm, **parameters)
        assert answer.status == 201, answer
        return answer.json()["id"]

    def status(self, report, realm=None):
        answer = self.get(f"/reports/{report}", realm)
        assert answer.status == 200, answer
        return answer.json()

    def wait(self, report, realm=None, seconds_max=60):
        """The status once it is final."""
        end = time.monotonic() + seconds_max
        while (body := self.status(report, realm))["status"] in UNFINISHED:
            assert time.monotonic() < end, body
            time.sleep(0.02)
        return body

    def output(self, report, realm=None):
        return self.get(f"/reports/{report}/output", realm)

    def finished(self, sub_accounts=None, realm=None, seconds_max=60, **parameters):
        """Asks for a report, waits for `completed`, downloads: the CSV's text."""
        report = self.report(sub_accounts, realm, **parameters)
        body = self.wait(report, realm, seconds_max)
        assert body["status"] == "completed", body
        answer = self.output(report, realm)
        assert answer.status == 200, answer
        return gzip.decompress(answer.body).decode()

    def listed(self, realm=None, **parameters):
        """One page of the report list: the checked body."""
        answer = self.get("/reports", realm, **parameters)
        assert answer.status == 200 and answer.headers["content-type"].split(";")[0] == JSON, answer
        body = answer.json()
        assert set(body) == {"total", "limit", "count", "nextOffset", "lastOffset", "items"}, answer
        assert all(type(body[name]) is int for name in body if name != "items") and body["count"] == len(body["items"]), answer
        return body

    def reports(self, realm=None, **parameters):
        """All pages of the report list."""
        found, offset = [], 0
        while True:
            body = self.listed(realm, **parameters, offset=offset)
            found += body["items"]
            if offset >= body["lastOffset"]:
                assert len(found) == body["total"], body
                return found
            assert body["nextOffset"] == offset + 1, body
            offset = body["nextOffset"]
