"""Billable quantities against a slow model of crosswalk 2.2 (X15), through groupings, filters, windows and late records."""
import random
from decimal import Decimal

import pytest
from here_world import FIRST, GEOCODE, SECOND, WORLDS, Model, csv_text, hrn, usage

pytestmark = pytest.mark.quick
PERIODS = [("2024-08-01T00:00:00", "2024-10-31T23:59:59"), ("2024-08-20T07:15:00", "2024-09-10T18:00:00"), ("2024-09-30T23:10:00", "2024-10-01T00:30:00"),
           ("2024-10-05T00:00:00", "2024-10-05T23:59:59")]


def test_X15_free_allowance_blocks_and_hours(world, partner, account):
    records = [usage(account, GEOCODE, "2024-09-03T10:10:00", 250, FIRST, "app1", "alpha", "tagA"),
               usage(account, GEOCODE, "2024-09-03T10:50:00", 250, FIRST, "app2", "beta", "tagB"),
               usage(account, GEOCODE, "2024-09-03T11:00:00", 1010, FIRST, "app2", "alpha", None)]
    world.usage(*records)
    period = {"startDate": "2024-09-03", "endDate": "2024-09-03"}
    [first, second] = partner.rows(account, **period, detailLevel="hour")
    assert (first["usageValue"], first["billableValue"], second["usageValue"], second["billableValue"]) == (500, 0, 1010, 600)
    for groups in ("", "appId", "project", "billingTag", "appId,project", "appId,project,billingTag"):
        for detail in ("hour", "day", "month", "summarized"):
            rows = partner.rows(account, **period, detailLevel=detail, **({"groupBy": groups} if groups else {}))
            assert sum(row["billableValue"] for row in rows) == 600 and sum(row["usageValue"] for row in rows) == 1510, (groups, detail)
            assert rows == Model(*records).rows(account, period["startDate"] + "T00:00:00", period["endDate"] + "T23:59:59", detail, groups)


def some_records(rng, realm, meters, count):
    for _ in range(count):
        month, day = rng.choice([(8, 31), (8, 15), (9, 1), (9, 30), (10, 1), (10, 5), (9, 9)])
        hour, minute = rng.choice([0, 1, 9, 17, 23]), rng.randrange(60)
        quantity = Decimal(rng.choice([rng.randrange(-50, 1000), rng.randrange(10 ** 6)])) / rng.choice([1, 1, 10, 1000, 10 ** 6])
        yield usage(realm, rng.choice(meters), f"2024-{month:02}-{day:02}T{hour:02}:{minute:02}:00", quantity, rng.choice([None, FIRST, SECOND]),
                    rng.choice([None, "app1", "app2", "app3"]), rng.choice([None, "alpha", "beta"]), rng.choice([None, "tagA", "tagB"]))


def some_query(rng, realm, number):
    start, end = rng.choice(PERIODS)
    asked = {"startDate": start, "endDate": end, "detailLevel": rng.choice(["hour", "day", "month", "summarized"])}
    groups = [g for g in ("appId", "project", "billingTag") if rng.randrange(2)]
    if groups:
        asked["groupBy"] = ",".join(groups)
    for name, values in {"featureId": [f"hrn:here:service::{realm}:w{number:02}-{m}" for m in range(3)], "appId": ["app1", "app2"],
                         "category": ["pipelines", "location services"], "projectHrn": [hrn(realm, "alpha"), hrn(realm, "beta")],
                         "billingTag": ["tagA", "tagB"], "chargeType": ["billable", "nonBillable"],
                         "billingSubscriptionId": [FIRST, f"{FIRST},{SECOND}"]}.items():
        if rng.randrange(4) == 0:
            asked[name] = rng.choice(values)
    return asked


@pytest.mark.parametrize("number", range(len(WORLDS)))
def test_a_random_world_is_billed_as_the_model_says(world, partner, number):
    realm, rng = WORLDS[number], random.Random(1000 + number)
    meters, model = [f"w{number:02}-{m}" for m in range(3)], Model()
    for _ in range(3):  # the second and third batch come late
        batch = list(some_records(rng, realm, meters, rng.choice([5, 40, 90])))
        world.usage(*batch)
        model.add(*batch)
        for _ in range(4):
            asked = some_query(rng, realm, number)
            expected = model.rows(realm, **asked)
            got = partner.rows(realm, **asked)
            assert got == expected, (asked, number)
    asked = some_query(rng, realm, number)
    assert partner.csv(realm, **asked) == csv_text(model.rows(realm, **asked)), asked
