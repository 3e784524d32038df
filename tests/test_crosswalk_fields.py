"""X03: one record with every field, and one with the five required ones, over each wire; each cell is that of crosswalk 1.2 and 1.3."""
import time
from decimal import Decimal

import pytest
from harness import running
from here_client import Here, new_key
from metering_client import strict_rows
from metering_world import ACME, AI, DI, FILES, JOB_LEVEL, OLDER, PDO, catalogue

pytestmark = pytest.mark.quick
METERS = [DI, PDO, AI, FILES]
FULL = {"source": "agent-7", "project": "Sales", "folder": "Nightly", "asset": {"name": "load_orders", "type": "MAPPING"},
        "environment": {"id": "01AB", "name": "agents-eu", "type": "Secure Agent Group"}, "resource": {"id": "vm-1", "name": "VM one"}, "subscription": "S-1",
        "task": {"id": "000QML0Z0000000001J4", "name": "mt_load_orders", "object": "orders", "type": "MTT"},
        "run": {"id": "77812", "start": "2024-09-03T10:00:00Z", "end": "2024-09-03T10:30:00.25Z", "status": "SUCCESS", "cores": 2,
                "audit_time": "2024-09-03T11:11:00Z", "execution_type": "API", "invoked_by": "timer", "count": 3},
        "user": "ute", "app": {"id": "app-1", "name": "App one", "hrn": "hrn:here:account::HERE:app/app-1"}, "billing_tag": "finance", "channel": "batch",
        "category": "nightly", "memo": "a note", "properties": {"colour": "red", "depth": {"a": [1, 2]}}}
FULL_TIME, BARE_TIME = "2024-09-03T10:30:00.25Z", "2024-09-05T23:59:59.999999Z"
DIMENSIONS = ("project", "folder", "asset.name", "asset.type", "environment.id", "environment.name", "environment.type", "subscription", "app.id", "app.name",
              "app.hrn", "billing_tag", "channel", "category")


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """On acme: of each meter a full record on September 3 and a bare one on September 5."""
    made = catalogue()
    made["subscriptions"] = [{"id": "S-1", "name": "One", "org": "acme", "charge_number": "C-1",
                              "lines": [{"number": n, "org": "acme", "meter": m} for n, m in enumerate(METERS, 1)]}]
    with running(tmp_path_factory.mktemp("crosswalk"), catalogue=made) as server:
        server.usage(*[{"org": "acme", "meter": m, "time": FULL_TIME, "quantity": "0.123456789012345678", "id": "full-" + m, "line": n, **FULL}
                       for n, m in enumerate(METERS, 1)],
                     *[{"org": "acme", "meter": m, "time": BARE_TIME, "quantity": "2", "id": "bare-" + m} for m in METERS])
        yield server


def rows(world, meter, column="MeterId", **fields):
    """Checked rows of a meter, in order of their day."""
    found = [r for content in world.informatica().export_bytes(**fields)[1].values() for r in strict_rows(content) if column is None or r[column] == meter]
    return sorted(found, key=lambda r: next(v for k, v in r.items() if k.startswith(("Date", "End Time"))))


def cells(row, *names):
    return [row[n] for n in names]


@pytest.mark.parametrize("fields", [{}, {"resource": OLDER}])
def test_S(world, fields):
    period = ["2024-09-01 00:00:00.0", "2024-09-30 00:00:00.0"]
    for meter, name, scalar, category, ipu, bare_ipu, rate in (
            (DI, "Data Integration", "HOURS", "COMPUTE_UNITS", "0.019753086241975308", "0.320000000000", "0.160000"),
            (FILES, "Mass Ingestion Files", "GB", "DATA_VOLUME", "0.037037036703703703", "0.600000000000", "0.300000")):
        full, bare = rows(world, meter, **fields)
        assert full == {"OrgId": ACME, "MeterId": meter, "MeterName": name, "Date": "2024-09-03 00:00:00.0", "BillingPeriodStartDate": period[0],
                        "BillingPeriodEndDate": period[1], "MeterUsage": "0.123456789012345678", "IPU": ipu, "Scalar": scalar, "MetricCategory": category,
                        "OrgName": "Acme", "OrgType": "Production", "IPURate": rate}
        assert bare == {**full, "Date": "2024-09-05 00:00:00.0", "MeterUsage": "2.0000000000", "IPU": bare_ipu}


def test_P(world):
    full, bare = rows(world, None, None, jobType="PROJECT_FOLDER")
    total = Decimal("0.123456789012345678") * (Decimal("0.16") + Decimal("0.3") + 2 + Decimal("0.05"))
    assert cells(full, "Date", "Project", "Folder", "Org ID", "Org Type") == ["2024-09-03T00:00:00Z", "Sales", "Nightly", ACME, "Production"]
    assert abs(Decimal(full["Consumption (IPUs)"]) - total) <= Decimal("2e-18")
    assert bare == {"Date": "2024-09-05T00:00:00Z", "Project": "null", "Folder": "null", "Org ID": ACME, "Org Type": "Production",
                    "Consumption (IPUs)": "5.020000000000"}


def test_A(world):
    for meter, name, tier, rate, ipu, bare_ipu in ((DI, "Data Integration", "0.000 - 2000.000", "0.160000", "0.019753086241975308", "0.320000000000"),
                                                   (FILES, "Mass Ingestion Files", "0.000 +", "0.300000", "0.037037036703703703", "0.600000000000")):
        full, bare = rows(world, meter, "Meter ID", jobType="ASSET")
        assert full == {"Meter ID": meter, "Meter Name": name, "Date": "2024-09-03T00:00:00Z", "Asset Name": "load_orders", "Asset Type": "MAPPING",
                        "Project": "Sales",
                        "Folder": "Nightly", "Org ID": ACME, "Org Type": "Production", "Environment Name": "agents-eu",
                        "Environment Type": "Secure Agent Group",
                        "Tier": tier, "IPU Per Unit": rate, "Usage": "0.123456789012345678", "Consumption (IPUs)": ipu}
        assert bare == {**full, "Date": "2024-09-05T00:00:00Z", "Usage": "2.000000000000", "Consumption (IPUs)": bare_ipu,
                        **{k: "null" for k in ("Asset Name", "Asset Type", "Project", "Folder", "Environment Name", "Environment Type")}}


@pytest.mark.parametrize("meter, value, bare_value", [(DI, "0.500069", "2.0"), (PDO, "0.123456789012345678", "2.0"), (FILES, "0.123456789012345678", "2.0")])
def test_D_and_O(world, meter, value, bare_value):
    full, bare = rows(world, meter, None, resource=JOB_LEVEL, meterId=meter)
    only_d = meter == DI
    assert full == {"Task ID": "000QML0Z0000000001J4", "Task Name": "mt_load_orders", "Task Object Name": "orders", "Task Type": "MTT", "Task Run ID": "77812",
                    "Project Name": "Sales", "Folder Name": "Nightly", "Org ID": ACME, "Environment ID": "01AB", "Environment": "agents-eu",
                    **({"Cores Used": "2.0"} if only_d else {}), "Start Time": "2024-09-03 10:00:00.0", "End Time": "2024-09-03 10:30:00.25",
                    "Status": "SUCCESS",
                    "Metered Value": value, "Audit Time": "2024-09-03 11:11:00.0", **({"OBM Task Time(s)": "0"} if only_d else {})}
    arrived = bare.pop("Audit Time")
    stamp = lambda n: time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(time.time() + n))
    assert stamp(-3600) < arrived < stamp(1)
    assert bare == {"Task ID": "null", "Task Name": "null", "Task Object Name": "", "Task Type": "null", "Task Run ID": "null", "Project Name": "null",
                    "Folder Name": "",
                    "Org ID": ACME, "Environment ID": "null", "Environment": "null", **({"Cores Used": "null"} if only_d else {}), "Start Time": "null",
                    "End Time": "2024-09-05 23:59:59.999999", "Status": "null", "Metered Value": bare_value, **({"OBM Task Time(s)": "0"} if only_d else {})}


def test_R(world):
    full, bare = rows(world, AI, None, resource=JOB_LEVEL, meterId=AI)
    # 1,800.25 seconds in 3 executions
    assert full == {"Org ID": ACME, "Execution type": "API", "Executed asset": "load_orders", "Date (in UTC)": "2024-09-03", "Invoked by": "timer",
                    "Execution env": "agents-eu", "status": "SUCCESS", "Execution count": "3", "Total Execution time (in hours)": "0.500069444444444444",
                    "Average Execution time (in seconds)": "600.083333333333333333"}
    assert bare == {"Org ID": ACME, "Execution type": "Process", "Executed asset": "null", "Date (in UTC)": "2024-09-05", "Invoked by": "null",
                    "Execution env": "null",
                    "status": "null", "Execution count": "1", "Total Execution time (in hours)": "2.0000000000",
                    "Average Execution time (in seconds)": "7200.00000"}


def test_HERE(world):
    realm = "org123456789"
    client = Here(world, new_key(world, "acme"), realm)
    found = client.rows(startDate="2024-09-01T00:00:00", endDate="2024-09-30T23:59:59", detailLevel="hour", groupBy="appId,project,billingTag")
    full, bare = sorted((r for r in found if r["featureId"].endswith(DI)), key=lambda r: r["usageDateTime"])
    common = {"realmId": realm, "featureId": f"hrn:here:service::{realm}:{DI}", "category": "COMPUTE_UNITS", "name": "Data Integration", "valueDriver": "hours"}
    assert full == {**common, "appId": "app-1", "appName": "App one", "appHrn": FULL["app"]["hrn"], "billingSubscriptionId": "S-1",
                    "billingChargeNumber": "C-1",
                    "projectHrn": f"hrn:here:authorization::{realm}:project/Sales", "billingTag": "finance", "usageDateTime": "2024-09-03T10:00:00",
                    "usageValue": Decimal("0.1235"), "billableValue": Decimal("0.1235")}
    assert bare == {**common, "appId": "", "billingSubscriptionId": "", "billingChargeNumber": "", "projectHrn": "", "billingTag": "N/A",
                    "usageDateTime": "2024-09-05T23:00:00", "usageValue": 2, "billableValue": 2}
    assert len(found) == 2 * len(METERS), "no row that was made"


def test_v1(world):
    query = "/v1/usage?from=2024-09-01&to=2024-10-01&org=acme&group_by=org,meter,day," + ",".join(DIMENSIONS)
    full, bare = sorted((r for r in world.api("GET", query).json()["rows"] if r["meter"] == DI), key=lambda r: r["day"])

    def value(name):
        first, _, part = name.partition(".")
        return FULL[first][part] if part else FULL[first]

    assert full == {"org": "acme", "meter": DI, "day": "2024-09-03", **{name: value(name) for name in DIMENSIONS}, "quantity": "0.123456789012345678",
                    "records": 1}
    assert bare == {"org": "acme", "meter": DI, "day": "2024-09-05", **dict.fromkeys(DIMENSIONS), "quantity": "2", "records": 1}
    assert {r["meter"] for r in world.api("GET", query).json()["rows"]} == set(METERS)
