"""The world of the HERE tests: a partner's realm with sub-accounts, a foreign realm, charge items with billing rules, subscriptions; and what
usage must come to there.

The model is the tests' oracle: it follows here.md 3.1 and crosswalk 1.5 and 2.2 word by word, record by record, and asks the server nothing.
"""
import io
import itertools
import random
from datetime import datetime, timedelta
from decimal import ROUND_CEILING, ROUND_HALF_UP, Decimal, getcontext

from harness import record
from here_client import Here, new_key

getcontext().prec = 80
PARTNER, FOREIGN, SUB_A, SUB_B, SUB_C, DEEP = "org123456789", "org999999999", "org112135", "org124566", "org134564", "deep_realm-1"
ACCOUNTS = [f"acct-{n:02}" for n in range(120)]  # sub-accounts for tests that want one of their own
WORLDS = [f"world-{n:02}" for n in range(30)]   # sub-accounts with charge items of their own: w00-0, w00-1, w00-2
FIRST, SECOND, ODD = "A-S0000231", "A-S0000233", "A-S00000021"
AUTOCOMPLETE, GEOCODE, STREAM, PIPELINES, BARE = METERS = ("autocomplete", "geocode", "stream", "pipelines", "bare")
SERVICE = "hrn:here:service::olp-here:"
ANA = {"name": "ana@partner.example", "email": "ana.mail@partner.example"}
BEN = {"name": "ben@partner.example", "email": "ben.mail@partner.example"}
FOREIGN_ADMIN = ("admin@foreign.example", "password of foreign")
SEPTEMBER = {"startDate": "2024-09-01T00:00:00", "endDate": "2024-09-30T23:59:59"}


def rules(seed):
    """Three billing rules of one random world; None: a meter without the block."""
    rng = random.Random(seed)
    return [None if rng.randrange(6) == 0 else
            {"free_per_month": rng.choice(["0", "10", "100.5", "1000"]), "block_size": rng.choice(["0", "1", "0.25", "7", "100"]), "hourly": rng.randrange(3) > 0}
            for _ in range(3)]


def random_meters():
    for n, world in enumerate(WORLDS):
        for m, rule in enumerate(rules(n)):
            yield {"id": f"w{n:02}-{m}", "name": f"Item {m} of {world}", "unit": "Transactions", "category": ("Location Services", "Pipelines")[m % 2],
                   **({"billing": rule} if rule else {})}


def sub(realm, name=None, parent="partner", kind="sub-org", **members):
    return {"id": realm, "kind": kind, "name": name or f"Account {realm}", "parent": parent, **members}


CATALOGUE = {
    "orgs": [
        {"id": "partner", "kind": "production", "name": "Partner", "ids": {"here_realm": PARTNER, "informatica": "4wMFqGlxAKVlIFTixlTSOY"}},
        sub("sub-a", "Sub A", ids={"here_realm": SUB_A}), sub("sub-b", 'Sub "B", Köln', kind="additional-production", ids={"here_realm": SUB_B}),
        sub(SUB_C, "Sub C"), sub("deep", "Deep", parent="sub-b", ids={"here_realm": DEEP}), sub("tiny", "No realm"),
        *(sub(realm) for realm in ACCOUNTS + WORLDS),
        {"id": "foreign", "kind": "production", "name": "Foreign", "ids": {"here_realm": FOREIGN}},
        {"id": "closed", "kind": "sandbox", "name": "Closed", "parent": "partner", "ids": {"here_realm": "org-closed"}},
    ],
    "meters": [
        {"id": AUTOCOMPLETE, "name": "Own name", "unit": "calls", "category": "own category", "rates": [{"ipu_per_unit": "1"}],
         "here": {"feature_id": SERVICE + "search-autocomplete-7", "name": "Autocomplete", "category": "Location Services", "value_driver": "Transactions"}},
        {"id": GEOCODE, "names": [{"name": "Geocode"}, {"valid_from": "2024-10-01", "name": "Geocode & Reverse Geocode"}], "unit": "Transactions",
         "here": {"feature_id": SERVICE + "geocode-7", "category": "LocationServices"},
         "billing": {"free_per_month": "1000", "block_size": "100", "hourly": True}},
        {"id": STREAM, "name": "Data IO", "unit": "GB", "category": "Data Storage", "here": {"feature_id": "hrn:here:data-storage::olp-here:stream-ttl"},
         "billing": {"free_per_month": "5", "hourly": False}},
        {"id": PIPELINES, "name": 'Pipeline "hours"', "unit": "core hours", "category": "Pipelines"},
        {"id": BARE, "name": "Bare"},
        {"id": "orgs-meter", "name": "Organizations", "category": "ORGS"},
        *random_meters(),
    ],
    "users": [{**ANA, "password": "password of ana", "org": "partner", "roles": ["exporter"]},
              {**BEN, "password": "password of ben", "org": "partner", "roles": ["exporter"]},
              {"name": FOREIGN_ADMIN[0], "password": FOREIGN_ADMIN[1], "org": "foreign", "roles": ["admin"]}],
}
REALMS = {o["id"]: o.get("ids", {}).get("here_realm", o["id"]) for o in CATALOGUE["orgs"]}
ORG_OF = {realm: org for org, realm in REALMS.items()}
ORG_NAMES = {REALMS[o["id"]]: o["name"] for o in CATALOGUE["orgs"]}
LINES = {pair: number for number, pair in enumerate(
    [(org, meter) for org in ("partner", "sub-a", "sub-b", SUB_C, *ACCOUNTS) for meter in METERS]
    + [(world, f"w{n:02}-{m}") for n, world in enumerate(WORLDS) for m in range(3)], 1)}
CHARGE_NUMBERS = {FIRST: "C-00011212", SECOND: "", ODD: "C-1"}
CATALOGUE["subscriptions"] = [{"id": id_, "name": f"Subscription {id_}", "org": "partner", **({"charge_number": number} if number else {}),
                               "lines": [{"number": n, "org": org, "meter": meter} for (org, meter), n in LINES.items()]}
                              for id_, number in CHARGE_NUMBERS.items()]
MODEL_METERS = {m["id"]: m for m in CATALOGUE["meters"]}
ids = itertools.count(1)


def app(id_):
    return {"id": id_, "name": f"App {id_}", "hrn": f"hrn:here:account::HERE:app/{id_}"}


def usage(realm, meter, time, quantity, subscription=None, app_id=None, project=None, tag=None):
    """A record of /v1/usage. `time`: as 2024-09-03T10:00:00, UTC."""
    org = ORG_OF[realm]
    fields = {"subscription": subscription, "line": subscription and LINES[org, meter], "app": app_id and app(app_id), "project": project, "billing_tag": tag}
    return record(org, meter, f"{time}Z", quantity, f"r{next(ids)}", **{k: v for k, v in fields.items() if v})


def instant(text):
    """2024-09-03T10:00:00Z, with or without a fraction."""
    return datetime.fromisoformat(text.rstrip("Z"))


def printed(number):
    """At most four decimals, half away from zero."""
    return Decimal(number).quantize(Decimal("0.0001"), ROUND_HALF_UP)


def hrn(realm, project):
    return project if not project or project.startswith("hrn:") else f"hrn:here:authorization::{realm}:project/{project}"


def bucket(time, detail):
    kept = {"hour": dict(minute=0), "day": dict(hour=0, minute=0), "month": dict(day=1, hour=0, minute=0)}[detail]
    return time.replace(second=0, microsecond=0, **kept).isoformat()


def core_period(start, end):
    """crosswalk 4.1: from the start's hour on; up to an end on the hour, else to the next hour."""
    start, end = instant(start), instant(end)
    first, last = start.replace(minute=0, second=0, microsecond=0), end.replace(minute=0, second=0, microsecond=0)
    return first, last if last == end else last + timedelta(hours=1)


def billed(rule, account):
    """crosswalk 2.2 "Billable quantity" for (time, quantity) of one org, meter and subscription, in order: each one's part."""
    if rule is None:
        return [quantity for _, quantity in account]
    free, block = Decimal(rule.get("free_per_month", "0")), Decimal(rule.get("block_size", "0"))
    parts, sums, month, before = [], {}, None, Decimal(0)
    for time, quantity in account:
        if (time.year, time.month) != month:
            month, sums, before = (time.year, time.month), {}, Decimal(0)
        unit = bucket(time, "hour" if rule.get("hourly", True) else "month")
        sums[unit] = sums.get(unit, Decimal(0)) + quantity
        total = sum((s if block == 0 else (s / block).to_integral_value(ROUND_CEILING) * block) for s in sums.values())
        after = max(Decimal(0), total - free)
        parts.append(after - before)
        before = after
    return parts


class Model:
    """What usage comes to on the wire. `add` in the order in which records were taken in."""

    def __init__(self, *records):
        self.records = list(records)

    def add(self, *records):
        self.records += records

    def billed_records(self, org):
        """(record, time, quantity, billable) of an org."""
        accounts = {}
        for r in self.records:
            if r["org"] == org:
                accounts.setdefault((r["meter"], r.get("subscription", "")), []).append((instant(r["time"]), r))
        for (meter, _), account in accounts.items():
            account.sort(key=lambda pair: pair[0])  # stable: then by position
            quantities = [(time, Decimal(r["quantity"])) for time, r in account]
            for (time, r), part in zip(account, billed(MODEL_METERS[meter].get("billing"), quantities)):
                yield r, time, Decimal(r["quantity"]), part

    def rows(self, realm, startDate, endDate, detailLevel="summarized", groupBy="", chargeType="all", **filters):
        """Rows as JSON objects, in the contract's order, the parameters as on the wire (groupBy without blanks)."""
        first, end = core_period(startDate, endDate)
        groups, found = set(groupBy.split(",")) - {""}, {}
        for r, time, quantity, part in self.billed_records(ORG_OF[realm]):
            row = self.key_row(realm, r, time, end, detailLevel)
            if not first <= time < end or not fits(row, filters):
                continue
            drop = {"appId": ["appId"], "project": ["projectHrn"], "billingTag": ["billingTag"]}
            names = {name for group, names in drop.items() if group not in groups for name in names}
            names |= set() if row["appId"] and ("appId" in groups or "appId" in filters) else {"appName", "appHrn"}
            row = {k: v for k, v in row.items() if k not in names}
            raw, billable = found.get(tuple(row.items()), (0, 0))
            found[tuple(row.items())] = raw + quantity, billable + part
        chosen = {"all": lambda b: True, "billable": lambda b: b > 0, "nonBillable": lambda b: b <= 0}[chargeType]
        rows = [{**dict(key), "usageValue": printed(raw), "billableValue": printed(billable)} for key, (raw, billable) in found.items() if chosen(billable)]
        return sorted(rows, key=order)

    def key_row(self, realm, r, time, end, detail):
        meter, names = MODEL_METERS[r["meter"]], MODEL_METERS[r["meter"]].get("here", {})
        day = f"{end - timedelta(microseconds=1):%Y-%m-%d}"
        dated = [n["name"] for n in meter.get("names", []) if n.get("valid_from", "") <= day]
        caller, subscription = r.get("app", {}), r.get("subscription", "")
        return {"realmId": realm, "appId": caller.get("id", ""), "appName": caller.get("name", ""), "appHrn": caller.get("hrn", ""),
                "billingSubscriptionId": subscription, "billingChargeNumber": CHARGE_NUMBERS.get(subscription, ""),
                "featureId": names.get("feature_id") or f"hrn:here:service::{realm}:{meter['id']}",
                "category": (names.get("category") or meter.get("category") or "Other").replace(" ", ""),
                "name": names.get("name") or (dated[-1] if dated else meter["name"]), "valueDriver": names.get("value_driver") or meter.get("unit", "1"),
                "projectHrn": hrn(realm, r.get("project", "")), "billingTag": r.get("billing_tag", "N/A"),
                **({} if detail == "summarized" else {"usageDateTime": bucket(time, detail)})}


def fits(row, filters):
    """Whether a record with these printed fields passes the filters."""
    tests = {"featureId": lambda v: row["featureId"] == v, "appId": lambda v: row["appId"] == v, "projectHrn": lambda v: row["projectHrn"] == v,
             "billingTag": lambda v: row["billingTag"] == v.replace(" ", "+"), "category": lambda v: row["category"].lower() == v.replace(" ", "").lower(),
             "billingSubscriptionId": lambda v: row["billingSubscriptionId"] in v.split(","), "channelId": lambda v: True}
    return all(tests[name](value) for name, value in filters.items())


def order(row):
    """here.md 3.1: by subscription, category, name; then feature, window, app, project, tag."""
    return tuple(row.get(k, "").encode() for k in
                 ("billingSubscriptionId", "category", "name", "featureId", "usageDateTime", "appId", "projectHrn", "billingTag", "realmId"))


COLUMNS = [("Date and time", "usageDateTime"), ("Org ID", "realmId"), ("Category", "category"), ("App ID", "appId"), ("App Name", "appName"),
           ("App Hrn", "appHrn"), ("Item", "featureId"), ("Subscription ID", "billingSubscriptionId"), ("Item description", "name"),
           ("Unit", "valueDriver"), ("Project ID", "projectHrn"), ("Billing tag", "billingTag"), ("Usage Amount", "billableValue")]
EXTRA = [("Charge Number", "billingChargeNumber"), ("Usage Amount", "usageValue")]
ORG_NAME = [("Org Name", "orgName")]
KEPT = {"usageDateTime", "appId", "appName", "appHrn", "projectHrn", "billingTag", "orgName"}  # whatever usageFields says


def csv_text(rows, extra=False, org_names=False, fields=None):
    """The CSV of these rows to the byte."""
    columns = COLUMNS + (EXTRA if extra else []) + (ORG_NAME if org_names else [])
    columns = [c for c in columns if fields is None or c[1] in KEPT or c[1] in fields]
    out = io.StringIO()

    def line(cells):
        out.write(",".join('"' + cell.replace('"', '""') + '"' for cell in cells) + "\n")

    line(f"{title} ({name})" for title, name in columns)
    for row in rows:
        row = {**row, "orgName": ORG_NAMES.get(row["realmId"], "")}
        line(f"{row[name]:.4f}" if name in ("billableValue", "usageValue") else row.get(name, "") for _, name in columns)
    return out.getvalue()


def partner_client(server, user=None, **token):
    """A client of the partner's, whose key acts for this user."""
    return Here(server, new_key(server, "partner", **({"user": user} if user else {})), PARTNER, **token)


def foreign_client(server):
    return Here(server, new_key(server, "foreign", FOREIGN_ADMIN), FOREIGN)
