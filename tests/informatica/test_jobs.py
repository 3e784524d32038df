"""Life of a job on the Informatica wire: status, download, callback, failures (informatica.md section 5)."""
import http.server
import re
import threading
import time

import pytest
from harness import record, running
from test_sessions import assert_v3_error

DI = "a2nB20h1o0lc7k3P9xtWS8"
DAY = "2024-09-03T10:00:00Z"
LOOPBACK = '[delivery]\nallowed_ranges = ["127.0.0.0/8"]\n'


class Receiver:
    """A callback receiver on loopback; `answer_to` may look at the server while the callback is being made."""

    def __init__(self, look=lambda: None):
        outer = self
        self.calls, self.arrived = [], threading.Event()

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                outer.calls.append((dict(self.headers), body, look()))
                self.send_response(204)
                self.end_headers()
                outer.arrived.set()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/done"
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


@pytest.mark.quick
def test_I27_a_small_job_is_done_within_5_seconds(shared):
    client = shared.informatica()
    shared.usage(record("acme", DI, DAY, "1.5", "i27"))
    job = client.wait(client.post().json()["jobId"], seconds_max=5)
    assert job["status"] == "SUCCESS" and "errorMessage" not in job
    for name in ("createTime", "updateTime"):
        assert re.match(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$", job[name])
    assert job["createTime"] <= job["updateTime"]


def test_I28_a_download_of_a_running_job_is_held_then_409(folder, acme_catalogue):
    with running(folder, catalogue=acme_catalogue, config="[exports]\nrunners = 0\n[informatica]\ndownload_hold = 1\n") as server:
        client = server.informatica()
        job = client.post().json()["jobId"]
        started = time.monotonic()
        assert_v3_error(client.download(job), 409, "METERING_NOT_READY")
        assert time.monotonic() - started >= 0.9, "it was held"
        # With a runner the held download ends well: one client posts and downloads once, expecting 200.
        server.config.write_text("")
        server.restart()
        client = server.informatica()
        assert client.download(job).status == 200, "the job waited over the restart and was taken up"
        assert client.download(client.post().json()["jobId"]).status == 200


@pytest.mark.quick
def test_I29_download_whatever_the_accept_header_says(shared):
    client = shared.informatica()
    job = client.post().json()["jobId"]
    assert client.wait(job)["status"] == "SUCCESS"
    bodies = set()
    for headers in ({"Accept": "application/json"}, {"Accept": "application/octet-stream, */*"}, {}):
        answer = client.download(job, **headers)
        assert answer.status == 200 and answer.headers["content-type"] == "application/zip"
        assert answer.headers["content-disposition"] == f'attachment; filename="{job}.zip"'
        assert answer.headers["etag"] == f'"{job}-1"' and int(answer.headers["content-length"]) == len(answer.body)
        bodies.add(answer.body)
    assert len(bodies) == 1


def test_I30_the_zip_is_kept_three_days_and_the_job_stays(server):
    client = server.informatica()
    job = client.post().json()["jobId"]
    client.wait(job)
    server.advance(3 * 86400 - 3600)
    client = server.informatica()
    assert client.download(job).status == 200
    server.advance(2 * 3600)
    client = server.informatica()
    assert_v3_error(client.download(job), 404, "METERING_NO_OUTPUT")
    assert client.status(job).json()["status"] == "SUCCESS"
    end = time.monotonic() + 20
    while list((server.data / "artifacts").rglob("*.zip")) and time.monotonic() < end:
        time.sleep(0.05)
    assert not list((server.data / "artifacts").rglob("*.zip")), "the file itself is gone too"


def test_I31_a_failed_job_says_so_and_has_no_output(folder, acme_catalogue):
    # A real cause: the disk under the artifacts is full, through the file seam.
    receiver = Receiver()
    with running(folder, catalogue=acme_catalogue, config=LOOPBACK, env={"METERPORT_TEST_FILE_FAULTS": "no_space:artifacts:1:1000"}) as server:
        client = server.informatica()
        posted = client.post(callbackUrl=receiver.url).json()
        assert posted["status"] == "CREATED"
        job = client.wait(posted["jobId"])
        assert job["status"] == "FAILED" and "space" in job["errorMessage"], job
        assert str(folder) not in job["errorMessage"], "no path of the server in a public text"
        assert_v3_error(client.download(job["jobId"]), 404, "METERING_NO_OUTPUT")
        assert receiver.arrived.wait(20)
        assert receiver.calls[0][1] == f"Job with jobID: {job['jobId']} has completed and the Job Status is FAILED."
        for _ in range(6):
            assert client.wait(client.post().json()["jobId"])["status"] == "FAILED", "failed jobs take no slot"
    receiver.close()


def test_I31_a_job_that_cannot_be_planned_is_answered_FAILED(server):
    client = server.informatica()
    (server.data / "artifacts").rename(server.data / "gone")
    for _ in range(6):
        answer = client.post(resource="ExportMeteringDataAllLinkedOrgsAcrossRegion")
        assert answer.status == 200, answer
        job = answer.json()
        assert job["status"] == "FAILED"
        assert job["errorMessage"].startswith("Exception occurred while processing request for org: 4wMFqGlxAKVlIFTixlTSOY. ")
        status = client.status(job["jobId"]).json()
        assert (status["status"], status["errorMessage"]) == ("FAILED", job["errorMessage"])
        assert_v3_error(client.download(job["jobId"]), 404, "METERING_NO_OUTPUT")
    (server.data / "gone").rename(server.data / "artifacts")
    assert client.wait(client.post().json()["jobId"])["status"] == "SUCCESS", "they took no slot"


def test_I34_the_callback_comes_when_status_and_download_work(folder, acme_catalogue):
    with running(folder, catalogue=acme_catalogue, config=LOOPBACK) as server:
        client, posted = server.informatica(), threading.Event()
        job = {}

        def look():
            assert posted.wait(20)
            return client.status(job["id"]).json()["status"], client.download(job["id"]).status

        receiver = Receiver(look)
        job["id"] = client.post(callbackUrl=receiver.url).json()["jobId"]
        posted.set()
        assert receiver.arrived.wait(20)
        headers, body, seen = receiver.calls[0]
        assert headers["Content-Type"].startswith("text/plain")
        assert body == f"Job with jobID: {job['id']} has completed and the Job Status is SUCCESS."
        assert seen == ("SUCCESS", 200)
        client.wait(job["id"])
        assert len(receiver.calls) == 1
        receiver.close()


def test_I34_a_private_address_is_refused_unless_opened(server):
    receiver = Receiver()
    client = server.informatica()
    job = client.post(callbackUrl=receiver.url).json()["jobId"]
    assert client.wait(job)["status"] == "SUCCESS"
    # A second job whose receiver is the same; both outcomes are stored before the server ends.
    assert client.wait(client.post(callbackUrl=receiver.url).json()["jobId"])["status"] == "SUCCESS"
    assert server.stop() == 0
    assert receiver.calls == []
    receiver.close()


@pytest.mark.quick
@pytest.mark.parametrize("url", ["https://MyExportJobStatus.com", "not a url", "", "ftp://example.com/x", "http://", "http://127.0.0.1:9/none",
                                 "http://[::1]:9/", "https://no-such-host.invalid/x", "x" * 3000, "http://user:secret@127.0.0.1/"])
def test_I35_a_callback_url_of_any_kind_changes_nothing(shared, url):
    client = shared.informatica()
    job = client.post(callbackUrl=url)
    assert job.status == 200 and job.json()["callbackUrl"] == url
    done = client.wait(job.json()["jobId"], seconds_max=5)
    assert done["status"] == "SUCCESS" and done["callbackUrl"] == url


def test_a_job_whose_server_was_killed_is_taken_up_after_restart(folder, acme_catalogue):
    server = None
    with running(folder, catalogue=acme_catalogue, config="[exports]\nrunners = 0\n") as server:
        server.usage(*[record("acme", DI, DAY, "0.25", f"k{i}") for i in range(1000)])
        client = server.informatica()
        jobs = [client.post(startDate="2024-09-01T00:00:00Z").json()["jobId"] for _ in range(3)]
        server.kill()
        server.config.write_text("")
        server.start()
        client = server.informatica()
        for job in jobs:
            assert client.wait(job)["status"] == "SUCCESS"
        assert len({client.download(job).body for job in jobs}) <= 3


def test_SIGTERM_finishes_or_requeues_what_runs(folder, acme_catalogue):
    with running(folder, catalogue=acme_catalogue) as server:
        server.usage(*[record("acme", DI, DAY, "0.25", f"s{i}") for i in range(1000)])
        client = server.informatica()
        jobs = [client.post().json()["jobId"] for _ in range(5)]
        assert server.stop() == 0
        server.start()
        client = server.informatica()
        assert {client.wait(job)["status"] for job in jobs} == {"SUCCESS"}
