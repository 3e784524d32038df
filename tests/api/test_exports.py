"""/v1/exports: create, follow, download, cancel, retry, list; scopes; what it refuses."""
import hashlib
import io
import json
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from api_contract import Contract, covers, problem
from harness import lines, record, run, running

DI = "a2nB20h1o0lc7k3P9xtWS8"
JOB = "/v1/exports/{id}"


def export(server, key=None, **fields):
    """Starts an export of September 2024 and gives the job once it is final."""
    body = {"kind": "summary", "period": "2024-09", "org": "acme", **fields}
    answer = server.api("POST", "/v1/exports", {k: v for k, v in body.items() if v is not None}, key=key)
    assert answer.status == 202, answer
    return final(server, answer.json()["id"], key)


def final(server, job, key=None):
    for _ in range(3):
        answer = server.api("GET", f"/v1/exports/{job}?wait=30", key=key)
        assert answer.status == 200, answer
        if answer.json()["state"] not in ("CREATED", "PROCESSING"):
            return answer.json()
    raise AssertionError(answer)


def download(server, job, **headers):
    return server.api("GET", f"/v1/exports/{job}/download", **headers)


def files_of(answer):
    assert answer.status == 200, answer
    with zipfile.ZipFile(io.BytesIO(answer.body)) as archive:
        return {name: archive.read(name).decode() for name in archive.namelist()}


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    from acme_world import ACME
    with running(tmp_path_factory.mktemp("exports"), catalogue=ACME) as server:
        server.usage(record("acme", DI, "2024-09-03T10:30:00Z", "0.5", "1", project="Sales", folder="Nightly"),
                     record("acme", DI, "2024-09-30T23:59:59Z", "2", "2"),
                     record("acme-eu", DI, "2024-09-05T00:00:00Z", "3", "3"),
                     record("acme", DI, "2024-10-01T00:00:00Z", "100", "4"))
        server.keys = {}
        for name, org, role in [("exporter", "acme", "exporter"), ("viewer", "acme", "viewer"), ("branch", "acme-eu", "exporter")]:
            server.keys[name] = server.api("POST", "/v1/keys", {"name": name, "org": org, "roles": [role]}).json()["key"]
        yield server


@pytest.mark.quick
@covers("POST /v1/exports", "GET /v1/exports/{id}", "GET /v1/exports/{id}/download", "GET /v1/exports/{id}/manifest")
def test_an_export_from_the_request_to_the_file(filled):
    contract = Contract(filled)
    posted = filled.api("POST", "/v1/exports", {"kind": "summary", "period": "2024-09"})
    created = contract.check(posted, "POST", "/v1/exports")
    assert posted.headers["location"] == created["links"]["self"] == f"/v1/exports/{created['id']}"
    assert created["state"] in ("CREATED", "PROCESSING") and created["org"] == "acme", "the key's own org"
    done = contract.check(filled.api("GET", f"/v1/exports/{created['id']}?wait=30"), "GET", JOB)
    assert done["state"] == "SUCCESS" and done["error"] is None and done["progress"]["percent"] == 100 and done["progress"]["waiting_for"] is None
    assert (done["from"], done["to"]) == ("2024-09-01T00:00:00Z", "2024-10-01T00:00:00Z")
    assert done["as_of"] == created["as_of"] and done["finished_at"] and done["expires_at"] and done["meter"] is None
    answer = filled.api("GET", done["links"]["download"])
    assert hashlib.sha256(answer.body).hexdigest() == done["artifact"]["sha256"] and len(answer.body) == done["artifact"]["bytes"]
    assert answer.headers["content-type"] == "application/zip"
    assert answer.headers["etag"] == f'"{done["id"]}-{done["artifact"]["revision"]}"'
    assert answer.headers["content-disposition"] == f'attachment; filename="summary_2024-09-01_2024-10-01_{done["id"]}.zip"'
    [text] = files_of(answer).values()
    assert sum(float(r["MeterUsage"]) for r in lines(text)) == 2.5 and len(lines(text)) == done["artifact"]["rows"] == 2
    manifest = contract.check(filled.api("GET", done["links"]["manifest"]), "GET", JOB + "/manifest")
    assert manifest["content"]["archive"] == {"bytes": done["artifact"]["bytes"], "sha256": done["artifact"]["sha256"]}
    assert manifest["content"]["snapshot"]["ledger_position"] == done["as_of"]["position"]


@pytest.mark.quick
@covers("POST /v1/exports")
def test_days_splits_scopes_and_meters(filled):
    whole = export(filled, all_linked=True, split="per-org")
    assert len(files_of(download(filled, whole["id"]))) == 4 and whole["split"] == "per-org" and whole["all_linked"]
    one = export(filled, period=None, **{"from": "2024-09-03", "to": "2024-09-04"})
    assert one["artifact"]["rows"] == 1 and (one["from"], one["to"]) == ("2024-09-03T00:00:00Z", "2024-09-04T00:00:00Z")
    same = export(filled, period=None, **{"from": "2024-09-03T00:00:00Z", "to": "2024-09-04T02:00:00+02:00"})
    assert files_of(download(filled, same["id"])) == files_of(download(filled, one["id"]))
    project = export(filled, kind="project-folder", period=None, **{"from": "2024-09-03", "to": "2024-09-04"})
    [text] = files_of(download(filled, project["id"])).values()
    assert [(r["Project"], r["Folder"]) for r in lines(text)] == [("Sales", "Nightly")]
    sub = export(filled, org="acme-eu")
    assert sub["org"] == "acme-eu" and sub["artifact"]["rows"] == 1
    metered = export(filled, meter=DI)
    assert metered["meter"] == DI and metered["artifact"]["rows"] == 2


@pytest.mark.quick
@covers("POST /v1/exports")
def test_an_asset_export_has_a_row_per_asset_and_tier(filled):
    job = export(filled, kind="asset", all_linked=True)
    [(name, text)] = files_of(download(filled, job["id"])).items()
    rows = lines(text)
    assert (name, job["kind"]) == (f"{rows[0]['Org ID']}.csv", "asset")
    assert [(r["Date"], r["Org Type"], r["Project"], r["Folder"], r["Asset Name"], r["Usage"]) for r in rows] == [
        ("2024-09-30T00:00:00Z", "Production", "null", "null", "null", "2.000000000000"),
        ("2024-09-05T00:00:00Z", "SubOrg", "null", "null", "null", "3.000000000000"),
        ("2024-09-03T00:00:00Z", "Production", "Sales", "Nightly", "null", "0.500000000000")]
    by_org = files_of(download(filled, export(filled, kind="asset", all_linked=True, split="per-org", meter=DI)["id"]))
    assert len(by_org) == 4 and sum(len(lines(text)) for text in by_org.values()) == 3
    manifest = filled.api("GET", f"/v1/exports/{job['id']}/manifest").json()["content"]
    assert [(t["meter"], t["rows"], t["quantity"]) for t in manifest["totals"]] == [(DI, 3, "5.5")]


@pytest.mark.quick
@covers("POST /v1/exports")
def test_a_job_level_export_has_a_row_per_record_of_the_org_itself(filled):
    for split in ("combined", "per-meter"):
        job = export(filled, kind="job-level", split=split)
        [(name, text)] = files_of(download(filled, job["id"])).items()
        assert name == "CDIMeteringAuditData.csv" and job["artifact"]["rows"] == 2
        assert [(r["End Time"], r["Metered Value"], r["Project Name"], r["Task ID"]) for r in lines(text)] == [
            ("2024-09-03 10:30:00.0", "0.5", "Sales", "null"), ("2024-09-30 23:59:59.0", "2.0", "null", "null")]
    assert export(filled, kind="job-level", meter=DI)["artifact"]["rows"] == 2
    other = export(filled, kind="job-level", meter="cPnPIT3XYAziLqIoXtd0KC")
    assert list(files_of(download(filled, other["id"]))) == ["DetailedReport_cPnPIT3XYAziLqIoXtd0KC.csv"] and other["artifact"]["rows"] == 0


def test_the_command_line_has_every_kind(filled, tmp_path):
    url = ["--url", filled.url, "--key", filled.admin_key]
    for kind, rows in [("summary", 2), ("project-folder", 2), ("asset", 2), ("job-level", 2)]:
        target = tmp_path / f"{kind}.zip"
        done = json.loads(run("export", kind, "--period", "2024-09", "--org", "acme", "--meter", DI, "-o", target, "--json", *url).stdout)
        assert (done["kind"], done["state"], done["artifact"]["rows"]) == (kind, "SUCCESS", rows)
        with zipfile.ZipFile(target) as archive:
            assert len(archive.namelist()) == 1
    refused = run("export", "usage", "--period", "2024-09", *url, accept=None)
    assert refused.returncode != 0 and "summary, project-folder, asset, job-level" in refused.stderr
    both = run("export", "job-level", "--period", "2024-09", "--org", "acme", "--all-linked", *url, accept=None)
    assert both.returncode != 0 and "requesting organization" in both.stderr
    assert "summary, project-folder, asset or job-level" in run("export", "--help").stdout


@pytest.mark.quick
@covers("POST /v1/exports")
def test_the_same_snapshot_is_the_same_bytes(server):
    position = server.usage(record("acme", DI, "2024-09-03T10:00:00Z", "1", "1"))["position"]
    before = export(server)
    server.usage(record("acme", DI, "2024-09-03T11:00:00Z", "1", "2"))
    server.advance(60)
    by_position = export(server, as_of=position)
    by_time = export(server, as_of=before["as_of"]["time"])
    now = export(server)
    bodies = [download(server, job["id"]).body for job in (before, by_position, by_time, now)]
    texts = [files_of(download(server, job["id"])) for job in (before, by_position, by_time, now)]
    assert texts[0] == texts[1] == texts[2] != texts[3]
    assert bodies[0] == bodies[2], "same T, same catalogue position: the same ZIP"
    assert by_position["as_of"]["position"] == position


BAD = [
    ({"kind": "nothing"}, "/kind", "summary, project-folder, asset, job-level"), ({"kind": None}, "/kind", ""), ({"kind": "usage"}, "/kind", "not available"),
    ({"kind": "billed-usage"}, "/kind", "billed-usage is asked for over the HERE API"),
    ({"kind": "asset", "split": "per-meter"}, "/split", "per-org"), ({"kind": "project-folder", "split": "per-meter"}, "/split", "per-org"),
    ({"kind": "job-level", "split": "per-org"}, "/split", "per-meter"), ({"kind": "job-level", "all_linked": True}, "/all_linked", "requesting organization"),
    ({"kind": "asset", "meter": "no-such"}, "/meter", "no-such"), ({"kind": "job-level", "meter": "no-such"}, "/meter", "no-such"),
    ({"format": "parquet"}, "/format", "csv"), ({"format": "jsonl"}, "/format", "csv"), ({"format": "focus"}, "/format", "csv"),
    ({"format": "xls"}, "/format", "csv"), ({"period": "2024-13"}, "/period", "2024-09"), ({"period": "2024-9"}, "/period", ""),
    ({"period": None}, "/from", ""), ({"period": None, "from": "2024-09-01"}, "/to", ""), ({"from": "2024-09-01"}, "/period", "not both"),
    ({"period": None, "from": "2024-09-01T00:00:01Z", "to": "2024-09-02"}, "/from", "00:00:00"),
    ({"period": None, "from": "2024-09-01", "to": "2024-09-02T12:00:00Z"}, "/to", "00:00:00"),
    ({"period": None, "from": "2024-09-02", "to": "2024-09-02"}, "/to", "after"), ({"period": None, "from": "x", "to": "2024-09-02"}, "/from", ""),
    ({"split": "per-day"}, "/split", "per-org"), ({"all_linked": "yes"}, "/all_linked", "true or false"), ({"as_of": "later"}, "/as_of", ""),
    ({"as_of": -1}, "/as_of", ""), ({"as_of": 1.5}, "/as_of", ""), ({"colour": "red"}, "/colour", "unknown"), ({"all_linkd": True}, "/all_linkd", ""),
    ({"callback_url": 7}, "/callback_url", "")]


@pytest.mark.quick
@covers("POST /v1/exports")
@pytest.mark.parametrize("fields,field,text", BAD)
def test_bad_requests_name_the_member_and_what_is_allowed(filled, fields, field, text):
    body = {"kind": "summary", "period": "2024-09", "org": "acme", **fields}
    answer = filled.api("POST", "/v1/exports", {k: v for k, v in body.items() if v is not None})
    assert text in problem(answer, 400, "invalid", field)["detail"]


@pytest.mark.quick
@covers("POST /v1/exports", "GET /v1/exports")
def test_bad_bodies_and_orgs(filled):
    before = len(filled.api("GET", "/v1/exports?page_size=1000").json()["exports"])
    for body in (b"", b"{", b'{"kind":"summary",}', b'{"kind":"summary"} x', b"\xff"):
        problem(filled.api("POST", "/v1/exports", body), 400, "malformed")
    problem(filled.api("POST", "/v1/exports", b"[]"), 400, "invalid")
    problem(filled.api("POST", "/v1/exports", b'{"kind":"summary","kind":"summary"}'), 400, "invalid", "/kind")
    problem(filled.api("POST", "/v1/exports", b" " * (2 << 20)), 413, "too_large")
    details = set()
    for org in ("nowhere", "other"):
        answer = filled.api("POST", "/v1/exports", {"kind": "summary", "period": "2024-09", "org": org}, key=filled.keys["exporter"])
        details.add(problem(answer, 403, "forbidden", "/org")["detail"].replace(org, ""))
    assert len(details) == 1, "a foreign org answers like an unknown one"
    answer = filled.api("POST", "/v1/exports", {"kind": "summary", "period": "2024-09", "as_of": 10**9})
    problem(answer, 400, "invalid")
    assert len(filled.api("GET", "/v1/exports?page_size=1000").json()["exports"]) == before, "no job was made"


@pytest.mark.quick
@covers("GET /v1/exports/{id}/download")
def test_ranges_and_validators(filled):
    job = export(filled)["id"]
    whole = download(filled, job)
    body, size, etag = whole.body, len(whole.body), whole.headers["etag"]
    assert whole.headers["accept-ranges"] == "bytes"
    for header, part in [("bytes=0-9", body[:10]), ("bytes=10-", body[10:]), ("bytes=-7", body[-7:]), (f"bytes=5-{size * 2}", body[5:])]:
        answer = download(filled, job, Range=header)
        assert answer.status == 206 and answer.body == part, header
        first = body.index(part) if header != "bytes=-7" else size - 7
        assert answer.headers["content-range"] == f"bytes {first}-{first + len(part) - 1}/{size}"
    for header in ("bytes=9-3", "bytes=0-1,4-5", "lines=1-2"):
        assert download(filled, job, Range=header).body == body, header
    behind = download(filled, job, Range=f"bytes={size}-")
    assert behind.status == 416 and behind.headers["content-range"] == f"bytes */{size}"
    assert download(filled, job, Range="bytes=0-9", **{"If-Range": etag}).status == 206
    assert download(filled, job, Range="bytes=0-9", **{"If-Range": '"another"'}).status == 200
    for header in (etag, f'"x", W/{etag}', "*"):
        answer = download(filled, job, **{"If-None-Match": header})
        assert answer.status == 304 and answer.body == b"" and answer.headers["etag"] == etag
    head = filled.api("HEAD", f"/v1/exports/{job}/download")
    assert head.status == 200 and head.body == b"" and int(head.headers["content-length"]) == size


@pytest.mark.quick
@covers("GET /v1/exports/{id}", "DELETE /v1/exports/{id}", "POST /v1/exports/{id}/retry", "GET /v1/exports/{id}/download",
        "GET /v1/exports/{id}/manifest")
def test_cancel_and_retry(folder, acme_catalogue):
    with running(folder, catalogue=acme_catalogue, config="[exports]\nrunners = 0\n") as server:
        contract = Contract(server)
        job = server.api("POST", "/v1/exports", {"kind": "summary", "period": "2024-09"}).json()
        waiting = contract.check(server.api("GET", f"/v1/exports/{job['id']}?wait=0"), "GET", JOB)
        assert waiting["state"] == "CREATED" and waiting["progress"]["waiting_for"] and waiting["artifact"] is None
        assert "download" not in waiting["links"]
        for part in ("download", "manifest"):
            problem(server.api("GET", f"/v1/exports/{job['id']}/{part}"), 409, "not_ready")
        problem(server.api("POST", f"/v1/exports/{job['id']}/retry"), 409, "conflict")
        cancelled = contract.check(server.api("DELETE", f"/v1/exports/{job['id']}"), "DELETE", JOB)
        assert final(server, job["id"])["state"] == "CANCELLED", cancelled
        problem(server.api("DELETE", f"/v1/exports/{job['id']}"), 409, "conflict")
        problem(server.api("GET", f"/v1/exports/{job['id']}/download"), 410, "gone")
        answer = server.api("POST", f"/v1/exports/{job['id']}/retry")
        again = contract.check(answer, "POST", JOB + "/retry")
        assert again["id"] != job["id"] and again["as_of"] == job["as_of"] and answer.headers["location"] == f"/v1/exports/{again['id']}"
        assert again["state"] == "CREATED"
        for bad in ("31", "-1", "x", ""):
            problem(server.api("GET", f"/v1/exports/{job['id']}?wait={bad}"), 400, "invalid", "wait")
        server.config.write_text("")
        server.restart()
        assert final(server, again["id"])["state"] == "SUCCESS", "taken up after the restart"


@covers("GET /v1/exports/{id}", "GET /v1/exports/{id}/download", "POST /v1/exports/{id}/retry")
def test_an_artifact_expires_and_the_job_says_so(server):
    job = export(server)["id"]
    problem(server.api("POST", f"/v1/exports/{job}/retry"), 409, "conflict")
    server.advance(3 * 86400 + 60)
    gone = server.api("GET", f"/v1/exports/{job}").json()
    assert gone["state"] == "EXPIRED" and "download" not in gone["links"] and gone["finished_at"]
    problem(download(server, job), 410, "gone")


@pytest.mark.quick
@covers("GET /v1/exports")
def test_jobs_are_listed_newest_first_in_pages(server):
    contract = Contract(server)
    made = [export(server)["id"] for _ in range(5)]
    sub = export(server, org="acme-eu")["id"]
    seen, token = [], ""
    while True:
        page = contract.check(server.api("GET", f"/v1/exports?page_size=2&page_token={token}"), "GET", "/v1/exports")
        seen += [job["id"] for job in page["exports"]]
        token = page["next_page_token"]
        if not token:
            break
        assert len(page["exports"]) == 2
    assert seen == [sub, *reversed(made)]
    assert [job["id"] for job in server.api("GET", "/v1/exports?org=acme-eu").json()["exports"]] == [sub]
    for query, field in [("page_size=0", "page_size"), ("page_size=1001", "page_size"), ("page_size=x", "page_size"), ("limit=2", "limit")]:
        problem(server.api("GET", f"/v1/exports?{query}"), 400, "invalid", field)
    assert server.api("GET", "/v1/exports?page_token=%21%21").status == 400


@pytest.mark.quick
@covers("GET /v1/exports/{id}", "DELETE /v1/exports/{id}", "POST /v1/exports/{id}/retry", "GET /v1/exports/{id}/download",
        "GET /v1/exports/{id}/manifest", "GET /v1/exports", "POST /v1/exports")
def test_a_foreign_job_answers_like_an_unknown_one(filled):
    job = export(filled)["id"]
    details = set()
    for key in (filled.keys["branch"], filled.keys["viewer"]):
        for unknown in (job, "0123456789012345678901"):
            for method, part in [("GET", ""), ("DELETE", ""), ("POST", "/retry"), ("GET", "/download"), ("GET", "/manifest"), ("GET", "?wait=1")]:
                details.add(problem(filled.api(method, f"/v1/exports/{unknown}{part}", key=key), 404, "not_found")["detail"])
        assert job not in [j["id"] for j in filled.api("GET", "/v1/exports", key=key).json()["exports"]]
    assert len(details) == 1
    assert filled.api("GET", f"/v1/exports/{job}", key=filled.keys["exporter"]).status == 200
    problem(filled.api("POST", "/v1/exports", {"kind": "summary", "period": "2024-09"}, key=filled.keys["viewer"]), 403, "forbidden")
    problem(filled.api("POST", "/v1/exports", {"kind": "summary", "period": "2024-09", "all_linked": True}, key=filled.keys["branch"]), 403, "forbidden")
    problem(filled.call("GET", f"/v1/exports/{job}"), 401, "unauthenticated")


@covers("POST /v1/exports")
def test_the_callback_carries_the_job(folder, acme_catalogue):
    calls, arrived = [], threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            calls.append((self.headers["Content-Type"], self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()
            arrived.set()

        def log_message(self, *_):
            pass

    receiver = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=receiver.serve_forever, args=(0.01,), daemon=True).start()
    with running(folder, catalogue=acme_catalogue, config='[delivery]\nallowed_ranges = ["127.0.0.0/8"]\n') as server:
        job = export(server, callback_url=f"http://127.0.0.1:{receiver.server_port}/done")
        assert arrived.wait(30)
        media_type, body = calls[0]
        assert media_type == "application/json"
        event = {"type": "export.finished", "timestamp": job["finished_at"]}
        assert {k: v for k, v in json.loads(body).items() if k != "updated_at"} == {**event, **{k: v for k, v in job.items() if k != "updated_at"}}
    receiver.shutdown()
