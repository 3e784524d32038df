#!/usr/bin/env python3
"""First figures beside PostgreSQL 15, in one run on one machine: durable intake over HTTP, SUMMARY, PROJECT_FOLDER and ASSET to a ZIP.

    scripts/setup build test bench && bench/run.py [--records 2000000]

Builds the release and the bench programs, makes a PostgreSQL cluster of its own (unix socket, synchronous_commit on,
primary key (org, source, id)), prints a table for docs/performance.md. Everything is thrown away afterwards.
"""
import argparse
import json
import os
import platform
import pwd
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))
BUILD = ROOT / "build/bench"
PG = Path("/usr/lib/postgresql/15/bin")


def build():
    subprocess.run(["cmake", "--preset", "release", "-B", str(BUILD), "-DMETERPORT_BENCH=ON"], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    subprocess.run(["ninja", "-C", str(BUILD), "meterport", "intake_load", "postgres_intake"], check=True, stdout=subprocess.DEVNULL)
    os.environ["METERPORT_BINARY"] = str(BUILD / "bin/meterport")


def catalogue():
    return {"orgs": [{"id": "top", "kind": "production", "name": "Top"}] + [{"id": f"org{n:04}", "kind": "sub-org", "name": f"Org {n}", "parent": "top"} for n in range(2000)],
            "meters": [{"id": f"meter{n:02}", "name": f"Meter {n}", "scalar": "GB", "category": "DATA_VOLUME", "rates": [{"ipu_per_unit": "0.16"}]} for n in range(20)]}


def seconds_of(text):
    return float(re.search(r"seconds ([\d.]+)", text)[1])


class Postgres:
    """A cluster of its own; PostgreSQL refuses to run as root, so it runs as `postgres`."""

    def __init__(self, folder):
        self.folder, self.data = folder, folder / "pg"
        self.user = pwd.getpwnam("postgres") if os.geteuid() == 0 else None
        folder.chmod(0o777)
        self.call(PG / "initdb", "-D", self.data, "-A", "trust", "-U", "bench", "--no-sync")
        options = f"-k {folder} -h '' -c shared_buffers=2GB -c max_wal_size=8GB -c checkpoint_timeout=30min -c work_mem=256MB"
        self.call(PG / "pg_ctl", "-D", self.data, "-o", options, "-l", folder / "pg.log", "-w", "start")
        self.conninfo = f"host={folder} user=bench dbname=postgres"
        self.sql("CREATE TABLE usage (org text, source text, id text, meter text, time timestamptz, quantity numeric(36,18), project text, folder text, asset text, "
                 "PRIMARY KEY (org, source, id))")

    def call(self, *arguments):
        change = (lambda: (os.setgid(self.user.pw_gid), os.setuid(self.user.pw_uid))) if self.user else None
        subprocess.run(list(map(str, arguments)), check=True, stdout=subprocess.DEVNULL, preexec_fn=change, cwd=self.folder)

    def sql(self, statement):
        return subprocess.run(["psql", "-qAtX", self.conninfo, "-c", statement], check=True, capture_output=True, text=True).stdout

    def stop(self):
        self.call(PG / "pg_ctl", "-D", self.data, "-m", "immediate", "stop")


SUMMARY_SQL = """COPY (SELECT org, meter, 'Meter', to_char(time AT TIME ZONE 'UTC', 'YYYY-MM-DD 00:00:00.0') AS d, '2024-01-01 00:00:00.0', '2024-01-31 00:00:00.0',
 sum(quantity)::numeric(30,10), (sum(quantity) * 0.16)::numeric(30,12), 'GB', 'DATA_VOLUME', 'Org', 'SubOrg', '0.160000'
 FROM usage GROUP BY org, meter, d ORDER BY d, org, meter) TO STDOUT (FORMAT csv, HEADER)"""
PROJECT_SQL = """COPY (SELECT to_char(time AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"00:00:00"Z"') AS d, project, folder, org, 'SubOrg', (sum(quantity) * 0.16)::numeric(30,12)
 FROM usage WHERE time >= '2024-03-01' AND time < '2024-04-01' GROUP BY d, project, folder, org ORDER BY d DESC, org, project, folder) TO STDOUT (FORMAT csv, HEADER)"""

ASSET_SQL = """COPY (SELECT meter, 'Meter 00', to_char(time AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"00:00:00"Z"') AS d, asset, 'null', project, folder, org, 'SubOrg', 'null', 'null',
 '0.000 +', '0.160000', sum(quantity)::numeric(30,12), (sum(quantity) * 0.16)::numeric(30,12)
 FROM usage WHERE time >= '2024-03-01' AND time < '2024-04-01' GROUP BY meter, d, org, asset, project, folder ORDER BY meter, d DESC, org, asset, project, folder) TO STDOUT (FORMAT csv, HEADER)"""


def postgres_export(postgres, sql, folder):
    file = folder / "peer.csv"
    started = time.monotonic()
    with open(file, "wb") as out:
        subprocess.run(["psql", "-qX", postgres.conninfo, "-c", sql], check=True, stdout=out)
    subprocess.run(["zip", "-q", "-6", str(folder / "peer.zip"), str(file)], check=True)
    return time.monotonic() - started, file.stat().st_size


def meterport_export(server, fields):
    client = server.informatica()
    started = time.monotonic()
    job = client.post(allLinkedOrgs="TRUE", combinedMeterUsage="TRUE", **fields).json()["jobId"]
    while client.status(job).json()["status"] in ("CREATED", "PROCESSING"):
        time.sleep(0.005)
    took = time.monotonic() - started
    shown = client.wait(job)
    assert shown["status"] == "SUCCESS", shown
    manifest = list((server.data / "artifacts").rglob(f"{job}*.json"))
    size = sum(f["bytes"] for f in json.loads(manifest[0].read_text())["content"]["files"]) if manifest else 0
    return took, size


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--records", type=int, default=2_000_000)
    parser.add_argument("--single", type=int, default=200_000)
    options = parser.parse_args()
    build()
    from harness import Server
    folder = Path(tempfile.mkdtemp(prefix="meterport-bench-"))
    rows, n = [], options.records
    server = Server(folder / "mp" if (folder / "mp").mkdir() is None else None, catalogue=catalogue()).start()
    postgres = None
    try:
        host, port = server.host.split(":")
        key = server.admin_key
        load = lambda *a: subprocess.run([str(BUILD / "bin/intake_load"), host, port, key, *map(str, a)], check=True, capture_output=True, text=True).stdout
        out = load(0, n, 1000, 8)
        # Until loaded: a total as of now answers once everything acknowledged is in the warehouse.
        started = time.monotonic()
        while server.api("GET", "/v1/usage?from=2024-01-01&to=2024-01-02&org=org0001").status != 200:
            time.sleep(0.05)
        lag = time.monotonic() - started
        rows.append(("intake, 1,000 a batch, 8 connections, acknowledged", f"{n / seconds_of(out):,.0f} records/s", out.split("seconds")[1].strip()))
        rows.append(("the same, until loaded into the warehouse", f"{n / (seconds_of(out) + lag):,.0f} records/s", f"{lag:.2f} s after the last answer"))
        out = load(10**9, options.single, 1, 64)
        rows.append(("intake, one record a request, 64 connections", f"{options.single / seconds_of(out):,.0f} records/s", out.split("seconds")[1].strip()))
        postgres = Postgres(folder)
        peer = lambda first, mode: subprocess.run([str(BUILD / "bin/postgres_intake"), postgres.conninfo, str(first), str(n), "1000", mode], check=True, capture_output=True, text=True).stdout
        rows.append(("PostgreSQL INSERT ON CONFLICT, 1,000 a batch, 2 connections", f"{n / seconds_of(peer(0, 'insert')):,.0f} records/s", ""))
        postgres.sql("TRUNCATE usage")
        rows.append(("PostgreSQL COPY with primary key, 1,000 a batch, 2 connections", f"{n / seconds_of(peer(0, 'copy')):,.0f} records/s", ""))
        postgres.sql("VACUUM ANALYZE usage")
        for name, fields, sql in (("SUMMARY, 13 columns", {"startDate": "2024-01-01T00:00:00Z", "endDate": "2024-06-28T00:00:00Z"}, SUMMARY_SQL),
                                  ("PROJECT_FOLDER, 31 days", {"startDate": "2024-03-01T00:00:00Z", "endDate": "2024-03-31T00:00:00Z", "jobType": "PROJECT_FOLDER"}, PROJECT_SQL),
                                  ("ASSET, 31 days", {"startDate": "2024-03-01T00:00:00Z", "endDate": "2024-03-31T00:00:00Z", "jobType": "ASSET"}, ASSET_SQL)):
            ours = sorted(meterport_export(server, fields) for _ in range(3))[1]
            theirs = postgres_export(postgres, sql, folder)
            rows.append((f"{name}: POST to ZIP on disk", f"{ours[0]:.2f} s", f"{ours[1] / 1e6:.0f} MB of CSV"))
            rows.append((f"{name}: PostgreSQL COPY + zip -6", f"{theirs[0]:.2f} s", f"{theirs[1] / 1e6:.0f} MB of CSV; {theirs[0] / ours[0]:.1f} x ours"))
        sizes = {f.name: sum(x.stat().st_size for x in ([f] if f.is_file() else f.rglob("*")) if x.is_file()) for f in server.data.iterdir()}
        mine = sum(v for k, v in sizes.items() if k in ("ledger", "index") or k.startswith("warehouse"))
        theirs = int(postgres.sql("SELECT pg_total_relation_size('usage')"))
        rows.append(("disk: log, index, warehouse", f"{mine / 1e6:.0f} MB", f"PostgreSQL table and key {theirs / 1e6:.0f} MB"))
    finally:
        server.stop()
        if postgres:
            postgres.stop()
        shutil.rmtree(folder, ignore_errors=True)
    cpu = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())[1]
    print(f"\n{os.cpu_count()} cores, {cpu}, Linux {platform.release()}, {n:,} records\n")
    print("| work | result | |\n| --- | --- | --- |")
    for row in rows:
        print("| " + " | ".join(row) + " |")


if __name__ == "__main__":
    main()
