"""A NetSuite client for the tests. It signs with python3-oauthlib, which shares nothing with the server's own code.

Signatures carry the server's time (its clock file), and each call a nonce of its own.
"""
import json
import secrets
import time
import urllib.parse

from oauthlib.oauth1 import Client
from oauthlib.oauth1.rfc5849 import signature, utils

PATH = "/app/site/hosting/restlet.nl"
QUERY = "script=customscript_sbe_rs_main&deploy=customdeploy_sbe_rs_main"
ACCOUNT = "1234567_SB1"
TENANT_PASSWORD = "password of a tenant"  # of the user admin@ORG.example of each tenant but the server's first, acme
STATUSES = ("Not Started", "In Progress", "Completed", "Error")
INVALID_LOGIN = b'{"error":{"code":"INVALID_LOGIN_ATTEMPT","message":"Invalid login attempt."}}'
SIGNERS = {"HMAC-SHA256": signature.sign_hmac_sha256_with_client, "HMAC-SHA1": signature.sign_hmac_sha1_with_client}
FIELDS = ("oauth_consumer_key", "oauth_token", "oauth_nonce", "oauth_timestamp", "oauth_signature_method", "oauth_version")


def compact(value):
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def base_string(method, url, fields):
    """RFC 5849 3.4.1 over the query and every field."""
    query = signature.collect_parameters(uri_query=urllib.parse.urlsplit(url).query)
    return signature.signature_base_string(method, signature.base_string_uri(url), signature.normalize_parameters(query + list(fields)))


def sign(method, url, fields, key):
    """The signature that makes these fields a valid header for this request. An unknown method is signed as HMAC-SHA256."""
    signer = SIGNERS.get(dict(fields).get("oauth_signature_method"), SIGNERS["HMAC-SHA256"])
    return signer(base_string(method, url, fields), Client(key["consumer_key"], key["consumer_secret"], key["token_id"], key["token_secret"]))


def header(fields, realm=ACCOUNT, separator=", ", scheme="OAuth"):
    parts = [f'{name}="{utils.escape(value)}"' for name, value in fields]
    return f"{scheme} " + separator.join(([f'realm="{realm}"'] if realm is not None else []) + parts)


def admin_of(server, org):
    """What identifies an admin of this org to /v1: None, the first tenant's, or a session of its own tenant's."""
    if org.split("-")[0] == "acme":
        return None
    return server.login(f"admin@{org}.example", TENANT_PASSWORD)["userInfo"]["sessionId"]


APPLICATION_SECRETS = {}  # by consumer key: shown once, when the application is made


def new_key(server, org="acme", **fields):
    """A token, of a new application unless `consumer_key` names one: the answer of POST /v1/keys and the application's secret."""
    body = {"for": "netsuite", "name": f"ns-{secrets.token_hex(6)}", "org": org, "roles": ["ingester"], **fields}
    answer = server.api("POST", "/v1/keys", body, key=admin_of(server, org))
    assert answer.status == 201, answer
    key = answer.json()
    assert ("consumer_secret" in key) == ("consumer_key" not in fields)
    key.setdefault("consumer_secret", APPLICATION_SECRETS.get(key["consumer_key"]))
    APPLICATION_SECRETS[key["consumer_key"]] = key["consumer_secret"]
    return key


def now(server):
    return int(time.time()) + int(server.clock_file.read_text())


def error(answer, status, code, message=None):
    """The error form of this wire: compact JSON with exactly a code and a text, and the type that says so."""
    assert answer.status == status, answer
    assert answer.headers["content-type"].split(";")[0] == "application/json", answer.headers
    body = answer.json()
    assert answer.body.decode() == compact(body), f"not compact: {answer}"
    assert list(body) == ["error"] and list(body["error"]) == ["code", "message"], answer
    assert body["error"]["code"] == code, answer
    assert body["error"]["message"] and (message is None or body["error"]["message"] == message), answer
    return body["error"]


def causes(server, known=0):
    """The causes of refused log-ins in the server's log, without the first `known` ones."""
    found = []
    for line in (server.folder / "server.log").read_text().splitlines():
        entry = json.loads(line) if line.startswith("{") else {}
        if "cause" in entry:
            found.append(entry["cause"])
    return found[known:]


def await_cause(server, known):
    """The one cause that is in the log beyond the first `known`."""
    end = time.monotonic() + 10
    while not (new := causes(server, known)) and time.monotonic() < end:
        time.sleep(0.01)
    assert len(new) == 1, new
    return new[0]


class NetSuite:
    """One token's view of the RESTlet."""

    def __init__(self, server, key=None, account=ACCOUNT, org="acme"):
        self.server, self.key, self.account = server, key or new_key(server, org), account

    def url(self, query=QUERY, base=None):
        return f"{base or self.server.url}{PATH}?{query}"

    def fields(self, method="POST", url=None, extra=(), key=None, **changes):
        """The OAuth fields, signed as they are. A change (`nonce="x"`) replaces a field's value, None leaves the field out."""
        key = key or self.key
        values = {"oauth_consumer_key": key["consumer_key"], "oauth_token": key["token_id"], "oauth_nonce": secrets.token_hex(10),
                  "oauth_timestamp": str(now(self.server)), "oauth_signature_method": "HMAC-SHA256", "oauth_version": "1.0"}
        values.update({f"oauth_{name}": value for name, value in changes.items()})
        fields = [(name, values[name]) for name in FIELDS if values[name] is not None] + list(extra)
        return fields + [("oauth_signature", sign(method, url or self.url(), fields, key))]

    def authorization(self, realm=None, **options):
        return header(self.fields(**options), realm or self.account)

    def send(self, body, method="POST", query=QUERY, headers=None, authorization=None, content_type="application/json"):
        """One call, signed unless `authorization` is given ("" sends none)."""
        all_headers = {"Authorization": self.authorization(method=method, url=self.url(query)) if authorization is None else authorization}
        if content_type is not None:
            all_headers["Content-Type"] = content_type
        if not all_headers["Authorization"]:
            del all_headers["Authorization"]
        return self.server.call(method, f"{PATH}?{query}", body, {**all_headers, **(headers or {})})

    def create_text(self, usages, **headers):
        """Sends the text of the array as it is; the answer."""
        return self.send(f'{{"method":"sbCreateUsage","usages":{usages}}}', headers=headers)

    def create(self, *usages, **headers):
        """The request id."""
        answer = self.create_text(compact(list(usages)), **headers)
        assert answer.status == 200, answer
        assert list(answer.json()) == ["requestId"] and type(answer.json()["requestId"]) is int, answer
        return answer.json()["requestId"]

    def ask(self, request_id):
        """The status answer as it came."""
        return self.send(compact({"method": "sbGetUsageCreationStatus", "requestId": request_id}))

    def status(self, request_id):
        answer = self.ask(request_id)
        assert answer.status == 200, answer
        body = answer.json()
        assert list(body) == ["requestId", "status", "result"] and list(body["result"]) == ["successes", "failures", "errors"], answer
        assert body["status"] in STATUSES, answer
        return body

    def wait(self, request_id, seconds_max=60):
        """The status once it is final."""
        end = time.monotonic() + seconds_max
        while (body := self.status(request_id))["status"] not in ("Completed", "Error"):
            assert time.monotonic() < end, f"request {request_id} is still {body['status']}"
            time.sleep(0.02)
        return body

    def settle(self, *usages):
        """Creates, waits: the result of a completed operation."""
        body = self.wait(self.create(*usages))
        assert body["status"] == "Completed", body
        return body["result"]

    def success(self, usage):
        """The usage id of the one usage."""
        result = self.settle(usage)
        assert result["failures"] == [] and result["errors"] == [], (usage, result)
        [item] = result["successes"]
        assert list(item) == ["index", "data", "result"] and item["index"] == 0 and item["data"] == usage, item
        assert list(item["result"]) == ["usageId"] and type(item["result"]["usageId"]) is int, item
        return item["result"]["usageId"]

    def failure(self, usage, code, message=None):
        """The one usage fails with this code, and this text if one is given."""
        result = self.settle(usage)
        assert result["successes"] == [] and result["errors"] == [], (usage, result)
        [item] = result["failures"]
        assert list(item) == ["index", "data", "result"] and item["index"] == 0 and item["data"] == usage, item
        assert_failed(item["result"], code, message)
        return item["result"]["message"]


def assert_failed(result, code, message=None):
    assert list(result) == ["name", "message"] and result["name"] == code, result
    assert result["message"] and (message is None or result["message"] == message), result


def await_operation(server, request_id, seconds_max=300):
    """Waits for the end through /v1, which costs nothing however large the operation is; its object there."""
    end = time.monotonic() + seconds_max
    while True:
        answer = server.api("GET", f"/v1/operations/{request_id}")
        assert answer.status == 200, answer
        if answer.json()["state"] not in ("CREATED", "PROCESSING"):
            return answer.json()
        assert time.monotonic() < end, answer
        time.sleep(0.05)


def operations(server):
    """All operations of acme's that GET /v1/operations lists, page by page."""
    found, token = [], ""
    while True:
        query = urllib.parse.urlencode({"page_size": 1000, **({"page_token": token} if token else {})})
        answer = server.api("GET", f"/v1/operations?{query}")
        assert answer.status == 200, answer
        [page] = [v for v in answer.json().values() if isinstance(v, list)]
        found += page
        token = answer.json()["next_page_token"]
        if not token:
            return found


def totals(server, org="acme", first="2017-01-01", last="2020-01-01", group_by="org,meter,day"):
    """Rows of GET /v1/usage over all linked orgs."""
    answer = server.api("GET", f"/v1/usage?from={first}&to={last}&org={org}&all_linked=true&group_by={group_by}", key=admin_of(server, org))
    assert answer.status == 200, answer
    return answer.json()["rows"]
