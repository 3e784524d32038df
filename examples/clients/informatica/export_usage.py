#!/usr/bin/env python3
"""A client of the Informatica metering export, in plain Python: logs in, posts a job, polls it, downloads the ZIP.

It speaks the vendor's wire and nothing of Meterport's own, so it runs against either:

    python3 export_usage.py --login http://127.0.0.1:8080 --user admin --password ... \
        --from 2024-09-01T00:00:00Z --to 2024-09-30T00:00:00Z --all-linked --combined -o september.zip

Only the standard library is used.
"""
import argparse
import json
import os
import sys
import time
import urllib.error
import urllib.request

METERING = "/public/core/v3/license/metering/"
RESOURCE = METERING + "ExportMeteringData"  # status and ZIP of every job are under it, whichever resource made the job


class Client:
    """One session. Every call raises RuntimeError with the server's own message when it fails."""

    def __init__(self, login_url: str, user: str, password: str):
        answer = self._send("POST", login_url.rstrip("/") + "/saas/public/core/v3/login", {"username": user, "password": password})
        product = next((p for p in answer["products"] if p["name"] == "Integration Cloud"), answer["products"][0])
        self.base = product["baseApiUrl"]
        self.session = answer["userInfo"]["sessionId"]

    def post_export(self, start: str, end: str, job_type: str = "SUMMARY", all_linked: bool = False,
                    combined: bool = False, callback_url: str | None = None, meter: str | None = None) -> dict:
        """SUMMARY, PROJECT_FOLDER or ASSET; only ASSET looks at the meter."""
        return self._post("ExportMeteringData", start, end, jobType=job_type, allLinkedOrgs=str(all_linked).upper(),
                          combinedMeterUsage=str(combined).upper(), meterId=meter, callbackUrl=callback_url)

    def post_older_summary(self, start: str, end: str, combined: bool = False, callback_url: str | None = None) -> dict:
        """The summary of all linked organizations by the older resource; not combined: a CSV for each meter."""
        return self._post("ExportMeteringDataAllLinkedOrgsAcrossRegion", start, end, combinedMeterUsage=str(combined).upper(),
                          callbackUrl=callback_url)

    def post_job_level(self, start: str, end: str, meter: str | None = None, callback_url: str | None = None) -> dict:
        """Single runs of one meter, or of all."""
        choice = {"meterId": meter} if meter else {"allMeters": "TRUE"}
        return self._post("ExportServiceJobLevelMeteringData", start, end, callbackUrl=callback_url, **choice)

    def status(self, job_id: str) -> dict:
        return self._send("GET", f"{self.base}{RESOURCE}/{job_id}")

    def wait(self, job_id: str, seconds_max: float = 600) -> dict:
        """Polls until the job has ended; returns its last state."""
        end = time.monotonic() + seconds_max
        pause = 0.1
        while True:
            job = self.status(job_id)
            if job["status"] not in ("CREATED", "PROCESSING"):
                return job
            if time.monotonic() > end:
                raise RuntimeError(f"job {job_id} still {job['status']} after {seconds_max} s")
            time.sleep(pause)
            pause = min(pause * 1.5, 5)

    def download(self, job_id: str) -> bytes:
        return self._send("GET", f"{self.base}{RESOURCE}/{job_id}/download", raw=True)

    def logout(self) -> None:
        self._send("POST", self.base + "/public/core/v3/logout", {})

    def _post(self, resource: str, start: str, end: str, **fields: str | None) -> dict:
        body = {"startDate": start, "endDate": end, **{name: value for name, value in fields.items() if value is not None}}
        return self._send("POST", self.base + METERING + resource, body)

    def _send(self, method: str, url: str, body: dict | None = None, raw: bool = False):
        request = urllib.request.Request(url, method=method)
        request.add_header("Accept", "application/json")
        if hasattr(self, "session"):
            request.add_header("INFA-SESSION-ID", self.session)
        data = None
        if body is not None:
            request.add_header("Content-Type", "application/json")
            data = json.dumps(body).encode()
        try:
            with urllib.request.urlopen(request, data, timeout=120) as answer:
                content = answer.read()
        except urllib.error.HTTPError as error:
            text = error.read().decode(errors="replace")
            try:
                text = json.loads(text)["error"]["message"]
            except (ValueError, KeyError, TypeError):
                pass
            raise RuntimeError(f"{method} {url}: {error.code} {text}") from None
        return content if raw else json.loads(content or b"{}")


def main() -> int:
    parser = argparse.ArgumentParser(description="Export usage through the Informatica metering API.")
    parser.add_argument("--login", required=True, help="origin of the login host, e.g. http://127.0.0.1:8080")
    parser.add_argument("--user", required=True)
    parser.add_argument("--password", default=os.environ.get("METERPORT_ADMIN_PASSWORD"))
    parser.add_argument("--from", dest="start", required=True, help="yyyy-MM-ddTHH:mm:ssZ")
    parser.add_argument("--to", dest="end", required=True, help="yyyy-MM-ddTHH:mm:ssZ; its day is included")
    parser.add_argument("--job-type", default="SUMMARY", choices=["SUMMARY", "PROJECT_FOLDER", "ASSET"])
    parser.add_argument("--meter", help="only this meter, for ASSET")
    parser.add_argument("--all-linked", action="store_true")
    parser.add_argument("--combined", action="store_true")
    parser.add_argument("-o", "--output", help="file to write; default <jobId>.zip")
    options = parser.parse_args()
    try:
        client = Client(options.login, options.user, options.password)
        job = client.post_export(options.start, options.end, options.job_type, options.all_linked, options.combined, meter=options.meter)
        job = client.wait(job["jobId"])
        if job["status"] == "FAILED":
            print(f"job {job['jobId']} failed: {job.get('errorMessage')}", file=sys.stderr)
            return 1
        if job["status"] == "PARTIAL_SUCCESS":
            print(f"partial: {job.get('errorMessage')}", file=sys.stderr)
        output = options.output or f"{job['jobId']}.zip"
        with open(output, "wb") as file:
            file.write(client.download(job["jobId"]))
        client.logout()
    except (RuntimeError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    print(output)
    return 0 if job["status"] == "SUCCESS" else 3


if __name__ == "__main__":
    sys.exit(main())
