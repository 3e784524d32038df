"""Callback lines of the Informatica checklist with receivers that behave and that do not: I34, I35 (informatica.md section 5.3)."""
import contextlib
import http.server
import re
import socket
import threading
import time

import pytest
from harness import running
from metering_world import CATALOGUE, DI, JOB_LEVEL, OLDER, usage
from webhook_receiver import delivery_of

quick = pytest.mark.quick
KINDS = [("ExportMeteringData", {"jobType": "SUMMARY"}), ("ExportMeteringData", {"jobType": "PROJECT_FOLDER"}), ("ExportMeteringData", {"jobType": "ASSET"}),
         (OLDER, {}), (JOB_LEVEL, {"meterId": DI})]


class Receiver:
    """Takes callbacks at /<anything>; `look(id)` sees the server while a callback is under way, `status` and `headers` are the answer."""

    def __init__(self, look=lambda job: None, status=204, headers=(), host="127.0.0.1"):
        outer, self.calls, self.changed = self, [], threading.Condition()

        class Handler(http.server.BaseHTTPRequestHandler):
            def any(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
                # As the client in the wild finds the id.
                job = re.search(r"jobID:\s*([^\s,]+)", body)
                seen = look(job[1]) if job else None
                self.send_response(status)
                for name, value in headers:
                    self.send_header(name, value)
                self.send_header("Content-Length", "0")
                self.end_headers()
                with outer.changed:
                    outer.calls.append((self.command, self.path, self.headers, body, job and job[1], seen))
                    outer.changed.notify_all()

            do_POST = do_GET = do_PUT = any

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer((host, 0), Handler)
        self.url = f"http://{host}:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def wait(self, count, seconds_max=20):
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.calls) >= count, seconds_max), self.calls
            return list(self.calls)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    with running(tmp_path_factory.mktemp("callbacks"), catalogue=CATALOGUE, config='[delivery]\nallowed_ranges = ["127.0.0.1/32"]\ntimeout = 1\n') as server:
        server.usage(usage("acme", DI, "2024-09-03", "1"))
        yield server


@quick
def test_I34_one_plain_text_post_of_each_kind_of_export(world):
    client = world.informatica()
    with Receiver(lambda job: (client.status(job).json()["status"], client.download(job).status)) as receiver:
        jobs = {}
        for n, (resource, fields) in enumerate(KINDS):
            jobs[client.post(resource=resource, callbackUrl=f"{receiver.url}/k{n}?a=b", **fields).json()["jobId"]] = f"/k{n}?a=b"
        for method, path, headers, body, job, seen in receiver.wait(len(KINDS)):
            assert method == "POST" and jobs.pop(job) == path, "one each, to the address as sent"
            assert body == f"Job with jobID: {job} has completed and the Job Status is SUCCESS."
            assert headers["Content-Type"].split(";")[0].strip() == "text/plain" and int(headers["Content-Length"]) == len(body)
            assert seen == ("SUCCESS", 200), "status and download work at that moment"
        assert jobs == {} and len(receiver.calls) == len(KINDS)


def test_I34_every_final_status_has_its_word(folder):
    config = '[delivery]\nallowed_ranges = ["127.0.0.1/32"]\n[informatica]\npartial_rights = true\n'
    with running(folder, catalogue=CATALOGUE, config=config) as server, Receiver() as receiver:
        client = server.informatica("uma@example.com", "password-of-uma")
        partial = client.post(allLinkedOrgs="TRUE", callbackUrl=receiver.url).json()["jobId"]
        [call] = receiver.wait(1)
        assert call[3] == f"Job with jobID: {partial} has completed and the Job Status is PARTIAL_SUCCESS."
        (server.data / "artifacts").rename(server.data / "gone")
        failed = server.informatica().post(callbackUrl=receiver.url).json()
        assert failed["status"] == "FAILED", "it could not be planned"
        assert receiver.wait(2)[1][3] == f"Job with jobID: {failed['jobId']} has completed and the Job Status is FAILED."
        (server.data / "gone").rename(server.data / "artifacts")


@quick
def test_I34_no_redirect_is_followed(world):
    client = world.informatica()
    with Receiver() as elsewhere, Receiver(status=307, headers=[("Location", f"{elsewhere.url}/stolen")]) as receiver:
        job = client.post(callbackUrl=receiver.url).json()["jobId"]
        receiver.wait(1)
        assert client.wait(job)["status"] == "SUCCESS" and elsewhere.calls == []


@quick
def test_I34_what_is_not_opened_is_refused(world):
    """Only 127.0.0.1 is open here: other loopback addresses, in every spelling, are not asked."""
    client = world.informatica()
    with Receiver(host="127.0.0.2") as closed:
        port = closed.server.server_port
        for url in (closed.url, f"http://127.0.0.2.:{port}/", f"http://2130706434:{port}/", f"http://0x7f000002:{port}/", f"http://[::ffff:127.0.0.2]:{port}/"):
            job = client.wait(client.post(callbackUrl=url).json()["jobId"])
            assert job["status"] == "SUCCESS"
            delivery_of(world, job["jobId"], until=lambda d: d["state"] == "refused" or "does not resolve" in (d["last_error"] or ""))
        assert closed.calls == []


@contextlib.contextmanager
def silent():
    """A receiver that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"


def test_I35_receivers_that_hang_or_fail_delay_no_job(world):
    client = world.informatica()
    with silent() as hanging, Receiver(status=500) as failing:
        for url in (hanging, failing.url, "http://127.0.0.1:1/", "https://MyExportJobStatus.com", "MyExportJobStatus.com", "https://", "mailto:x@example.com",
                    "http://300.1.1.1/"):
            for resource, fields in KINDS:
                started = time.monotonic()
                posted = client.post(resource=resource, callbackUrl=url, **fields)
                assert posted.status == 200 and posted.json()["callbackUrl"] == url
                job = client.wait(posted.json()["jobId"], seconds_max=5)
                assert (job["status"], job["callbackUrl"]) == ("SUCCESS", url) and time.monotonic() - started < 5
        failing.wait(1)


@quick
def test_I35_no_callback_url_reads_null(world):
    client = world.informatica()
    for resource, fields in KINDS:
        posted = client.post(resource=resource, **fields).json()
        assert posted["callbackUrl"] is None and client.wait(posted["jobId"])["callbackUrl"] is None
