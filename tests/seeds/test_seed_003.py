"""Seed 003, sbGetUsageCreationStatus: the page's request, its two samples, each field and its type."""
import json

import pytest
from harness import record, run, running
from netsuite_client import NetSuite, compact, error
from netsuite_world import CATALOGUE, HOURS

USAGES = [{"subscription": "1", "line": "3", "quantity": "5", "date": "1/3/2018", "memo": "this is a note"},
          {"subscription": "1", "line": "5", "quantity": "15", "date": "1/3/2018"}]
PRINTED = '{ "method": "sbGetUsageCreationStatus", "requestId": "1101" }'
SAMPLE = json.loads("""{ "requestId": "1101", "status": "Completed", "result": { "successes": [ { "index": 0, "data": { "subscription": "1", "line": "3",
  "quantity": "5", "date": "1/3/2018", "memo": "this is a note" }, "result": { "usageId": 101 } } ], "failures": [ { "index": 1, "data": {
  "subscription": "1", "line": "5", "quantity": "15", "date": "1/3/2018" }, "result": { "name": "INVALID_KEY_OR_REF", "message":
  "Invalid usagesubscriptionline reference key Ems SP 001 - 1/1/2018: 5." } } ], "errors": [] } }""")
SAMPLE_ERROR = {"stage": "reduce", "key": "906", "name": "UNEXPECTED_ERROR", "message": "An unexpected error occurred."}


@pytest.fixture(scope="module")
def netsuite(tmp_path_factory):
    with running(tmp_path_factory.mktemp("seed"), catalogue=CATALOGUE) as server:
        yield NetSuite(server)


@pytest.fixture(scope="module")
def request_id(netsuite):
    """The page's two usages, settled."""
    made = netsuite.create(*USAGES)
    netsuite.wait(made)
    return made


def printed(request_id):
    """The page's request, as printed but for the number."""
    return PRINTED.replace("1101", str(request_id))


@pytest.fixture(scope="module")
def answer(netsuite, request_id):
    return netsuite.send(printed(request_id))


@pytest.mark.quick
def test_request_as_printed(answer):
    assert answer.status == 200 and answer.headers["content-type"].split(";")[0] == "application/json", answer


@pytest.mark.quick
def test_the_sample_request_to_the_letter_is_understood(netsuite):
    error(netsuite.send(PRINTED), 400, "REQUEST_NOT_FOUND", "Request 1101 isn't found using the requestId property")


@pytest.mark.quick
def test_the_answer_is_the_sample_but_for_its_two_numbers(answer, request_id):
    expected, got = json.loads(json.dumps(SAMPLE)), answer.json()
    expected["requestId"] = str(request_id)
    expected["result"]["successes"][0]["result"]["usageId"] = got["result"]["successes"][0]["result"]["usageId"]
    assert answer.body.decode() == compact(expected), "fields, order, types and texts"


@pytest.mark.quick
def test_field_method_chooses_the_call(netsuite, request_id):
    error(netsuite.send(printed(request_id).replace("Status", "State")), 400, "INVALID_REQUEST_METHOD", "Request method is invalid: sbGetUsageCreationState")
    error(netsuite.send(f'{{"requestId":"{request_id}"}}'), 400, "MISSING_REQUEST_PROPERTY", "The method property is missing in request object.")


@pytest.mark.quick
def test_field_requestId_is_what_create_returned_as_number_or_text(netsuite, request_id):
    assert type(request_id) is int
    for sent in (request_id, str(request_id)):
        got = netsuite.status(sent)["requestId"]
        assert got == sent and type(got) is type(sent)
    error(netsuite.send('{"method":"sbGetUsageCreationStatus"}'), 400, "MISSING_REQUEST_PROPERTY", "The requestId property is missing in request object.")


@pytest.mark.quick
def test_field_status(answer):
    assert answer.json()["status"] == "Completed"


@pytest.mark.quick
def test_status_before_the_work_begins(folder):
    with running(folder, catalogue=CATALOGUE, config="[operations]\nrunners = 0\n") as server:
        client = NetSuite(server)
        made = client.create(*USAGES)
        assert client.status(made) == {"requestId": made, "status": "Not Started", "result": {"successes": [], "failures": [], "errors": []}}


@pytest.mark.quick
def test_fields_result_and_its_three_arrays(answer):
    result = answer.json()["result"]
    assert list(result) == ["successes", "failures", "errors"] and all(isinstance(v, list) for v in result.values())


@pytest.mark.quick
def test_fields_of_a_success(answer):
    [success] = answer.json()["result"]["successes"]
    assert list(success) == ["index", "data", "result"] and success["index"] == 0 and type(success["index"]) is int
    assert success["data"] == USAGES[0] and list(success["data"]) == list(USAGES[0])
    assert list(success["result"]) == ["usageId"] and type(success["result"]["usageId"]) is int and success["result"]["usageId"] > 0


@pytest.mark.quick
def test_fields_of_a_failure(answer):
    [failure] = answer.json()["result"]["failures"]
    assert list(failure) == ["index", "data", "result"] and failure["index"] == 1 and failure["data"] == USAGES[1]
    assert failure["result"] == SAMPLE["result"]["failures"][0]["result"] and list(failure["result"]) == ["name", "message"]


@pytest.mark.quick
def test_fields_of_an_error(folder):
    """The second sample: one item lost by an error outside of usage creation. Its record's key is taken by other content."""
    with running(folder, catalogue=CATALOGUE) as server:
        client = NetSuite(server)
        following = client.create(USAGES[0]) + 1
        client.wait(following - 1)
        server.stop()
        file = folder / "taken.ndjson"
        file.write_text(json.dumps(record("acme-eu", HOURS, "2018-06-01T00:00:00Z", "77", f"{following}.0", source="netsuite")) + "\n")
        run("import", "--data", server.data, "--format", "ndjson", file)
        server.start()
        body = client.wait(client.create(USAGES[0]))
        assert body["requestId"] == following and body["status"] == "Completed"
        assert body["result"]["successes"] == [] and body["result"]["failures"] == []
        [entry] = body["result"]["errors"]
        assert list(entry)[:4] == list(SAMPLE_ERROR) and entry.pop("index") == 0
        assert {k: type(v) for k, v in entry.items()} == {k: type(v) for k, v in SAMPLE_ERROR.items()}
        assert (entry["stage"], entry["name"], entry["message"]) == ("reduce", SAMPLE_ERROR["name"], SAMPLE_ERROR["message"]) and entry["key"].isdigit()
