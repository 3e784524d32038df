"""Acknowledged means on disk: kills and power cuts with an outside record of what was acknowledged (DESIGN: how we know).

The oracle is this process: it remembers each record and whether the server acknowledged it. Whatever was not acknowledged
is sent again after the restart, as a client would; in the end every record must be there exactly once.
"""
import http.client
import json
import os
import random
import threading
from collections import defaultdict
from decimal import Decimal

import pytest
from cuts import await_power_cut, join, start_until_power_cut
from harness import Server, lines, record

DI = "a2nB20h1o0lc7k3P9xtWS8"
CATALOGUE = {"orgs": [{"id": "top", "kind": "production", "name": "Top"}] + [{"id": f"o{n}", "kind": "sub-org", "name": f"O{n}", "parent": "top"} for n in range(4)],
             "meters": [{"id": f"m{n}", "name": f"M{n}", "scalar": "GB", "rates": [{"ipu_per_unit": "1"}]} for n in range(5)]}
CONNECTIONS = 40
BATCH = 50


def make(number, rng):
    day = rng.randrange(1, 29)
    return record(f"o{rng.randrange(4)}", f"m{rng.randrange(5)}", f"2024-09-{day:02}T{rng.randrange(24):02}:00:00Z",
                  f"{rng.randrange(1, 1000)}.{rng.randrange(10**6):06}", f"r{number}", source="durability")


class Oracle:
    """Batches to send, and what was acknowledged at which position."""

    def __init__(self, count, seed, batch=BATCH):
        rng = random.Random(seed)
        self.records = [make(n, rng) for n in range(count)]
        self.waiting = [list(range(at, min(at + batch, count))) for at in range(0, count, batch)][::-1]
        self.position, self.uncertain, self.lock = {}, set(), threading.Lock()
        self.problems = []

    def take(self):
        with self.lock:
            return self.waiting.pop() if self.waiting else None

    def give_back(self, batch):
        """Unanswered: it may be in the ledger or not, so it is the next to be sent again."""
        with self.lock:
            self.waiting.append(batch)
            self.uncertain.add(batch[0])

    def settle_uncertain(self, server, key):
        """Sends every unanswered batch again, so that what is stored and what is acknowledged are the same."""
        for batch in [b for b in self.waiting if b[0] in self.uncertain]:
            answer = server.api("POST", "/v1/usage", self.body(batch), key=key, content_type="application/x-ndjson")
            assert answer.status == 200, answer
            self.acknowledge(batch, answer.json())
            self.waiting.remove(batch)
        self.uncertain.clear()

    def acknowledge(self, batch, answer):
        with self.lock:
            for index, result in zip(batch, answer["results"], strict=True):
                if result["status"] not in ("stored", "duplicate"):
                    self.problems.append((index, result))
                known = self.position.setdefault(index, result["position"])
                if known != result["position"]:
                    self.problems.append((index, "two positions", known, result["position"]))

    def body(self, batch):
        return "\n".join(json.dumps(self.records[i]) for i in batch).encode()


def send_until_broken(server, oracle, key):
    """One connection: sends batches until the server is gone or nothing is left."""
    connection = http.client.HTTPConnection(server.host, timeout=60)
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/x-ndjson"}
    while (batch := oracle.take()) is not None:
        try:
            connection.request("POST", "/v1/usage", oracle.body(batch), headers)
            answer = connection.getresponse()
            content = answer.read()
        except (OSError, http.client.HTTPException):
            oracle.give_back(batch)
            return
        if answer.status == 200:
            oracle.acknowledge(batch, json.loads(content))
        else:
            oracle.give_back(batch)
            if answer.status not in (429, 503, 507):
                oracle.problems.append((answer.status, content[:200]))
            return


def clients(server, oracle, key):
    threads = [threading.Thread(target=send_until_broken, args=(server, oracle, key), daemon=True) for _ in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    return threads


def check_everything_is_there_once(server, oracle, key):
    """Sends all that was acknowledged again (duplicate, same position) and compares the export with our own sums."""
    oracle.settle_uncertain(server, key)
    assert not oracle.problems, oracle.problems[:5]
    known = sorted(oracle.position)
    for at in range(0, len(known), 5000):
        part = known[at:at + 5000]
        answer = server.api("POST", "/v1/usage", oracle.body(part), key=key, content_type="application/x-ndjson").json()
        for index, result in zip(part, answer["results"], strict=True):
            assert result["status"] == "duplicate" and result["position"] == oracle.position[index], (index, result, oracle.position[index])
    expected = defaultdict(Decimal)
    for index in known:
        r = oracle.records[index]
        expected[r["org"], r["meter"], r["time"][:10]] += Decimal(r["quantity"])
    files = server.informatica().export(allLinkedOrgs="TRUE", combinedMeterUsage="TRUE")
    got = {(r["OrgId"], r["MeterId"], r["Date"][:10]): Decimal(r["MeterUsage"]) for r in lines(files["top.csv"])}
    assert got == dict(expected)


@pytest.mark.durability
def test_kill_9_twenty_times_during_an_import_of_200000_records(folder):
    count, kills = int(os.environ.get("METERPORT_KILL_RECORDS", 200_000)), 20
    server = Server(folder, catalogue=CATALOGUE)
    server.start()
    key, oracle, rng = server.admin_key, Oracle(count, seed=1, batch=20), random.Random(2)
    for kill in range(kills):
        goal = count * (kill + 1) // (kills + 5) + rng.randrange(1000)  # the last kill leaves enough to be in flight
        threads = clients(server, oracle, key)
        while len(oracle.position) < goal and any(t.is_alive() for t in threads):
            threads[0].join(timeout=0.002)
        in_flight = sum(t.is_alive() for t in threads)  # closed loop: each has one request under way
        assert in_flight >= 32, f"kill {kill}: {in_flight} in flight; {oracle.problems[:3]}"
        server.kill()
        join(threads)
        server.start()
    join(clients(server, oracle, key))
    assert len(oracle.position) == count
    check_everything_is_there_once(server, oracle, key)
    assert server.stop() == 0


@pytest.mark.durability
def test_power_cuts(folder):
    """200 seeded cuts: at a cut every byte and name that no completed sync covers is dropped, torn or kept at random."""
    cuts = int(os.environ.get("METERPORT_POWER_CUTS", 200))
    first_seed = int(os.environ.get("METERPORT_POWER_SEED", 1))
    # Small segments, so that cuts fall into sealing and preallocation too.
    server = Server(folder, catalogue=CATALOGUE, config="[ledger]\nsegment_bytes = 1048576\n")
    server.start()
    key, oracle = server.admin_key, Oracle(2_000 * cuts, seed=3, batch=8)
    server.stop()
    for seed in range(first_seed, first_seed + cuts):
        if not start_until_power_cut(server, seed):
            continue
        threads = clients(server, oracle, key)
        join(threads)
        assert oracle.waiting, "more records are needed for so many cuts"
        await_power_cut(server, seed, oracle.problems)
        if (seed - first_seed) % 25 == 24 or seed == first_seed + cuts - 1:
            server.start()
            check_everything_is_there_once(server, oracle, key)
            assert server.stop() == 0
    assert len(oracle.position) > cuts * 8


@pytest.mark.durability
def test_a_failed_sync_makes_the_ledger_read_only_until_restart(folder):
    server = Server(folder, catalogue=CATALOGUE)
    server.start()
    key = server.admin_key
    server.stop()
    server.start(METERPORT_TEST_FILE_FAULTS="sync_error:ledger:20:1")
    oracle = Oracle(20_000, seed=5)
    join(clients(server, oracle, key))
    refused = server.api("POST", "/v1/usage", [record("o0", "m0", "2024-09-01T00:00:00Z", "1", "after")], key=key)
    assert refused.status == 503 and "retry-after" in refused.headers
    ready = server.call("GET", "/readyz")
    assert ready.status == 503 and "read-only" in ready.json()["reason"]
    assert server.call("GET", "/healthz").status == 200
    server.stop()
    server.start()
    join(clients(server, oracle, key))
    assert len(oracle.position) == 20_000
    check_everything_is_there_once(server, oracle, key)
    assert server.stop() == 0
