"""The FOCUS sample through the command line and the Informatica wire, against an independent computation (Python's
decimal); crosswalk X12 to X14."""
import csv
import hashlib
import json
from collections import defaultdict
from decimal import Decimal, getcontext

import pytest
from harness import SAMPLE, Server, lines, run

getcontext().prec = 80
COLUMNS = ["ChargePeriodStart", "ConsumedQuantity", "ConsumedUnit", "BillingAccountId", "BillingAccountName", "SubAccountId", "SubAccountName",
           "SkuId", "ServiceName", "ServiceCategory", "ChargeCategory", "BilledCost", "BillingCurrency"]


def safe_id(text):
    """crosswalk 5.1, written again from its words."""
    allowed = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-"
    if 1 <= len(text) <= 64 and all(c in allowed for c in text) and text not in (".", ".."):
        return text
    data, out = text.encode(), ""
    for byte in data:
        c = chr(byte)
        out += c if c in allowed else ("" if out.endswith("\0") else "\0")
    out = out.replace("\0", "-").strip("-.")[-51:].strip("-.")
    return (out or "id") + "-" + hashlib.sha256(data).hexdigest()[:12]


def sample_rows():
    with open(SAMPLE, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def import_file(server, file, accept=(0,), **env):
    done = run("import", "--data", server.data, "--format", "focus", "--json", file, accept=accept, env=env)
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def imported(tmp_path_factory):
    server = Server(tmp_path_factory.mktemp("focus"), org="sunbird")
    server.report = import_file(server, SAMPLE, accept=(3,))
    server.again = import_file(server, SAMPLE, accept=(3,))
    server.start()
    yield server
    assert server.stop() == 0


@pytest.mark.quick
def test_X12_the_sample_twice_is_999_records_and_one_rejected_with_its_cost(imported):
    first, second = imported.report, imported.again
    assert (first["rows"], first["stored"], first["duplicates"], first["conflicts"], first["rejected"]) == (1000, 999, 0, 0, 1)
    assert (second["stored"], second["duplicates"], second["rejected"]) == (0, 999, 1)
    (rejected,) = first["rejected_rows"]
    assert rejected["line"] == 458 and rejected["id"] == "2555992" and rejected["charge_category"] == "Credit"
    assert rejected["error"]["code"] == "no_quantity"
    assert "line 458: no ConsumedQuantity (Credit, Id 2555992), BilledCost -2.61370000000 USD" in (rejected["error"]["text"], f"line 458: {rejected['error']['text']}")
    assert {k: Decimal(v) for k, v in first["rejected_billed_cost"].items()} == {"USD": Decimal("-2.6137")}
    assert (second["orgs_made"], second["meters_made"]) == (0, 0)


@pytest.mark.quick
def test_the_sample_makes_the_orgs_and_meters_of_crosswalk_5(imported):
    catalogue = imported.api("GET", "/v1/catalog").json()
    kinds = defaultdict(int)
    for org in catalogue["orgs"]:
        kinds[org["kind"]] += 1
    assert (kinds["additional-production"], kinds["sub-org"]) == (3, 73)
    meters = {m["id"]: m for m in catalogue["meters"] if m.get("org") == "sunbird"}
    assert len(meters) == 266
    assert meters["EAUDKWWNQJZTV253"]["names"][-1]["name"] == "Amazon Elastic Compute Cloud"
    by_id = {org["id"]: org for org in catalogue["orgs"]}
    for original in {r["BillingAccountId"] for r in sample_rows()}:
        org = by_id[safe_id(original)]
        assert org["kind"] == "additional-production" and (org["id"] == original or original in org["aliases"])


@pytest.mark.quick
def test_totals_equal_an_independent_computation_digit_for_digit(imported):
    expected = defaultdict(Decimal)
    for row in sample_rows():
        if row["ConsumedQuantity"] in ("", "NULL"):
            continue
        # SUNBIRD's sub-account ids are unique in the sample, so the safe id of the sub-account is the org's.
        org = safe_id(row["SubAccountId"] if row["SubAccountId"] not in ("", "NULL") else row["BillingAccountId"])
        expected[org, safe_id(row["SkuId"]), row["ChargePeriodStart"][:10]] += Decimal(row["ConsumedQuantity"])
    days = sorted(day for _, _, day in expected)
    client = imported.informatica()
    files = client.export(startDate=f"{days[0]}T00:00:00Z", endDate=f"{days[-1]}T00:00:00Z", allLinkedOrgs="TRUE", combinedMeterUsage="TRUE")
    (text,) = files.values()
    rows = lines(text)
    got = {(r["OrgId"], r["MeterId"], r["Date"][:10]): r for r in rows if r["MetricCategory"] != "ORGS"}
    assert set(got) == set(expected)
    for key, quantity in expected.items():
        assert Decimal(got[key]["MeterUsage"]) == quantity and Decimal(got[key]["IPU"]) == quantity, (key, got[key])
    # Each billing account is charged 6 IPU for each of its sub-accounts, on the first of the month (law A5).
    sub_accounts = defaultdict(set)
    for row in sample_rows():
        if row["SubAccountId"] not in ("", "NULL"):
            sub_accounts[safe_id(row["BillingAccountId"])].add(row["SubAccountId"])
    charges = {(r["OrgId"], r["Date"][:10]): (Decimal(r["MeterUsage"]), Decimal(r["IPU"])) for r in rows if r["MetricCategory"] == "ORGS"}
    assert charges == {(org, "2024-09-01"): (len(subs), 6 * len(subs)) for org, subs in sub_accounts.items()}
    # The same in IPU from PROJECT_FOLDER, per org and day (each meter's rate is 1 per unit).
    per_org_day = defaultdict(Decimal)
    for (org, _, day), quantity in expected.items():
        per_org_day[org, day] += quantity
    files = client.export(jobType="PROJECT_FOLDER", startDate=f"{days[0]}T00:00:00Z", endDate=f"{days[-1]}T00:00:00Z", allLinkedOrgs="TRUE", combinedMeterUsage="TRUE")
    (text,) = files.values()
    sums = defaultdict(Decimal)
    for row in lines(text):
        sums[row["Org ID"], row["Date"][:10]] += Decimal(row["Consumption (IPUs)"])
    assert dict(sums) == dict(per_org_day)


def write_focus(path, rows, columns):
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        for row in rows:
            writer.writerow([row.get(c, "NULL") for c in columns])
    return path


def focus_row(**changes):
    return {"ChargePeriodStart": "2024-09-03 10:00:00", "ConsumedQuantity": "2.50", "ConsumedUnit": "Hours", "BillingAccountId": "1234567890123",
            "BillingAccountName": "SunBird", "SubAccountId": "51738928782", "SubAccountName": "Atlas", "SkuId": "SKU1", "ServiceName": "Compute",
            "ServiceCategory": "Compute", "ChargeCategory": "Usage", "BilledCost": "0.1", "BillingCurrency": "USD", **changes}


@pytest.mark.quick
def test_X13_a_row_three_times_without_an_id_is_three_records(folder):
    server = Server(folder, org="top")
    file = write_focus(folder / "thrice.csv", [focus_row()] * 3, COLUMNS)
    assert import_file(server, file)["stored"] == 3
    again = import_file(server, file)
    assert (again["stored"], again["duplicates"]) == (0, 3)
    other_order = write_focus(folder / "order.csv", [focus_row()] * 3, sorted(COLUMNS, reverse=True))
    assert import_file(server, other_order)["duplicates"] == 3, "column order does not matter"


@pytest.mark.quick
def test_X14_one_sku_in_two_units_is_two_meters(folder):
    server = Server(folder, org="top")
    file = write_focus(folder / "units.csv", [focus_row(), focus_row(), focus_row(ConsumedUnit="GB", ConsumedQuantity="7")], COLUMNS)
    assert import_file(server, file)["meters_made"] == 2
    server.start()
    meters = {m["id"]: m for m in server.api("GET", "/v1/meters").json()["meters"] if m.get("org") == "top"}
    assert {i: m["unit"] for i, m in meters.items()} == {"SKU1": "Hours", safe_id("SKU1~GB"): "GB"}
    rows = server.api("GET", "/v1/usage?from=2024-09-01&to=2024-10-01&org=top&all_linked=true").json()["rows"]
    assert {r["meter"]: r["quantity"] for r in rows} == {"SKU1": "5", safe_id("SKU1~GB"): "7"}
    assert server.stop() == 0


@pytest.mark.quick
def test_X11_safe_ids_are_those_of_the_vectors():
    """The oracle above is right itself; the core's own vectors are unit tests of base and formats."""
    assert safe_id("/providers/Microsoft.Billing/billingAccounts/8611537") == "providers-Microsoft.Billing-billingAccounts-8611537-6be395c6c7a7"
    assert safe_id("a b") == "a-b-c8687a08aa5d" and safe_id("..") == "id-5ec1f7e700f3" and safe_id("1234567890123") == "1234567890123"


@pytest.mark.quick
def test_rejected_rows_can_be_mended_and_imported_again(folder):
    server = Server(folder, org="top")
    bad = [focus_row(), focus_row(ConsumedQuantity="NULL"), focus_row(ConsumedQuantity="1,5"), focus_row(ChargePeriodStart="soon"), focus_row(BillingAccountId="NULL"),
           focus_row(SkuId="NULL")]
    file, rejects = write_focus(folder / "bad.csv", bad, COLUMNS), folder / "rejects.csv"
    done = run("import", "--data", server.data, "--format", "focus", "--json", "--rejects", rejects, file, accept=(3,))
    report = json.loads(done.stdout)
    assert report["stored"] == 1
    assert [r["error"]["code"] for r in report["rejected_rows"]] == ["no_quantity", "bad_format", "bad_format", "no_billing_account", "no_sku"]
    mended = rejects.read_text().replace('"1,5"', "1.5").replace("soon", "2024-09-03T10:00:00Z")
    rejects.write_text(mended)
    again = json.loads(run("import", "--data", server.data, "--format", "focus", "--json", rejects, accept=(3,)).stdout)
    assert (again["stored"], again["rejected"]) == (2, 3)
