"""Usage as CSV (here.md 3.2; H34, H35, and the columns of usageFields; H36 stands in test_life.py)."""
import pytest
from harness import lines
from here_client import error
from here_world import AUTOCOMPLETE, FIRST, GEOCODE, METERS, PIPELINES, SEPTEMBER, Model, csv_text, usage

pytestmark = pytest.mark.quick
HEADER = ('"Date and time (usageDateTime)","Org ID (realmId)","Category (category)","App ID (appId)","App Name (appName)","App Hrn (appHrn)","Item (featureId)",'
          '"Subscription ID (billingSubscriptionId)","Item description (name)","Unit (valueDriver)","Project ID (projectHrn)","Billing tag (billingTag)",'
          '"Usage Amount (billableValue)"\n')
ALL_GROUPS = "appId,project,billingTag"


def test_H34_the_rows_of_operation_1(world, partner, account):
    records = [usage(account, METERS[n % 5], f"2024-09-{1 + n % 9:02}T{n % 24:02}:00:00", f"{n}.12345", (None, FIRST)[n % 2], (None, "app1")[n % 3 // 2],
                     (None, 'pro"ject, ünï')[n % 4 // 3], (None, "tagA")[n // 2 % 2]) for n in range(200)]
    world.usage(*records)
    model = Model(*records)
    for asked in ({}, {"detailLevel": "day"}, {"detailLevel": "hour", "groupBy": ALL_GROUPS}, {"groupBy": "appId"}, {"category": "pipelines", "detailLevel": "month"},
                  {"chargeType": "nonBillable"}, {"billingTag": "tagA", "appId": "app1"}, {"appId": "nobody"}):
        answer = partner.get("/csv", account, **SEPTEMBER, **asked)
        assert answer.status == 200 and answer.headers["content-type"].split(";")[0] == "text/csv" and "content-encoding" not in answer.headers, answer.headers
        assert answer.body.decode() == csv_text(model.rows(account, **SEPTEMBER, **asked)), asked
        assert len(lines(answer.body.decode())) == partner.page(account, **SEPTEMBER, **asked)["total"], asked
    assert answer.body.decode() == HEADER, "nothing: the header alone"


def test_H34_what_the_bytes_look_like(world, partner, account):
    world.usage(usage(account, PIPELINES, "2024-09-03T10:00:00", "-0.00004", FIRST), usage(account, GEOCODE, "2024-09-03T10:00:00", 1100))
    assert partner.csv(account, **SEPTEMBER) == (
        HEADER + f'"","{account}","LocationServices","","","","hrn:here:service::olp-here:geocode-7","","Geocode","Transactions","","","100.0000"\n'
        f'"","{account}","Pipelines","","","","hrn:here:service::{account}:pipelines","{FIRST}","Pipeline ""hours""","core hours","","","0.0000"\n')


def test_usage_fields_choose_columns(world, partner, account):
    world.usage(usage(account, GEOCODE, "2024-09-03T10:00:00", 1100, FIRST, "app1", "p", "tagA"))
    [row] = partner.rows(account, **SEPTEMBER, groupBy=ALL_GROUPS, detailLevel="day")
    for fields in (["realmId", "featureId", "category"], ["billableValue"], ["resource"], ["usageValue", "name"]):
        got = partner.csv(account, **SEPTEMBER, groupBy=ALL_GROUPS, detailLevel="day", usageFields=",".join(fields))
        assert got == csv_text([row], fields=fields), fields
        assert partner.finished(realm=account, **SEPTEMBER, groupBy=ALL_GROUPS, detailLevel="day", usageFields=",".join(fields)) == got


def test_H35_20000_records_and_one_more(world, partner, account):
    records = [usage(account, AUTOCOMPLETE, "2024-09-03T10:00:00", n, app_id=f"app-{n % 100}", project=f"p{n // 100}") for n in range(20_000)]
    world.usage(*records)
    asked = {**SEPTEMBER, "groupBy": "appId,project"}
    rows = lines(partner.csv(account, **asked))
    assert len(rows) == 20_000 and len({(r["App ID (appId)"], r["Project ID (projectHrn)"]) for r in rows}) == 20_000
    world.usage(usage(account, AUTOCOMPLETE, "2024-09-03T10:00:00", 1, app_id="app-0", project="one-more"))
    error(partner.get("/csv", account, **asked), 400, "E706011")
    assert partner.page(account, **asked)["total"] == 20_001, "pages have no such limit"
    assert partner.get("/csv", account, **SEPTEMBER, groupBy="appId").status == 200
