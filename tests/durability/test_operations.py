"""A large NetSuite request through kills and power cuts: in the end every usage of it exactly once (netsuite.md N45, C26).

The oracle is the request itself: each of its usages was made with what it must come to. All requests of a test carry the same
usages, so whatever operations there are in the end, each must read the same but for its number and its usage ids.
"""
import http.client
import os
import random
import re
import threading
import time
from collections import defaultdict
from decimal import Decimal

import pytest
from cuts import await_power_cut, join, start_until_power_cut
from harness import Memory, Server
from netsuite_client import NetSuite, await_operation, compact, operations, totals
from netsuite_world import BAD, CATALOGUE, HOURS, VOLUME

# What is addressed, the org and meter it goes to: eight lines of four orgs.
LINES = [('"subscriptionId":1,"line":3', "acme-eu", HOURS), ('"subscriptionId":"1","line":"4"', "acme", VOLUME), ('"subscription":"1","line":6', "acme-us", VOLUME),
         ('"subscriptionId":1,"line":12', "acme-eu", HOURS), ('"subscriptionId":2,"line":1', "acme-test", HOURS),
         ('"subscriptionId":2,"line":"2"', "acme-test", VOLUME),
         ('"subscriptionId":"2","line":3', "acme-us", HOURS), ('"subscriptionId":3,"line":1', "acme", HOURS)]


class Request:
    """A seeded request of about that many bytes, a tenth of it bad in every way of the contract, and what it must come to."""

    def __init__(self, body_bytes, seed):
        rng, size = random.Random(seed), 0
        self.items = []  # (text, None or (code, message or None))
        self.sums, self.counts = defaultdict(Decimal), defaultdict(int)
        bad = 0
        while size < body_bytes:
            if rng.randrange(10) == 0:
                text, code, message = BAD[bad % len(BAD)]
                bad += 1
                if len(text) > 1000:  # a memo of 4,001 characters now and then is enough
                    text, code, message = BAD[0] if bad % 50 else (text, code, message)
                self.items.append((text, (code, message)))
            else:
                self.items.append((self.good(rng), None))
            size += len(self.items[-1][0]) + 1
        assert bad >= len(BAD), "every kind of bad usage is in it"
        self.body = '{"method":"sbCreateUsage","usages":[' + ",".join(text for text, _ in self.items) + "]}"
        self.good_count = sum(self.counts.values())
        self.expected_successes = [f'{{"index":{n},"data":{text},"result":{{"usageId":#}}}}' for n, (text, bad) in enumerate(self.items) if bad is None]
        self.expected_failures = [(n, text, *bad) for n, (text, bad) in enumerate(self.items) if bad is not None]

    def good(self, rng):
        address, org, meter = rng.choice(LINES)
        day, quantity = rng.randrange(3, 29), str(rng.randrange(100)) + (f".{rng.randrange(10**6):06}" if rng.randrange(4) == 0 else "")
        self.sums[org, meter, f"2018-01-{day:02}"] += Decimal(quantity)
        self.counts[org, meter, f"2018-01-{day:02}"] += 1
        return f'{{{address},"quantity":{quantity},"date":"1/{day}/2018"}}'

    def check(self, client, request_id):
        """The status answer, byte by byte where the contract fixes the bytes; the usage ids."""
        answer = client.ask(request_id)
        assert answer.status == 200, answer
        text = answer.body.decode()
        ids = [int(i) for i in re.findall(r'"result":\{"usageId":(\d+)\}', text)]
        got = re.sub(r'("result":\{"usageId":)\d+\}', r"\1#}", text)
        head = f'{{"requestId":{request_id},"status":"Completed","result":{{"successes":['
        successes = ",".join(self.expected_successes) + '],"failures":['
        assert got.startswith(head), got[:300]
        assert got[len(head):len(head) + len(successes)] == successes, first_difference(got[len(head):], successes)
        assert len(ids) == self.good_count == len(set(ids))
        self.check_failures(got[len(head) + len(successes):])
        return ids

    def check_failures(self, rest):
        at = 0
        for number, (index, text, code, message) in enumerate(self.expected_failures):
            start = ("," if number else "") + f'{{"index":{index},"data":{text},"result":{{"name":"{code}","message":"'
            assert rest.startswith(start, at), (start, rest[at:at + 300])
            at += len(start)
            if message is not None:
                assert rest.startswith(message + '"}}', at), (text, message, rest[at:at + 200])
            end = rest.index('"}}', at)
            assert end > at, text
            at = end + 3
        assert rest[at:] == '],"errors":[]}}', rest[at:at + 300]


def first_difference(got, expected):
    at = next((n for n, (a, b) in enumerate(zip(got, expected)) if a != b), min(len(got), len(expected)))
    return f"at {at}: got {got[max(0, at - 80):at + 80]!r}, expected {expected[max(0, at - 80):at + 80]!r}"


class Requests:
    """What was sent and what was answered: an answered request must be there, one that was not may be."""

    def __init__(self, request, token):
        self.request, self.token = request, token
        self.answered, self.checked, self.ids, self.problems = set(), set(), set(), []

    def send(self, server, headers=None):
        """Creates the operation; its id, or None when the server went away."""
        client = NetSuite(server, self.token)
        try:
            answer = client.send(self.request.body, headers=headers)
        except (OSError, http.client.HTTPException):
            return None
        if answer.status != 200:
            self.problems.append(answer)
            return None
        self.answered.add(answer.json()["requestId"])
        return answer.json()["requestId"]

    def check(self, server):
        """All operations are settled, each reads as the request demands, and the ledger holds each usage once."""
        assert not self.problems, self.problems[:3]
        there = {o["id"] for o in operations(server)}
        assert self.answered <= there, f"acknowledged and gone: {sorted(self.answered - there)[:5]}"
        client = NetSuite(server, self.token)
        for request_id in sorted(there - self.checked):
            done = await_operation(server, request_id)
            counted = (done["state"], done["items"], done["settled"], done["stored"] + done["duplicates"], done["conflicts"], done["rejected"])
            count, good = len(self.request.items), self.request.good_count
            assert counted == ("PARTIAL_SUCCESS", count, count, good, 0, count - good), done
            ids = self.request.check(client, request_id)
            assert self.ids.isdisjoint(ids), "two usages with one id"
            self.ids.update(ids)
            self.checked.add(request_id)
        rows = totals(server)
        got = {(r["org"], r["meter"], r["day"]): (Decimal(r["quantity"]), r["records"]) for r in rows}
        assert got == {k: (v * len(there), self.request.counts[k] * len(there)) for k, v in self.request.sums.items()}
        return there


@pytest.mark.durability
def test_kill_9_at_fifty_random_moments_of_a_10_mb_request(folder):
    kills = int(os.environ.get("METERPORT_OPERATION_KILLS", 50))
    request = Request(int(os.environ.get("METERPORT_OPERATION_BYTES", 10_000_000)), seed=11)
    server = Server(folder, catalogue=CATALOGUE)
    server.start()
    requests, rng = Requests(request, NetSuite(server).key), random.Random(12)
    began = time.monotonic()
    assert requests.send(server) is not None
    create_s = time.monotonic() - began
    await_operation(server, min(requests.answered))
    settle_s = time.monotonic() - began - create_s
    under_way = 0
    for kill in range(kills):
        # A fifth of the kills falls into the sending of a request, the others into the settling of what is there.
        if kill % 5 == 0:
            sender = threading.Thread(target=requests.send, args=(server,), daemon=True)
            sender.start()
            sender.join(timeout=rng.uniform(0, create_s * 1.5))
            server.kill()
            join([sender])
        else:
            if all(o["state"] not in ("CREATED", "PROCESSING") for o in operations(server)):
                assert requests.send(server) is not None
            time.sleep(rng.uniform(0, settle_s / 4))
            under_way += any(o["state"] in ("CREATED", "PROCESSING") for o in operations(server))
            server.kill()
        server.start()
    assert under_way >= kills // 4, f"only {under_way} kills fell into the settling"
    there = requests.check(server)
    assert len(there) >= 2
    server.restart()
    requests.checked.clear()
    requests.ids.clear()
    assert requests.check(server) == there, "the same after a clean restart"
    assert server.stop() == 0


@pytest.mark.durability
def test_kill_9_while_a_keyed_create_is_sent_again_and_again_makes_one_operation(folder):
    """C26: a client that never got the answer sends the same key until it does."""
    request = Request(int(os.environ.get("METERPORT_OPERATION_BYTES", 10_000_000)) // 5, seed=13)
    server = Server(folder, catalogue=CATALOGUE)
    server.start()
    requests, rng = Requests(request, NetSuite(server).key), random.Random(14)
    headers = {"X-NetSuite-Idempotency-Key": "one and the same"}
    for _ in range(10):
        sender = threading.Thread(target=requests.send, args=(server,), kwargs={"headers": headers}, daemon=True)
        sender.start()
        sender.join(timeout=rng.uniform(0, 0.5))
        server.kill()
        join([sender])
        server.start()
    last = requests.send(server, headers=headers)
    assert last is not None and requests.answered == {last}, "every answer named the same request"
    assert requests.check(server) == {last}
    assert server.stop() == 0


@pytest.mark.durability
def test_operations_through_seeded_power_cuts(folder):
    """At a cut every byte and name that no completed sync covers is dropped, torn or kept at random."""
    cuts = int(os.environ.get("METERPORT_OPERATION_POWER_CUTS", 200))
    first_seed = int(os.environ.get("METERPORT_POWER_SEED", 1))
    request = Request(int(os.environ.get("METERPORT_OPERATION_POWER_BYTES", 200_000)), seed=15)
    # Small segments, so that cuts fall into sealing and preallocation too.
    server = Server(folder, catalogue=CATALOGUE, config="[ledger]\nsegment_bytes = 1048576\n")
    server.start()
    requests = Requests(request, NetSuite(server).key)
    server.stop()
    for seed in range(first_seed, first_seed + cuts):
        if start_until_power_cut(server, seed, syncs_max=30):
            while server.process.poll() is None and requests.send(server) is not None:
                pass
            requests.problems.clear()  # 503s of a disk that is being cut; what counts is that nothing acknowledged is lost
            await_power_cut(server, seed)
        if (seed - first_seed) % 25 == 24 or seed == first_seed + cuts - 1:
            server.start()
            there = requests.check(server)
            assert server.stop() == 0
    assert len(requests.answered) >= cuts // 2 and len(there) >= len(requests.answered)


@pytest.mark.slow
def test_a_10_mb_request_completes_and_its_status_is_streamed(folder):
    request = Request(10_000_000, seed=16)
    server = Server(folder, catalogue=CATALOGUE)
    server.start()
    client = NetSuite(server)
    answer = client.send(request.body)
    assert answer.status == 200, answer
    made = answer.json()["requestId"]
    assert await_operation(server, made)["settled"] == len(request.items)
    assert sum(r["records"] for r in totals(server)) == request.good_count  # all is loaded: nothing else takes memory now
    body = compact({"method": "sbGetUsageCreationStatus", "requestId": made})
    headers = {"Authorization": client.authorization(), "Content-Type": "application/json"}
    memory = Memory(server)
    connection = http.client.HTTPConnection(server.host, timeout=120)
    connection.request("POST", client.url().removeprefix(server.url), body, headers)
    answer, size = connection.getresponse(), 0
    time.sleep(1)  # a slow reader must not make the server hold the answer
    while chunk := answer.read(65536):
        size += len(chunk)
    grown = memory.peak_growth()
    connection.close()
    assert answer.status == 200 and size > 15_000_000
    assert grown < 16 << 20, f"{grown} bytes for an answer of {size}"
    request.check(client, made)
    assert server.stop() == 0
