#!/usr/bin/env python3
"""A part of 1,000,000 rows from one server process to another on loopback: how fast it passes, and what it costs both in memory.

    scripts/setup build test bench && scripts/build release && bench/parts.py [--rows 1000000] [--times 5]

Two regions; the asking one has no usage of its own. Exports of one instant ask for the same part: the first waits for its making, the
others find the file. What is timed ends when the part is verified (signature, SHA-256, every frame) and stands in its place, as the asking
server's log has it. Memory is the highest of what is resident until then, less what was before. Kinds: job-level asks for whole records,
asset for facts or sums of many dimensions, summary for sums by day.
"""
import argparse
import json
import re
import shutil
import statistics
import sys
import tempfile
import threading
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "tests")]
from harness import Server, run  # noqa: E402

BATCH = 20_000
METERS = [f"m{n}" for n in range(10)]
CATALOGUE = {"regions": [{"name": "eu"}, {"name": "us"}],
             "orgs": [{"id": "acme", "kind": "production", "name": "Acme", "region": "eu"},
                      {"id": "acme-us", "kind": "additional-production", "name": "Acme US", "parent": "acme", "region": "us"}],
             "meters": [{"id": m, "name": m, "unit": "1", "category": "C", "rates": [{"ipu_per_unit": "0.1"}]} for m in METERS]}


def started(folder):
    servers = {}
    for name in ("eu", "us"):
        (folder / name).mkdir()
        servers[name] = Server(folder / name, catalogue=CATALOGUE, config=f'[region]\nname = "{name}"\n')
        servers[name].start()
    regions = [{"name": n, "url": s.url, "key": s.api("GET", "/v1/regions").json()["regions"][0]["key"]} for n, s in servers.items()]
    for server in servers.values():
        assert server.api("POST", "/v1/catalog", {"regions": regions}).status == 200
    for server in servers.values():
        assert run("regions", "check", "--url", server.url, "--key", server.admin_key)
    return servers


def fill(server, rows):
    """Runs of a month, each with a project and an asset among many."""
    for first in range(0, rows, BATCH):
        lines = []
        for n in range(first, min(first + BATCH, rows)):
            at = datetime(2024, 9, 1) + timedelta(seconds=n * 2_505_600 // rows)
            lines.append(json.dumps({"id": f"r{n}", "org": "acme-us", "meter": METERS[n % 10], "time": at.isoformat() + "Z", "quantity": f"{n % 97}.25",
                                     "project": f"project-{n % 400}", "folder": "Nightly", "asset": {"name": f"mt_load_{n % 20_000}", "type": "MTT"},
                                     "environment": {"id": "01AB", "name": "agents-us"}, "task": {"id": f"000QML0Z{n % 5000:012}"}, "run": {"id": str(n)}}))
        answer = server.api("POST", "/v1/usage", "\n".join(lines), content_type="application/x-ndjson", Prefer="return=minimal")
        assert answer.status == 200 and answer.json()["stored"] == len(lines), answer


def resident(server):
    return int(re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{server.process.pid}/status").read_text())[1]) * 1024


class Peak(threading.Thread):
    """The most that was resident until stop()."""

    def __init__(self, server):
        super().__init__(daemon=True)
        self.server, self.before, self.is_over = server, resident(server), threading.Event()
        self.most = self.before
        self.start()

    def run(self):
        while not self.is_over.wait(0.002):
            self.most = max(self.most, resident(self.server))

    def growth(self):
        self.is_over.set()
        self.join()
        return self.most - self.before


def fetched(log, known):
    """The log's lines on fetched parts beyond the first `known`, once there is one."""
    while True:
        lines = [json.loads(x) for x in log.read_text().splitlines() if '"a part was fetched"' in x]
        if len(lines) > known:
            return lines
        time.sleep(0.002)


def measure(servers, body, times):
    """(bytes, [(ms, growth of the asked, growth of the asking one)])"""
    eu, us = servers["eu"], servers["us"]
    log, results = eu.folder / "server.log", []
    for _ in range(times + 1):
        known = log.read_text().count('"a part was fetched"')
        peaks = Peak(us), Peak(eu)
        answer = eu.api("POST", "/v1/exports", body)
        assert answer.status == 202, answer
        line = fetched(log, known)[-1]
        results.append((line["ms"], *(peak.growth() for peak in peaks)))
        done = eu.api("GET", f"/v1/exports/{answer.json()['id']}?wait=30").json()
        while done["state"] in ("CREATED", "PROCESSING"):
            done = eu.api("GET", f"/v1/exports/{answer.json()['id']}?wait=30").json()
        assert done["state"] == "SUCCESS", done
    return line["bytes"], results


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--times", type=int, default=5)
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="parts-"))
    servers = started(folder)
    try:
        fill(servers["us"], options.rows)
        as_of = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        time.sleep(2)
        for kind in ("job-level", "asset", "summary"):
            body = {"kind": kind, "period": "2024-09", "org": "acme-us" if kind == "job-level" else "acme", "all_linked": kind != "job-level", "as_of": as_of}
            size, results = measure(servers, body, options.times)
            made, kept = results[0], results[1:]
            ms = statistics.median(r[0] for r in kept)
            print(f"{kind}: part of {size / 1e6:.1f} MB; with its making {made[0]} ms; then {ms} ms = {size / 1e3 / max(ms, 1):.0f} MB/s; "
                  f"memory: asked +{max(r[1] for r in kept) / 1e6:.1f} MB, asking +{max(r[2] for r in kept) / 1e6:.1f} MB "
                  f"(in the making +{made[1] / 1e6:.1f} MB, +{made[2] / 1e6:.1f} MB)")
    finally:
        for server in servers.values():
            server.stop()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
