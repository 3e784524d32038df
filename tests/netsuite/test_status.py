"""sbGetUsageCreationStatus (netsuite.md section 4, N25, N26, N48, N50, N53)."""
import json
import re
import time

import pytest
from harness import Memory, running
from netsuite_client import STATUSES, NetSuite, await_operation, compact, error, operations, totals
from netsuite_world import BY_LINE, BY_SERVICE, CATALOGUE, EMS, GOOD, usage

quick = pytest.mark.quick


def no_such(answer, request_id):
    error(answer, 400, "REQUEST_NOT_FOUND", f"Request {request_id} isn't found using the requestId property")


@quick
def test_N25_the_request_id_comes_back_in_the_type_it_was_sent(client):
    request = client.create(GOOD)
    for sent in (request, str(request)):
        body = client.status(sent)
        assert body["requestId"] == sent and type(body["requestId"]) is type(sent), body
    for bad in ("abc", 1.5, True, False, -1, "-1", "1.0", " 1", "0x1", {}, [request]):
        error(client.ask(bad), 400, "INVALID_PROPERTY_FORMAT", "The value for requestId property has invalid format. Format must be: number.")
    for unknown in (987654, "987654", 0):
        no_such(client.ask(unknown), unknown)
    for huge in (2**64, 10**40, str(10**40)):
        error(client.ask(huge), 400, "REQUEST_NOT_FOUND")


@quick
def test_N26_not_started_is_three_empty_arrays(folder):
    with running(folder, catalogue=CATALOGUE, config="[operations]\nrunners = 0\n") as server:
        client = NetSuite(server)
        request = client.create(GOOD, usage(line=5))
        answer = client.ask(request)
        assert answer.body.decode() == f'{{"requestId":{request},"status":"Not Started","result":{{"successes":[],"failures":[],"errors":[]}}}}'
        assert server.api("GET", f"/v1/operations/{request}").json()["state"] == "CREATED"
        server.config.write_text("[operations]\nrunners = 2\n")
        server.restart()
        body = client.wait(request)
        assert body["status"] == "Completed"
        assert [[i["index"] for i in body["result"][k]] for k in ("successes", "failures", "errors")] == [[0], [1], []]
        assert server.api("GET", f"/v1/operations/{request}").json()["state"] == "PARTIAL_SUCCESS"


@quick
def test_N26_results_only_grow_while_in_progress(fresh):
    client = NetSuite(fresh)
    request = client.create(*[usage(line=3 if n % 5 else 5) for n in range(20_000)])
    seen, known, ids = set(), [set(), set()], {}
    while True:
        body = client.status(request)
        seen.add(body["status"])
        lists = [body["result"][k] for k in ("successes", "failures")]
        for at, items in enumerate(lists):
            indexes = [i["index"] for i in items]
            assert indexes == sorted(indexes) and known[at] <= set(indexes), "a settled item is never taken back"
            known[at] = set(indexes)
        assert not known[0] & known[1] and body["result"]["errors"] == []
        for item in lists[0]:
            assert ids.setdefault(item["index"], item["result"]["usageId"]) == item["result"]["usageId"]
        if body["status"] == "Not Started":
            assert not known[0] and not known[1]
        if body["status"] == "Completed":
            break
    assert seen <= set(STATUSES) and known[1] == set(range(0, 20_000, 5)) and known[0] == set(range(20_000)) - known[1]


@quick
def test_N28_an_answer_is_compact_json_in_the_order_of_the_page(client):
    body = client.create(GOOD, usage(line=5))
    client.wait(body)
    raw = client.ask(body).body.decode()
    first, second = compact(GOOD), compact(usage(line=5))
    expected = (f'{{"requestId":{body},"status":"Completed","result":{{"successes":[{{"index":0,"data":{first},"result":{{"usageId":N}}}}],'
                f'"failures":[{{"index":1,"data":{second},"result":{{"name":"INVALID_KEY_OR_REF",'
                f'"message":"Invalid usagesubscriptionline reference key {EMS}: 5."}}}}],"errors":[]}}}}')
    assert re.sub(r'"usageId":\d+', '"usageId":N', raw) == expected


@pytest.mark.slow
def test_N48_150000_usages_in_one_request(fresh):
    client = NetSuite(fresh)
    count = 150_000
    body = ",".join(f'{{"subscriptionId":1,"line":{5 if n % 10 == 0 else 3},"quantity":1,"date":"1/3/2018"}}' for n in range(count))
    assert 9_000_000 < len(body) < 10_485_760
    answer = client.create_text(f"[{body}]")
    assert answer.status == 200, answer
    request = answer.json()["requestId"]
    operation = await_operation(fresh, request)
    assert (operation["state"], operation["items"], operation["settled"]) == ("PARTIAL_SUCCESS", count, count), operation
    [row] = totals(fresh)  # everything is loaded, so that nothing but the answer takes memory now
    assert (row["records"], row["quantity"]) == (count * 9 // 10, str(count * 9 // 10))
    memory = Memory(fresh)
    answer = client.ask(request)
    grown = memory.peak_growth()
    assert answer.status == 200 and len(answer.body) > 15_000_000
    assert grown < 16 << 20, f"{grown} bytes for an answer of {len(answer.body)}"
    result = json.loads(answer.body)["result"]
    assert [f["index"] for f in result["failures"]] == list(range(0, count, 10)) and result["errors"] == []
    assert [s["index"] for s in result["successes"]] == [n for n in range(count) if n % 10]
    assert len({s["result"]["usageId"] for s in result["successes"]}) == count * 9 // 10


@quick
def test_N50_a_pruned_operation_is_unknown(folder):
    with running(folder, catalogue=CATALOGUE, config="[operations]\nretention = 3600\n") as server:
        client = NetSuite(server)
        request = client.create(GOOD)
        client.wait(request)
        server.advance(3500)
        assert client.status(request)["status"] == "Completed"
        server.advance(200)
        end = time.monotonic() + 60
        while (answer := client.ask(request)).status == 200 and time.monotonic() < end:
            time.sleep(0.1)
        no_such(answer, request)
        assert server.api("GET", f"/v1/operations/{request}").status in (404, 410)
        assert [r["records"] for r in totals(server)] == [1], "the usage stays"
        assert client.create(GOOD) > request, "a number is never given twice"


def same_answer(mine, unknown, *differing):
    """Equal in status, code, text and headers, but for the value asked for and what differs in every answer."""
    assert mine.status == unknown.status
    texts = [a.body.decode() for a in (mine, unknown)]
    assert texts[0].replace(str(differing[0]), "#") == texts[1].replace(str(differing[1]), "#")
    volatile = ("date", "x-request-id")
    assert {k: v for k, v in mine.headers.items() if k not in volatile} == {k: v for k, v in unknown.headers.items() if k not in volatile}


@quick
def test_N53_requests_of_another_account_do_not_exist(client, other):
    theirs = other.create(GOOD)
    other.wait(theirs)
    unknown = theirs + 5 if len(str(theirs)) == len(str(theirs + 5)) else theirs + 90  # as many digits
    same_answer(client.ask(theirs), client.ask(unknown), theirs, unknown)
    no_such(client.ask(theirs), theirs)
    no_such(client.ask(str(theirs)), theirs)
    assert other.status(theirs)["status"] == "Completed"


@quick
def test_N53_subscriptions_of_another_account_do_not_exist(client):
    def text(item):
        result = client.settle(item)
        assert result["successes"] == [] and result["errors"] == []
        return result["failures"][0]["result"]
    pairs = [(usage(subscriptionId="77"), usage(subscriptionId="78")),
             (usage("subscriptionId", subscriptionName="Only of the other"), usage("subscriptionId", subscriptionName="Only of no one")),
             (usage("subscriptionId", sbLookup={**BY_SERVICE, "value": "7700"}), usage("subscriptionId", sbLookup={**BY_SERVICE, "value": "7799"})),
             (usage("subscriptionId", "line", sbLineLookup={**BY_LINE, "value": "7701"}),
              usage("subscriptionId", "line", sbLineLookup={**BY_LINE, "value": "7799"})),
             (usage("subscriptionId", "line", sbLineLookup={"fieldId": "internalid", "value": "777"}),
              usage("subscriptionId", "line", sbLineLookup={"fieldId": "internalid", "value": "779"}))]
    for theirs, unknown in pairs:
        assert text(theirs) == text(unknown), theirs
    field = text(usage(sbLookup={"fieldId": "custrecord_only_other", "value": "9001"}))
    assert field == {"name": "FIELD_DOES_NOT_EXIST", "message": "The field custrecord_only_other doesn't exist."}
    custom = text(usage(customFields=[{"fieldId": "custrecord_other_source", "value": "x"}]))
    assert custom == {"name": "FIELD_DOES_NOT_EXIST", "message": "The field custrecord_other_source doesn't exist."}
    # Line 5 of subscription 1 is the other account's.
    assert text(usage(line=5)) == {"name": "INVALID_KEY_OR_REF", "message": f"Invalid usagesubscriptionline reference key {EMS}: 5."}


@quick
def test_N53_one_name_in_two_accounts_is_each_ones_own(fresh):
    mine, theirs = NetSuite(fresh), NetSuite(fresh, account="7654321", org="other")
    for addressing in ({"subscriptionName": EMS}, {"sbLookup": BY_SERVICE}, {"sbLineLookup": BY_LINE}, {"subscriptionId": 1}):
        for client in (mine, theirs):
            client.success(usage(*([] if "subscriptionId" in addressing else ["subscriptionId"]), **addressing))
    assert {(r["org"], r["quantity"]) for r in totals(fresh)} == {("acme-eu", "20")}
    assert {(r["org"], r["quantity"]) for r in totals(fresh, "other")} == {("other", "20")}
    assert len(operations(fresh)) >= 4
