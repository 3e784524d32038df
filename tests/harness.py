"""What every wire test stands on: real meterport processes on data directories of their own.

The binary is METERPORT_BINARY, else build/release/bin/meterport. Ports are picked by the system. Nothing here sleeps
to wait for work: it polls what the server says.
"""
import contextlib
import http.client
import io
import json
import os
import signal
import subprocess
import time
import urllib.parse
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BINARY = Path(os.environ.get("METERPORT_BINARY", ROOT / "build/release/bin/meterport"))
SAMPLE = ROOT / "examples/focus/focus_sample.csv"
ADMIN_PASSWORD = "admin-password-1"
METERING = "/saas/public/core/v3/license/metering"


class Answer:
    """One HTTP answer: status, headers (lower-case names), body bytes."""

    def __init__(self, status, headers, body):
        self.status, self.body = status, body
        self.headers = {k.lower(): v for k, v in headers}

    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f"<{self.status} {self.body[:300]!r}>"


def run(*arguments, env=None, accept=(0,), input=None, timeout=300):
    """Runs a meterport command; its completed process. Fails the test when the exit code is not accepted."""
    done = subprocess.run([str(BINARY), *map(str, arguments)], capture_output=True, text=True, input=input, timeout=timeout,
                          env={**os.environ, **(env or {})})
    assert accept is None or done.returncode in accept, f"{arguments}: exit {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done


class Server:
    """A data directory and, while started, the server process on it."""

    def __init__(self, folder, catalogue=None, config="", env=None, org="root"):
        self.folder = Path(folder)
        self.data = self.folder / "data"
        self.env = dict(env or {})
        self.process = None
        self.config = self.folder / "config.toml"
        self.config.write_text(config)
        self.clock_file = self.folder / "clock"
        self.clock_file.write_text("0")
        arguments = ["init", "--data", self.data, "--config", self.config]
        if catalogue is not None:
            file = self.folder / "catalogue.json"
            file.write_text(json.dumps(catalogue))
            arguments += ["--catalog", file]
        else:
            arguments += ["--org-id", org]
        run(*arguments, env={"METERPORT_ADMIN_PASSWORD": ADMIN_PASSWORD})

    def start(self, may_die_with=None, **env):
        """Waits for the ready line. None when the process ended with the code that the test allows."""
        assert self.process is None
        self.log = open(self.folder / "server.log", "ab")
        full = {**os.environ, "METERPORT_TEST_CLOCK_FILE": str(self.clock_file), **self.env, **env}
        self.process = subprocess.Popen([str(BINARY), "serve", "--data", str(self.data), "--listen", "127.0.0.1:0", "--config", str(self.config)],
                                        stdout=subprocess.PIPE, stderr=self.log, text=True, env=full)
        line = self.process.stdout.readline().strip()
        if not line.startswith("listening on "):
            code = self.process.wait()
            if code == may_die_with:
                self.kill()
                return None
            raise AssertionError(f"the server did not start: {line!r}, exit {code}\n{(self.folder / 'server.log').read_text()[-3000:]}")
        self.url = line.removeprefix("listening on ")
        self.host = self.url.removeprefix("http://")
        return self

    def stop(self):
        """SIGTERM; the exit code."""
        process, self.process = self.process, None
        if process is None:
            return None
        process.send_signal(signal.SIGTERM)
        code = process.wait(timeout=60)
        process.stdout.close()
        self.log.close()
        return code

    def kill(self):
        process, self.process = self.process, None
        process.kill()
        process.wait()
        process.stdout.close()
        self.log.close()

    def restart(self, **env):
        self.stop()
        return self.start(**env)

    def advance(self, seconds):
        """Moves the server's clock forward by that much."""
        self.clock_file.write_text(str(int(self.clock_file.read_text()) + int(seconds)))
        time.sleep(0.02)  # the clock file is looked at every few milliseconds

    # --- HTTP

    def call(self, method, path, body=None, headers=None):
        connection = http.client.HTTPConnection(self.host, timeout=120)
        try:
            if isinstance(body, (dict, list)):
                body = json.dumps(body)
            if isinstance(body, str):
                body = body.encode()
            connection.request(method, path, body=body, headers=headers or {})
            answer = connection.getresponse()
            return Answer(answer.status, answer.getheaders(), answer.read())
        finally:
            connection.close()

    def api(self, method, path, body=None, key=None, content_type="application/json", **headers):
        """A /v1 call with the admin key (made at the first use) or another."""
        all_headers = {"Authorization": f"Bearer {key or self.admin_key}", **headers}
        if body is not None:
            all_headers["Content-Type"] = content_type
        return self.call(method, path, body, all_headers)

    @property
    def admin_key(self):
        if not hasattr(self, "_admin_key"):
            session = self.login()["userInfo"]["sessionId"]
            answer = self.call("POST", "/v1/keys", {"name": "tests", "roles": ["admin", "operator"]},
                               {"Authorization": f"Bearer {session}", "Content-Type": "application/json"})
            assert answer.status == 201, answer
            self._admin_key = answer.json()["key"]
        return self._admin_key

    def login(self, user="admin", password=ADMIN_PASSWORD):
        answer = self.call("POST", "/saas/public/core/v3/login", {"username": user, "password": password}, {"Content-Type": "application/json"})
        assert answer.status == 200, answer
        return answer.json()

    def informatica(self, user="admin", password=ADMIN_PASSWORD):
        return Informatica(self, self.login(user, password)["userInfo"]["sessionId"])

    def usage(self, *records, key=None):
        """Hands records in; all must be stored."""
        answer = self.api("POST", "/v1/usage", list(records), key=key)
        assert answer.status == 200 and answer.json()["stored"] == len(records), answer
        return answer.json()

    def user(self, name, org, *roles, password="password-of-user"):
        answer = self.api("POST", "/v1/users", {"name": name, "password": password, "org": org, "roles": list(roles)})
        assert answer.status == 201, answer
        return answer.json()


class Memory:
    """How far a server's resident memory rises above what it is now (Linux: /proc)."""

    def __init__(self, server):
        self.folder = Path(f"/proc/{server.process.pid}")
        (self.folder / "clear_refs").write_text("5")  # the peak is counted from here
        self.before = self._bytes("VmRSS")

    def peak_growth(self):
        return max(0, self._bytes("VmHWM") - self.before)

    def _bytes(self, name):
        [line] = [x for x in (self.folder / "status").read_text().splitlines() if x.startswith(name + ":")]
        return int(line.split()[1]) * 1024


class Informatica:
    """A session on the Informatica wire."""

    def __init__(self, server, session):
        self.server, self.session = server, session

    def call(self, method, path, body=None, **headers):
        all_headers = {"INFA-SESSION-ID": self.session, **headers}
        if body is not None and "Content-Type" not in all_headers:
            all_headers["Content-Type"] = "application/json"
        return self.server.call(method, path, body, all_headers)

    def post(self, body=None, resource="ExportMeteringData", **fields):
        request = {"startDate": "2024-09-01T00:00:00Z", "endDate": "2024-09-30T00:00:00Z"}
        if resource == "ExportMeteringData":
            request["jobType"] = "SUMMARY"
        request.update(fields)
        request = {k: v for k, v in request.items() if v is not None}
        return self.call("POST", f"{METERING}/{resource}", request if body is None else body)

    def status(self, job):
        return self.call("GET", f"{METERING}/ExportMeteringData/{job}")

    def download(self, job, **headers):
        return self.call("GET", f"{METERING}/ExportMeteringData/{job}/download", **headers)

    def wait(self, job, seconds_max=60):
        """The job object once it is final."""
        end = time.monotonic() + seconds_max
        while True:
            answer = self.status(job)
            assert answer.status == 200, answer
            if answer.json()["status"] not in ("CREATED", "PROCESSING"):
                return answer.json()
            assert time.monotonic() < end, answer
            time.sleep(0.02)

    def export(self, resource="ExportMeteringData", **fields):
        """Posts, waits for SUCCESS, downloads: {entry name: text}."""
        return {name: data.decode() for name, data in self.export_bytes(resource, **fields)[1].items()}

    def export_bytes(self, resource="ExportMeteringData", **fields):
        answer = self.post(resource=resource, **fields)
        assert answer.status == 200, answer
        job = self.wait(answer.json()["jobId"])
        assert job["status"] == "SUCCESS", job
        answer = self.download(job["jobId"])
        assert answer.status == 200, answer
        with zipfile.ZipFile(io.BytesIO(answer.body)) as archive:
            return answer.body, {n: archive.read(n) for n in archive.namelist()}


@contextlib.contextmanager
def running(folder, **options):
    """A started server, stopped at the end; a server that dies or exits with an error fails the test."""
    server = Server(folder, **options).start()
    try:
        yield server
    except BaseException:
        if server.process is not None:
            server.kill()
        raise
    else:
        if server.process is not None:
            assert server.stop() == 0, (server.folder / "server.log").read_text()[-3000:]


def record(org, meter, time_, quantity, id_, **fields):
    return {"org": org, "meter": meter, "time": time_, "quantity": str(quantity), "id": id_, **fields}


def lines(text):
    """CSV text -> list of dicts, quotes understood."""
    import csv
    return list(csv.DictReader(io.StringIO(text, newline="")))


def quoted(text):
    return urllib.parse.quote(text, safe="")
