"""What a callback carries: the vendor's sentence, or the job object as JSON where a setting or the job asks for it (informatica.md 5.3)."""
import json
import re

import pytest
from harness import running
from test_jobs import LOOPBACK, Receiver
from test_sessions import assert_v3_error


def told(server, **fields):
    """Posts a job, waits for its callback: (job object then, content type, body)."""
    receiver = Receiver()
    client = server.informatica()
    job = client.wait(client.post(callbackUrl=receiver.url, **fields).json()["jobId"])
    assert receiver.arrived.wait(20)
    receiver.close()
    [(headers, body, _)] = receiver.calls
    return client.status(job["jobId"]).json(), headers["Content-Type"], body


def assert_sentence(job, content_type, body):
    assert content_type.startswith("text/plain") and body == f"Job with jobID: {job['jobId']} has completed and the Job Status is SUCCESS."


def assert_json(job, content_type, body):
    message = json.loads(body)
    assert content_type.startswith("application/json") and list(message) == ["type", "timestamp", "data"]
    assert message["type"] == "export.finished" and re.match(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$", message["timestamp"])
    assert message["data"] == job and list(message["data"]) == list(job), "the object of GET status"


def test_the_setting_chooses_and_the_job_has_the_last_word(folder, acme_catalogue):
    with running(folder, catalogue=acme_catalogue, config=LOOPBACK) as server:
        assert_sentence(*told(server))
        assert_json(*told(server, callbackFormat="json"))
        server.config.write_text(LOOPBACK + '[informatica]\ncallback_format = "json"\n')
        server.restart()
        assert_json(*told(server))
        assert_json(*told(server, callbackFormat=None))
        assert_sentence(*told(server, callbackFormat="Text"))


def test_the_format_is_settled_when_the_job_is_made(folder, acme_catalogue):
    receiver = Receiver()
    with running(folder, catalogue=acme_catalogue, config=LOOPBACK + "[exports]\nrunners = 0\n") as server:
        job = server.informatica().post(callbackUrl=receiver.url, callbackFormat="JSON").json()["jobId"]
        server.config.write_text(LOOPBACK)
        server.restart()
        assert receiver.arrived.wait(20)
        assert json.loads(receiver.calls[0][1])["data"]["jobId"] == job
    receiver.close()


@pytest.mark.quick
@pytest.mark.parametrize("value", ["xml", "", True, 1, {}])
def test_another_format_is_400(shared, value):
    assert_v3_error(shared.informatica().post(callbackFormat=value), 400, "METERING_INVALID_FIELD")
