#!/usr/bin/env python3
"""The main job on real data, called by ./run: a data directory, the FOCUS sample in, a month out through the Informatica
wire, and a table of what is in the ZIP. Leaves the server up, or stops it with --once."""
import argparse
import csv
import io
import json
import os
import secrets
import signal
import subprocess
import sys
import zipfile
from collections import defaultdict
from decimal import Decimal, getcontext
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BINARY = Path(os.environ.get("METERPORT_BINARY", ROOT / "build/release/bin/meterport"))
SAMPLE = ROOT / "examples/focus/focus_sample.csv"
sys.path.insert(0, str(ROOT / "examples/clients/informatica"))
from export_usage import Client  # noqa: E402

getcontext().prec = 60
ORG, USER = "sunbird", "admin"


def meterport(*arguments: str, accept: tuple = (0,), env: dict | None = None) -> str:
    """Runs a command; its standard output. Ends the run with the command's own words when it fails."""
    done = subprocess.run([str(BINARY), *arguments], stdout=subprocess.PIPE, text=True, env={**os.environ, **(env or {})})
    if done.returncode not in accept:
        sys.exit(f"meterport {arguments[0]} ended with {done.returncode}: {done.stdout}")
    return done.stdout


def prepare(data: Path) -> dict:
    """Makes the data directory once; later runs find it with its password and key beside it."""
    access = data / "first-run.json"
    if access.exists():
        return json.loads(access.read_text())
    if (data / "control.sqlite").exists():
        sys.exit(f"{data} exists and was not made by ./run; name another folder with --data")
    password = secrets.token_urlsafe(15)
    meterport("init", "--data", str(data), "--org-id", ORG, "--org-name", "SunBird (FOCUS sample)",
              env={"METERPORT_ADMIN_PASSWORD": password})
    key = json.loads(meterport("keys", "create", "--data", str(data), "--name", "first-run", "--org", ORG, "--role", "admin", "--json"))
    access.touch(mode=0o600)
    access.write_text(json.dumps({"user": USER, "password": password, "key": key["key"]}))
    return json.loads(access.read_text())


def serve(data: Path, listen: str) -> tuple:
    """Starts the server; (process, address)."""
    with open(data / "server.log", "ab") as log:
        server = subprocess.Popen([str(BINARY), "serve", "--data", str(data), "--listen", listen], stdout=subprocess.PIPE, stderr=log, text=True)
    line = server.stdout.readline().strip()
    if not line.startswith("listening on "):
        server.wait()
        return None, None
    return server, line.removeprefix("listening on ")


def rows_of(archive: zipfile.ZipFile) -> list:
    rows = []
    for name in archive.namelist():
        rows += csv.DictReader(io.StringIO(archive.read(name).decode()))
    return rows


def print_top(title: str, rows: list, key: str, name: str, count: int = 8) -> None:
    usage, label, lines = defaultdict(Decimal), {}, defaultdict(int)
    for row in rows:
        usage[row[key]] += Decimal(row["IPU"])
        label[row[key]] = row[name]
        lines[row[key]] += 1
    print(f"\n{title:44} {'rows':>6} {'IPU':>34}")
    for value in sorted(usage, key=lambda v: -abs(usage[v]))[:count]:
        shown = f"{label[value][:30]} ({value[-12:]})"
        print(f"  {shown:42} {lines[value]:>6} {usage[value]:>34,f}")


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", default="meterport-data")
    parser.add_argument("--once", action="store_true")
    options = parser.parse_args()
    data = Path(options.data).resolve()

    print(f"== 3/5 data directory {options.data}: importing {SAMPLE.relative_to(ROOT)} (1,000 lines of real cloud usage)")
    access = prepare(data)
    print(meterport("import", "--data", str(data), "--format", "focus", "--rejects", str(data / "rejected.csv"), str(SAMPLE), accept=(0, 3)), end="")

    print("== 4/5 serving")
    server, address = serve(data, "127.0.0.1:8080")
    if server is None:
        server, address = serve(data, "127.0.0.1:0")
    if server is None:
        sys.exit(f"the server did not start; see {data / 'server.log'}")
    try:
        print(f"   {address}")
        print("== 5/5 September 2024 over all linked orgs, through the Informatica wire")
        client = Client(address, access["user"], access["password"])
        job = client.post_export("2024-09-01T00:00:00Z", "2024-09-30T00:00:00Z", "SUMMARY", all_linked=True, combined=True)
        job = client.wait(job["jobId"])
        if job["status"] != "SUCCESS":
            sys.exit(f"job {job['jobId']} ended {job['status']}: {job.get('errorMessage')}")
        path = data / "september-2024.zip"
        path.write_bytes(client.download(job["jobId"]))
        client.logout()
        with zipfile.ZipFile(path) as archive:
            rows = rows_of(archive)
        shown = json.loads(subprocess.run([str(BINARY), "jobs", "show", job["jobId"], "--url", address, "--key", access["key"], "--json"],
                                          stdout=subprocess.PIPE, check=True).stdout)
        print_top("top meters", rows, "MeterId", "MeterName")
        print_top("top orgs", rows, "OrgId", "OrgName")
        print(f"\n  {len(rows)} rows, {len({r['OrgId'] for r in rows})} orgs, {len({r['MeterId'] for r in rows})} meters, "
              f"total {sum(Decimal(r['IPU']) for r in rows):,f} IPU")
        print(f"  ZIP      {path}")
        print(f"  position {shown['as_of']['position']} (the ledger position this export is pinned to)\n")
        meter = next(r["MeterId"] for r in rows if r["MetricCategory"] != "ORGS")  # the server's own rows take no usage
        print("Post one record, export it, read on:")
        print(f"  curl -sS {address}/v1/usage -H 'Authorization: Bearer {access['key']}' -H 'Content-Type: application/json' "
              f"-d '{{\"org\":\"{ORG}\",\"meter\":\"{meter}\",\"time\":\"2024-09-30T12:00:00Z\",\"quantity\":\"1.5\",\"id\":\"first-1\"}}'")
        print(f"  curl -sS {address}/v1/exports -H 'Authorization: Bearer {access['key']}' -H 'Content-Type: application/json' "
              f"-d '{{\"kind\":\"summary\",\"period\":\"2024-09\",\"org\":\"{ORG}\"}}'")
        print("  docs/start.md")
        sys.stdout.flush()
        if options.once:
            return 0
        print("\nserving; Ctrl-C ends it", flush=True)
        return server.wait()
    except KeyboardInterrupt:
        return 0
    except RuntimeError as error:
        sys.exit(str(error))
    finally:
        if server.poll() is None:
            server.send_signal(signal.SIGTERM)
            server.wait(timeout=60)


if __name__ == "__main__":
    sys.exit(main())
