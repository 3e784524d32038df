#!/usr/bin/env python3
"""A job-level export of 1,000,000 runs beside PostgreSQL 15: COPY of the same bytes in the same order, through zip -6, in one run.

    scripts/setup build test bench && scripts/build release && bench/job_level.py [--runs 1000000]

Runs of 180 days, audited every hour, so that the order of the file (audit time) is not that of the ledger. Both files are unpacked
and must be equal to the byte. Prints medians of three, and what an export costs in memory, at a quarter of the days and at all.
"""
import argparse
import io
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile
from datetime import datetime, timedelta
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "bench")]
from run import Postgres  # noqa: E402

DAYS, BATCH = 180, 20_000
START = datetime(2024, 1, 1)
METER = "a2nB20h1o0lc7k3P9xtWS8"
CATALOGUE = {"orgs": [{"id": "bench", "kind": "production", "name": "Bench"}],
             "meters": [{"id": METER, "name": "Data Integration", "unit": "hours", "scalar": "HOURS", "category": "COMPUTE_UNITS",
                         "rates": [{"ipu_per_unit": "0.16"}, {"tier_from": "2000", "ipu_per_unit": "0.025"}]}]}
# The header's names in order; what PostgreSQL prints under them.
COLUMNS = [("Task ID", "task"), ("Task Name", "'mt_load_' || task"), ("Task Object Name", "'orders'"), ("Task Type", "'MTT'"), ("Task Run ID", "run"),
           ("Project Name", "project"), ("Folder Name", "'Nightly'"), ("Org ID", "'bench'"), ("Environment ID", "'01AB'"), ("Environment", "'agents-eu'"),
           ("Cores Used", "'2.0'"), ("Start Time", "at(began)"), ("End Time", "at(ended)"), ("Status", "'SUCCESS'"),
           ("Metered Value", "(extract(epoch FROM ended - began) / 3600)::float8"), ("Audit Time", "at(audited)"), ("OBM Task Time(s)", "'0'")]


def runs(count):
    """(task, run, project, start, end, audit), in order of arrival; a run takes quarters of an hour, never whole hours."""
    for number in range(count):
        end = START + timedelta(days=number * DAYS // count, seconds=number * 7919 % 86_400)
        minutes = 15 * (1 + number % 3) + 60 * (number % 4)
        audit = end.replace(minute=11, second=0) + timedelta(hours=1 + number % 2)
        yield f"000QML0Z{number % 5000:012}", number, f"P{number % 40}", end - timedelta(minutes=minutes), end, audit


def stamp(instant):
    return instant.isoformat() + "Z"


def fill(server, postgres, count):
    postgres.sql("CREATE TABLE runs (task text, run text, project text, began timestamptz, ended timestamptz, audited timestamptz)")
    copy = subprocess.Popen(["psql", "-qX", postgres.conninfo, "-c", "COPY runs FROM STDIN"], stdin=subprocess.PIPE)
    lines = []
    for task, run, project, began, ended, audited in runs(count):
        lines.append(json.dumps({"org": "bench", "meter": METER, "time": stamp(ended), "quantity": str((ended - began).seconds / 3600), "id": f"r{run}", "source": "bench",
                                 "project": project, "folder": "Nightly", "environment": {"id": "01AB", "name": "agents-eu"},
                                 "task": {"id": task, "name": "mt_load_" + task, "object": "orders", "type": "MTT"},
                                 "run": {"id": str(run), "start": stamp(began), "end": stamp(ended), "status": "SUCCESS", "cores": 2, "audit_time": stamp(audited)}}))
        copy.stdin.write("\t".join((task, str(run), project, stamp(began), stamp(ended), stamp(audited))).encode() + b"\n")
        if len(lines) == BATCH or run == count - 1:
            answer = server.api("POST", "/v1/usage", "\n".join(lines).encode(), content_type="application/x-ndjson", prefer="return=minimal")
            assert answer.status == 200 and answer.json()["stored"] == len(lines), answer
            lines = []
    copy.stdin.close()
    assert copy.wait() == 0
    postgres.sql("VACUUM ANALYZE runs")
    while server.api("GET", "/v1/usage?from=2024-01-01&to=2024-01-02").status != 200:
        time.sleep(0.05)


def export(client, days):
    end = stamp(START + timedelta(days=days - 1))
    started = time.monotonic()
    job = client.post(resource="ExportServiceJobLevelMeteringData", startDate=stamp(START), endDate=end, meterId=METER).json()["jobId"]
    while client.status(job).json()["status"] in ("CREATED", "PROCESSING"):
        time.sleep(0.005)
    took = time.monotonic() - started
    assert client.wait(job)["status"] == "SUCCESS"
    return took, client.download(job).body


def peer(postgres, folder):
    columns = ", ".join(re.sub(r"at\((\w+)\)", r"""to_char(\1 AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS".0"')""", value) + f' AS "{name}"' for name, value in COLUMNS)
    sql = f"""COPY (SELECT {columns} FROM runs ORDER BY audited, task COLLATE "C", run COLLATE "C") TO STDOUT (FORMAT csv, HEADER)"""
    file, archive = folder / "CDIMeteringAuditData.csv", folder / "peer.zip"
    archive.unlink(missing_ok=True)
    started = time.monotonic()
    with open(file, "wb") as out:
        subprocess.run(["psql", "-qX", postgres.conninfo, "-c", sql], check=True, stdout=out)
    subprocess.run(["zip", "-q", "-6", "-j", str(archive), str(file)], check=True)
    return time.monotonic() - started, archive.read_bytes()


def text_of(archive):
    with zipfile.ZipFile(io.BytesIO(archive)) as files:
        return files.read("CDIMeteringAuditData.csv")


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--runs", type=int, default=1_000_000)
    count = options.parse_args().runs
    from harness import Memory, Server
    folder = Path(tempfile.mkdtemp(prefix="meterport-bench-"))
    (folder / "mp").mkdir()
    server, postgres = Server(folder / "mp", catalogue=CATALOGUE).start(), None
    try:
        postgres = Postgres(folder)
        fill(server, postgres, count)
        client = server.informatica()
        growth = {}
        for days in (DAYS // 4, DAYS):
            memory = Memory(server)
            export(client, days)
            growth[days] = memory.peak_growth()
        ours = [export(client, DAYS) for _ in range(3)]
        theirs = [peer(postgres, folder) for _ in range(3)]
        text = text_of(ours[0][1])
        assert text == text_of(theirs[0][1]), "the files differ"
    finally:
        server.stop()
        if postgres:
            postgres.stop()
        shutil.rmtree(folder, ignore_errors=True)
    mine, other = (statistics.median(took for took, _ in each) for each in (ours, theirs))
    print(f"\n{os.cpu_count()} cores, {text.count(bytes([10])) - 1:,} rows, {len(text) / 1e6:.0f} MB of CSV, equal to the byte\n")
    print(f"Meterport, POST to ZIP on disk       {mine:6.2f} s  {len(ours[0][1]) / 1e6:.1f} MB")
    print(f"PostgreSQL COPY in order, zip -6     {other:6.2f} s  {len(theirs[0][1]) / 1e6:.1f} MB   {other / mine:.1f} x")
    print("memory over idle: " + ", ".join(f"{bytes_ / 2**20:.0f} MiB for {days} days" for days, bytes_ in growth.items()))


if __name__ == "__main__":
    main()
