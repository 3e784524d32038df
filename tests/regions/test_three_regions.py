"""Three regions as three processes: 300 orgs under one production org, a million records (60,000 but in a release build, or METERPORT_REGION_RECORDS).

What a report must say is added up here from the raw records, in whole millionths.
"""
import json
import os
import random
import threading
import time
from datetime import date, timedelta
from decimal import Decimal

import pytest
from harness import BINARY, lines, record
from linked_world import Both, texts
from regions_world import linked, until

pytestmark = pytest.mark.slow
COUNT = int(os.environ.get("METERPORT_REGION_RECORDS", 1_000_000 if "/release/" in str(BINARY) else 60_000))
NAMES = ("eu", "us", "ap")
METERS = [f"m{n}" for n in range(5)]
FIRST, DAYS = date(2024, 3, 1), 60
PERIOD = {"from": "2024-03-01", "to": "2024-04-30"}
SETTINGS = {"budget": 6, "stall_timeout": 2}


def orgs():
    """100 a region: a top org, and sub-orgs under it that say no region."""
    yield {"id": "top", "kind": "production", "name": "Top", "region": "eu"}
    for name in NAMES[1:]:
        yield {"id": f"top-{name}", "kind": "additional-production", "name": f"Top {name}", "parent": "top", "region": name}
    for n in range(297):
        name = NAMES[n % 3]
        yield {"id": f"org-{name}-{n:03}", "kind": "sub-org", "name": f"Org {n}", "parent": "top" if name == "eu" else f"top-{name}"}
    yield {"id": "alone", "kind": "production", "name": "Alone", "region": "eu"}


CATALOGUE = {"orgs": list(orgs()), "meters": [{"id": m, "name": f"Meter {m}", "unit": "hours", "scalar": "HOURS", "category": "COMPUTE_UNITS",
                                               "rates": [{"ipu_per_unit": "0.5"}]} for m in METERS],
             "users": [{"name": "admin of alone", "password": "password of alone", "org": "alone", "roles": ["admin"]}]}
LINKED = [o["id"] for o in CATALOGUE["orgs"] if o["id"] != "alone"]


class Load:
    """Records of one region, handed in by a thread of its own, and their sums."""

    def __init__(self, region, orgs, count, seed):
        self.region, self.orgs, self.count, self.rng, self.sums = region, orgs, count, random.Random(seed), {}
        self.ids, self.failure = f"{region.name}-{seed}", None
        region.server.admin_key  # made before threads run

    def run(self, per_request=5000):
        try:
            for begin in range(0, self.count, per_request):
                self.hand_in(begin, min(begin + per_request, self.count))
        except BaseException as problem:
            self.failure = problem

    def hand_in(self, begin, end):
        pick, below, text = self.rng.choice, self.rng.randrange, []
        for n in range(begin, end):
            org, meter, day, quantity = pick(self.orgs), pick(METERS), below(DAYS), below(-10_000_000, 200_000_000)
            self.sums[org, meter, day] = self.sums.get((org, meter, day), 0) + quantity
            text.append(f'{{"org":"{org}","meter":"{meter}","time":"{FIRST + timedelta(day)}T{n % 24:02}:{n % 60:02}:00Z",'
                        f'"quantity":"{Decimal(quantity).scaleb(-6):f}","id":"{self.ids}-{n}","project":"p{n % 7}"}}')
        answer = self.region.server.api("POST", "/v1/usage", "\n".join(text), content_type="application/x-ndjson", Prefer="return=minimal")
        assert answer.status == 200 and answer.json()["stored"] == end - begin, answer


class Big(Both):
    def __init__(self, world):
        super().__init__(world, None)
        self.sums, self.seed = {}, 0

    def load(self, count, names=NAMES):
        """That many records, spread over these regions; they count for what is asked from now on."""
        self.seed += 1
        loads = [Load(self.world[name], [o for o in LINKED if self.world.region_of[o] == name], count // len(names) + (n < count % len(names)), self.seed)
                 for n, name in enumerate(names)]
        threads = [threading.Thread(target=load.run) for load in loads]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for load in loads:
            if load.failure:
                raise load.failure
            for key, quantity in load.sums.items():
                self.sums[key] = self.sums.get(key, 0) + quantity

    def ask(self, **spec):
        answer = self.server.api("POST", "/v1/exports", {"kind": "summary", "org": "top", "all_linked": True, **PERIOD, **spec})
        assert answer.status == 202, answer
        return answer.json()["id"]

    def expected(self, without=()):
        return {k: v for k, v in self.sums.items() if self.world.region_of[k[0]] not in without}


def sums_of(body):
    """{(org, meter, day): millionths} of a combined SUMMARY; each row checked against its rate."""
    [text] = texts(body).values()
    found = {}
    for row in lines(text):
        usage = Decimal(row["MeterUsage"])
        assert Decimal(row["IPU"]) == usage / 2
        key = row["OrgId"], row["MeterId"], (date.fromisoformat(row["Date"][:10]) - FIRST).days
        assert key not in found, "one row a cell"
        found[key] = int(usage.scaleb(6))
        assert Decimal(found[key]).scaleb(-6) == usage
    return found


@pytest.fixture(scope="module")
def big(tmp_path_factory):
    began = time.monotonic()
    with linked(tmp_path_factory.mktemp("three"), CATALOGUE, NAMES, "[exports]\nheal_time = 86400\n", **SETTINGS) as world:
        made = Big(world)
        made.load(COUNT)
        for name, region in world.regions.items():  # loaded, not only durable
            org = "top" if name == "eu" else f"top-{name}"
            until(lambda: region.server.api("GET", f"/v1/usage?org={org}&from={FIRST}&to=2024-03-02").status == 200)
        made.loading_took = time.monotonic() - began
        yield made


@pytest.fixture
def well(big):
    for region in big.world.regions.values():
        region.server.clock_file.write_text("0")
    big.world.all_well()
    return big


def test_the_all_linked_summary_equals_the_sum_of_the_raw_records(well):
    began = time.monotonic()
    job = well.shown(well.ask())
    took = time.monotonic() - began
    assert job["state"] == "SUCCESS", job
    assert sums_of(well.zip_of(job["id"])) == well.expected() and len({k[0] for k in well.sums}) == len(LINKED)
    print(f"{COUNT} records: {well.loading_took:.1f} s until loaded, {took:.1f} s for the summary")
    by_meter = {t["meter"]: Decimal(t["quantity"]) for t in well.manifest(job["id"])["content"]["totals"]}
    assert by_meter == {m: Decimal(sum(v for k, v in well.sums.items() if k[1] == m)).scaleb(-6) for m in METERS}
    answer = well.server.api("GET", f"/v1/usage?org=top&all_linked=true&group_by=org&from={PERIOD['from']}&to={PERIOD['to']}")
    assert {r["org"]: Decimal(r["quantity"]) for r in answer.json()["rows"]} == {
        o: Decimal(sum(v for k, v in well.sums.items() if k[0] == o)).scaleb(-6) for o in LINKED}


def check_gap(big, job, region, expected):
    assert job["state"] == "PARTIAL_SUCCESS" and f'100 of 300 linked organizations are missing because region "{region}" could not be read (' in job["error"], job
    assert job["error"].endswith(" and 80 more. They will be filled in when it answers."), job
    [gap] = big.manifest(job["id"])["content"]["gaps"]
    assert (gap["region"], gap["orgs"]) == (region, 100) and gap["named"] == sorted(o for o in LINKED if big.world.region_of[o] == region)
    assert sums_of(big.zip_of(job["id"])) == {k: v for k, v in expected.items() if big.world.region_of[k[0]] != region}


def check_healed(big, job, body=None):
    """The artifact equals that of an undisturbed run at the same snapshot."""
    healed = big.healed(job["id"])
    same = big.shown(big.ask(as_of=healed["as_of"]["time"]))
    assert same["state"] == "SUCCESS" and same["artifact"]["revision"] == 1 and healed["artifact"]["revision"] == 2
    assert big.zip_of(job["id"]) == big.zip_of(same["id"]) and (body is None or big.zip_of(same["id"]) == body)
    assert big.manifest(job["id"])["content"] == big.manifest(same["id"])["content"]


@pytest.mark.parametrize("trouble, region", [("killed", "us"), ("stalled", "ap"), ("garbage", "us")])
def test_a_region_in_trouble_is_a_gap_and_is_filled_in(well, trouble, region):
    lost, expected = well.world[region], well.expected()
    lost.gate.open()
    undisturbed = well.shown(well.ask())
    body = well.zip_of(undisturbed["id"])
    part = lost.gate.longest
    assert undisturbed["state"] == "SUCCESS" and sums_of(body) == expected and part > 20_000
    down = threading.Event()

    def kill():
        lost.kill()
        down.set()

    {"killed": lambda: lost.gate.at(part // 2, kill), "stalled": lost.gate.stall,
     "garbage": lambda: lost.gate.answer(random.Random(1).randbytes(part))}[trouble]()
    job = well.shown(well.ask(as_of=undisturbed["as_of"]["time"]))
    check_gap(well, job, region, expected)
    if trouble == "killed":
        assert down.wait(1), "in the middle of its part"
        lost.gate.refuse()
        lost.server.start()
        lost.gate.target = ("127.0.0.1", int(lost.server.host.split(":")[1]))
    well.load(3000, [region])  # arrives there after the snapshot, before it can be asked again
    lost.gate.open()
    check_healed(well, job, body)
    assert sums_of(well.zip_of(well.shown(well.ask())["id"])) == well.expected(), "a new job has what came meanwhile"


def test_a_region_whose_clock_is_two_minutes_behind(well):
    """It answers only once its clock has passed the instant, and commits nothing at or before it from then on."""
    lost, expected = well.world["us"], well.expected()
    lost.server.clock_file.write_text("-120")
    time.sleep(0.1)
    job = well.shown(well.ask())
    check_gap(well, job, "us", expected)
    lost.server.clock_file.write_text("0")
    check_healed(well, job)
    assert sums_of(well.zip_of(job["id"])) == expected
    lost.server.clock_file.write_text("-120")
    time.sleep(0.1)
    well.load(1000, ["us"])  # after it has answered: later than the instant, whatever its clock says
    lost.server.clock_file.write_text("0")
    same = well.shown(well.ask(as_of=job["as_of"]["time"]))
    assert well.zip_of(same["id"]) == well.zip_of(job["id"])


@pytest.mark.parametrize("jobs", [1, 4])
def test_a_slow_region_holds_nobody_else(well, jobs):
    well.us.gate.open()
    assert well.shown(well.ask())["state"] == "SUCCESS"
    well.us.gate.slow(max(2000, well.us.gate.longest // 3))
    slow = [well.ask() for _ in range(jobs)]
    session = well.server.login("admin of alone", "password of alone")["userInfo"]["sessionId"]
    answer = well.server.api("POST", "/v1/usage", [record("alone", "m0", "2024-03-03T00:00:00Z", 1, f"alone-{time.time_ns()}")], key=session)
    assert answer.status == 200 and answer.json()["stored"] == 1, answer
    began = time.monotonic()
    for org, key in (("alone", session), ("org-eu-000", None), ("top", None)):
        job = well.v1(MarchAndApril, key=key, org=org, all_linked=False)
        assert job["state"] == "SUCCESS", job
    took = time.monotonic() - began
    states = [well.server.api("GET", f"/v1/exports/{id_}").json()["state"] for id_ in slow]
    assert set(states) <= {"CREATED", "PROCESSING"}, f"after {took:.1f} s: {states}"
    well.us.gate.open()
    for id_ in slow:
        assert well.healed(id_)["state"] == "SUCCESS"


class MarchAndApril:
    v1 = PERIOD
