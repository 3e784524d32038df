#!/usr/bin/env python3
"""A HERE report of 1,000,000 rows beside PostgreSQL 15: COPY of the same bytes in the same order, through gzip -6, in one run.

    scripts/setup build test bench && scripts/build release && bench/reports.py [--apps 1250]

80 days x 10 features x the apps, two records a row. Both files are unpacked and must be equal to the byte (but for PostgreSQL's
header, which it does not quote); their sum must be that of the records. Prints medians of three, and what a report costs in memory.
"""
import argparse
import gzip
import hashlib
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "bench")]
from run import Postgres  # noqa: E402

DAYS, FEATURES, BATCH = 80, 10, 20_000
START = datetime(2024, 3, 1)
REALM = "org-bench"
CATALOGUE = {
    "orgs": [{"id": REALM, "kind": "production", "name": "Bench"}],
    "meters": [{"id": f"m{n}", "name": f"Feature {n}", "unit": "Transactions",
                "here": {"feature_id": f"hrn:here:service::olp-here:feature-{n}", "category": "LocationServices"}} for n in range(FEATURES)]
    + [{"id": "billed", "name": "Billed", "unit": "Transactions", "billing": {"free_per_month": "30000", "block_size": "10"}}],
    "subscriptions": [{"id": "A-S0000231", "name": "bench", "org": REALM, "lines": [{"number": n + 1, "id": f"L{n}", "meter": f"m{n}"} for n in range(FEATURES)]}],
}
COLUMNS = ["org", "meter", "time", "quantity", "app", "subscription"]


def records(apps):
    """(meter, time, quantity, app) in order of time, as usage arrives; two for each day, feature and app."""
    for day in range(DAYS):
        for half in range(2):
            for app in range(apps):
                for feature in range(FEATURES):
                    number = ((day * 2 + half) * apps + app) * FEATURES + feature
                    time_ = START + timedelta(days=day, hours=half * 12 + number % 11, seconds=number % 3600)
                    yield f"m{feature}", time_, f"{number % 977}.{number % 10_000:04}", f"app{app:05}"


def batches(apps):
    lines, rows = [], []
    for number, (meter, time_, quantity, app) in enumerate(records(apps)):
        stamp = time_.isoformat() + "Z"
        lines.append(json.dumps({"org": REALM, "meter": meter, "time": stamp, "quantity": quantity, "id": f"r{number}", "source": "bench",
                                 "subscription": "A-S0000231", "line": int(meter[1:]) + 1, "app": {"id": app}}))
        rows.append("\t".join((REALM, meter, stamp, quantity, app, "A-S0000231")))
        if len(lines) == BATCH:
            yield lines, rows
            lines, rows = [], []
    if lines:
        yield lines, rows


def peer_sql():
    names = ",".join(f"('m{n}', 'hrn:here:service::olp-here:feature-{n}', 'Feature {n}')" for n in range(FEATURES))
    return f"""COPY (SELECT to_char(d, 'YYYY-MM-DD"T"HH24:MI:SS'), '{REALM}', 'LocationServices', app, '', '', feature, subscription, name, 'Transactions', '', '', total
 FROM (SELECT date_trunc('day', time AT TIME ZONE 'UTC') AS d, meter, app, subscription, round(sum(quantity), 4)::numeric(30,4) AS total
       FROM report_usage GROUP BY d, meter, app, subscription) AS sums
 JOIN (VALUES {names}) AS items(meter, feature, name) USING (meter)
 ORDER BY subscription COLLATE "C", name COLLATE "C", feature COLLATE "C", d, app COLLATE "C") TO STDOUT (FORMAT csv, FORCE_QUOTE *)"""


def fill(server, postgres, apps):
    postgres.sql("CREATE TABLE report_usage (org text, meter text, time timestamptz, quantity numeric(36,18), app text, subscription text)")
    copy = subprocess.Popen(["psql", "-qX", postgres.conninfo, "-c", "COPY report_usage FROM STDIN"], stdin=subprocess.PIPE)
    total = Decimal(0)
    for lines, rows in batches(apps):
        answer = server.api("POST", "/v1/usage", "\n".join(lines).encode(), content_type="application/x-ndjson", prefer="return=minimal")
        assert answer.status == 200 and answer.json()["stored"] == len(lines), answer
        copy.stdin.write(("\n".join(rows) + "\n").encode())
        total += sum(Decimal(row.split("\t")[3]) for row in rows)
    copy.stdin.close()
    assert copy.wait() == 0
    postgres.sql("VACUUM ANALYZE report_usage")
    while server.api("GET", "/v1/usage?from=2024-03-01&to=2024-03-02").status != 200:
        time.sleep(0.05)
    return total


def token(server):
    """By id and secret, which the bench's server takes: signing is not what is measured."""
    from harness import run
    key = json.loads(run("keys", "create", "--for", "here", "--org", REALM, "--name", "bench", "--json", "--url", f"http://{server.host}",
                         env={"METERPORT_API_KEY": server.admin_key}).stdout)
    form = f"grant_type=client_credentials&client_id={key['access_key_id']}&client_secret={key['access_key_secret']}"
    answer = server.call("POST", "/oauth2/token", form.encode(), {"Content-Type": "application/x-www-form-urlencoded"})
    assert answer.status == 200, answer
    return {"Authorization": "Bearer " + answer.json()["access_token"]}


def report(server, headers, days):
    end = (START + timedelta(days=days - 1)).strftime("%Y-%m-%dT23:59:59")
    path = f"/v2/usage/realms/{REALM}/reports"
    started = time.monotonic()
    made = server.call("POST", f"{path}?startDate={START.isoformat()}&endDate={end}&detailLevel=day&groupBy=appId", None, headers)
    assert made.status == 201, made
    while (shown := server.call("GET", f"{path}/{made.json()['id']}", None, headers).json())["status"] in ("pending", "inProgress"):
        time.sleep(0.005)
    took = time.monotonic() - started
    assert shown["status"] == "completed", shown
    return took, server.call("GET", f"{path}/{shown['id']}/output", None, headers).body


def peer(postgres, folder):
    file = folder / "peer.csv.gz"
    started = time.monotonic()
    with open(file, "wb") as out:
        copy = subprocess.Popen(["psql", "-qX", postgres.conninfo, "-c", peer_sql()], stdout=subprocess.PIPE)
        subprocess.run(["gzip", "-6"], stdin=copy.stdout, stdout=out, check=True)
        assert copy.wait() == 0
    return time.monotonic() - started, file.read_bytes()


def check(ours, theirs, total):
    text = gzip.decompress(ours)
    header, rows = text.split(b"\n", 1)
    assert hashlib.sha256(rows).digest() == hashlib.sha256(gzip.decompress(theirs)).digest(), "the files differ"
    lines = rows.splitlines()
    assert sum(Decimal(line.rsplit(b'"', 2)[1].decode()) for line in lines) == total
    return len(lines), len(text)


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--apps", type=int, default=1250)
    apps = options.parse_args().apps
    from harness import Memory, Server
    folder = Path(tempfile.mkdtemp(prefix="meterport-bench-"))
    (folder / "mp").mkdir()
    server = Server(folder / "mp", catalogue=CATALOGUE, config="[here]\nunsigned_secrets = true\n").start()
    postgres = None
    try:
        postgres = Postgres(folder)
        total = fill(server, postgres, apps)
        headers = token(server)
        report(server, headers, 1)
        memory = Memory(server)
        report(server, headers, DAYS // 4)
        small, memory = memory.peak_growth(), Memory(server)
        runs = sorted((report(server, headers, DAYS) for _ in range(3)), key=lambda made: made[0])
        large = memory.peak_growth()
        peers = sorted((peer(postgres, folder) for _ in range(3)), key=lambda made: made[0])
        rows, size = check(runs[1][1], peers[1][1], total)
    finally:
        server.stop()
        if postgres:
            postgres.stop()
        shutil.rmtree(folder, ignore_errors=True)
    ours, theirs = statistics.median(r[0] for r in runs), statistics.median(p[0] for p in peers)
    print(f"{rows:,} rows, {size / 1e6:.0f} MB of CSV; ours {len(runs[1][1]) / 1e6:.1f} MB, gzip -6 {len(peers[1][1]) / 1e6:.1f} MB; equal bytes")
    print(f"POST to completed: {ours:.2f} s; PostgreSQL COPY | gzip -6: {theirs:.2f} s: {theirs / ours:.1f} times")
    print(f"memory over idle: {small / 2**20:.0f} MiB for {rows // 4:,} rows, {large / 2**20:.0f} MiB for {rows:,}")


if __name__ == "__main__":
    main()
