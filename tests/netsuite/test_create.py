"""Usages and what they come to: addressing, look-ups, dates, quantities, rules (netsuite.md sections 3, 5 and 7, N24 to N44)."""
import json
import re
import threading
from decimal import Decimal

import pytest
from harness import lines, record, run, running
from netsuite_client import NetSuite, assert_failed, compact, error, operations, totals
from netsuite_world import ADDRESSED, BAD, BY_LINE, BY_SERVICE, CATALOGUE, EMS, GOOD, HOURS, TEST_SUB, TWIN, VOLUME, usage

pytestmark = pytest.mark.quick
MDY = "The value for date property has invalid format. Format must be: M/D/YYYY."


def test_N24_the_answer_is_the_request_id_and_it_survives_a_crash(fresh):
    client = NetSuite(fresh)
    answer = client.create_text(compact([GOOD]))
    fresh.kill()
    assert answer.status == 200 and answer.headers["content-type"].split(";")[0] == "application/json"
    assert re.fullmatch(rb'\{"requestId":[1-9][0-9]*\}', answer.body), answer
    fresh.start()
    body = client.wait(answer.json()["requestId"])
    assert body["status"] == "Completed" and [s["index"] for s in body["result"]["successes"]] == [0]
    assert client.create(GOOD) > answer.json()["requestId"]


def test_N27_every_index_is_in_exactly_one_list(client):
    """Every rule of the contract in one batch: good and bad usages mixed, each result as written down by hand."""
    items, good = [], 0
    for number, (text, code, message) in enumerate(BAD):
        items.append((text, code, message))
        if number % 3 == 0:
            items.append((compact(ADDRESSED[good % len(ADDRESSED)][0]), None, None))
            good += 1
    answer = client.create_text("[" + ",".join(text for text, _, _ in items) + "]")
    assert answer.status == 200, answer
    body = client.wait(answer.json()["requestId"])
    assert body["status"] == "Completed" and body["result"]["errors"] == []
    successes, failures = body["result"]["successes"], body["result"]["failures"]
    assert [s["index"] for s in successes] == [n for n, (_, code, _) in enumerate(items) if code is None]
    assert [f["index"] for f in failures] == [n for n, (_, code, _) in enumerate(items) if code is not None]
    for item in successes + failures:
        assert list(item) == ["index", "data", "result"] and item["data"] == json.loads(items[item["index"]][0]), item
    wrong = []
    for item in failures:
        text, code, message = items[item["index"]]
        if item["result"]["name"] != code or (message is not None and item["result"]["message"] != message) or not item["result"]["message"]:
            wrong.append((text, code, message, item["result"]))
    assert not wrong, "\n".join(map(str, wrong))
    assert all(list(f["result"]) == ["name", "message"] for f in failures)
    ids = [s["result"]["usageId"] for s in successes]
    assert len(set(ids)) == len(ids) and all(type(i) is int and 0 < i < 2**53 for i in ids)


def test_N28_data_is_verbatim(client):
    texts = ['{"date":"1/3/2018","zzz":{"b":1,"a":[1.10,null,-0.0,1E5]},"quantity":5.0,"line":"3","subscriptionId":"1","unknown":"é","":7}',
             '{"quantity":"5.50","subscriptionId":1,"line":3,"date":"01/03/2018","memo":null,"customFields":[]}',
             '{"line":3,"subscriptionId":1,"quantity":0.100000000000000000,"date":"1/3/2018"}']
    bad = '{"quantity":1.50,"line":3,"subscriptionId":999,"date":"1/3/2018","Line":4}'
    answer = client.create_text("[" + ",".join([*texts, bad]) + "]")
    request = answer.json()["requestId"]
    result = client.wait(request)["result"]
    assert [len(result[k]) for k in ("successes", "failures", "errors")] == [3, 1, 0], result
    raw = client.ask(request).body.decode()
    for index, text in enumerate(texts):
        assert f'{{"index":{index},"data":{text},"result":{{"usageId":' in raw, raw
    assert f'{{"index":3,"data":{bad},"result":{{"name":"SUBSCRIPTION_NOT_FOUND","message":"' in raw, raw
    escaped = '{"subscriptionId":1,"line":3,"quantity":1,"date":"1/3/2018","memo":"tab\\t \\"quote\\" \\u00e9 \\/ \\ud83d\\ude00"}'
    request = client.create_text(f"[{escaped}]").json()["requestId"]
    [item] = client.wait(request)["result"]["successes"]
    assert item["data"] == json.loads(escaped) and list(item["data"]) == list(json.loads(escaped))


def test_N29_subscription_is_an_alias(client):
    client.success({"subscription": "1", "line": "3", "quantity": "5", "date": "1/3/2018"})
    client.success({"subscription": 1, "line": 3, "quantity": 5, "date": "1/3/2018"})
    client.failure({"subscription": "999", "line": 3, "quantity": 5, "date": "1/3/2018"}, "SUBSCRIPTION_NOT_FOUND",
                   "Subscription record isn't found using the subscription property.")


def test_N30_each_addressing_style_finds_its_line(fresh):
    client = NetSuite(fresh)
    expected = {}
    for number, (item, where) in enumerate(ADDRESSED):
        client.success({**item, "quantity": str(2**number)})
        expected[where] = expected.get(where, 0) + 2**number
    got = {(r["org"], r["meter"]): Decimal(r["quantity"]) for r in totals(fresh)}
    assert got == expected


def test_N31_styles_that_agree_and_that_do_not(client):
    client.success(usage(subscriptionName=EMS))
    client.success(usage(subscriptionName=EMS, sbLookup=BY_SERVICE, sbLineLookup=BY_LINE))
    client.failure(usage(subscriptionName=TEST_SUB), "MULTIPLE_VALUES_NOT_MATCH", "Multiple values of subscription don't match.")
    client.failure(usage(sbLookup={**BY_SERVICE, "value": "1002"}), "MULTIPLE_VALUES_NOT_MATCH", "Multiple values of subscription don't match.")
    client.failure(usage("line", subscriptionId=2, sbLineLookup=BY_LINE), "MULTIPLE_VALUES_NOT_MATCH", "Multiple values of subscription don't match.")
    client.failure(usage(line=4, sbLineLookup=BY_LINE), "MULTIPLE_VALUES_NOT_MATCH", "Multiple values of line don't match.")
    client.failure(usage("subscriptionId", line="4", sbLineLookup=BY_LINE), "MULTIPLE_VALUES_NOT_MATCH", "Multiple values of line don't match.")


def test_N32_what_is_not_found_names_the_property(client):
    for name, value in (("subscriptionId", 999), ("subscriptionName", "Ems SP 001"), ("sbLookup", {**BY_SERVICE, "value": "999"})):
        client.failure(usage("subscriptionId", **{name: value}), "SUBSCRIPTION_NOT_FOUND", f"Subscription record isn't found using the {name} property.")
    client.failure(usage("subscriptionId", "line", sbLineLookup={**BY_LINE, "value": "999"}), "SUBSCRIPTION_LINE_NOT_FOUND",
                   "Subscription Line record isn't found using the sbLineLookup property.")


def test_N33_names_and_values_that_two_share(client):
    client.failure(usage("subscriptionId", subscriptionName=TWIN, line=1), "MULTIPLE_RECORDS_FOUND",
                   "Multiple records found for Subscription using the subscriptionName property.")
    client.failure(usage("subscriptionId", sbLookup={**BY_SERVICE, "value": "2000"}, line=1), "MULTIPLE_RECORDS_FOUND",
                   "Multiple records found for Subscription using the sbLookup property.")
    client.failure(usage("subscriptionId", "line", sbLineLookup={**BY_LINE, "value": "3000"}), "MULTIPLE_RECORDS_FOUND",
                   "Multiple records found for Subscription Line using the sbLineLookup property.")
    for id_ in (3, 4):  # by id the twins are two
        client.success(usage(subscriptionId=id_, line=1))


def test_N34_a_line_number_that_the_subscription_lacks(client):
    client.failure(usage(line=5), "INVALID_KEY_OR_REF", f"Invalid usagesubscriptionline reference key {EMS}: 5.")
    client.failure(usage("subscriptionId", subscriptionName=TEST_SUB, line="17"), "INVALID_KEY_OR_REF",
                   f"Invalid usagesubscriptionline reference key {TEST_SUB}: 17.")


def test_N35_fields_of_lookups_and_custom_fields(client):
    fields = [{"fieldId": "custrecord_usage_source", "value": "data"}, {"fieldId": "custrecord_usage_unit", "value": "MB"}]
    client.success(usage(customFields=fields))
    client.success(usage(customFields=[]))
    for name in ("sbLookup", "sbLineLookup"):
        client.failure(usage(**{name: {"fieldId": "custrecord_nope", "value": "1"}}), "FIELD_DOES_NOT_EXIST", "The field custrecord_nope doesn't exist.")
        client.failure(usage(**{name: {"value": "1"}}), "MISSING_REQUEST_PROPERTY", f"The fieldId property is missing in {name} object.")
        client.failure(usage(**{name: {"fieldId": "internalid"}}), "MISSING_REQUEST_PROPERTY", f"The value property is missing in {name} object.")
    client.failure(usage(customFields=[*fields, {"fieldId": "custrecord_nope", "value": 1}]), "FIELD_DOES_NOT_EXIST", "The field custrecord_nope doesn't exist.")
    client.failure(usage(customFields=[{"fieldId": "custrecord_usage_source"}]), "MISSING_REQUEST_PROPERTY", "The value property is missing in customFields object.")


def test_N36_required_values(client):
    for name, word in (("subscriptionId", "subscription"), ("line", "line"), ("quantity", "quantity"), ("date", "date")):
        for item in (usage(name), usage(**{name: None})):
            client.failure(item, "REQUIRED_VALUE_NOT_FOUND", f"{word} isn't found in the usage object.")
        client.failure(usage(**{name: ""}), "EMPTY_REQUEST_PROPERTY", f"The {name} property is empty.")


def test_N37_elements_that_are_no_usage_fail_alone(client):
    result = client.settle(GOOD, "text", {}, GOOD, 7, [GOOD], GOOD)
    assert [s["index"] for s in result["successes"]] == [0, 3, 6] and [f["index"] for f in result["failures"]] == [1, 2, 4, 5]
    for failure, data in zip(result["failures"], ["text", {}, 7, [GOOD]], strict=True):
        assert failure["data"] == data
        if data == {}:
            assert_failed(failure["result"], "EMPTY_REQUEST_OBJECT", "The usage object is empty.")
        else:
            assert_failed(failure["result"], "INVALID_PROPERTY_FORMAT")
            assert failure["result"]["message"].endswith("Format must be: object."), failure


def test_N38_dates_in_the_format_of_the_account(fresh):
    client = NetSuite(fresh)
    for quantity, date in ((1, "1/3/2018"), (10, "01/03/2018"), (100, "1/03/2018"), (1000, "2/29/2020"), (10000, "12/31/2018")):
        client.success(usage(date=date, quantity=quantity))
    days = {r["day"]: Decimal(r["quantity"]) for r in totals(fresh, last="2021-01-01")}
    assert days == {"2018-01-03": 111, "2020-02-29": 1000, "2018-12-31": 10000}
    for date in ("2/30/2018", "2/29/2018", "13/1/2018", "2018-01-03", "1-3-2018", "1/3/18", "1/3/2018 ", "0/3/2018"):
        client.failure(usage(date=date), "INVALID_PROPERTY_FORMAT", MDY)
    dots = NetSuite(fresh, account="5550001", org="dots")
    dots.success(usage(line=1, date="3.1.2018"))
    dots.success(usage(line=1, date="03.01.2018"))
    dots.failure(usage(line=1, date="1/3/2018"), "INVALID_PROPERTY_FORMAT", MDY.replace("M/D/YYYY", "D.M.YYYY"))
    assert {r["day"] for r in totals(fresh, "dots")} == {"2018-01-03"}
    iso = NetSuite(fresh, account="5550002", org="iso")
    iso.success(usage(line=1, date="2018-01-03"))
    iso.failure(usage(line=1, date="1/3/2018"), "INVALID_PROPERTY_FORMAT", MDY.replace("M/D/YYYY", "YYYY-MM-DD"))
    assert {r["day"] for r in totals(fresh, "iso")} == {"2018-01-03"}


def test_N39_quantities_are_kept_to_the_last_digit(fresh):
    client = NetSuite(fresh)
    for text in ("0.123456785", '"0.123456785"'):
        request = client.create_text(f'[{{"subscriptionId":1,"line":4,"quantity":{text},"date":"1/4/2018"}}]').json()["requestId"]
        client.wait(request)
        assert f'"quantity":{text},' in client.ask(request).body.decode()
    client.success(usage(quantity="0.123456785"))
    client.success(usage(quantity="0.000000000000000001", date="1/5/2018"))
    client.success(usage(quantity=0))
    client.success(usage(quantity="0.00"))
    got = {(r["org"], r["day"]): r["quantity"] for r in totals(fresh)}
    assert got == {("acme", "2018-01-04"): "0.24691357", ("acme-eu", "2018-01-03"): "0.123456785", ("acme-eu", "2018-01-05"): "0.000000000000000001"}
    files = fresh.informatica().export(startDate="2018-01-01T00:00:00Z", endDate="2018-01-31T00:00:00Z", allLinkedOrgs="TRUE", combinedMeterUsage="TRUE")
    [text] = files.values()
    assert {(r["OrgId"], r["Date"][:10]): r["MeterUsage"] for r in lines(text)}["acme-eu", "2018-01-03"] == "0.1234567850"
    client.failure(usage(quantity="0.1234567890123456789"), "USER_ERROR")
    for text in ("abc", "1,5", "1 000", "--1"):
        client.failure(usage(quantity=text), "INVALID_PROPERTY_FORMAT", "The value for quantity property has invalid format. Format must be: number.")


def test_N40_the_largest_quantity_and_negative_ones(client, folder):
    client.success(usage(quantity="9999999999.99999999"))
    for quantity in (10000000000, "10000000000", "9999999999.999999991", -1, "-0.000001"):
        client.failure(usage(quantity=quantity), "USER_ERROR")
    with running(folder, catalogue=CATALOGUE, config="[netsuite]\nnegative_quantities = true\n") as server:
        negative = NetSuite(server)
        negative.success(usage(quantity=5))
        negative.success(usage(quantity=-1))
        assert [r["quantity"] for r in totals(server)] == ["4"]
        negative.failure(usage(quantity=-10000000000), "USER_ERROR")


def test_N41_terms_types_and_states_of_lines(client):
    for date in ("12/31/2017", "1/1/2010"):
        client.failure(usage(date=date), "USER_ERROR")
    client.success(usage(date="1/1/2018"))
    for date in ("1/31/2018", "3/1/2018"):
        client.failure(usage(line=14, date=date), "USER_ERROR")
    for date in ("2/1/2018", "2/28/2018"):
        client.success(usage(line=14, date=date))
    for number in (7, 8, 9, 10, 11, 13):  # one-time, recurring, terminated, closed, draft, pending activation
        client.failure(usage(line=number), "USER_ERROR")
    client.success(usage(line=12))  # suspended


def test_N42_memos_have_4000_characters(client):
    for memo in ("m" * 4000, "é" * 4000, "😀" * 4000, "", None):
        client.success(usage(memo=memo))
    for memo in ("m" * 4001, "é" * 4001):
        client.failure(usage(memo=memo), "USER_ERROR")


def test_N43_two_equal_usages_are_two_records(fresh):
    client = NetSuite(fresh)
    result = client.settle(GOOD, GOOD)
    ids = [s["result"]["usageId"] for s in result["successes"]] + [client.success(GOOD)]
    assert len(set(ids)) == 3
    assert [(r["quantity"], r["records"]) for r in totals(fresh)] == [("15", 3)]


def test_N44_the_idempotency_key(fresh):
    client, other = NetSuite(fresh), NetSuite(fresh, account="7654321", org="other")
    key = {"X-NetSuite-Idempotency-Key": "9d2b9a0e-6f43-4d38-9f65-1b6a4ac6d6a1"}
    body = compact([GOOD, usage(line=4)])
    first = client.create_text(body, **key)
    assert first.status == 200, first
    again = client.create_text(body, **key)
    assert again.status == 200 and again.body == first.body
    error(client.create_text(compact([GOOD]), **key), 400, "IDEMPOTENCY_ERROR")
    client.wait(first.json()["requestId"])
    fresh.restart()
    assert client.create_text(body, **key).body == first.body
    error(client.create_text(compact([GOOD]), **key), 400, "IDEMPOTENCY_ERROR")
    keyless = client.create_text(body).json()["requestId"]
    assert keyless != first.json()["requestId"]
    theirs = other.create_text(compact([GOOD]), **key)
    assert theirs.status == 200 and theirs.json()["requestId"] != first.json()["requestId"], "a key is its account's own"
    client.wait(keyless)
    rows = totals(fresh)
    assert {(r["org"], r["meter"]): r["records"] for r in rows} == {("acme-eu", HOURS): 2, ("acme", VOLUME): 2}, "two operations, the keyed one once"


def test_N44_equal_keys_at_the_same_time_make_one_operation(fresh):
    client = NetSuite(fresh)
    answers = []
    threads = [threading.Thread(target=lambda: answers.append(client.create_text(compact([GOOD]), **{"X-NetSuite-Idempotency-Key": "racing"}))) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert len(answers) == 12 and {a.status for a in answers} == {200} and len({a.body for a in answers}) == 1, answers
    client.wait(answers[0].json()["requestId"])
    assert len(operations(fresh)) == 1 and [r["records"] for r in totals(fresh)] == [1]


def test_the_record_behind_a_usage(fresh):
    """crosswalk 1.4, member by member: the record as we expect it is a duplicate of the stored one, any other a conflict."""
    client = NetSuite(fresh)
    fields = [{"fieldId": "custrecord_usage_source", "value": "first"}, {"fieldId": "custrecord_usage_unit", "value": "MB"},
              {"fieldId": "custrecord_usage_source", "value": "last"}]
    request = client.create({}, usage(memo="a note", quantity="1.250", unknown="not kept", customFields=fields), usage("line", sbLineLookup=BY_LINE))
    assert len(client.wait(request)["result"]["successes"]) == 2
    rows = totals(fresh, group_by="org,meter,day,subscription")
    assert [(r["org"], r["meter"], r["day"], r["subscription"], r["quantity"]) for r in rows] == [("acme-eu", HOURS, "2018-01-03", "1", "6.25")]
    fresh.stop()
    full = record("acme-eu", HOURS, "2018-01-03T00:00:00Z", "1.25", f"{request}.1", source="netsuite", subscription="1", line=3, memo="a note",
                  properties={"custrecord_usage_source": "last", "custrecord_usage_unit": "MB"})
    plain = record("acme-eu", HOURS, "2018-01-03T00:00:00Z", "5", f"{request}.2", source="netsuite", subscription="1", line=3)
    file = fresh.folder / "expected.ndjson"
    for expected, counted in ((full, "0 stored, 1 duplicates, 0 conflicts"), (plain, "0 stored, 1 duplicates, 0 conflicts"),
                              ({**full, "memo": "another"}, "0 stored, 0 duplicates, 1 conflicts")):
        file.write_text(json.dumps(expected) + "\n")
        assert counted in run("import", "--data", fresh.data, "--format", "ndjson", file, accept=None).stdout, expected
    fresh.start()
