"""POST and GET /v1/usage, POST /v1/imports: every way in, every per-record result, every refusal; nothing half stored."""
import gzip
import http.client
import json
import socket
import struct

import pytest
from api_contract import Contract, covers, problem
from harness import SAMPLE, record

DI, DQ, FILES = "a2nB20h1o0lc7k3P9xtWS8", "cPnPIT3XYAziLqIoXtd0KC", "lCwc4CfL7EEhv9773egFC8"
pytestmark = pytest.mark.quick


@pytest.fixture(scope="module")
def contract(shared):
    return Contract(shared)


@pytest.fixture(scope="module")
def keys(shared):
    """A key per role on acme, and one of the other tenant."""
    made = {}
    for name, org, role in [("ingester", "acme", "ingester"), ("viewer", "acme", "viewer"), ("exporter", "acme", "exporter"),
                            ("operator", "acme", "operator"), ("branch", "acme-eu", "ingester")]:
        answer = shared.api("POST", "/v1/keys", {"name": name, "org": org, "roles": [role]})
        assert answer.status == 201, answer
        made[name] = answer.json()["key"]
    return made


def usage(id_, **fields):
    return record(fields.pop("org", "acme"), fields.pop("meter", DI), fields.pop("time", "2024-09-03T10:30:00Z"), fields.pop("quantity", "0.5"),
                  id_, **fields)


def zstd_frame(data):
    """A zstd frame of one raw block (RFC 8878 3.1.1)."""
    assert len(data) < 100_000
    return struct.pack("<IBI", 0xFD2FB528, 0xA0, len(data)) + (len(data) << 3 | 1).to_bytes(3, "little") + data


def statuses(answer):
    assert answer.status == 200, answer
    return [r["status"] for r in answer.json()["results"]]


@covers("POST /v1/usage")
def test_one_record_an_array_and_lines_are_stored(shared, contract):
    one = contract.check(shared.api("POST", "/v1/usage", usage("one")), "POST", "/v1/usage")
    assert one["stored"] == 1 and one["batch"] and one["results"] == [{"index": 0, "status": "stored", "position": one["position"]}]
    many = contract.check(shared.api("POST", "/v1/usage", [usage("a1"), usage("a2")]), "POST", "/v1/usage")
    first, second = (r["position"] for r in many["results"])
    assert one["position"] < first < second == many["position"] and many["batch"] != one["batch"]
    text = "\n".join(json.dumps(usage(f"l{n}")) for n in range(3)) + "\n\n"
    lines = contract.check(shared.api("POST", "/v1/usage", text, content_type="application/x-ndjson"), "POST", "/v1/usage")
    assert lines["stored"] == 3 and [r["index"] for r in lines["results"]] == [0, 1, 2]
    nothing = contract.check(shared.api("POST", "/v1/usage", []), "POST", "/v1/usage")
    assert nothing["batch"] is None and nothing["results"] == [] and nothing["stored"] == 0


@covers("POST /v1/usage")
@pytest.mark.parametrize("coding,pack", [("gzip", gzip.compress), ("zstd", zstd_frame)])
def test_packed_bodies(shared, coding, pack):
    body = json.dumps([usage(f"{coding}-{n}") for n in range(50)]).encode()
    answer = shared.api("POST", "/v1/usage", pack(body), **{"Content-Encoding": coding})
    assert statuses(answer) == ["stored"] * 50
    problem(shared.api("POST", "/v1/usage", pack(body)[:-5], **{"Content-Encoding": coding}), 400, "malformed")
    problem(shared.api("POST", "/v1/usage", pack(body) + b"x", **{"Content-Encoding": coding}), 400, "malformed")
    problem(shared.api("POST", "/v1/usage", body, **{"Content-Encoding": coding}), 400, "malformed")


@covers("POST /v1/usage")
def test_unknown_codings_and_media_types_are_415_and_name_what_is_taken(shared):
    problem(shared.api("POST", "/v1/usage", usage("br"), **{"Content-Encoding": "br"}), 415, "unsupported_media")
    for media_type in ("text/csv", "application/cloudevents+json", "application/cloudevents-batch+json", "application/xml"):
        body = problem(shared.api("POST", "/v1/usage", usage("m"), content_type=media_type), 415, "unsupported_media")
        assert "application/json" in body["detail"] and "application/x-ndjson" in body["detail"]
    assert statuses(shared.api("POST", "/v1/usage", usage("charset"), content_type="Application/JSON; charset=utf-8")) == ["stored"]


BAD_RECORDS = [
    (7, "malformed_record", ""),
    ("text", "malformed_record", ""),
    ([], "malformed_record", ""),
    ({k: v for k, v in usage("x").items() if k != "meter"}, "missing_field", "/meter"),
    ({k: v for k, v in usage("x").items() if k != "quantity"}, "missing_field", "/quantity"),
    ({k: v for k, v in usage("x").items() if k != "time"}, "missing_field", "/time"),
    (usage("x", org=None), "missing_field", "/org"),
    (usage(""), "empty_field", "/id"),
    (usage("x", time="yesterday"), "bad_format", "/time"),
    (usage("x", time="2024-09-31T00:00:00Z"), "bad_format", "/time"),
    (usage("x", quantity="1,5"), "bad_format", "/quantity"),
    (usage("x", quantity="NaN"), "bad_format", "/quantity"),
    (usage("x", project=7), "bad_format", "/project"),
    (usage("x", source="netsuite"), "bad_format", "/source"),
    (usage("x", source="openmeter:a"), "bad_format", "/source"),
    (usage("x", properties={"focus.Tags": "{}"}), "bad_format", "/properties/focus.Tags"),
    (usage("x", org="nowhere"), "unknown_org", "/org"),
    (usage("x", meter="nothing"), "unknown_meter", "/meter"),
    (usage("x", meter="server-made"), "meter_takes_no_usage", "/meter"),
    (usage("x", colour="red"), "unknown_field", "/colour"),
    (usage("x", asset={"size": 1}), "unknown_field", "/asset/size"),
    (usage("x", quantity="1" + "0" * 18), "quantity_out_of_range", "/quantity"),
    (usage("x", quantity="0." + "0" * 18 + "1"), "quantity_not_exact", "/quantity"),
    (usage("x" * 1025), "text_too_long", "/id"),
    (usage("x", project="p" * 1025), "text_too_long", "/project"),
    (usage("x", memo="m" * 4001), "text_too_long", "/memo"),
    (usage("x", time="1969-12-31T23:59:59Z"), "time_out_of_range", "/time"),
    (usage("x", time="2201-01-01T00:00:00Z"), "time_out_of_range", "/time"),
]


@covers("POST /v1/usage")
def test_one_bad_record_never_rejects_its_batch(shared, contract):
    made = shared.api("POST", "/v1/meters", {"id": "server-made", "name": "Orgs", "category": "ORGS"})
    assert made.status == 201, made
    batch = []
    for n, (bad, _, _) in enumerate(BAD_RECORDS):
        batch += [bad, usage(f"good-{n}")]
    answer = contract.check(shared.api("POST", "/v1/usage", batch), "POST", "/v1/usage")
    assert answer["stored"] == answer["rejected"] == len(BAD_RECORDS)
    for n, (bad, code, pointer) in enumerate(BAD_RECORDS):
        refused, stored = answer["results"][2 * n:2 * n + 2]
        assert refused["status"] == "rejected" and refused["index"] == 2 * n and "position" not in refused, (bad, refused)
        assert (refused["error"]["code"], refused["error"]["pointer"]) == (code, pointer), (bad, refused)
        assert refused["error"]["text"]
        assert stored["status"] == "stored", stored


@covers("POST /v1/usage")
def test_every_field_is_taken_and_short_forms_too(shared):
    full = usage("full", project="Sales", folder="Nightly", asset={"name": "load", "type": "MAPPING"}, environment={"id": "1", "name": "eu", "type": "g"},
                 resource={"id": "r", "name": "vm"}, task={"id": "t", "name": "n", "object": "o", "type": "MTT"},
                 run={"id": "7", "start": "2024-09-03T10:00:00Z", "end": "2024-09-03T10:30:00Z", "status": "SUCCESS", "cores": 2,
                      "audit_time": "2024-09-03T10:31:00Z", "execution_type": "x", "invoked_by": "y", "count": 3},
                 user="ana", app={"id": "a", "name": "b", "hrn": "c"}, billing_tag="finance", channel="c", category="k", memo="m",
                 properties={"colour": "red", "n": 1.50, "deep": {"a": [1, None]}})
    short = usage("short", asset="load", environment="eu", resource="r", task="t", run="7", app="a", memo=None, user="")
    number = {**usage("number"), "quantity": 12}
    assert statuses(shared.api("POST", "/v1/usage", [full, short, number])) == ["stored"] * 3
    text = json.dumps(usage("exact")).replace('"0.5"', "0.100000000000000005")
    assert statuses(shared.api("POST", "/v1/usage", text)) == ["stored"]
    again = json.dumps(usage("exact", quantity="0.100000000000000005"))
    assert statuses(shared.api("POST", "/v1/usage", again)) == ["duplicate"], "a number is read by its digits, not as a float"


@covers("POST /v1/usage")
def test_prefer_return_minimal_shows_only_what_was_not_stored(shared):
    batch = [usage("min-1"), usage("min-2", meter="nothing"), usage("min-3"), usage("min-1")]
    answer = shared.api("POST", "/v1/usage", batch, Prefer="handling=lenient;x=1, Return=Minimal")
    assert answer.headers["preference-applied"] == "return=minimal"
    assert [(r["index"], r["status"]) for r in answer.json()["results"]] == [(1, "rejected"), (3, "duplicate")]
    assert answer.json()["stored"] == 2


@covers("POST /v1/usage")
def test_duplicates_and_conflicts_tell_the_first_position(shared):
    first = shared.api("POST", "/v1/usage", usage("dup", quantity="1.50", project="P")).json()["position"]
    answer = shared.api("POST", "/v1/usage", [usage("dup", quantity="1.5", project="P"), usage("dup", quantity=1.5, project="P", memo=""),
                                              usage("dup", quantity="1.6", project="P"), usage("dup", quantity="1.5", project="P", source="another")])
    same, also, other, distinct = answer.json()["results"]
    assert (same["status"], same["position"]) == (also["status"], also["position"]) == ("duplicate", first)
    assert other["status"] == "conflict" and other["position"] == first and other["error"]["text"]
    assert distinct["status"] == "stored", "another source is another key"
    assert (answer.json()["stored"], answer.json()["duplicates"], answer.json()["conflicts"]) == (1, 2, 1)
    rows = shared.api("GET", "/v1/usage?from=2024-09-03&to=2024-09-04&org=acme&group_by=project").json()["rows"]
    assert [r for r in rows if r["project"] == "P"] == [{"project": "P", "quantity": "3", "records": 2}]


@covers("POST /v1/usage")
def test_the_default_source_is_the_key_s(shared):
    keys = [shared.api("POST", "/v1/keys", {"name": "agent", "roles": ["ingester"], "source": "agent-7"}).json() for _ in range(2)]
    assert [k["source"] for k in keys] == ["agent-7"] * 2
    own = shared.api("POST", "/v1/keys", {"name": "agent", "roles": ["ingester"]}).json()
    assert own["source"] == "agent", "its name, so that a key of the same name replaces it"
    assert statuses(shared.api("POST", "/v1/usage", usage("rotation"), key=keys[0]["key"])) == ["stored"]
    assert statuses(shared.api("POST", "/v1/usage", usage("rotation"), key=keys[1]["key"])) == ["duplicate"], "rotation keeps the source"
    assert statuses(shared.api("POST", "/v1/usage", usage("rotation", source="agent-7"))) == ["duplicate"]
    assert statuses(shared.api("POST", "/v1/usage", usage("rotation"), key=own["key"])) == ["stored"]
    session = shared.login()["userInfo"]["sessionId"]
    assert statuses(shared.api("POST", "/v1/usage", usage("rotation"), key=session)) == ["stored"], "a session's source is the user's name"
    assert statuses(shared.api("POST", "/v1/usage", usage("rotation", source="admin"))) == ["duplicate"]


@covers("POST /v1/usage")
def test_what_is_not_yours_answers_like_what_does_not_exist(shared, keys):
    answer = shared.api("POST", "/v1/usage", [usage("t", org="other"), usage("t", org="nowhere"), usage("t", org="acme-eu")], key=keys["ingester"])
    foreign, unknown, under = answer.json()["results"]
    assert foreign["error"] == unknown["error"] and foreign["status"] == "rejected" and under["status"] == "stored"
    answer = shared.api("POST", "/v1/usage", [usage("b", org="acme-eu"), usage("b", org="acme")], key=keys["branch"])
    assert statuses(answer) == ["stored", "rejected"], "a branch's key is not the parent's"
    for role in ("viewer", "exporter", "operator"):
        problem(shared.api("POST", "/v1/usage", usage("r"), key=keys[role]), 403, "forbidden")
    for headers in ({}, {"Authorization": "Bearer mp_unknown"}, {"Authorization": "Basic YTpi"}, {"Authorization": "Bearer "}):
        answer = shared.call("POST", "/v1/usage", usage("u"), {"Content-Type": "application/json", **headers})
        problem(answer, 401, "unauthenticated")
        assert answer.headers["www-authenticate"].startswith("Bearer")


@covers("POST /v1/usage", "POST /v1/imports")
@pytest.mark.parametrize("path", ["/v1/usage", "/v1/imports?format=focus"])
def test_an_unknown_caller_is_refused_before_his_body(shared, path):
    connection = http.client.HTTPConnection(shared.host, timeout=60)
    connection.putrequest("POST", path)
    connection.putheader("Authorization", "Bearer mp_unknown")
    connection.putheader("Content-Length", str(50 << 20))
    connection.endheaders()  # and not a byte of the body
    assert connection.getresponse().status == 401
    connection.close()


@covers("POST /v1/usage")
@pytest.mark.parametrize("body", [b"", b"  \n", b"{", b"[", b"nonsense", b'{"a":1}{', b"7", b'"x"', b"\xff\xfe", b"[1,]", b'{"org":"acme"', b"\x00" * 100])
def test_malformed_bodies_are_400(shared, body):
    problem(shared.api("POST", "/v1/usage", body), 400, "malformed")


@covers("POST /v1/usage")
def test_a_truncated_body_stores_nothing(shared):
    batch = json.dumps([usage(f"cut-{n}") for n in range(20)])
    for cut in (batch[:-1], batch[:len(batch) // 2], batch + "]"):
        problem(shared.api("POST", "/v1/usage", cut), 400, "malformed")
    assert statuses(shared.api("POST", "/v1/usage", batch)) == ["stored"] * 20, "none of it was there before"


@covers("POST /v1/usage")
def test_a_body_of_200_mb_is_413_before_it_is_read(shared):
    host, port = shared.host.split(":")
    head = (f"POST /v1/usage HTTP/1.1\r\nHost: {shared.host}\r\nAuthorization: Bearer {shared.admin_key}\r\n"
            "Content-Type: application/json\r\n")
    with socket.create_connection((host, int(port)), timeout=60) as sized:
        sized.sendall((head + "Content-Length: 209715200\r\n\r\n").encode())
        assert sized.recv(4096).startswith(b"HTTP/1.1 413 "), "refused by its length"
    with socket.create_connection((host, int(port)), timeout=60) as chunked:
        chunked.sendall((head + "Transfer-Encoding: chunked\r\n\r\n").encode())
        chunk = b"100000\r\n" + b" " * 0x100000 + b"\r\n"
        try:
            for _ in range(200):
                chunked.sendall(chunk)
        except OSError:
            pass  # the server closed: it had read enough
        try:
            answer = chunked.recv(4096)
        except ConnectionResetError:
            answer = b""  # its answer was overtaken by the reset
        assert answer == b"" or answer.startswith(b"HTTP/1.1 413 ")
    assert shared.call("GET", "/healthz").status == 200
    bomb = gzip.compress(b" " * 209715200)
    problem(shared.api("POST", "/v1/usage", bomb, **{"Content-Encoding": "gzip"}), 413, "too_large")


@covers("GET /v1/usage")
def test_totals_by_any_group(server):
    contract = Contract(server)
    server.usage(usage("1", quantity="0.1", project="A"), usage("2", quantity="0.2", project="A"), usage("3", quantity="-1.000000000000000001"),
                 usage("4", org="acme-eu", meter=FILES, time="2024-09-30T23:59:59.999999Z"), usage("5", time="2024-10-01T00:00:00Z", quantity="7"))

    def rows(query):
        return contract.check(server.api("GET", f"/v1/usage?from=2024-09-01&to=2024-10-01&{query}"), "GET", "/v1/usage")["rows"]

    assert rows("") == [{"org": "acme", "meter": DI, "day": "2024-09-03", "quantity": "-0.700000000000000001", "records": 3}]
    assert rows("all_linked=true&group_by=org") == [{"org": "acme", "quantity": "-0.700000000000000001", "records": 3},
                                                   {"org": "acme-eu", "quantity": "0.5", "records": 1}]
    assert rows("group_by=project,day") == [{"project": None, "day": "2024-09-03", "quantity": "-1.000000000000000001", "records": 1},
                                            {"project": "A", "day": "2024-09-03", "quantity": "0.3", "records": 2}]
    assert rows("org=acme-eu&meter=" + FILES + "&window=none") == [{"org": "acme-eu", "meter": FILES, "quantity": "0.5", "records": 1}]
    assert rows("org=acme-us") == []
    assert rows("group_by=") == [{"quantity": "-0.700000000000000001", "records": 3}], "everything in one row"
    answer = server.api("GET", "/v1/usage?from=2024-09-01T00:00:00Z&to=2024-10-02&as_of=2").json()
    assert answer["from"] == "2024-09-01T00:00:00Z" and answer["to"] == "2024-10-02T00:00:00Z" and answer["as_of"]["position"] == 2


@covers("GET /v1/usage")
def test_as_of_reads_the_past_again(server):
    first = server.usage(usage("1", quantity="1"))["position"]
    server.usage(usage("2", quantity="2"))
    query = "/v1/usage?from=2024-09-01&to=2024-10-01&group_by=meter"
    now = server.api("GET", query).json()
    assert now["rows"][0]["quantity"] == "3"
    assert server.api("GET", f"{query}&as_of={first}").json()["rows"][0]["quantity"] == "1"
    server.advance(60)
    server.usage(usage("3", quantity="4"))
    assert server.api("GET", f"{query}&as_of={now['as_of']['time']}").json()["rows"] == now["rows"]
    assert server.api("GET", query).json()["rows"][0]["quantity"] == "7"


@covers("GET /v1/usage")
@pytest.mark.parametrize("query,field", [
    ("from=2024-09-01", "to"), ("to=2024-09-01", "from"), ("from=x&to=2024-09-02", "from"), ("from=2024-09-01&to=2024-09-31", "to"),
    ("from=2024-09-02&to=2024-09-02", "to"), ("from=2024-09-01&to=2024-09-02&group_by=colour", "group_by"),
    ("from=2024-09-01&to=2024-09-02&window=week", "window"), ("from=2024-09-01&to=2024-09-02&tz=Europe/Nowhere", "tz"),
    ("from=2024-09-01&to=2024-09-02&window=hour&group_by=day", "group_by"), ("from=2024-09-01&to=2024-09-02&group_by=day,window", "group_by"),
    ("from=2024-09-01&to=2024-09-02&window=none&group_by=window", "group_by"),
    ("from=2024-09-01&to=2024-09-02&as_of=999999999", "as_of"), ("from=2024-09-01&to=2024-09-02&as_of=2999-01-01", "as_of"),
    ("from=2024-09-01&to=2024-09-02&as_of=later", "as_of"), ("from=2024-09-01&to=2024-09-02&all_linked=yes", "all_linked"),
    ("from=2024-09-01&to=2024-09-02&grup_by=org", "grup_by"), ("from=2024-09-01&from=2024-09-01&to=2024-09-02", "from")])
def test_bad_queries_are_400_and_name_the_parameter(shared, query, field):
    problem(shared.api("GET", f"/v1/usage?{query}"), 400, "invalid", field)


@covers("GET /v1/usage")
def test_reading_totals_needs_a_reading_role_on_the_org(shared, keys):
    query = "/v1/usage?from=2024-09-01&to=2024-09-02&org="
    assert shared.api("GET", query + "acme", key=keys["viewer"]).status == 200
    assert shared.api("GET", query + "acme-eu", key=keys["exporter"]).status == 200
    problem(shared.api("GET", query + "acme", key=keys["ingester"]), 403, "forbidden")
    foreign = problem(shared.api("GET", query + "other", key=keys["viewer"]), 404, "not_found")
    unknown = problem(shared.api("GET", query + "nowhere", key=keys["viewer"]), 404, "not_found")
    assert foreign["detail"] == unknown["detail"]
    problem(shared.api("GET", query + "acme&meter=nothing", key=keys["viewer"]), 404, "not_found")
    problem(shared.call("GET", query + "acme"), 401, "unauthenticated")


@covers("POST /v1/imports")
def test_imports_take_the_file_as_it_is(server):
    contract = Contract(server)
    raw = SAMPLE.read_bytes()
    for n, (body, headers) in enumerate([(raw, {}), (gzip.compress(raw), {}), (gzip.compress(raw), {"Content-Encoding": "gzip"})]):
        answer = contract.check(server.api("POST", "/v1/imports?format=focus&into=acme", body, content_type="text/csv", **headers),
                                "POST", "/v1/imports")
        counts = [answer[name] for name in ("rows", "stored", "duplicates", "conflicts", "rejected")]
        assert counts == ([1000, 999, 0, 0, 1] if n == 0 else [1000, 0, 999, 0, 1])
        assert answer["rejected_billed_cost"] == {"USD": "-2.6137"}
        [row] = answer["rejected_rows"]
        assert row["line"] == 458 and row["error"]["code"] == "no_quantity" and row["charge_category"] == "Credit"
        assert (answer["header"] + "\n").encode()[:20] == raw[:20] and row["row"].encode() in raw
    text = "\n".join(json.dumps(usage(f"n{n}")) for n in range(3))
    answer = contract.check(server.api("POST", "/v1/imports?format=ndjson", text, content_type="application/x-ndjson"), "POST", "/v1/imports")
    assert (answer["rows"], answer["stored"]) == (3, 3)


@covers("POST /v1/imports")
def test_bad_imports(shared, keys):
    problem(shared.api("POST", "/v1/imports", "x"), 400, "invalid", "format")
    for name in ("csv", "cloudevents", "xlsx"):
        problem(shared.api("POST", f"/v1/imports?format={name}", "x"), 400, "invalid", "format")
    problem(shared.api("POST", "/v1/imports?format=ndjson&into=acme", "{}"), 400, "invalid", "into")
    problem(shared.api("POST", "/v1/imports?format=focus&into=acme", "a,b\n1,2\n"), 400, "malformed")
    refused = [shared.api("POST", f"/v1/imports?format=focus&into={org}", SAMPLE.read_bytes(), key=keys["ingester"]) for org in ("nowhere", "other")]
    assert refused[0].status == refused[1].status and refused[0].status in (400, 403, 404), refused
    problem(shared.api("POST", "/v1/imports?format=focus&into=acme", SAMPLE.read_bytes(), key=keys["viewer"]), 403, "forbidden")
