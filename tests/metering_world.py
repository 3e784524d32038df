"""The orgs, meters and rates of the Informatica checklist's tests, on the shipped catalogue; numbers are chosen so that sums are easy by hand."""
import copy
import itertools
import json

from harness import ROOT, record

ACME = "4wMFqGlxAKVlIFTixlTSOY"  # the vendor's name of the org acme
DI, DI_SERVERLESS = "a2nB20h1o0lc7k3P9xtWS8", "35m9fB23Tykj4Fb3rN5q2J"
PDO, FILES, GOVERNANCE, QUERIES = "dMN0VeTW4cThHyPovp4GEX", "lCwc4CfL7EEhv9773egFC8", "3sY0I8UHjyTiXcLzZI1fqj", "e959858a4b2644c19a39fd"
AI, AI_SERVERLESS = "3uIRkIV5Rt9lBbAPzeR5Kj", "bN6mes5n4GGciiMkuoDlCz"
MDM = "jRkQw2YQksQjLqowj7Mveq"  # its name holds U+00A0
UNRATED = "1XzBBPzFTAlk77lGUvVPIS"
SUB_ORGS, SANDBOXES, SANDBOX_USAGE = "5Ariu53Z8gobF4KYsmTg4Z", "2z4IqaoycKEextVpoCisuL", "c6vq9jira786LE0O2UReWT"
OLDER = "ExportMeteringDataAllLinkedOrgsAcrossRegion"
JOB_LEVEL = "ExportServiceJobLevelMeteringData"
SUMMARY_HEADER = "OrgId,MeterId,MeterName,Date,BillingPeriodStartDate,BillingPeriodEndDate,MeterUsage,IPU,Scalar,MetricCategory,OrgName,OrgType,IPURate"
PROJECT_HEADER = "Date,Project,Folder,Org ID,Org Type,Consumption (IPUs)"
ASSET_HEADER = ("Meter ID,Meter Name,Date,Asset Name,Asset Type,Project,Folder,Org ID,Org Type,Environment Name,Environment Type,Tier,"
                "IPU Per Unit,Usage,Consumption (IPUs)")
PDO_HEADER = ("Task ID,Task Name,Task Object Name,Task Type,Task Run ID,Project Name,Folder Name,Org ID,Environment ID,Environment,Start Time,"
              "End Time,Status,Metered Value,Audit Time")
DI_HEADER = ("Task ID,Task Name,Task Object Name,Task Type,Task Run ID,Project Name,Folder Name,Org ID,Environment ID,Environment,Cores Used,"
             "Start Time,End Time,Status,Metered Value,Audit Time,OBM Task Time(s)")
AI_HEADER = ("Org ID,Execution type,Executed asset,Date (in UTC),Invoked by,Execution env,status,Execution count,Total Execution time (in hours),"
             "Average Execution time (in seconds)")
RATES = {FILES: "0.3", PDO: "2", AI: "0.05", MDM: "0.5", DI_SERVERLESS: "0.2"}


def shipped_meters():
    """The default catalogue's meters; some that have no rate there get one."""
    meters = json.loads((ROOT / "examples/catalogs/informatica.json").read_text())["meters"]
    for meter in meters:
        if meter["id"] in RATES:
            meter["rates"] = [{"ipu_per_unit": RATES[meter["id"]]}]
    return meters


CATALOGUE = {
    "orgs": [
        {"id": "acme", "kind": "production", "name": "Acme", "ids": {"informatica": ACME, "here_realm": "org123456789"}},
        {"id": "acme-us", "kind": "additional-production", "name": "Acme US", "parent": "acme", "billing_anchor_day": 20},
        {"id": "acme-test", "kind": "sandbox", "name": "Acme Test", "parent": "acme"},
        {"id": "acme-eu", "kind": "sub-org", "name": "Acme EU", "parent": "acme"},
        {"id": "other", "kind": "production", "name": "Other"},
    ],
    "meters": shipped_meters(),
    "users": [{"name": f"{user}@example.com", "password": f"password-of-{user}", "org": org, "roles": ["exporter"]}
              for user, org in (("ana", "acme"), ("uma", "acme-us"), ("tess", "acme-test"), ("eva", "acme-eu"), ("otto", "other"))],
}


def catalogue(orgs=(), meters=(), without=(), **changes):
    """The world with further orgs and meters, without some meters, and with members of its orgs changed by id."""
    made = copy.deepcopy(CATALOGUE)
    made["meters"] = [m for m in made["meters"] if m["id"] not in without] + list(meters)
    made["orgs"] += list(orgs)
    for org in made["orgs"]:
        org.update(changes.get(org["id"].replace("-", "_"), {}))
    return made


def as_user(server, user):
    return server.informatica(f"{user}@example.com", f"password-of-{user}")


numbers = itertools.count(1)


def usage(org, meter, time, quantity, **fields):
    """A record; a bare day stands for its noon."""
    return record(org, meter, f"{time}T12:00:00Z" if len(time) == 10 else time, quantity, f"u{next(numbers)}", **fields)


def run(meter, start, end, org="acme", quantity="1", **fields):
    """A record of one run, at its end."""
    return usage(org, meter, end, quantity, **{**fields, "run": {"start": start, "end": end, **fields.get("run", {})}})
