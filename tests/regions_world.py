"""Linked regions as processes: a server each, and before each a gate (region_gate.py) that the others call it through.

Every region gets the same catalogue file, as a first start needs it; what comes after goes to the server that the test names. Times are short, so
that a region counts as missing after few seconds.
"""
import contextlib
import copy
import json
import time

from harness import Server, run
from region_gate import Gate

REGIONS = {"budget": 4, "read_budget": 2, "stall_timeout": 1, "poll_interval": 1}
OPENED = '[delivery]\nallowed_ranges = ["127.0.0.1/32"]\n'


class Region:
    """One region: its server and the gate before it."""

    def __init__(self, folder, name, catalogue, config, **settings):
        self.name, self.gate = name, Gate()
        folder.mkdir()
        times = "".join(f"{key} = {value}\n" for key, value in {**REGIONS, **settings}.items())
        self.text = f'[region]\nname = "{name}"\n[regions]\n{times}{OPENED}{config}'
        self.server = Server(folder, catalogue=catalogue, config=self.text)

    @property
    def key(self):
        told = json.loads(run("regions", "list", "--data", self.server.data, "--config", self.server.config, "--json").stdout)
        [own] = [r for r in told["regions"] if r["name"] == self.name]
        return own["key"]

    def start(self):
        self.server.start()
        host, port = self.server.host.split(":")
        self.gate.target = (host, int(port))
        self.gate.open()
        return self

    def stop(self):
        self.gate.refuse()
        assert self.server.stop() == 0, (self.server.folder / "server.log").read_text()[-3000:]

    def kill(self):
        """kill -9. The gate stays open before nobody, as a port forwarder would."""
        self.server.kill()

    def restart(self, config=""):
        self.stop()
        self.server.config.write_text(self.text + config)
        return self.start()


class World:
    """Regions by name: world["us"], or world.us. The first one is the one that most tests ask."""

    def __init__(self, folder, catalogue, names, config="", **settings):
        self.names, self.catalogue = list(names), {**catalogue, "regions": [{"name": name} for name in names]}
        self.regions = {name: Region(folder / name, name, self.catalogue, config, **settings) for name in names}
        self.here = self.regions[self.names[0]]
        self.server = self.here.server
        self.region_of = regions_of(catalogue)
        known = [{"name": r.name, "url": r.gate.url, "key": r.key} for r in self.regions.values()]
        for name, region in self.regions.items():
            file = region.server.folder / "regions.json"
            file.write_text(json.dumps({"regions": [r for r in known if r["name"] != name]}))
            run("catalog", "import", "--data", region.server.data, "--config", region.server.config, file)

    def __getitem__(self, name):
        return self.regions[name]

    def __getattr__(self, name):
        if name != "regions" and name in self.regions:
            return self.regions[name]
        raise AttributeError(name)

    @property
    def others(self):
        return [r for r in self.regions.values() if r is not self.here]

    def start(self):
        for region in self.regions.values():
            region.start()
        return self.all_well()

    def end(self):
        for region in self.regions.values():
            region.gate.refuse()
            if region.server.process is not None:
                region.server.kill()

    def close(self):
        """Ends everything; a server that died or exits with an error fails the test."""
        for region in self.regions.values():
            region.stop()
            region.gate.close()

    def all_well(self, seconds_max=60):
        """Opens every gate, starts who is down; returns when every region sees the others."""
        for region in self.regions.values():
            if region.server.process is None:
                region.start()
            else:
                region.gate.open()
        for region in self.regions.values():
            until(lambda: all(r["reachable"] for r in self.listed(region) if r["name"] in self.regions and not r["own"]), seconds_max)
        return self

    def listed(self, region=None):
        """GET /v1/regions of a region."""
        answer = (region or self.here).server.api("GET", "/v1/regions")
        assert answer.status == 200, answer
        return answer.json()["regions"]

    def advance(self, seconds):
        """All clocks."""
        for region in self.regions.values():
            region.server.advance(seconds)

    def usage(self, *records):
        """Hands records in, each where its org's ledger is; all must be stored."""
        for name, region in self.regions.items():
            if own := [r for r in records if self.region_of[r["org"]] == name]:
                region.server.usage(*own)
        return records


def regions_of(catalogue):
    """Region by org id: its own, else its parent's."""
    orgs = {o["id"]: o for o in catalogue["orgs"]}

    def region(org):
        return org.get("region") or (region(orgs[org["parent"]]) if "parent" in org else "local")

    return {id_: region(org) for id_, org in orgs.items()}


def with_regions(catalogue, **regions):
    """The catalogue with its orgs put in regions, by id (`_` for `-`)."""
    made = copy.deepcopy(catalogue)
    for org in made["orgs"]:
        if name := regions.get(org["id"].replace("-", "_")):
            org["region"] = name
    return made


def without_regions(catalogue):
    """The same for one server that holds everything: the oracle of what several together must say."""
    made = copy.deepcopy(catalogue)
    for org in made["orgs"]:
        org.pop("region", None)
    made.pop("regions", None)
    return made


@contextlib.contextmanager
def linked(folder, catalogue, names, config="", **settings):
    """Started regions, stopped at the end."""
    world = World(folder, catalogue, names, config, **settings)
    try:
        yield world.start()
        world.close()
    except BaseException:
        world.end()  # whatever is left of it
        raise


def until(look, seconds_max=60, pause=0.05):
    """What `look` gives once that is true."""
    end = time.monotonic() + seconds_max
    while not (found := look()):
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(pause)
    return found
