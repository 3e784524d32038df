"""The orgs of the linked regions' tests: a tenant at home in eu with orgs in eu, us and ap, another one at home in us; usage in months of its own
for each test; and clients that look at jobs which are filled in."""
import csv
import io
import itertools
import time
import zipfile

import metering_world
from here_client import Here, new_key
from metering_world import AI, DI, FILES, MDM, OLDER, PDO, as_user, usage
from regions_world import until, with_regions

REALM = "org123456789"
CATALOGUE = with_regions(
    metering_world.catalogue(orgs=[{"id": "acme-us-2", "kind": "sub-org", "name": "Acme US 2", "parent": "acme-us"},
                                   {"id": "acme-ap", "kind": "additional-production", "name": "Acme AP", "parent": "acme"}]),
    acme="eu", acme_us="us", acme_ap="ap", acme_test="ap", other="us")
ANA = next(u for u in CATALOGUE["users"] if u["name"].startswith("ana"))
ANA["email"] = "ana.mail@acme.example"
LINKED = ["acme", "acme-ap", "acme-eu", "acme-test", "acme-us", "acme-us-2"]
IN_US, IN_AP = ["acme-us", "acme-us-2"], ["acme-ap", "acme-test"]
months = itertools.count()


class Month:
    """Days 1 to 28 of a month that no other test uses."""

    def __init__(self):
        years, month = divmod(next(months) * 2, 12)  # every other one, so that no billing period is shared
        self.text = f"{2010 + years}-{month + 1:02}"
        self.wire = {"startDate": f"{self.text}-01T00:00:00Z", "endDate": f"{self.text}-28T00:00:00Z"}
        self.here = {"startDate": f"{self.text}-01T00:00:00", "endDate": f"{self.text}-28T23:59:59"}
        self.v1 = {"from": f"{self.text}-01", "to": f"{self.text}-29"}

    def at(self, day, clock="12:00:00"):
        return f"{self.text}-{day:02}T{clock}Z"


def some_usage(month, orgs=LINKED):
    """A few records of each org: several meters, days, places and runs. Each says its audit time, which is else that of its arrival."""
    for n, org in enumerate(orgs, 1):
        place = {"project": f"P{n % 2}", "folder": f"F{n % 3}", "asset": {"name": f"a{n % 2}", "type": "MAPPING"},
                 "environment": {"id": f"e{n}", "name": f"env {n}", "type": "Group"}}
        audited = {"run": {"audit_time": month.at(28, f"13:00:0{n}")}}
        yield usage(org, DI, month.at(3), f"{n}.25", **place, task={"id": f"t{n}", "name": "mt"},
                    run={"id": f"r{n}", "start": month.at(3, "10:00:00"), "end": month.at(3), "audit_time": month.at(3, "13:00:00")})
        yield usage(org, DI, month.at(25), f"0.{n}", project=f"P{n % 2}", **audited)
        yield usage(org, FILES, month.at(3 + n), f"{n}.000000000000000001", billing_tag="t", **place, **audited)
        yield usage(org, MDM, month.at(10), 1000 * n, **audited)
        yield usage(org, PDO, month.at(28, "23:59:59"), n, **audited)
        yield usage(org, AI, month.at(29), 100, **audited)


class Both:
    def __init__(self, world, one):
        self.world, self.one, self.server = world, one, world.server
        self.us, self.ap = (world.regions.get(name) for name in ("us", "ap"))

    def give(self, *records):
        """To the regions and to the one server."""
        self.world.usage(*records)
        self.one.usage(*records)

    def filled(self, orgs=LINKED):
        """A new month with some usage."""
        month = Month()
        self.give(*some_usage(month, orgs))
        return month

    # --- over the Informatica wire

    def wire(self, user=None, server=None):
        server = server or self.server
        return as_user(server, user) if user else server.informatica()

    def expected(self, month, resource=OLDER, user=None, **fields):
        """The files that the one server gives."""
        return self.wire(user, self.one).export(resource, **{**month.wire, **fields})

    def posted(self, month, resource=OLDER, user=None, **fields):
        answer = self.wire(user).post(resource=resource, **{**month.wire, **fields})
        assert answer.status == 200 and answer.json()["status"] == "CREATED", answer
        return answer.json()["jobId"]

    def ended(self, job, user=None):
        """The job object at its first end."""
        return self.wire(user).wait(job)

    def became(self, job, status, user=None, seconds_max=60):
        wire = self.wire(user)
        return until(lambda: (told := wire.status(job).json())["status"] == status and told, seconds_max)

    def download(self, job, user=None):
        """(ETag, ZIP)."""
        answer = self.wire(user).download(job)
        assert answer.status == 200, answer
        return answer.headers["etag"], answer.body

    # --- over the Meterport API

    def v1(self, month, server=None, key=None, **spec):
        """A new job, at its first end."""
        answer = (server or self.server).api("POST", "/v1/exports", {"org": "acme", "all_linked": True, "kind": "summary", **month.v1, **spec}, key=key)
        assert answer.status == 202, answer
        return self.shown(answer.json()["id"], server, key)

    def shown(self, job, server=None, key=None):
        """Once it is final."""
        def look():
            answer = (server or self.server).api("GET", f"/v1/exports/{job}?wait=30", key=key)
            assert answer.status == 200, answer
            return answer.json()["state"] not in ("CREATED", "PROCESSING") and answer.json()
        return until(look, 90)

    def healed(self, job, state="SUCCESS", seconds_max=60):
        return until(lambda: (told := self.shown(job))["state"] == state and told, seconds_max)

    def zip_of(self, job, server=None):
        answer = (server or self.server).api("GET", f"/v1/exports/{job}/download")
        assert answer.status == 200, answer
        return answer.body

    def manifest(self, job):
        answer = self.server.api("GET", f"/v1/exports/{job}/manifest")
        assert answer.status == 200, answer
        return answer.json()

    # --- over the HERE wire

    def here(self, server=None, **key):
        server = server or self.server
        return Here(server, new_key(server, "acme", **key), REALM)


def texts(body):
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        return {name: archive.read(name).decode() for name in archive.namelist()}


def unchanged(look, seconds=3):
    """Whether it stays so for that long."""
    first, end = look(), time.monotonic() + seconds
    while time.monotonic() < end:
        assert look() == first
        time.sleep(0.1)
    return first


def rows_but(files, orgs):
    """The rows by file without those of these orgs; files that have none are left out."""
    kept = {}
    for name, text in files.items():
        rows = [r for r in csv.DictReader(io.StringIO(text, newline="")) if (r.get("OrgId") or r.get("Org ID")) not in orgs]
        if rows:
            kept[name] = rows
    return kept
