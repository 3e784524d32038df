"""The clients in examples/clients/netsuite, run as their users run them."""
import json
import os
import re
import shutil
import subprocess
from decimal import Decimal

import pytest
from harness import ROOT
from netsuite_client import ACCOUNT, NetSuite, compact, totals
from netsuite_world import EMS, GOOD, HOURS, VOLUME, usage

pytestmark = [pytest.mark.quick, pytest.mark.skipif(shutil.which("node") is None, reason="needs Node.js")]
CLIENTS = ROOT / "examples/clients/netsuite"


def node(client, *arguments, code=0, **environment):
    key = client.key
    settings = {"NETSUITE_URL": client.server.url, "NETSUITE_ACCOUNT": ACCOUNT, "NETSUITE_CONSUMER_KEY": key["consumer_key"],
                "NETSUITE_CONSUMER_SECRET": key["consumer_secret"], "NETSUITE_TOKEN_ID": key["token_id"], "NETSUITE_TOKEN_SECRET": key["token_secret"]}
    done = subprocess.run(["node", str(CLIENTS / "client.mjs"), *map(str, arguments)], capture_output=True, text=True, timeout=60,
                          env={**os.environ, **settings, **environment})
    assert done.returncode == code, f"exit {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout if code in (0, 3) else done.stderr


def test_a_json_file_is_sent_to_the_digit(fresh, folder):
    client, file = NetSuite(fresh), folder / "usages.json"
    file.write_text('[{"subscriptionId": 1, "line": 3, "quantity": 0.123456789012345678, "date": "1/3/2018"}]\n')
    out = node(client, "create", file)
    assert re.fullmatch(r"request \d+: Completed, 1 stored, 0 failed, 0 lost to errors\n", out), out
    assert [r["quantity"] for r in totals(fresh)] == ["0.123456789012345678"]


def test_a_csv_file_with_every_kind_of_column(fresh, folder):
    client, file = NetSuite(fresh), folder / "usages.csv"
    file.write_text("subscriptionId,subscriptionName,line,sbLineLookup.custrecord_sb_line_service_id,quantity,date,memo,customFields.custrecord_usage_unit\r\n"
                    "1,,3,,1.50,1/3/2018,plain,MB\r\n"
                    f',"{EMS}",4,,2,1/3/2018,"a ""quoted"", note",\r\n'
                    ",,,1234,4,1/4/2018,,\r\n")
    out = node(client, "create", file)
    request = int(re.fullmatch(r"request (\d+): Completed, 3 stored, 0 failed, 0 lost to errors\n", out).group(1))
    got = {(r["org"], r["meter"], r["day"]): Decimal(r["quantity"]) for r in totals(fresh)}
    assert got == {("acme-eu", HOURS, "2018-01-03"): Decimal("1.5"), ("acme", VOLUME, "2018-01-03"): 2, ("acme-eu", HOURS, "2018-01-04"): 4}
    data = [s["data"] for s in client.status(request)["result"]["successes"]]
    assert data == [{"subscriptionId": "1", "line": "3", "quantity": "1.50", "date": "1/3/2018", "memo": "plain",
                     "customFields": [{"fieldId": "custrecord_usage_unit", "value": "MB"}]},
                    {"subscriptionName": EMS, "line": "4", "quantity": "2", "date": "1/3/2018", "memo": 'a "quoted", note'},
                    {"sbLineLookup": {"fieldId": "custrecord_sb_line_service_id", "value": "1234"}, "quantity": "4", "date": "1/4/2018"}]


def test_failures_are_printed_and_exit_3(client, folder):
    file = folder / "usages.json"
    file.write_text(compact([GOOD, usage(line=5), GOOD]))
    printed = node(client, "create", file, code=3).splitlines()
    assert printed[0] == f"usage 1: INVALID_KEY_OR_REF: Invalid usagesubscriptionline reference key {EMS}: 5."
    assert len(printed) == 2 and printed[1].endswith(": Completed, 2 stored, 1 failed, 0 lost to errors")


def test_send_status_and_the_key(client, folder):
    file = folder / "usages.json"
    file.write_text(compact([GOOD]))
    first = node(client, "send", file, "--key", "sent twice")
    assert node(client, "send", file, "--key", "sent twice") == first and int(first) > 0
    assert node(client, "send", file) != first
    client.wait(int(first))
    status = json.loads(node(client, "status", first.strip()))
    assert status["requestId"] == first.strip() and status["status"] == "Completed"


def test_exit_codes_of_failed_calls_and_bad_use(client, folder):
    file = folder / "usages.json"
    file.write_text(compact([GOOD]))
    assert node(client, "create", file, code=1, NETSUITE_TOKEN_SECRET="wrong") == "INVALID_LOGIN_ATTEMPT: Invalid login attempt.\n"
    assert "REQUEST_NOT_FOUND" in node(client, "status", "999999", code=1)
    assert "no answer" in node(client, "create", file, code=1, NETSUITE_URL="http://127.0.0.1:1")
    assert "NETSUITE_TOKEN_ID" in node(client, "create", file, code=2, NETSUITE_TOKEN_ID="")
    for arguments in ((), ("create",), ("make", file), ("create", folder / "nothing.json"), ("create", file, "--kee", "x"), ("status", "1", "--key", "x")):
        assert node(client, *arguments, code=2)
    for text in ("{}", "[", "7"):
        file.write_text(text)
        assert str(file) in node(client, "create", file, code=2)
    table = folder / "usages.csv"
    for text in ("", "line,date\n1\n", 'line\n"1\n', 'line\na"b"\n'):
        table.write_text(text)
        assert str(table) in node(client, "create", table, code=2)


def test_the_suitescript(fresh):
    client = NetSuite(fresh)
    key = client.key
    world = {"parameters": {"custscript_mp_url": fresh.url + "/", "custscript_mp_account": ACCOUNT, "custscript_mp_consumer_key": key["consumer_key"],
                            "custscript_mp_token_id": key["token_id"], "custscript_mp_search": "77"},
             "secrets": {"custsecret_mp_signing_key": f"{key['consumer_secret']}&{key['token_secret']}"},
             "rows": [{"subscriptionId": "1", "line": "3", "quantity": "1.25", "date": "1/3/2018", "memo": ""},
                      {"subscriptionId": "1", "line": "5", "quantity": "1", "date": "1/3/2018", "memo": "no such line"}]}
    done = subprocess.run(["node", str(ROOT / "tests/netsuite/suitescript.js"), str(CLIENTS / "meterport_usage.js"), json.dumps(world)],
                          capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    logged = [json.loads(line) for line in done.stdout.splitlines()]
    request = int(re.search(r"request (\d+)", logged[0]["title"]).group(1))
    assert [(entry["level"], entry["title"]) for entry in logged] == [
        ("error", f"request {request}, usage 1: INVALID_KEY_OR_REF"), ("audit", f"request {request}: Completed")], logged
    assert [r["quantity"] for r in totals(fresh)] == ["1.25"]
    [item] = client.status(request)["result"]["successes"]
    assert item["data"] == {"subscriptionId": "1", "line": "3", "quantity": "1.25", "date": "1/3/2018"}
