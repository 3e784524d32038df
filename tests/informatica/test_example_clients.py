"""The clients in examples/clients/informatica, run as their users run them."""
import csv
import io
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
import zipfile

import pytest
from harness import ADMIN_PASSWORD, ROOT, record, running

CLIENTS = ROOT / "examples/clients/informatica"
DI, APP = "a2nB20h1o0lc7k3P9xtWS8", "cPnPIT3XYAziLqIoXtd0KC"
SEPTEMBER = ["--from", "2024-09-01T00:00:00Z", "--to", "2024-09-30T00:00:00Z"]
ACME = "4wMFqGlxAKVlIFTixlTSOY"


def run(server, folder, *arguments, code=0, user="admin", password=ADMIN_PASSWORD):
    done = subprocess.run([sys.executable, *map(str, arguments), "--login", server.url, "--user", user], cwd=folder, capture_output=True, text=True, timeout=120,
                          env={**os.environ, "METERPORT_ADMIN_PASSWORD": password, "PYTHONDONTWRITEBYTECODE": "1"})
    assert done.returncode == code, f"exit {done.returncode}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
    return done.stdout if code == 0 else done.stderr


@pytest.fixture(scope="module")
def used(shared):
    shared.usage(record("acme", DI, "2024-09-03T10:30:00Z", "0.5", "1", project="Sales", folder="Nightly", asset={"name": "load", "type": "MAPPING"},
                        run={"id": "1", "start": "2024-09-03T10:00:00Z", "end": "2024-09-03T10:30:00Z", "status": "SUCCESS", "cores": 2}),
                 record("acme", DI, "2024-09-04T10:30:00Z", "1.25", "2", project="Sales"),
                 record("acme", APP, "2024-09-04T00:00:00Z", "1234567", "3"),
                 record("acme-us", DI, "2024-09-05T00:00:00Z", "3", "4"))
    return shared


@pytest.mark.quick
def test_all_five_kinds_in_sequence(used, folder):
    printed = run(used, folder, CLIENTS / "export_all.py", *SEPTEMBER, "-o", "september")
    files = {tuple(line.split("\t")[:3]) for line in printed.splitlines() if "\t" in line}
    assert files == {("SUMMARY", f"{ACME}.csv", "3 rows"), ("PROJECT_FOLDER", f"{ACME}.csv", "3 rows"), ("ASSET", f"{ACME}.csv", "3 rows"),
                     ("ALL_LINKED_ORGS", f"{DI}.csv", "3 rows"), ("ALL_LINKED_ORGS", f"{APP}.csv", "1 rows"),
                     ("JOB_LEVEL", "CDIMeteringAuditData.csv", "2 rows"), ("JOB_LEVEL", f"DetailedReport_{APP}.csv", "1 rows")}
    assert printed.splitlines()[-1] == "totals agree"
    rows = list(csv.DictReader(open(folder / "september/JOB_LEVEL/CDIMeteringAuditData.csv", newline="")))
    assert [r["Metered Value"] for r in rows] == ["0.5", "1.25"]


@pytest.mark.quick
def test_one_kind_of_one_meter(used, folder):
    run(used, folder, CLIENTS / "export_usage.py", *SEPTEMBER, "--job-type", "ASSET", "--meter", APP, "-o", "asset.zip")
    with zipfile.ZipFile(folder / "asset.zip") as archive:
        [row] = csv.DictReader(io.StringIO(archive.read(f"{ACME}.csv").decode()))
    assert row["Meter ID"] == APP


@pytest.mark.quick
def test_a_refusal_ends_with_the_server_s_own_words(used, folder):
    assert "maximum of 30 days" in run(used, folder, CLIENTS / "export_all.py", "--from", "2024-08-01T00:00:00Z", "--to", "2024-09-30T00:00:00Z", code=1)
    assert "401" in run(used, folder, CLIENTS / "export_usage.py", *SEPTEMBER, user="nobody", code=1)


def test_the_receiver_verifies_both_signatures(folder, acme_catalogue):
    with running(folder, catalogue=acme_catalogue, config='[delivery]\nallowed_ranges = ["127.0.0.1/32"]\n') as server:
        keys = server.api("GET", "/v1/deliveries/keys?org=acme").json()
        client = server.informatica()
        for secret, public_key, code in ((keys["secret"], keys["public_key"], 0), ("whsec_" + "A" * 43 + "=", keys["public_key"], 1),
                                         (keys["secret"], "whpk_" + "A" * 43 + "=", 1)):
            url_file = folder / "url.txt"
            url_file.unlink(missing_ok=True)
            receiver = subprocess.Popen([sys.executable, CLIENTS / "receive_callback.py", "--secret", secret, "--public-key", public_key, "--url-file", url_file],
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            while not url_file.exists() or not url_file.read_text().endswith("\n"):
                assert receiver.poll() is None, receiver.communicate()
            job = client.post(callbackUrl=url_file.read_text().strip()).json()["jobId"]
            output, errors = receiver.communicate(timeout=30)
            assert receiver.returncode == code, (output, errors)
            expected = f"Job with jobID: {job} has completed and the Job Status is SUCCESS.\n"
            assert (output, errors[:7]) == ((expected, "") if code == 0 else ("", "refused"))


@pytest.mark.quick
@pytest.mark.parametrize("signature", ["v1,x", "v1,AAAA", "v1a,AAAA", "v1", ""])
def test_the_receiver_refuses_what_is_no_signature(folder, signature):
    arguments = ["--secret", "whsec_" + "A" * 43 + "=", "--url-file", "url.txt"]
    receiver = subprocess.Popen([sys.executable, CLIENTS / "receive_callback.py", *arguments], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    while not (folder / "url.txt").exists() or not (folder / "url.txt").read_text().endswith("\n"):
        assert receiver.poll() is None, receiver.communicate()
    headers = {"webhook-id": "a", "webhook-timestamp": str(int(time.time())), "webhook-signature": signature}
    request = urllib.request.Request((folder / "url.txt").read_text().strip(), b"text", headers)
    with pytest.raises(urllib.error.HTTPError, match="401"):
        urllib.request.urlopen(request, timeout=30)
    output, errors = receiver.communicate(timeout=30)
    assert (receiver.returncode, output, errors[:7]) == (1, "", "refused"), errors
