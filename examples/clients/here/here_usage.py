#!/usr/bin/env python3
"""A client of HERE's Cost Management Usage API v2 in plain Python: token, usage, CSV, reports.

It speaks the vendor's wire and nothing of Meterport's own, so it runs against either; only the two addresses differ: the token
endpoint (in the credentials file) and the API's base (--api, or HERE_API).

    here_usage.py token                              an access token
    here_usage.py usage REALM START END              every record, one JSON object a line
    here_usage.py csv REALM START END                the same as CSV, at most 20,000 records
    here_usage.py report REALM START END             makes a report, waits for it, fetches its CSV
    here_usage.py reports REALM                      the realm's reports, oldest first, one JSON object a line

START and END are UTC: 2024-09-01T00:00:00 or 2024-09-01. With -o the output goes to a file; a report's file whose name ends
in .gz stays packed. --credentials names the credentials file (credentials.properties, as HERE's portal gives it).

Exit codes: 0 done, 1 the call or the report failed, 2 bad use. Only the standard library is used.
"""
import argparse
import base64
import contextlib
import gzip
import hashlib
import hmac
import http.client
import json
import os
import secrets
import shutil
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

VENDOR_API = "https://usage.bam.api.here.com/v2"
SECONDS_MAX = 3600  # a report may take
RENEW_BEFORE_S = 60


class CallFailed(Exception):
    pass


def encoded(text):
    return urllib.parse.quote(str(text), safe="-._~")


def read_credentials(path):
    """`key = value` lines, with or without blanks; # and ! begin a comment."""
    wanted = {"here.access.key.id", "here.access.key.secret", "here.token.endpoint.url"}
    with open(path, encoding="utf-8") as file:
        pairs = (line.split("=", 1) for line in file if "=" in line and line.lstrip()[0] not in "#!")
        found = {name.strip(): value.strip() for name, value in pairs}
    if missing := sorted(wanted - found.keys()):
        raise OSError(f"{path}: {', '.join(missing)} missing")
    return found


def authorization(url, form, key_id, secret):
    """OAuth 1.0a: HMAC-SHA256 over the method, the URL and all parameters; there is no OAuth token."""
    fields = {"oauth_consumer_key": key_id, "oauth_nonce": secrets.token_hex(16), "oauth_signature_method": "HMAC-SHA256",
              "oauth_timestamp": str(int(time.time())), "oauth_version": "1.0"}
    address, _, query = url.partition("?")
    pairs = [*fields.items(), *form.items(), *urllib.parse.parse_qsl(query, keep_blank_values=True)]
    parameters = "&".join(f"{name}={value}" for name, value in sorted((encoded(n), encoded(v)) for n, v in pairs))
    base = "&".join(["POST", encoded(address), encoded(parameters)])
    digest = hmac.new(f"{encoded(secret)}&".encode(), base.encode(), hashlib.sha256).digest()
    fields["oauth_signature"] = base64.b64encode(digest).decode()
    return "OAuth " + ", ".join(f'{name}="{encoded(value)}"' for name, value in fields.items())


def copy(answer, to):
    """The whole body, or CallFailed: an answer read piece by piece just ends where a connection breaks."""
    shutil.copyfileobj(answer, to)
    if answer.length:
        raise CallFailed(f"{answer.url.partition('?')[0]}: the answer was cut off, {answer.length} bytes are missing")


def told(error):
    """What an error answer says, whichever of the wire's forms it has."""
    text = error.read().decode(errors="replace")
    try:
        body = json.loads(text)
    except ValueError:
        return text[:200]
    code = body.get("errorCode") or body.get("code") or ""
    why = body.get("message") or body.get("cause") or body.get("error_description") or ""
    return " ".join([str(code), why, *(d.get("message", "") for d in body.get("details", []))]).strip()


class Client:
    """Every call raises CallFailed with the server's own words when it fails. A token that ran out is renewed; an answer that
    says later (429, 503) is asked for again."""

    def __init__(self, credentials, api):
        self.credentials, self.api = credentials, api.rstrip("/")
        self.access_token, self.renew_at = None, 0

    def token(self):
        if self.access_token is None or time.time() >= self.renew_at:
            url, form = self.credentials["here.token.endpoint.url"], {"grant_type": "client_credentials"}
            header = authorization(url, form, self.credentials["here.access.key.id"], self.credentials["here.access.key.secret"])
            headers = {"Authorization": header, "Content-Type": "application/x-www-form-urlencoded"}
            with self._open("POST", url, headers, urllib.parse.urlencode(form).encode()) as answer:
                body = json.load(answer)
            self.access_token, self.renew_at = body["access_token"], time.time() + body["expires_in"] - RENEW_BEFORE_S
        return self.access_token

    def usage(self, realm, query):
        """Yields every record. `offset` is the number of a page."""
        yield from self._pages(f"/usage/realms/{encoded(realm)}", query)

    def reports(self, realm):
        yield from self._pages(f"/usage/realms/{encoded(realm)}/reports", {"sort": "asc"})

    def csv(self, realm, query, to):
        with self._call("GET", f"/usage/realms/{encoded(realm)}/csv", query) as answer:
            copy(answer, to)

    def create_report(self, realm, query, sub_accounts=()):
        """Its id. Without sub-accounts it is about the realm itself."""
        body = {"subAccounts": list(sub_accounts)} if sub_accounts else None
        with self._call("POST", f"/usage/realms/{encoded(realm)}/reports", query, body) as answer:
            return json.load(answer)["id"]

    def wait_for_report(self, realm, report):
        """Where its file is."""
        end, pause = time.monotonic() + SECONDS_MAX, 0.2
        while True:
            with self._call("GET", f"/usage/realms/{encoded(realm)}/reports/{encoded(report)}") as answer:
                status = json.load(answer)
            if status["status"] == "completed":
                return status["resultHref"]
            if status["status"] in ("failed", "archived"):
                raise CallFailed(f"{report} is {status['status']}")
            if time.monotonic() > end:
                raise CallFailed(f"{report} is still {status['status']} after {SECONDS_MAX} s")
            time.sleep(pause)
            pause = min(pause * 1.5, 10)

    def fetch_report(self, href, to, packed):
        with self._open("GET", href, {"Authorization": f"Bearer {self.token()}"}) as answer:
            if packed:
                copy(answer, to)
            else:  # one that is cut off is an EOFError
                shutil.copyfileobj(gzip.GzipFile(fileobj=answer), to)

    def _pages(self, path, query):
        offset = 0
        while True:
            with self._call("GET", path, {**query, "limit": 100, "offset": offset}) as answer:
                page = json.load(answer)
            yield from page["items"]
            if offset >= page["lastOffset"]:
                return
            offset += 1

    def _call(self, method, path, query=None, body=None):
        url = self.api + path + ("?" + urllib.parse.urlencode(query) if query else "")
        headers = {"Authorization": f"Bearer {self.token()}"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        return self._open(method, url, headers, None if body is None else json.dumps(body).encode())

    def _open(self, method, url, headers, data=None):
        for attempts_left in range(4, -1, -1):
            try:
                return urllib.request.urlopen(urllib.request.Request(url, data, headers, method=method), timeout=120)
            except urllib.error.HTTPError as error:
                # A token request is signed for once; a new signature is the caller's business.
                may_repeat = error.code in (429, 503) and not headers["Authorization"].startswith("OAuth")
                if not may_repeat or attempts_left == 0:
                    raise CallFailed(f"{method} {url.partition('?')[0]}: {error.code} {told(error)}") from None
                wait = error.headers.get("Retry-After", "")
                time.sleep(min(int(wait) if wait.isdecimal() else 1, 60))
            except OSError as error:
                raise CallFailed(f"{method} {url.partition('?')[0]}: no answer: {error}") from None


def run(options, client, out):
    if options.command == "token":
        out.write(client.token().encode() + b"\n")
        return
    if options.command == "reports":
        for report in client.reports(options.realm):
            out.write(json.dumps(report).encode() + b"\n")
        return
    query = {"startDate": options.start, "endDate": options.end, **dict(options.query)}
    if options.command == "usage":
        for record in client.usage(options.realm, query):
            out.write(json.dumps(record).encode() + b"\n")
    elif options.command == "csv":
        client.csv(options.realm, query, out)
    else:
        report = client.create_report(options.realm, query, options.sub_account)
        print(report, file=sys.stderr)
        client.fetch_report(client.wait_for_report(options.realm, report), out, packed=(options.output or "").endswith(".gz"))


@contextlib.contextmanager
def whole_file(path):
    """Written beside it and renamed at the end, so that what is there is never half an answer."""
    beside = path + ".part"
    try:
        with open(beside, "wb") as file:
            yield file
        os.replace(beside, path)
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.remove(beside)


def name_and_value(text):
    name, equals, value = text.partition("=")
    if not equals:
        raise argparse.ArgumentTypeError(f"{text} is not NAME=VALUE")
    return name, value


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--credentials", default="credentials.properties")
    parser.add_argument("--api", default=os.environ.get("HERE_API", VENDOR_API), help=f"base of the API, by default {VENDOR_API}")
    parser.add_argument("-o", "--output", help="file to write; by default standard output")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("token")
    commands.add_parser("reports").add_argument("realm")
    for name in ("usage", "csv", "report"):
        command = commands.add_parser(name)
        for argument in ("realm", "start", "end"):
            command.add_argument(argument)
        command.add_argument("-q", dest="query", metavar="NAME=VALUE", type=name_and_value, action="append", default=[],
                             help="a parameter of the API: detailLevel=day, groupBy=appId,project, chargeType=billable, ...")
        if name == "report":
            command.add_argument("--sub-account", metavar="REALM", action="append", default=[], help="may be repeated")
    return parser.parse_args()


def main():
    options = parse_arguments()
    try:
        client = Client(read_credentials(options.credentials), options.api)
        if options.output:
            with whole_file(options.output) as file:
                run(options, client, file)
        else:
            run(options, client, sys.stdout.buffer)
    except (CallFailed, OSError, EOFError, http.client.HTTPException) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
