"""What is checked before a usage is looked at: URL, verb, type, JSON, method (netsuite.md section 2, N17 to N23, N49, N51)."""
import json
import threading

import pytest
from harness import running
from netsuite_client import QUERY, NetSuite, compact, error, operations
from netsuite_world import CATALOGUE, GOOD

quick = pytest.mark.quick
ASK = compact({"method": "sbGetUsageCreationStatus", "requestId": 999999})
NO_SCRIPT = "That Suitelet is invalid, disabled, or no longer exists."
SCRIPT, DEPLOY = QUERY.split("&")


def passes(answer):
    error(answer, 400, "REQUEST_NOT_FOUND")


@quick
def test_N17_unknown_scripts_are_404_after_the_log_in(client):
    for query in ("script=customscript_other&" + DEPLOY, SCRIPT + "&deploy=customdeploy_other", "script=568&deploy=1", SCRIPT, DEPLOY, "script=&deploy=", "a=b"):
        error(client.send(ASK, query=query), 404, "SSS_INVALID_SCRIPTLET_ID", NO_SCRIPT)
        error(client.send(ASK, query=query, authorization=""), 401, "INVALID_LOGIN_ATTEMPT")
    passes(client.send(ASK, query=f"{DEPLOY}&{SCRIPT}"))


@quick
def test_N17_the_configured_numbers_work(folder):
    with running(folder, catalogue=CATALOGUE, config='[netsuite]\nscript = "568"\ndeploy = "2"\n') as server:
        client = NetSuite(server)
        passes(client.send(ASK, query="script=568&deploy=2"))
        passes(client.send(ASK))
        for query in ("script=568&deploy=1", "script=569&deploy=2"):
            error(client.send(ASK, query=query), 404, "SSS_INVALID_SCRIPTLET_ID", NO_SCRIPT)


@quick
def test_N18_other_verbs_are_405(client):
    for method in ("GET", "PUT", "DELETE"):
        answer = client.send(None if method == "GET" else ASK, method=method)
        error(answer, 405, "METHOD_NOT_ALLOWED")
        assert answer.headers["allow"] == "POST"
        error(client.send(None, method=method, authorization=""), 401, "INVALID_LOGIN_ATTEMPT")
        error(client.send(None, method=method, query="script=1&deploy=1"), 404, "SSS_INVALID_SCRIPTLET_ID")


@quick
def test_N19_content_types(client):
    for fine in ("application/json", "Application/JSON; Charset=utf-8", "APPLICATION/JSON;charset=UTF-8", "application/json ; a=b"):
        passes(client.send(ASK, content_type=fine))
    for bad in (None, "text/plain", "application/xml", "application/jsonx", "application/x-www-form-urlencoded", ""):
        error(client.send(ASK, content_type=bad), 415, "UNSUPPORTED_MEDIA_TYPE")
        error(client.send("{", content_type=bad), 415, "UNSUPPORTED_MEDIA_TYPE")  # the type is looked at before the JSON


@quick
def test_N20_headers_of_real_clients_change_nothing(client):
    plain = client.create_text(compact([GOOD]))
    for headers in ({"User-Agent-X": "SuiteScript-Call"}, {"prefer": "transient"}, {"Accept": "*/*", "Accept-Encoding": "gzip, deflate, br"},
                    {"Accept": "text/html"}):
        answer = client.create_text(compact([GOOD]), **headers)
        assert answer.status == plain.status == 200 and list(answer.json()) == ["requestId"]
        assert sorted(answer.headers) == sorted(plain.headers) and answer.headers["content-type"] == plain.headers["content-type"]


@quick
def test_N21_bodies_that_are_no_request(client):
    for empty in (b"", "null", " null\n"):
        error(client.send(empty), 400, "MISSING_REQUEST_DATA", "Request data is missing.")
    for empty in ("{}", "{ }", "\r\n{\t}"):
        error(client.send(empty), 400, "EMPTY_REQUEST_OBJECT", "The request object is empty.")
    malformed = ["{", '{"method":', '{"method":"sbCreateUsage","usages":[{]}', "{'method':'x'}", '{"method":"x"} {}', '{"a":1,}', "nul", '{"a":01}', '{"a":"\x01"}',
                 b'{"a":"\xff"}', '{"a":' + "[" * 2000]
    for body in malformed + ["[]", "[1]", compact([{"method": "sbCreateUsage"}]), '"text"', "7", "true"]:
        error(client.send(body), 400, "INVALID_REQUEST")


@quick
def test_N22_methods(client):
    missing = "The method property is missing in request object."
    for body in ({"usages": [GOOD]}, {"method": None, "usages": [GOOD]}, {"Method": "sbCreateUsage"}):
        error(client.send(compact(body)), 400, "MISSING_REQUEST_PROPERTY", missing)
    error(client.send(compact({"method": "", "usages": [GOOD]})), 400, "EMPTY_REQUEST_PROPERTY", "The method property is empty.")
    for name in ("sbDoAnything", "sbcreateusage", "sbCreateUsage ", "createUsage"):
        error(client.send(compact({"method": name, "usages": [GOOD]})), 400, "INVALID_REQUEST_METHOD", f"Request method is invalid: {name}")


@quick
def test_N23_usages_missing_no_array_or_empty_makes_no_operation(fresh):
    client = NetSuite(fresh)
    missing = "The usages property is missing in request object."
    for body in ({"method": "sbCreateUsage"}, {"method": "sbCreateUsage", "usages": None}, {"method": "sbCreateUsage", "Usages": [GOOD]}):
        error(client.send(compact(body)), 400, "MISSING_REQUEST_PROPERTY", missing)
    for usages in (GOOD, {}, 7, "text", True):
        error(client.create_text(compact(usages)), 400, "INVALID_PROPERTY_FORMAT", "The value for usages property has invalid format. Format must be: array.")
    error(client.create_text("[]"), 400, "EMPTY_REQUEST_PROPERTY", "The usages property is empty.")
    assert operations(fresh) == []
    made = client.create(GOOD)
    assert [o["id"] for o in operations(fresh)] == [made]


@quick
def test_N23_the_request_id_property(client):
    for body in ({"method": "sbGetUsageCreationStatus"}, {"method": "sbGetUsageCreationStatus", "requestId": None}):
        error(client.send(compact(body)), 400, "MISSING_REQUEST_PROPERTY", "The requestId property is missing in request object.")
    error(client.ask(""), 400, "EMPTY_REQUEST_PROPERTY", "The requestId property is empty.")


@quick
def test_N49_a_body_over_the_limit(folder):
    with running(folder, catalogue=CATALOGUE, config="[netsuite]\nbody_bytes_max = 2048\n") as server:
        client = NetSuite(server)
        head = '{"method":"sbCreateUsage","usages":[' + compact(GOOD)
        fits = head + " " * (2048 - len(head) - 2) + "]}"
        assert len(fits) == 2048
        answer = client.send(fits)
        assert answer.status == 200, answer
        error(client.send(fits.replace("]}", " ]}")), 400, "INVALID_REQUEST")
        assert len(operations(server)) == 1
        assert client.wait(answer.json()["requestId"])["status"] == "Completed"


@pytest.mark.slow
def test_N49_the_opt_in_concurrency_limit(folder):
    body = '{"method":"sbCreateUsage","usages":[' + ",".join([compact(GOOD)] * 150_000) + "]}"
    with running(folder, catalogue=CATALOGUE, config="[netsuite]\nconcurrency_max = 1\n[operations]\nrunners = 0\n") as server:
        client = NetSuite(server)
        answers = []
        for _ in range(5):  # whether two meet is up to the scheduler; one round is nearly always enough
            threads = [threading.Thread(target=lambda: answers.append(client.send(body))) for _ in range(8)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(timeout=120)
            over = [a for a in answers if a.status != 200]
            if over:
                break
        for answer in over:
            error(answer, 400, "SSS_REQUEST_LIMIT_EXCEEDED")
            assert "retry-after" not in answer.headers or int(answer.headers["retry-after"]) > 0
        accepted = [a.json()["requestId"] for a in answers if a.status == 200]
        assert over and accepted, answers
        assert sorted(o["id"] for o in operations(server)) == sorted(accepted), "what was refused left nothing"
        passes(client.send(ASK))


@quick
def test_N51_every_error_is_compact_json_with_its_type(client):
    answers = [client.send(ASK, authorization=""), client.send(ASK, authorization="OAuth x"), client.send(ASK, authorization="Bearer x"),
               client.send(ASK, authorization="NLAuth x"), client.send(ASK, query="script=1&deploy=1"), client.send(None, method="GET"),
               client.send(ASK, method="PATCH"), client.send(ASK, content_type="text/plain"), client.send("{"), client.send("{}"),
               client.send(compact({"method": "quote \" and \\ and ü"})), client.ask(10**30), client.create_text("[]")]
    for answer in answers:
        assert 400 <= answer.status < 500, answer
        assert answer.headers["content-type"].split(";")[0] == "application/json", answer
        error(answer, answer.status, answer.json()["error"]["code"])


@quick
def test_N51_the_nested_form_by_switch(folder):
    with running(folder, catalogue=CATALOGUE, config="[netsuite]\nnested_errors = true\n") as server:
        client = NetSuite(server)
        nested = client.send("{}")
        assert nested.status == 400 and nested.headers["content-type"].split(";")[0] == "application/json"
        outer = nested.json()["error"]
        assert list(outer) == ["code", "message"] and outer["code"] == "EMPTY_REQUEST_OBJECT"
        inner = json.loads(outer["message"])
        assert inner["name"] == "EMPTY_REQUEST_OBJECT" and inner["message"] == "The request object is empty."
        assert {"type", "name", "message", "stack", "cause", "id", "notifyOff", "userFacing"} == set(inner) and isinstance(inner["stack"], list)


@quick
def test_a_failed_store_is_503_with_retry_after(folder):
    with running(folder, catalogue=CATALOGUE) as server:
        key = NetSuite(server).key
        server.stop()
        server.start(METERPORT_TEST_FILE_FAULTS="sync_error:operations:1:1")
        answer = NetSuite(server, key).create_text(compact([GOOD]))
        error(answer, 503, "UNEXPECTED_ERROR", "An unexpected error occurred.")
        assert int(answer.headers["retry-after"]) > 0
        server.restart()
        assert operations(server) == [], "what was refused left nothing"
        assert NetSuite(server, key).success(GOOD)


def test_paths_beside_the_restlet_answer_in_its_form(client):
    for path in ("/app/site/hosting/other.nl", "/app/site/hosting/restlet.nl/"):
        answer = client.server.call("POST", path, b"{}", {"Content-Type": "application/json"})
        error(answer, 404, "SSS_INVALID_SCRIPTLET_ID", "That Suitelet is invalid, disabled, or no longer exists.")


def test_C6_half_a_surrogate_pair_costs_its_usage_alone(client):
    good = compact(GOOD)
    answer = client.create_text('[' + good + ',' + good[:-1] + ',"memo":"\\ud800"},' + good + ']')
    assert answer.status == 200, answer
    result = client.wait(answer.json()["requestId"])["result"]
    assert [item["index"] for item in result["successes"]] == [0, 2]
    [failure] = result["failures"]
    assert failure["index"] == 1 and failure["result"]["name"] == "INVALID_PROPERTY_FORMAT"
    error(client.create_text('[' + good[:-1] + ',"memo":"\\x"}]'), 400, "INVALID_REQUEST")


def test_a_request_has_a_most_of_usages(folder):
    with running(folder, catalogue=CATALOGUE, config="[operations]\nitems_max = 3\n") as server:
        client = NetSuite(server)
        assert client.create_text(compact([GOOD] * 3)).status == 200
        error(client.create_text(compact([GOOD] * 4)), 400, "INVALID_REQUEST", "The body has more than 3 items, which is the most.")
        lines = server.api("POST", "/v1/usage", "1\n" * 4, content_type="application/x-ndjson", Prefer="respond-async")
        assert lines.status == 413 and lines.json()["code"] == "too_large"
