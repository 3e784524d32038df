"""Usage records, page by page (here.md 2.2, 3.1; H21 to H29, H32, H33, H51)."""
import json
from decimal import Decimal

import pytest
from harness import lines
from here_client import error, exact
from here_world import (AUTOCOMPLETE, BARE, CATALOGUE, DEEP, FIRST, GEOCODE, METERS, ODD, PARTNER, PIPELINES, SECOND, SEPTEMBER, SERVICE, STREAM, SUB_A, SUB_B,
                        Model, app, hrn, order, printed, usage)

pytestmark = pytest.mark.quick
ALL_GROUPS = "appId,project,billingTag"


def filled(world, realm):
    """Usage of every charge item with and without subscription, app, project and tag, over two months; its model."""
    records = []
    for n in range(240):
        records.append(usage(realm, METERS[n % 5], f"2024-{8 + n % 3 // 2:02}-{1 + n % 28:02}T{n % 24:02}:{n % 60:02}:00", Decimal(n * 7919 % 100000) / 100,
                             (None, FIRST, SECOND, ODD)[n % 4], (None, "app1", "app-2")[n % 3], (None, "alpha", "hrn:here:authorization::x:project/beta")[n // 3 % 3],
                             (None, "tagA", "tagA+tagB", "studio")[n // 2 % 4]))
    world.usage(*records)
    return Model(*records)


@pytest.fixture(scope="module")
def model(world):
    return filled(world, SUB_A)


def test_H21_pages_of_100(world, partner, account):
    records = [usage(account, AUTOCOMPLETE, "2024-09-03T10:00:00", n + 1, app_id=f"app-{n:03}") for n in range(250)]
    world.usage(*records)
    pages = [partner.page(account, **SEPTEMBER, groupBy="appId", limit=100, offset=n) for n in range(3)]
    assert [(p["total"], p["limit"], p["nextOffset"], p["lastOffset"], len(p["items"])) for p in pages] == [
        (250, 100, 1, 2, 100), (250, 100, 2, 2, 100), (250, 100, 2, 2, 50)]
    walked = [row for p in pages for row in p["items"]]
    assert walked == Model(*records).rows(account, **SEPTEMBER, groupBy="appId"), "each exactly once, in order"
    for limit in (17, 50, 99):
        last = -(-250 // limit) - 1
        backwards = [partner.page(account, **SEPTEMBER, groupBy="appId", limit=limit, offset=n) for n in range(last, -1, -1)]
        assert all((p["total"], p["limit"], p["lastOffset"]) == (250, limit, last) for p in backwards)
        assert [row for p in backwards for row in p["items"][::-1]] == walked[::-1], "from the last page to the first"
        assert partner.rows(account, **SEPTEMBER, groupBy="appId", limit=limit) == walked
    assert partner.page(account, **SEPTEMBER, groupBy="appId")["limit"] == 100


def test_H22_nothing_and_past_the_end(world, partner, account):
    assert partner.page(account, **SEPTEMBER) == {"total": 0, "limit": 100, "items": [], "nextOffset": 0, "lastOffset": 0}
    past = partner.page(account, **SEPTEMBER, offset=7)
    assert (past["total"], past["items"], past["lastOffset"]) == (0, [], 0) and past["nextOffset"] == 0
    world.usage(usage(account, AUTOCOMPLETE, "2024-09-03T10:00:00", 1))
    single = partner.page(account, **SEPTEMBER)
    assert (single["total"], len(single["items"]), single["nextOffset"], single["lastOffset"]) == (1, 1, 0, 0)
    for offset in (1, 1000, 2 ** 31):
        past = partner.page(account, **SEPTEMBER, offset=offset)
        assert past["total"] == 1 and past["items"] == [] and past["lastOffset"] == 0 and past["nextOffset"] == 0


def test_H23_rows_per_feature_and_subscription(partner, model):
    rows = partner.rows(SUB_A, **SEPTEMBER)
    assert rows == model.rows(SUB_A, **SEPTEMBER) and len(rows) > 5
    assert all(not {"appId", "projectHrn", "billingTag", "appName", "appHrn", "usageDateTime"} & set(row) for row in rows)
    never = {"serviceName", "currency", "price", "cost", "realmName", "region", "usageTypeCode", "resourceHrn", "usageValueHot", "usageValueCold"}
    assert all(not never & set(row) and row["realmId"] == SUB_A for row in rows)
    assert {row["billingSubscriptionId"]: row["billingChargeNumber"] for row in rows} == {"": "", FIRST: "C-00011212", SECOND: "", ODD: "C-1"}


def test_H24_groups_add_their_fields(partner, model):
    rows = partner.rows(SUB_A, **SEPTEMBER, groupBy="appId, billingTag, project")
    assert rows == model.rows(SUB_A, **SEPTEMBER, groupBy=ALL_GROUPS)
    assert all({"appId", "projectHrn", "billingTag"} <= set(row) for row in rows)
    assert {row["billingTag"] for row in rows} == {"N/A", "tagA", "tagA+tagB", "studio"}
    assert {row["projectHrn"] for row in rows} == {"", hrn(SUB_A, "alpha"), "hrn:here:authorization::x:project/beta"}
    named = [row for row in rows if row["appId"]]
    assert named and all((row["appName"], row["appHrn"]) == (app(row["appId"])["name"], app(row["appId"])["hrn"]) for row in named)
    for group in ("appId", "project", "billingTag", "project,appId"):
        assert partner.rows(SUB_A, **SEPTEMBER, groupBy=group) == model.rows(SUB_A, **SEPTEMBER, groupBy=group), group


@pytest.mark.parametrize("detail", ["hour", "day", "month", "summarized"])
def test_H26_detail_levels(partner, model, detail):
    period = {"startDate": "2024-08-10T10:39:51", "endDate": "2024-09-20T12:00:00"}
    rows = partner.rows(SUB_A, **period, detailLevel=detail)
    assert rows == model.rows(SUB_A, **period, detailLevel=detail) and rows
    starts = {row.get("usageDateTime") for row in rows}
    if detail == "summarized":
        assert starts == {None}
    else:
        assert all(len(s) == 19 and s.endswith({"hour": ":00:00", "day": "T00:00:00", "month": "-01T00:00:00"}[detail]) for s in starts)
    if detail == "month":
        assert starts == {"2024-08-01T00:00:00", "2024-09-01T00:00:00"}, "a bucket is named by its start, also where the period begins in it"


FILTERS = [{"featureId": SERVICE + "geocode-7"}, {"featureId": f"hrn:here:service::{SUB_A}:{PIPELINES}"}, {"featureId": SERVICE + "nothing"}, {"appId": "app1"},
           {"appId": "nobody"}, {"projectHrn": hrn(SUB_A, "alpha")}, {"projectHrn": "hrn:here:authorization::x:project/beta"}, {"projectHrn": "alpha"},
           {"billingTag": "tagA"}, {"billingTag": "tagA+tagB"}, {"billingTag": "taga"}, {"category": "LocationServices"}, {"category": "Other"},
           {"billingSubscriptionId": FIRST}, {"billingSubscriptionId": f"{FIRST},{SECOND}"}, {"billingSubscriptionId": f"{ODD},unknown"},
           {"chargeType": "billable"}, {"chargeType": "nonBillable"}, {"chargeType": "all"}, {"appId": "app1", "category": "pipelines", "billingSubscriptionId": ODD},
           {"chargeType": "nonBillable", "featureId": SERVICE + "geocode-7"}, {"featureId": SERVICE + "search-autocomplete-7", "projectHrn": hrn(SUB_A, "alpha")}]


@pytest.mark.parametrize("filters", FILTERS)
def test_H27_filters(partner, model, filters):
    for groups in ("", ALL_GROUPS):
        asked = {**SEPTEMBER, **filters, "detailLevel": "day", "groupBy": groups}
        assert partner.rows(SUB_A, **{k: v for k, v in asked.items() if v}) == model.rows(SUB_A, **asked), filters


def test_H27_at_most_20_subscriptions(partner):
    for count, status in ((20, 200), (21, 400)):
        asked = ",".join(f"A-S{n:07}" for n in range(count))
        for rest in ("", "/csv"):
            answer = partner.get(rest, **SEPTEMBER, billingSubscriptionId=asked)
            assert answer.status == status
            if status == 400:
                error(answer, 400, "E706009")
    error(partner.ask_report(**SEPTEMBER, billingSubscriptionId=asked), 400, "E706009")


def test_H27_charge_types_part_the_rows(partner, model):
    whole = partner.rows(SUB_A, **SEPTEMBER, detailLevel="hour")
    parts = [partner.rows(SUB_A, **SEPTEMBER, detailLevel="hour", chargeType=t) for t in ("billable", "nonBillable")]
    assert sorted(parts[0] + parts[1], key=order) == whole and all(parts)
    assert all(row["billableValue"] > 0 for row in parts[0]) and all(row["billableValue"] <= 0 for row in parts[1])


def test_H28_categories_ignore_case_and_blanks(partner, model):
    expected = model.rows(SUB_A, **SEPTEMBER, category="LocationServices")
    assert {row["category"] for row in expected} == {"LocationServices"} and len({row["featureId"] for row in expected}) == 2
    for text in ("location services", "LocationServices", "LOCATIONSERVICES", " Location  Services "):
        assert partner.rows(SUB_A, **SEPTEMBER, category=text) == expected
    assert {row["category"] for row in partner.rows(SUB_A, **SEPTEMBER)} == {"LocationServices", "DataStorage", "Pipelines", "Other"}


def test_H29_a_plus_in_a_billing_tag(partner, model):
    expected = model.rows(SUB_A, **SEPTEMBER, billingTag="tagA+tagB")
    assert expected and partner.rows(SUB_A, **SEPTEMBER, billingTag="tagA+tagB") == partner.rows(SUB_A, **SEPTEMBER, billingTag="tagA tagB") == expected
    raw = partner.call("GET", partner.path(realm=SUB_A, **SEPTEMBER) + "&billingTag=tagA+tagB")
    assert exact(raw)["items"] == expected, "a plus in a query is a blank"
    for other in ("TagA+TagB", "tagB+tagA", "tagB", "tagA+", "tagA+tagB+"):
        assert partner.rows(SUB_A, **SEPTEMBER, billingTag=other) == []


def test_H32_numbers_are_exact_and_details_add_up(world, partner, account):
    records = [usage(account, METERS[n % 5], f"2024-09-{1 + n * 7 % 30:02}T{n * 5 % 24:02}:{n % 60:02}:00",
                     Decimal(n * 104729 % 10 ** 7 - 10 ** 6) / 10 ** 4, (None, FIRST)[n % 2]) for n in range(300)]
    world.usage(*records)
    model, sums = Model(*records), {}
    for detail in ("hour", "day", "month", "summarized"):
        rows = partner.rows(account, **SEPTEMBER, detailLevel=detail)
        assert rows == model.rows(account, **SEPTEMBER, detailLevel=detail)
        sums[detail] = {}
        for row in rows:
            raw, billable = sums[detail].get((row["billingSubscriptionId"], row["featureId"]), (0, 0))
            sums[detail][row["billingSubscriptionId"], row["featureId"]] = raw + row["usageValue"], billable + row["billableValue"]
    assert sums["hour"] == sums["day"] == sums["month"] == sums["summarized"]


def test_H32_four_decimals_half_away_from_zero(world, partner, account):
    values = {"0.00005": "0.0001", "-0.00005": "-0.0001", "0.00004999": "0", "1.00004999999999999": "1", "2.5": "2.5",
              "123456789012345678.12345": "123456789012345678.1235", "-1.23455": "-1.2346", "0.123456789012345678": "0.1235", "1000": "1000"}
    records = [usage(account, AUTOCOMPLETE, f"2024-09-{n + 1:02}T00:00:00", value) for n, value in enumerate(values)]
    world.usage(*records)
    answer = partner.get(realm=account, **SEPTEMBER, detailLevel="day")
    texts = json.loads(answer.body, parse_float=str, parse_int=str)["items"]
    for row, expected in zip(texts, values.values(), strict=True):
        for name in ("usageValue", "billableValue"):
            text = row[name]
            assert isinstance(text, str) and Decimal(text) == Decimal(expected) and len(text.partition(".")[2]) <= 4 and "e" not in text.lower(), row
    assert partner.rows(account, **SEPTEMBER)[0]["usageValue"] == printed(sum(map(Decimal, values))), "the sum is of what was sent, not of what is printed"


def test_H33_order_and_one_row_a_key(partner, model):
    for asked in ({}, {"detailLevel": "hour"}, {"groupBy": ALL_GROUPS}, {"groupBy": ALL_GROUPS, "detailLevel": "day"}):
        rows = partner.rows(SUB_A, **SEPTEMBER, **asked)
        keys = [order(row) for row in rows]
        assert keys == sorted(keys) and len(set(keys)) == len(keys)
        assert [k[:3] for k in keys] == sorted(k[:3] for k in keys)


def test_the_realm_alone_not_the_orgs_under_it(world, partner):
    period = {"startDate": "2031-09-01", "endDate": "2031-09-30"}
    world.usage(usage(DEEP, AUTOCOMPLETE, "2031-09-03T10:00:00", 77), usage("tiny", AUTOCOMPLETE, "2031-09-03T10:00:00", 99))
    [row] = partner.rows(DEEP, **period)
    assert row["usageValue"] == 77 and row["realmId"] == DEEP
    assert partner.rows(SUB_B, **period) == partner.rows(PARTNER, **period) == []


def test_names_are_those_at_the_end_of_the_period(world, partner, account):
    world.usage(usage(account, GEOCODE, "2024-09-30T23:00:00", 1), usage(account, BARE, "2024-09-30T23:00:00", 1), usage(account, STREAM, "2024-09-30T23:00:00", 1))
    for end, name in (("2024-09-30T23:59:59", "Geocode"), ("2024-10-01T00:00:00", "Geocode"), ("2024-10-01T00:00:01", "Geocode & Reverse Geocode")):
        rows = {row["featureId"]: row for row in partner.rows(account, startDate="2024-09-01", endDate=end)}
        assert rows[SERVICE + "geocode-7"]["name"] == name
        bare, stream = rows[f"hrn:here:service::{account}:{BARE}"], rows["hrn:here:data-storage::olp-here:stream-ttl"]
        assert (bare["name"], bare["category"], bare["valueDriver"]) == ("Bare", "Other", "1")
        assert (stream["name"], stream["category"], stream["valueDriver"]) == ("Data IO", "DataStorage", "GB")


def test_H51_late_usage_changes_a_day_and_no_key(world, partner, account):
    records = [usage(account, GEOCODE, f"2024-09-{day:02}T10:00:00", 450, FIRST) for day in (2, 3, 4, 5)]
    world.usage(*records)
    model = Model(*records)
    before = partner.rows(account, **SEPTEMBER, detailLevel="day")
    assert before == model.rows(account, **SEPTEMBER, detailLevel="day")
    late = usage(account, GEOCODE, "2024-09-02T11:00:00", 130, FIRST)
    world.usage(late)
    model.add(late)
    after = partner.rows(account, **SEPTEMBER, detailLevel="day")
    assert after == model.rows(account, **SEPTEMBER, detailLevel="day")
    assert [order(row) for row in after] == [order(row) for row in before]
    assert [row["usageValue"] for row in before] == [450] * 4 and [row["usageValue"] for row in after] == [580, 450, 450, 450]
    assert [row["billableValue"] for row in before] == [0, 0, 500, 500]
    assert [row["billableValue"] for row in after] == [0, 200, 500, 500], "later ones are billed anew"


def test_the_same_usage_over_three_wires(world, partner, account):
    """HERE day detail, Informatica SUMMARY and GET /v1/usage agree exactly."""
    records = [usage(account, METERS[n % 3], f"2024-09-{2 + n % 29:02}T{n % 24:02}:59:59.999999", Decimal(n * 7919 % 10 ** 6 + 1) / 10 ** 4,
                     (None, FIRST)[n % 2], ("app1", None)[n // 2 % 2]) for n in range(500)]
    world.usage(*records)
    features = {row["featureId"]: meter for meter in METERS for row in Model(usage(account, meter, "2024-09-01T00:00:00", 1)).rows(account, **SEPTEMBER)}
    here, native, informatica = {}, {}, {}
    for row in partner.rows(account, **SEPTEMBER, detailLevel="day"):
        key = features[row["featureId"]], row["usageDateTime"][:10]
        here[key] = here.get(key, 0) + row["usageValue"]
    answer = world.api("GET", f"/v1/usage?from=2024-09-01&to=2024-10-01&org={account}&group_by=meter,day")
    for row in answer.json()["rows"]:
        native[row["meter"], row["day"]] = Decimal(row["quantity"])
    [text] = world.informatica().export(startDate="2024-09-01T00:00:00Z", endDate="2024-09-30T00:00:00Z", allLinkedOrgs="TRUE", combinedMeterUsage="TRUE").values()
    for row in lines(text):
        if row["OrgId"] == account:
            informatica[row["MeterId"], row["Date"][:10]] = Decimal(row["MeterUsage"])
    oracle = {}
    for r in records:
        key = r["meter"], r["time"][:10]
        oracle[key] = oracle.get(key, 0) + Decimal(r["quantity"])
    assert here == native == informatica == oracle and len(oracle) > 80


def test_catalogue_round_trip(world):
    """The here and billing blocks come out of an export as they went in."""
    meters = {m["id"]: m for m in world.api("GET", "/v1/catalog").json()["meters"]}
    for meter in CATALOGUE["meters"]:
        if meter["id"] in METERS:
            assert meters[meter["id"]].get("here") == meter.get("here"), meter["id"]
