"""Random worlds for the Informatica exports: tenants whose orgs move, change their names, anchors and status, meters with dated, tiered and own
rates, and usage that crosses tiers in both directions. All of it follows from the seed (and from today, where a world lies around it)."""
import copy
import random
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal

from harness import record
from informatica_model import APP, DAY, DI, PUSHDOWN, SANDBOX_IPU, SANDBOXES, SUB_ORGS

GOVERNANCE, FILES, QUALITY = "3sY0I8UHjyTiXcLzZI1fqj", "lCwc4CfL7EEhv9773egFC8", "cPnPIT3XYAziLqIoXtd0KC"
MEASURES = {  # scalar, divisor where the file must name it, category
    DI: ("HOURS", None, "COMPUTE_UNITS"), APP: ("HOURS", None, "COMPUTE_UNITS"), PUSHDOWN: ("THOUSAND_RUNS", None, "RUNS"), FILES: ("GB", None, "DATA_VOLUME"),
    QUALITY: ("MILLION_ROWS", None, "ROWS_PROCESSED"), GOVERNANCE: ("HUNDRED_RECORDS", None, "RECORDS_STORED"), "sevens": ("SEVENS", "7", None),
    "halves": (None, "0.5", "Own, \"category\"")}
ANCHORS = [1, 2, 10, 15, 20, 28, 29, 30, 31, 31]
NAMES = ["Plain", "Comma, Inc.", 'Say "x"', "MDM\u00a0東京", "Ärger", "two\nlines"]
PROJECTS, FOLDERS, ASSETS = [None, "Sales", "Ärger, \"q\"", "a", "null"], [None, "Nightly", "b c"], [None, "load", "map,1", "Zeta"]
TYPES, ENVIRONMENTS, ENVIRONMENT_TYPES = [None, "MAPPING", "MCT"], [None, "agents", "cloud"], [None, "Secure Agent", "Serverless"]


class World:
    """`catalogue`, `records`; the window that is exported: `first` to `last` (31 days)."""

    def __init__(self, seed, around_today=False, exact=False):
        self.seed, self.rng = seed, random.Random(seed)
        rng = self.rng
        self.exact = exact  # no number has more than 18 decimals, so that printed columns add up; organizations cost 6
        today = datetime.now(timezone.utc).date()
        self.first = today - 20 * DAY if around_today else rng.choice([date(2024, 2, 1), date(2024, 1, 20), date(2024, 2, 25), date(2024, 9, 1), today - 150 * DAY])
        self.last, self.numbers = self.first + 30 * DAY, 0
        self.orgs = [org for t in range(2) for org in self.tenant(f"t{t}")]
        for org in self.orgs:
            org["history"] = self.history(org)
        self.meter_ids = [DI, APP, PUSHDOWN, GOVERNANCE, *rng.sample([FILES, QUALITY] if exact else [FILES, QUALITY, "sevens", "halves"], 2)]
        self.meters = [*map(self.meter, self.meter_ids), *self.charges()]
        users = [{"name": f"user of {t}", "password": "password-of-user", "org": t, "roles": ["admin"]} for t in ("t0", "t1")]
        self.catalogue = {"orgs": self.orgs, "meters": self.meters, "users": users}
        self.records = self.usage(200)

    # --- Catalogue

    def tenant(self, id_):
        rng = self.rng
        kinds = [("production", None), ("additional-production", id_), ("sandbox", id_), ("sandbox", id_)]
        for n, (kind, parent) in enumerate(kinds + [("sub-org", None)] * 4):
            name = id_ if n == 0 else f"{id_}-{rng.choice('AZaz')}{n}"
            if kind == "sub-org":
                parent = rng.choice(self.parents)
            elif n == 0:
                self.parents = []
            if kind != "sub-org":
                self.parents.append(name)
            org = {"id": name, "kind": kind, "name": f"{rng.choice(NAMES)} {n}", "billing_anchor_day": rng.choice(ANCHORS)}
            if parent:
                org["parent"] = parent
            if rng.randrange(3) == 0:
                org["ids"] = {"informatica": "".join(rng.choices("ABCXYZabcxyz019", k=22))}
            yield org

    def history(self, org):
        rng, entries = self.rng, {}
        for _ in range(rng.choice([0, 1, 1, 2, 3])):
            day = self.first + rng.randrange(-45, 45) * DAY
            changes = [{"name": f"{rng.choice(NAMES)} renamed"}, {"billing_anchor_day": rng.choice(ANCHORS)}, *self.status(org), *[self.move(org)] * 2]
            entries.setdefault(day, {}).update(rng.choice(changes))
        return [{"valid_from": str(day), **entries[day]} for day in sorted(entries) if entries[day]]

    def status(self, org):
        """The users of an org that is not active can't log in: the tests' users are those of the production orgs."""
        return [{"name": "Top"}] if org["kind"] == "production" else [{"status": "disabled"}, {"status": "deleted"}, {"status": "active"}]

    def move(self, org):
        kinds = {"sub-org": ("production", "additional-production", "sandbox"), "sandbox": ("production",), "additional-production": ("production",)}
        parents = [o["id"] for o in self.orgs if o["kind"] in kinds.get(org["kind"], ())]
        return {"parent": self.rng.choice(parents)} if parents else {"billing_anchor_day": self.rng.choice(ANCHORS)}

    def meter(self, id_):
        scalar, divisor, category = MEASURES[id_]
        names = [{"name": f"{id_} meter"}, {"valid_from": str(self.first + self.rng.randrange(-5, 31) * DAY), "name": self.rng.choice(NAMES)}]
        owners = [None] + [o["id"] for o in self.rng.sample(self.orgs, 2)]
        rates = [rate for owner in owners for rate in self.tables(owner)]
        fields = {"unit": "pieces", "scalar": scalar, "divisor": divisor, "category": category, "rates": rates}
        return {"id": id_, "names": names, **{k: v for k, v in fields.items() if v is not None}}

    def tables(self, owner):
        rng = self.rng
        days = sorted({rng.randrange(-40, 31) for _ in range(rng.choice([0, 1, 2]))})
        known = ["2", "10.5", "60", "30.125", "2000", "0.0625", "100"] + ([] if self.exact else ["0.123456", "30.1"])
        since = [None] if rng.randrange(5) else []
        for day in since + [str(self.first + n * DAY) for n in days]:
            bounds = sorted(rng.sample(known, rng.choice([0, 1, 2, 3])), key=Decimal)
            for bound in ["0", *bounds]:
                rate = {"tier_from": bound, "ipu_per_unit": rng.choice(["0.16", "0.025", "0.1235" if self.exact else "0.1234567", "12", "0", "1.5"])}
                yield {**({"valid_from": day} if day else {}), **({"org": owner} if owner else {}), **rate}

    def charges(self):
        rng = self.rng
        for id_, scalar in ((SUB_ORGS, "PER_ORG"), (SANDBOXES, "PER_ORG"), (SANDBOX_IPU, "IPU")):
            rates = [] if scalar == "IPU" else [{"ipu_per_unit": "6"}]
            if rates and not self.exact:
                rates += [{"valid_from": str(self.first + 9 * DAY), "ipu_per_unit": "7.5"}, *([{"org": "t0", "ipu_per_unit": "5"}] * rng.randrange(2))]
            odd = {"category": "OTHER"} if id_ == SUB_ORGS else rng.choice([{"org": "t0"}, {"category": "OTHER"}])
            fields = {"category": "ORGS", **({"rates": rates} if rates else {}), **(odd if not self.exact and rng.randrange(4) == 0 else {})}
            if self.exact or rng.randrange(8):
                yield {"id": id_, "name": f"Charge {id_[:3]}", "scalar": scalar, **fields}

    # --- Usage

    def quantity(self, meter):
        rng, measure = self.rng, MEASURES[meter]
        size = {"MILLION_ROWS": 10**6, "HUNDRED_RECORDS": 100, "THOUSAND_RUNS": 1000, "SEVENS": 7}.get(measure[0], 1)
        places = rng.choice([0, 0, 1, 3, 6] if self.exact else [0, 1, 3, 9, 18])
        if not self.exact and rng.randrange(60) == 0:
            return rng.choice(["", "-"]) + rng.choice(["999999999999999999.999999999999999999", "0.000000000000000001", "100000000000000000"])
        value = Decimal(rng.randrange(0, size * rng.choice([1, 10, 40]) * 10**places + 1)).scaleb(-places)
        return f"{-value if rng.randrange(6) == 0 else value:f}"

    def usage(self, count):
        return [self.one() for _ in range(count)]

    def one(self, day=None):
        rng, meter = self.rng, self.rng.choice(self.meter_ids)
        self.numbers += 1
        day = day or self.first + rng.choice([rng.randrange(-40, 40), rng.randrange(0, 31), rng.randrange(0, 5)]) * DAY
        second = rng.choice(["00:00:00", "23:59:59.999999", "10:30:00", f"{rng.randrange(24):02}:{rng.randrange(60):02}:00.{rng.randrange(10**6):06}"])
        end = datetime.fromisoformat(f"{day}T{second}")
        run = {"audit_time": f"{(end + timedelta(seconds=rng.randrange(5000))).isoformat()}Z"}
        if rng.randrange(3):
            lasted = timedelta(seconds=rng.choice([1, 3, 7, 1800, 3600, 86399]), microseconds=rng.randrange(2) * rng.randrange(10**6))
            run |= {"start": f"{(end - lasted).isoformat()}Z", "end": f"{end.isoformat()}Z"}
        run |= self.some(id=str(rng.randrange(100)), status=rng.choice(["SUCCESS", "ERROR"]), cores=rng.randrange(1, 9), invoked_by=rng.choice(["ana", "ben"]),
                         execution_type=rng.choice(["Process", "API"]), count=rng.randrange(1, 5))
        parts = {"project": rng.choice(PROJECTS), "folder": rng.choice(FOLDERS), "user": rng.choice([None, "carl"]),
                 "asset": self.some(name=rng.choice(ASSETS), type=rng.choice(TYPES)),
                 "environment": self.some(id=rng.choice(["01", "02"]), name=rng.choice(ENVIRONMENTS), type=rng.choice(ENVIRONMENT_TYPES)),
                 "task": self.some(id=f"000QML0Z{rng.randrange(4):012}", name="mt, load", object="orders", type="MTT"), "run": run}
        return record(rng.choice(self.orgs)["id"], meter, f"{end.isoformat()}Z", self.quantity(meter), f"r{self.numbers}", source="agent",
                      **{k: v for k, v in parts.items() if v})

    def some(self, **parts):
        return {k: v for k, v in parts.items() if v is not None and self.rng.randrange(3)}

    # --- Changes

    def rewritten(self):
        """The catalogue with other histories, names and rates for the days that are already over."""
        other = copy.deepcopy(self.catalogue)
        other.pop("users")
        for org in other["orgs"]:
            org["history"] = self.history(org)
        for meter in other["meters"][:len(self.meter_ids)]:
            meter.update({k: v for k, v in self.meter(meter["id"]).items() if k in ("names", "rates")})
        return other
