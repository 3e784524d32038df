"""The clients in examples/clients/here, run as their users run them."""
import gzip
import http.server
import json
import os
import subprocess
import sys
import threading

import pytest
from harness import ROOT
from here_client import Here, exact, new_key
from here_world import ANA, AUTOCOMPLETE, PARTNER, SEPTEMBER, Model, csv_text, usage

pytestmark = pytest.mark.quick
CLIENTS = ROOT / "examples/clients/here"
DATES = (SEPTEMBER["startDate"], SEPTEMBER["endDate"])


class Example:
    """Both clients on one credentials file, as `meterport keys create --for here` prints it."""

    def __init__(self, server, folder, **changes):
        self.server, self.folder = server, folder
        self.key = new_key(server, "partner", user=ANA["name"])
        lines = {"here.user.id": ANA["name"], "here.client.id": self.key["app_id"], "here.access.key.id": self.key["access_key_id"],
                 "here.access.key.secret": self.key["access_key_secret"], "here.token.endpoint.url": f"{server.url}/oauth2/token", **changes}
        (folder / "credentials.properties").write_text("# a comment\n" + "".join(f"{name} = {value}\n" for name, value in lines.items()))

    def run(self, *arguments, code=0, **environment):
        environment = {"HERE_API": f"{self.server.url}/v2", "HERE_CREDENTIALS": "credentials.properties", **environment}
        done = subprocess.run([*map(str, arguments)], cwd=self.folder, capture_output=True, text=True, timeout=120, env={**os.environ, **environment})
        assert done.returncode == code, f"exit {done.returncode}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
        return done.stdout if code == 0 else done.stderr

    def python(self, *arguments, **options):
        return self.run(sys.executable, CLIENTS / "here_usage.py", *arguments, **options)

    def shell(self, *arguments, **options):
        return self.run("bash", CLIENTS / "usage.sh", *arguments, **options)


@pytest.fixture
def example(world, folder):
    return Example(world, folder)


@pytest.fixture
def used(world, account):
    """A realm with 250 rows by app, and their model."""
    records = [usage(account, AUTOCOMPLETE, f"2024-09-{1 + n % 30:02}T10:00:00", f"{n}.5", app_id=f"app-{n:03}") for n in range(250)]
    world.usage(*records)
    return account, Model(*records)


def test_every_record_of_every_page(example, used):
    realm, model = used
    expected = model.rows(realm, *DATES, groupBy="appId")
    for printed in (example.python("usage", realm, *DATES, "-q", "groupBy=appId"), example.shell("usage", realm, *DATES, "groupBy=appId")):
        rows = [json.loads(line) for line in printed.splitlines()]
        assert [r["appId"] for r in rows] == [r["appId"] for r in expected] and len(rows) == 250
        assert sum(r["usageValue"] for r in rows) == sum(float(r["usageValue"]) for r in expected)
    assert example.python("usage", realm, "2023-01-01", "2023-01-31") == "", "no usage, no lines"


def test_csv_and_a_report_are_the_same_rows(example, used):
    realm, model = used
    expected = csv_text(model.rows(realm, *DATES, "day", "appId,project"))
    asked = ("detailLevel=day", "groupBy=appId, project")
    assert example.shell("csv", realm, *DATES, *asked) == expected
    assert example.shell("report", realm, *DATES, *asked) == expected
    options = [word for parameter in asked for word in ("-q", parameter)]
    assert example.python("csv", realm, *DATES, *options) == expected
    example.python("-o", "report.csv", "report", realm, *DATES, *options)
    assert (example.folder / "report.csv").read_text() == expected
    example.python("-o", "report.csv.gz", "report", realm, *DATES, *options)
    assert gzip.decompress((example.folder / "report.csv.gz").read_bytes()).decode() == expected
    assert sorted(p.name for p in example.folder.iterdir()) == ["credentials.properties", "report.csv", "report.csv.gz"]
    listed = [json.loads(line) for line in example.python("reports", realm).splitlines()]
    assert [r["status"] for r in listed] == ["completed"] * 3


def test_a_report_over_sub_accounts(example, used):
    realm, model = used
    printed = example.python("report", "--sub-account", realm, PARTNER, *DATES)
    assert printed == csv_text(model.rows(realm, *DATES), org_names=True)


def test_a_token_of_either_client_works(example, world):
    for token in (example.python("token"), example.shell("token")):
        answer = world.call("GET", "/v2/health", headers={"Authorization": f"Bearer {token.strip()}"})
        assert answer.status == 200 and exact(answer) == {"status": "OK"}


def test_failures_say_why(example, world, folder):
    assert "E706005" in example.python("usage", PARTNER, "2024-01-01", "2024-12-31", code=1)
    assert "403403" in example.python("usage", "org000000000", *DATES, code=1)
    assert example.shell("csv", PARTNER, "yesterday", "today", code=22)
    wrong = Example(world, folder, **{"here.access.key.secret": "wrong"})
    assert "401300" in wrong.python("token", code=1)
    assert wrong.shell("token", code=22)
    assert "no answer" in Example(world, folder, **{"here.token.endpoint.url": "http://127.0.0.1:1/oauth2/token"}).python("token", code=1)
    (folder / "credentials.properties").write_text("here.client.id = x\n")
    assert "here.access.key.id" in example.python("token", code=1)
    for arguments in ((), ("usage",), ("make", "x"), ("usage", PARTNER, *DATES, "-q", "no-value")):
        assert example.python(*arguments, code=2)
    assert example.shell("usage", PARTNER, code=2) is not None


class CutOff(http.server.BaseHTTPRequestHandler):
    """Promises more than it sends, as a server that dies does."""

    def do_POST(self):
        self.answer(b'{"access_token": "t", "expires_in": 86400, "id": "REPORT-1001"}')

    def do_GET(self):
        href = f"http://127.0.0.1:{self.server.server_port}/output"
        if self.path.endswith("/REPORT-1001"):
            self.answer(json.dumps({"status": "completed", "resultHref": href}).encode())
        else:
            self.answer(gzip.compress(b"half of it"), missing=7)

    def answer(self, body, missing=0):
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[:len(body) - missing])
        self.close_connection = True

    def log_message(self, *_):
        pass


def test_an_answer_that_is_cut_off_is_no_file(example):
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), CutOff) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}"
        path = example.folder / "credentials.properties"
        path.write_text(path.read_text().replace(example.server.url, url))
        for file, command in (("usage.csv", "csv"), ("report.csv", "report"), ("report.csv.gz", "report")):
            assert example.python("-o", file, command, PARTNER, *DATES, code=1, HERE_API=url)
            assert not (example.folder / file).exists(), file
        server.shutdown()
