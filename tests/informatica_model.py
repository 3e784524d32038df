"""What an Informatica export must print, worked out slowly and plainly from a catalogue file and the records handed in.

It follows informatica.md 7 to 10 and crosswalk 1.2, 1.3, 2 and 4.3 and asks the server nothing. Usage is walked through the tiers from bound to
bound, in fractions; a number is rounded once, when it is printed.
"""
import calendar
from collections import namedtuple
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

DI, PUSHDOWN, APP, APP_SERVERLESS = "a2nB20h1o0lc7k3P9xtWS8", "dMN0VeTW4cThHyPovp4GEX", "3uIRkIV5Rt9lBbAPzeR5Kj", "bN6mes5n4GGciiMkuoDlCz"
SUB_ORGS, SANDBOXES, SANDBOX_IPU = "5Ariu53Z8gobF4KYsmTg4Z", "2z4IqaoycKEextVpoCisuL", "c6vq9jira786LE0O2UReWT"
DAY = timedelta(days=1)
ORG_TYPES = {"production": "Production", "additional-production": "Production", "sandbox": "Sandbox", "sub-org": "SubOrg"}
DIVISORS = {"HOURS": 1, "GB": 1, "MILLION_ROWS": 10**6, "HUNDRED_RECORDS": 100, "TENK_RECORDS": 10**4, "HUNDREDK_RECORDS": 10**5, "THOUSAND_RUNS": 1000,
            "THOUSAND_QUERIES": 1000, "THOUSAND_API_CALLS": 1000, "MILLION_API_CALLS": 10**6, "PER_ORG": 1}
SUMMARY = "OrgId,MeterId,MeterName,Date,BillingPeriodStartDate,BillingPeriodEndDate,MeterUsage,IPU,Scalar,MetricCategory,OrgName,OrgType,IPURate"
PROJECT_FOLDER = "Date,Project,Folder,Org ID,Org Type,Consumption (IPUs)"
ASSET = ("Meter ID,Meter Name,Date,Asset Name,Asset Type,Project,Folder,Org ID,Org Type,Environment Name,Environment Type,Tier,IPU Per Unit,Usage,"
         "Consumption (IPUs)")
JOB_LEVEL_15 = ("Task ID,Task Name,Task Object Name,Task Type,Task Run ID,Project Name,Folder Name,Org ID,Environment ID,Environment,Start Time,End Time,"
                "Status,Metered Value,Audit Time")
JOB_LEVEL_17 = JOB_LEVEL_15.replace("Environment,", "Environment,Cores Used,", 1) + ",OBM Task Time(s)"
JOB_LEVEL_10 = ("Org ID,Execution type,Executed asset,Date (in UTC),Invoked by,Execution env,status,Execution count,Total Execution time (in hours),"
                "Average Execution time (in seconds)")

Pieces = namedtuple("Pieces", "key tier usage ipu")  # usage in units, of one printed key in one tier; tier: (from, to or None, rate)
DayOf = namedtuple("DayOf", "usage ipu rate pieces")  # one org, meter and day


# --- Text

def decimals(number, at_least, at_most=18):
    """Plain decimal text: half-even at the last possible digit, no needless zeros beyond the scale."""
    scaled = round(Fraction(number) * 10**at_most)  # Python rounds a Fraction half to even
    digits = f"{abs(scaled):0{at_most + 1}}"
    whole, part = digits[:-at_most], digits[-at_most:].rstrip("0")
    return ("-" if scaled < 0 else "") + whole + ("." + part.ljust(at_least, "0") if part or at_least else "")


def java_double(number):
    """As Java prints a double, but with all digits."""
    sign, digits, exponent = Decimal(number).as_tuple()
    text = "".join(map(str, digits)).lstrip("0")
    point, text = len(text) + exponent, text.rstrip("0")  # value = 0.<text> * 10^point
    if not text:
        return "0.0"
    if -2 <= point <= 7:  # from 0.001 on, below 10^7
        padded = text.ljust(point, "0") if point > 0 else "0" * (1 - point) + text
        at = max(point, 1)
        body = f"{padded[:at]}.{padded[at:] or '0'}"
    else:
        body = f"{text[0]}.{text[1:] or '0'}E{point - 1}"
    return "-" * sign + body


def moment(time):
    """yyyy-MM-dd HH:mm:ss.S: at least one digit of the fraction, no needless zeros."""
    return f"{time:%Y-%m-%d %H:%M:%S}.{f'{time.microsecond:06}'.rstrip('0') or '0'}"


def cell(text):
    return '"' + text.replace('"', '""') + '"' if any(c in text for c in ',"\r\n') else text


def csv_text(header, rows):
    return "\n".join([header] + [",".join(map(cell, row)) for row in rows]) + ("\n" if rows else "")


def null(text):
    return "null" if text is None else text


def place(*texts):
    """Sorts by these texts: byte order, missing last."""
    return tuple((text is None, (text or "").encode()) for text in texts)


def instant(text):
    return datetime.fromisoformat(text.removesuffix("Z"))


# --- Calendar and catalogue

def dated(entries, day):
    """Of entries with valid_from those of the latest valid_from not after the day."""
    valid = [e.get("valid_from", "") for e in entries if e.get("valid_from", "") <= day.isoformat()]
    return [e for e in entries if e.get("valid_from", "") == max(valid)] if valid else []


def period_starts(anchor, year, month):
    return date(year, month, min(anchor, calendar.monthrange(year, month)[1]))


def billing_period(anchor, day):
    """First and last day of the period that holds the day."""
    months = [(day.year + (day.month - 1 + step) // 12, (day.month - 1 + step) % 12 + 1) for step in (-1, 0, 1)]
    starts = [period_starts(anchor, *month) for month in months]
    first = max(s for s in starts if s <= day)
    return first, starts[starts.index(first) + 1] - DAY


def walk(table, at, amount):
    """The counter goes from `at` by `amount`, from bound to bound: (tier, signed part). A table: [(from, rate)], by from, the first is 0."""
    bounds = [bound for bound, _ in table] + [None]
    while amount:
        if amount > 0:
            n = max([i for i, (bound, _) in enumerate(table) if bound <= at], default=0)
            step = amount if bounds[n + 1] is None else min(amount, bounds[n + 1] - at)
        else:
            n = max([i for i, (bound, _) in enumerate(table) if bound < at], default=0)
            step = amount if n == 0 else max(amount, bounds[n] - at)
        yield n, step
        at, amount = at + step, amount - step


def tier_of_unit(table, at, last_went_up):
    """The tier of the unit just below `at` if that was the last one to be counted, else of the one just above."""
    return max([i for i, (bound, _) in enumerate(table) if (bound < at if last_went_up else bound <= at)], default=0)


class Model:
    """`catalogue`: as in the catalogue file; `records`: as handed to /v1/usage, in that order; `today`: the UTC day of the snapshot."""

    def __init__(self, catalogue, records, today):
        self.orgs = {o["id"]: o for o in catalogue["orgs"]}
        self.meters = {m["id"]: m for m in catalogue["meters"]}
        self.records, self.today, self.kept = list(records), today, {}

    # --- Orgs

    def on(self, org, field, day, default=None):
        values = [h[field] for h in sorted(self.orgs[org].get("history", []), key=lambda h: h["valid_from"])
                  if field in h and h["valid_from"] <= day.isoformat()]
        return values[-1] if values else self.orgs[org].get(field, default)

    def printed_id(self, org):
        return self.orgs[org].get("ids", {}).get("informatica", org)

    def above(self, org, day):
        """The org and all above it, upwards."""
        while org:
            yield org
            org = self.on(org, "parent", day)

    def top(self, org, day):
        return list(self.above(org, day))[-1]

    def children(self, org, kind, day):
        return [o for o, fields in self.orgs.items() if fields["kind"] == kind and self.on(o, "parent", day) == org]

    def is_deleted(self, org, day):
        return self.on(org, "status", day, "active") == "deleted"

    def period(self, org, day):
        return billing_period(self.on(org, "billing_anchor_day", day, 1), day)

    def counter_start(self, org, day):
        """First of the days that lie without a gap in the day's printed period."""
        key = ("start", org, day)
        if key not in self.kept:
            first = day
            while self.period(org, first - DAY) == self.period(org, day):
                first -= DAY
            self.kept[key] = first
        return self.kept[key]

    def report_orgs(self, org, days, all_linked):
        """[(org, its days)], in the order of the print."""
        linked = {o: [d for d in days if self.top(o, d) == self.top(org, d)] for o in self.orgs if all_linked and o != org}
        return [(org, days)] + [(o, linked[o]) for o in sorted(linked, key=lambda o: self.printed_id(o).encode()) if linked[o]]

    # --- Meters

    def meter_name(self, meter, day):
        names = self.meters[meter].get("names") or [{"name": self.meters[meter]["name"]}]
        return dated(names, day)[-1]["name"]

    def scalar(self, meter):
        return self.meters[meter].get("scalar") or self.meters[meter].get("unit") or "1"

    def divisor(self, meter):
        return Fraction(str(self.meters[meter].get("divisor") or DIVISORS.get(self.scalar(meter), 1)))

    def table(self, meter, org, day):
        """[(from, rate)] in scalars; of the org, else of the nearest org above it, else everyone's; none valid: one tier at 0."""
        rates = self.meters[meter].get("rates", [])
        for owner in [*self.above(org, day), None]:
            found = dated([r for r in rates if r.get("org") == owner], day)
            if found:
                return sorted((Fraction(str(r.get("tier_from", "0"))), Fraction(str(r["ipu_per_unit"]))) for r in found)
        return [(Fraction(0), Fraction(0))]

    def sees(self, org, meter, day):
        fields = self.meters.get(meter)
        return fields is not None and ("org" not in fields or fields["org"] in self.above(org, day))

    # --- Usage of one org and meter

    def usage(self, org, meter):
        """{day: {key: units}}; key: the texts that ASSET prints, in the order in which usage fills the tiers."""
        if ("usage", org, meter) not in self.kept:
            found = {}
            for r in self.records:
                if (r["org"], r["meter"]) == (org, meter):
                    asset, place_ = r.get("asset", {}), r.get("environment", {})
                    key = (r.get("project"), r.get("folder"), asset.get("name"), asset.get("type"), place_.get("name"), place_.get("type"))
                    keys = found.setdefault(instant(r["time"]).date(), {})
                    keys[key] = keys.get(key, 0) + Fraction(r["quantity"])
            self.kept["usage", org, meter] = found
        return self.kept["usage", org, meter]

    def counter(self, org, meter, before):
        """What the days of the period before that day have counted, in scalars."""
        start = self.counter_start(org, before)
        return sum(sum(keys.values()) for day, keys in self.usage(org, meter).items() if start <= day < before) / self.divisor(meter)

    def day_of(self, org, meter, day):
        """DayOf; a day without usage is a day of 0."""
        if ("day", org, meter, day) in self.kept:
            return self.kept["day", org, meter, day]
        table, divisor, at = self.table(meter, org, day), self.divisor(meter), self.counter(org, meter, day)
        tiers = [(bound, table[n + 1][0] if n + 1 < len(table) else None, rate) for n, (bound, rate) in enumerate(table)]
        pieces, total, ipu = [], Fraction(0), Fraction(0)
        for key, quantity in sorted(self.usage(org, meter).get(day, {}).items(), key=lambda item: place(*item[0])):
            parts = list(walk(table, at, quantity / divisor)) or [(tier_of_unit(table, at, False), Fraction(0))]
            pieces += [Pieces(key, tiers[n], part * divisor, part * table[n][1]) for n, part in parts]
            at, total, ipu = at + quantity / divisor, total + quantity, ipu + sum(part * table[n][1] for n, part in parts)
        result = DayOf(total, ipu, table[tier_of_unit(table, at, total > 0)][1], pieces)
        self.kept["day", org, meter, day] = result
        return result

    def metered(self):
        """(org, meter) pairs with records."""
        if "metered" not in self.kept:
            self.kept["metered"] = sorted({(r["org"], r["meter"]) for r in self.records})
        return self.kept["metered"]

    # --- Rows

    def summary_of(self, org, day):
        """{meter: (usage, ipu, rate)} of one org's day; usage and rate None: printed null."""
        key = ("summary", org, day)
        if key not in self.kept:
            found = {}
            for owner, meter in self.metered():
                usage = self.usage(org, meter) if owner == org else {}
                stored = usage and self.meters[meter].get("category") == "RECORDS_STORED"
                if day in usage or (stored and min(usage) <= day <= self.today and not self.is_deleted(org, day)):
                    found[meter] = self.day_of(org, meter, day)[:3]
            self.kept[key] = {**found, **self.charges(org, day)}
        return self.kept[key]

    def charges(self, org, day):
        kind, found = self.orgs[org]["kind"], {}
        if kind == "sub-org":
            return found
        for meter, what in ((SUB_ORGS, "sub-org"), (SANDBOXES, "sandbox")) if day <= self.today else ():
            number = sum(not self.is_deleted(o, day) for o in self.children(org, what, day))
            if number and self.is_charged(org, meter, day) and self.period(org, day)[0] == day and (what == "sub-org" or kind == "production"):
                rate = self.table(meter, org, day)[0][1]
                found[meter] = (Fraction(number), number / self.divisor(meter) * rate, rate)
        boxes = [self.summary_of(o, day) for o in self.children(org, "sandbox", day)] if kind == "production" else []
        if any(boxes) and self.is_charged(org, SANDBOX_IPU, day):
            found[SANDBOX_IPU] = (None, sum(ipu for rows in boxes for _, ipu, _ in rows.values()), None)
        return found

    def is_charged(self, org, meter, day):
        return self.sees(org, meter, day) and self.meters[meter].get("category") == "ORGS"

    def summary(self, org, day, only=None):
        for meter, (usage, ipu, rate) in sorted(self.summary_of(org, day).items(), key=lambda item: item[0].encode()):
            if only in (None, meter):
                first, last = self.period(org, day)
                yield [self.printed_id(org), meter, self.meter_name(meter, day), *(f"{d} 00:00:00.0" for d in (day, first, last)),
                       "null" if usage is None else decimals(usage, 10), decimals(ipu, 12), self.scalar(meter), null(self.meters[meter].get("category")),
                       self.on(org, "name", day), ORG_TYPES[self.orgs[org]["kind"]], "null" if rate is None else decimals(rate, 6)]

    def project_folder(self, org, day, only=None):
        sums = {}
        for owner, meter in self.metered():
            if owner == org and only in (None, meter):
                for piece in self.day_of(org, meter, day).pieces:
                    sums[piece.key[:2]] = sums.get(piece.key[:2], 0) + piece.ipu
        for (project, folder), ipu in sorted(sums.items(), key=lambda item: place(*item[0])):
            yield [f"{day}T00:00:00Z", null(project), null(folder), self.printed_id(org), ORG_TYPES[self.orgs[org]["kind"]], decimals(ipu, 12)]

    def asset(self, org, meter, day):
        def order(piece):
            project, folder, name, type_, env, env_type = piece.key
            return place(name, type_, project, folder, env, env_type), piece.tier[0]
        for piece in sorted(self.day_of(org, meter, day).pieces, key=order):
            project, folder, name, type_, env, env_type = map(null, piece.key)
            low, high, rate = piece.tier
            tier = f"{decimals(low, 3)} +" if high is None else f"{decimals(low, 3)} - {decimals(high, 3)}"
            yield [meter, self.meter_name(meter, day), f"{day}T00:00:00Z", name, type_, project, folder, self.printed_id(org),
                   ORG_TYPES[self.orgs[org]["kind"]], env, env_type, tier, decimals(rate, 6), decimals(piece.usage, 12), decimals(piece.ipu, 12)]

    def rows(self, kind, org, first, last, all_linked=False, meter=None):
        """[(org, meter or None, cells)] in the order of one file that holds all."""
        days = [first + n * DAY for n in range((last - first).days + 1)]
        orgs = self.report_orgs(org, days, all_linked)
        if kind == "summary":
            return [(o, row[1], row) for d in days for o, own in orgs if d in own for row in self.summary(o, d, meter)]
        if kind == "project-folder":
            return [(o, None, row) for d in reversed(days) for o, own in orgs if d in own for row in self.project_folder(o, d, meter)]
        meters = sorted({m for _, m in self.metered() if meter in (None, m)}, key=str.encode)
        return [(o, m, row) for m in meters for d in reversed(days) for o, own in orgs if d in own and (o, m) in self.metered() for row in self.asset(o, m, d)]

    def files(self, kind, org, first, last, all_linked=False, split="combined", meter=None):
        """{entry: text} in the order of the ZIP."""
        if kind == "job-level":
            return self.job_level(org, first, last, meter)
        header = {"summary": SUMMARY, "project-folder": PROJECT_FOLDER, "asset": ASSET}[kind]
        rows = self.rows(kind, org, first, last, all_linked, meter)
        if split == "per-org":
            days = [first + n * DAY for n in range((last - first).days + 1)]
            return {f"{self.printed_id(o)}.csv": csv_text(header, [r for owner, _, r in rows if owner == o]) for o, _ in self.report_orgs(org, days, all_linked)}
        if split == "per-meter" and rows:
            return {f"{m}.csv": csv_text(header, [r for _, of, r in rows if of == m]) for m in sorted({m for _, m, _ in rows}, key=str.encode)}
        return {f"{self.printed_id(org)}.csv": csv_text(header, [r for _, _, r in rows])}

    # --- Job level

    def job_level(self, org, first, last, meter):
        chosen = [r for r in self.records if r["org"] == org and first <= instant(r["time"]).date() <= last and meter in (None, r["meter"])]
        files = {}
        for id_ in sorted({r["meter"] for r in chosen} if meter is None else {meter}, key=str.encode) or [DI]:
            own = [r for r in chosen if r["meter"] == id_]
            if id_ == DI:
                files["CDIMeteringAuditData.csv"] = csv_text(JOB_LEVEL_17, self.runs(own, True))
            elif id_ in (APP, APP_SERVERLESS):
                files[f"DetailedReport_{id_}.csv"] = csv_text(JOB_LEVEL_10, self.executions(own))
            else:
                name = "PDOMeteringAuditData.csv" if id_ == PUSHDOWN else f"DetailedReport_{id_}.csv"
                files[name] = csv_text(JOB_LEVEL_15, self.runs(own, False))
        return files

    def runs(self, records, with_cores):
        """One row per record; every record gives its audit_time."""
        def order(r):
            return instant(r["run"]["audit_time"]), place(r.get("task", {}).get("id"), r["run"].get("id"))  # then by position: the sort is stable
        for_print = []
        for r in sorted(records, key=order):
            run, task, env = r["run"], r.get("task", {}), r.get("environment", {})
            value = Decimal(r["quantity"])
            if with_cores and "start" in run and "end" in run:
                value = Decimal(decimals(hours(run), 0, 6))
            row = [null(task.get("id")), null(task.get("name")), task.get("object") or "", null(task.get("type")), null(run.get("id")), null(r.get("project")),
                   r.get("folder") or "", self.printed_id(r["org"]), null(env.get("id")), null(env.get("name"))]
            row += [java_double(run["cores"]) if "cores" in run else "null"] if with_cores else []
            row += [moment(instant(run["start"])) if "start" in run else "null", moment(instant(run.get("end", r["time"]))), null(run.get("status")),
                    java_double(value), moment(instant(run["audit_time"]))]
            for_print.append(row + (["0"] if with_cores else []))
        return for_print

    def executions(self, records):
        sums = {}
        for r in records:
            run = r.get("run", {})
            key = (instant(r["time"]).date(), self.printed_id(r["org"]), run.get("execution_type", "Process"),
                   r.get("asset", {}).get("name") or r.get("task", {}).get("name"), run.get("invoked_by") or r.get("user"), r.get("environment", {}).get("name"),
                   run.get("status"))
            counts_itself = "start" not in run or "end" not in run
            time = (Fraction(r["quantity"]) if self.scalar(r["meter"]) == "HOURS" else 0) if counts_itself else hours(run)
            count, total = sums.get(key, (0, 0))
            sums[key] = count + int(run.get("count", 1)), total + time
        for_print = []
        for key, (count, total) in sorted(sums.items(), key=lambda item: (item[0][0], place(*item[0][1:]))):
            day, org, type_, asset, by, env, status = key
            for_print.append([org, type_, null(asset), str(day), null(by), null(env), null(status), str(count), decimals(total, 10),
                              decimals(total * 3600 / count, 5)])
        return for_print


def hours(run):
    lasted = instant(run["end"]) - instant(run["start"])
    return Fraction(lasted // timedelta(microseconds=1), 3600 * 10**6)
