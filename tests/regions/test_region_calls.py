"""What a region gives to whom: a wrong key, a replayed, tampered or unsigned call, a foreign tenant get nothing."""
import json
import re
import socket

import pytest
from harness import run
from linked_world import CATALOGUE, Both, Month, some_usage
from metering_world import DI, usage
from regions_world import linked, until

NAMES = ("eu", "us")
TWO = {**CATALOGUE, "orgs": [o for o in CATALOGUE["orgs"] if o.get("region") != "ap"], "users": []}


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    with linked(tmp_path_factory.mktemp("calls"), TWO, NAMES) as world:
        yield Both(world, None)


@pytest.fixture
def well(pair):
    pair.us.gate.heard = None
    pair.world.all_well()
    return pair


def sent(server, data):
    """Raw bytes to a server: (status, body)."""
    host, port = server.host.split(":")
    with socket.create_connection((host, int(port)), timeout=20) as connection:
        connection.sendall(data)
        got = b""
        while b"\r\n\r\n" not in got and (piece := connection.recv(65536)):
            got += piece
        head, _, body = got.partition(b"\r\n\r\n")
        length = int(re.search(rb"(?i)\r\ncontent-length: (\d+)", head)[1])
        while len(body) < length and (piece := connection.recv(65536)):
            body += piece
    return int(head.split(b" ", 2)[1]), body


def split_calls(data):
    """The requests of one connection."""
    data = bytes(data)
    while b"\r\n\r\n" in data:
        head, _, rest = data.partition(b"\r\n\r\n")
        found = re.search(rb"(?i)\r\ncontent-length: (\d+)", head)
        length = int(found[1]) if found else 0
        yield head, rest[:length]
        data = rest[length:]


def calls_of(well):
    """The calls that eu made to us for a report, totals and its looks."""
    month = Month()
    well.world.usage(usage("acme-us", DI, month.at(3), "7.125", project="a secret project"))
    well.us.gate.heard = []
    well.us.gate.open()  # new connections, so that all of them are heard
    assert well.v1(month, kind="project-folder")["state"] == "SUCCESS"
    assert well.server.api("GET", f"/v1/usage?org=acme-us&from={month.v1['from']}&to={month.v1['to']}&group_by=project").json()["rows"]
    kinds = {}
    for connection in well.us.gate.heard:
        for head, body in split_calls(connection):
            path = head.split(b" ")[1].split(b"?")[0]
            if path.startswith(b"/peer/v1/"):
                kinds.setdefault(path.decode(), (head, body))
    assert len(kinds) >= 2 and any("part" in k for k in kinds) and any("total" in k for k in kinds), kinds.keys()
    return kinds


def nothing(answer, what):
    status, body = answer
    assert status in (400, 401, 403, 404, 409), (what, status, body)
    assert b"secret" not in body and b"acme" not in body and len(body) < 2000, (what, body)


def test_replayed_tampered_and_unsigned_calls_get_nothing(well):
    for path, (head, body) in calls_of(well).items():
        whole = head + b"\r\n\r\n" + body
        nothing(sent(well.us.server, whole), f"{path} replayed")
        well.us.restart()
        nothing(sent(well.us.server, whole), f"{path} replayed to a server that was restarted")
        nothing(sent(well.server, whole), f"{path} sent on to another region")
        lines = head.split(b"\r\n")
        for n, line in enumerate(lines[1:], 1):
            if line.split(b":")[0].lower() in (b"host", b"user-agent", b"connection", b"content-length", b"accept", b"content-type", b"accept-encoding"):
                continue
            without = b"\r\n".join(lines[:n] + lines[n + 1:])
            nothing(sent(well.us.server, without + b"\r\n\r\n" + body), f"{path} without {line}")
        if body:
            changed = bytearray(body)
            changed[len(body) // 2] ^= 1
            nothing(sent(well.us.server, head + b"\r\n\r\n" + bytes(changed)), f"{path} with another body")
        bare = [line for line in lines if not line.lower().startswith((b"signature", b"content-digest"))]
        nothing(sent(well.us.server, b"\r\n".join(bare) + b"\r\n\r\n" + body), f"{path} unsigned")
        key = f"Authorization: Bearer {well.us.server.admin_key}".encode()
        nothing(sent(well.us.server, b"\r\n".join(bare + [key]) + b"\r\n\r\n" + body), f"{path} by an administrator")


@pytest.mark.parametrize("who", ["caller", "answerer"])
def test_a_region_with_a_wrong_key_gets_and_gives_nothing(well, who):
    """us has another key for eu (eu may not ask), or eu another one for us (us is not who answers)."""
    month = Month()
    well.world.usage(*some_usage(month, [o for o in well.world.region_of if o not in ("other",)]))
    asked, about = (well.us, well.world.here) if who == "caller" else (well.world.here, well.us)

    def pin(key):
        answer = asked.server.api("POST", "/v1/catalog", {"regions": [{"name": about.name, "url": about.gate.url, "key": key}]})
        assert answer.status == 200, answer

    pin("ed25519:11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo")
    try:
        answer = well.server.api("GET", f"/v1/usage?org=acme-us&from={month.v1['from']}&to={month.v1['to']}")
        assert answer.status == 503 and answer.json()["code"] == "region_unavailable", answer
        job = well.v1(month)
        assert job["state"] == "PARTIAL_SUCCESS" and 'region "us" could not be read (' in job["error"], job
        until(lambda: not next(r for r in well.world.listed() if r["name"] == "us")["reachable"])
    finally:
        pin(key_of(about))
    assert well.healed(job["id"])["artifact"]["revision"] == 2


def key_of(region):
    env = {"METERPORT_API_KEY": region.server.admin_key}
    told = json.loads(run("regions", "list", "--url", region.server.url, "--json", env=env).stdout)
    [own] = [r for r in told["regions"] if r["own"]]
    return own["key"]
