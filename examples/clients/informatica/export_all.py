#!/usr/bin/env python3
"""All five kinds of metering export, one after the other: unpacks their CSVs into a folder and adds up the IPUs.

    python3 export_all.py --login http://127.0.0.1:8080 --user admin --password ... \
        --from 2024-09-01T00:00:00Z --to 2024-09-30T00:00:00Z -o september

A line for each file: kind, file, rows, IPUs. At the end the totals of the requesting organization are compared: those of
ASSET and PROJECT_FOLDER must be that of SUMMARY without the category ORGS. Like export_usage.py beside it, it speaks the
vendor's wire alone and uses only the standard library.
"""
import argparse
import csv
import io
import os
import sys
import zipfile
from decimal import Decimal, getcontext
from pathlib import Path

from export_usage import Client

getcontext().prec = 60  # sums stay exact; a float would lose digits

IPU_COLUMNS = ("IPU", "Consumption (IPUs)")


def unpack(data: bytes, folder: Path) -> dict[str, list[dict]]:
    """Writes the CSVs of a ZIP; their rows by file name."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = {}
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for name in archive.namelist():
            content = archive.read(name)
            (folder / name).write_bytes(content)
            rows[name] = list(csv.DictReader(io.StringIO(content.decode(), newline="")))
    return rows


def ipus(rows: list[dict]) -> Decimal | None:
    """The sum of the IPU column, exact; none where a kind has no such column."""
    column = next((c for c in IPU_COLUMNS if rows and c in rows[0]), None)
    return sum((Decimal(row[column]) for row in rows), Decimal(0)) if column else None


def export(client: Client, kind: str, job: dict, folder: Path) -> dict[str, list[dict]]:
    """Waits for the job, unpacks it, prints its files; a failed one ends the program."""
    job = client.wait(job["jobId"])
    if job["status"] == "FAILED":
        raise RuntimeError(f"{kind}: job {job['jobId']} failed: {job.get('errorMessage')}")
    if job["status"] == "PARTIAL_SUCCESS":
        print(f"{kind} is partial: {job.get('errorMessage')}", file=sys.stderr)
    files = unpack(client.download(job["jobId"]), folder / kind)
    for name, rows in files.items():
        total = ipus(rows)
        print(f"{kind}\t{name}\t{len(rows)} rows" + (f"\t{total.normalize():f} IPU" if total is not None else ""))
    return files


def compare(summary: list[dict], project_folder: list[dict], asset: list[dict]) -> bool:
    """The three views of one organization's usage must cost the same."""
    of_records = ipus([row for row in summary if row["MetricCategory"] != "ORGS"]) or Decimal(0)
    totals = {"SUMMARY": of_records, "PROJECT_FOLDER": ipus(project_folder) or Decimal(0), "ASSET": ipus(asset) or Decimal(0)}
    # Every printed row may be rounded at its 18th decimal.
    tolerance = Decimal(1).scaleb(-18) * (len(summary) + len(project_folder) + len(asset))
    agree = all(abs(total - of_records) <= tolerance for total in totals.values())
    print("totals agree" if agree else f"totals differ: {totals}")
    return agree


def main() -> int:
    parser = argparse.ArgumentParser(description="Make all five metering exports through the Informatica metering API.")
    parser.add_argument("--login", required=True, help="origin of the login host, e.g. http://127.0.0.1:8080")
    parser.add_argument("--user", required=True)
    parser.add_argument("--password", default=os.environ.get("METERPORT_ADMIN_PASSWORD"))
    parser.add_argument("--from", dest="start", required=True, help="yyyy-MM-ddTHH:mm:ssZ")
    parser.add_argument("--to", dest="end", required=True, help="yyyy-MM-ddTHH:mm:ssZ; its day is included; at most 30 days later")
    parser.add_argument("-o", "--output", default=".", help="folder to write to")
    options = parser.parse_args()
    folder, dates = Path(options.output), (options.start, options.end)
    try:
        client = Client(options.login, options.user, options.password)
        by_kind = {}
        for kind in ("SUMMARY", "PROJECT_FOLDER", "ASSET"):
            by_kind[kind] = export(client, kind, client.post_export(*dates, job_type=kind), folder)
        export(client, "ALL_LINKED_ORGS", client.post_older_summary(*dates), folder)
        export(client, "JOB_LEVEL", client.post_job_level(*dates), folder)
        client.logout()
    except (RuntimeError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    # Each of the three has one file here: the requesting organization's.
    own = [next(iter(by_kind[kind].values())) for kind in ("SUMMARY", "PROJECT_FOLDER", "ASSET")]
    return 0 if compare(*own) else 4


if __name__ == "__main__":
    sys.exit(main())
