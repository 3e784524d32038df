"""Exports over linked regions: what is missing, and how it is filled in (informatica.md 5.1; I31, I32, I57, I63; X07; DESIGN section 4).

What the regions must say together is what one server says that holds all of it.
"""
import gzip
import time

import pytest
from here_client import error
from linked_world import ANA, IN_AP, IN_US, LINKED, REALM, rows_but, some_usage, texts, unchanged
from metering_world import DI, FILES, JOB_LEVEL, OLDER, usage
from regions_world import REGIONS, until
from smtp_sink import SmtpSink
from webhook_receiver import Receiver, check_signatures, deliveries

quick = pytest.mark.quick
HEALS = " They will be filled in when it answers."
REFUSED = "it refused the connection"
HEAL_TIME = 60  # conftest.py


def missing(region, orgs, why, of=len(LINKED)):
    return f'{len(orgs)} of {of} linked organizations are missing because region "{region}" could not be read ({why}): {", ".join(orgs)}.'


# --- All is well

@pytest.mark.parametrize("kind, splits", [("summary", ("combined", "per-org", "per-meter")), ("project-folder", ("combined", "per-org")),
                                          ("asset", ("combined", "per-org"))])
def test_three_regions_say_what_one_server_says(well, kind, splits):
    month = well.filled()
    for split in splits:
        for meter in (None, FILES):
            spec = {"kind": kind, "split": split, **({"meter": meter} if meter else {})}
            job, same = well.v1(month, **spec), well.v1(month, well.one, **spec)
            assert (job["state"], job["artifact"]["revision"], job["artifact"]["rows"]) == ("SUCCESS", 1, same["artifact"]["rows"]), job
            assert texts(well.zip_of(job["id"])) == texts(well.zip_of(same["id"], well.one)), (kind, split, meter)
            again = well.v1(month, **spec, as_of=job["as_of"]["time"])
            assert well.zip_of(again["id"]) == well.zip_of(job["id"]), "the same snapshot, the same bytes"
            first, second = well.manifest(job["id"]), well.manifest(again["id"])
            assert first["content"] == second["content"] and first["content_sha256"] == second["content_sha256"]
            assert first["content"]["gaps"] == [] and (first["job"]["revision"], first["job"]["replaces"]) == (1, None)


def test_the_informatica_wire_over_regions(well):
    month = well.filled()
    assert well.wire().export(OLDER, **month.wire) == well.expected(month)
    for kind in ("SUMMARY", "PROJECT_FOLDER", "ASSET"):
        for combined in ("TRUE", "FALSE"):
            fields = {"jobType": kind, "allLinkedOrgs": "TRUE", "combinedMeterUsage": combined}
            assert well.wire().export(**month.wire, **fields) == well.expected(month, "ExportMeteringData", **fields), fields


def test_an_org_alone_whose_sandbox_is_elsewhere(well):
    """Its SUMMARY has a row of what its sandbox orgs used."""
    month = well.filled()
    assert well.wire().export(**month.wire) == well.expected(month, "ExportMeteringData")


def test_GET_usage_over_regions(well):
    month = well.filled()
    for query in ("", "&group_by=meter", "&group_by=org,day", "&window=month", "&window=hour&tz=Asia/Kolkata",
                  "&group_by=project,window&window=day&tz=Europe/Budapest",
                  f"&meter={DI}", "&group_by=environment.type,org"):
        path = f"/v1/usage?org=acme&all_linked=true&from={month.v1['from']}&to={month.v1['to']}{query}"
        got, expected = well.server.api("GET", path), well.one.api("GET", path)
        assert got.status == expected.status == 200, got
        assert got.json()["rows"] == expected.json()["rows"] and got.json()["rows"], query
    path = f"/v1/usage?org=acme-us&from={month.v1['from']}&to={month.v1['to']}"
    before = well.server.api("GET", path).json()
    assert before["rows"] == well.one.api("GET", path).json()["rows"], "an org of another region alone"
    well.give(usage("acme-us", DI, month.at(3), "7"))
    assert well.server.api("GET", path).json()["rows"] == well.one.api("GET", path).json()["rows"] != before["rows"]


def test_GET_usage_as_of_a_time_over_regions(well):
    month = well.filled()
    path = f"/v1/usage?org=acme&all_linked=true&from={month.v1['from']}&to={month.v1['to']}"
    before = well.server.api("GET", path).json()
    well.give(usage("acme-us", DI, month.at(3), "7"))
    assert well.server.api("GET", f"{path}&as_of={before['as_of']['time']}").json()["rows"] == before["rows"]


def test_HERE_over_regions(well):
    month = well.filled()
    here, one = well.here(), well.here(well.one)
    for asked in ({}, {"detailLevel": "day", "groupBy": "project,billingTag"}, {"detailLevel": "month", "chargeType": "billable"}):
        for realm in ("acme-us", "acme-ap", REALM):
            assert here.rows(realm, **month.here, **asked) == one.rows(realm, **month.here, **asked), (realm, asked)
        for accounts in (None, ["acme-us"], ["acme-ap", "acme-us", "acme-us-2", "acme-eu"]):
            assert here.finished(accounts, **month.here, **asked) == one.finished(accounts, **month.here, **asked), (accounts, asked)
    hours = {**month.here, "detailLevel": "hour", "groupBy": "project"}
    assert here.csv("acme-us", **hours) == one.csv("acme-us", **hours)


def test_the_requesting_org_in_another_region(well):
    month = well.filled()
    for resource, fields in (("ExportMeteringData", {}), ("ExportMeteringData", {"jobType": "ASSET"}), ("ExportMeteringData", {"jobType": "PROJECT_FOLDER"}),
                             (JOB_LEVEL, {"allMeters": "TRUE"}), (JOB_LEVEL, {"meterId": DI})):
        got = well.wire("uma").export(resource, **month.wire, **fields)
        assert got == well.expected(month, resource, "uma", **fields) and any(len(text.splitlines()) > 1 for text in got.values()), fields


# --- A region is missing

@quick
def test_I32_a_linked_org_cannot_be_read(well):
    month = well.filled()
    well.us.gate.refuse()
    job = well.ended(well.posted(month))
    assert job["status"] == "PARTIAL_SUCCESS" and job["errorMessage"] == missing("us", IN_US, REFUSED) + HEALS, job
    etag, body = well.download(job["jobId"])
    assert etag == f'"{job["jobId"]}-1"' and rows_but(texts(body), ()) == rows_but(well.expected(month), IN_US) != rows_but(well.expected(month), ())


@quick
def test_I57_the_org_missing_in_I32_answers_later(well):
    month = well.filled()
    well.us.gate.refuse()
    with Receiver() as receiver:
        id_ = well.posted(month, callbackUrl=receiver.url)
        partial = well.ended(id_)
        first_etag, first = well.download(id_)
        assert receiver.wait(1).body == f"Job with jobID: {id_} has completed and the Job Status is PARTIAL_SUCCESS.".encode()
        time.sleep(1)  # so that updateTime, in seconds, can differ
        well.us.gate.open()
        whole = well.became(id_, "SUCCESS")
        assert receiver.wait(2).body == f"Job with jobID: {id_} has completed and the Job Status is SUCCESS.".encode()
        assert len({call.headers["webhook-id"] for call in receiver.calls}) == 2, "a receiver that drops what it has seen takes both"
        keys = well.server.api("GET", "/v1/deliveries/keys?org=acme").json()
        for call in receiver.calls:
            check_signatures(call, keys)
        assert len(deliveries(well.server, job=id_)) == 2
    assert {k: v for k, v in partial.items() if k not in ("status", "errorMessage", "updateTime")} == {
        k: v for k, v in whole.items() if k not in ("status", "updateTime")} and partial["updateTime"] < whole["updateTime"]
    etag, body = well.download(id_)
    assert (first_etag, etag) == (f'"{id_}-1"', f'"{id_}-2"') and body != first
    assert texts(body) == well.expected(month)


def test_I63_what_arrived_after_createTime_stays_out(well):
    month = well.filled()
    before = well.expected(month)
    well.us.gate.refuse()
    id_ = well.posted(month)
    first_etag, _ = well.download(well.ended(id_)["jobId"])
    well.give(*some_usage(month))
    well.us.gate.open()
    well.became(id_, "SUCCESS")
    etag, body = well.download(id_)
    assert etag != first_etag and texts(body) == before != well.expected(month)
    told = well.shown(id_)
    same = well.v1(month, split="per-meter", as_of=told["as_of"]["time"])
    assert well.zip_of(same["id"]) == body, "the ZIP of an undisturbed job at the same instant"
    healed, undisturbed = well.manifest(id_), well.manifest(same["id"])
    assert healed["content"] == undisturbed["content"] and healed["content_sha256"] == undisturbed["content_sha256"]
    assert (healed["job"]["revision"], healed["job"]["replaces"], undisturbed["job"]["replaces"]) == (2, 1, None)


def test_X07_a_HERE_report_with_an_unreachable_region(well):
    month = well.filled()
    here, accounts = well.here(), ["acme-us", "acme-eu"]
    expected = well.here(well.one).finished(accounts, **month.here)
    well.us.gate.refuse()
    healed = here.report(accounts, **month.here)
    core = newest_job(well)
    assert well.shown(core)["state"] == "PARTIAL_SUCCESS"
    assert here.status(healed)["status"] == "inProgress" and "resultHref" not in here.status(healed)
    error(here.output(healed), 404, "E706013")
    well.us.gate.open()
    assert here.wait(healed)["status"] == "completed"
    assert gzip.decompress(here.output(healed).body).decode() == expected
    well.us.gate.refuse()
    lost = here.report(accounts, **month.here)
    core = newest_job(well)
    assert well.shown(core)["state"] == "PARTIAL_SUCCESS" and here.status(lost)["status"] == "inProgress"
    well.world.advance(HEAL_TIME + 1)
    assert well.here().wait(lost)["status"] == "failed", "the time for healing is over"
    error(well.here().output(lost), 404, "E706013")
    well.us.gate.open()
    well.world.all_well()
    assert unchanged(lambda: well.here().status(lost)["status"], 2) == "failed"


@pytest.mark.slow
def test_mail_tells_of_a_HERE_report_only_when_it_is_over(well):
    month = well.filled()
    with SmtpSink() as sink:
        well.world.here.restart(f'[mail]\nserver = "{sink.url()}"\nfrom = "meterport@acme.example"\ntls = "none"\n')
        try:
            well.world.all_well()
            here = well.here(user=ANA["name"])
            for word, heal in (("completed", well.us.gate.open), ("failed", lambda: well.world.advance(HEAL_TIME + 1))):
                before = len(sink.mails)
                well.us.gate.refuse()
                report = here.report(["acme-us"], **month.here)
                assert well.shown(newest_job(well))["state"] == "PARTIAL_SUCCESS"
                time.sleep(1)
                assert len(sink.mails) == before, "not while it may heal"
                heal()
                assert here.renew().wait(report)["status"] == word
                mail = sink.wait(before + 1)[-1]
                assert mail.to == [ANA["email"]] and report in mail.message["Subject"] and word in mail.message["Subject"]
            time.sleep(1)
            assert len(sink.mails) == 2
        finally:
            well.world.here.restart()


def newest_job(both):
    return both.server.api("GET", "/v1/exports?org=acme&page_size=1").json()["exports"][0]["id"]


@pytest.mark.parametrize("fault", ["stall", "cut", "flip", "garbage", "lie", "kill"])
def test_every_way_to_fail_is_a_gap_and_heals(well, fault):
    month = well.filled()
    us = well.us
    {"stall": us.gate.stall, "cut": lambda: us.gate.cut(50), "flip": lambda: us.gate.flip(97), "garbage": lambda: us.gate.answer(b"\xff\x00garbage\r\n" * 40),
     "lie": lambda: us.gate.answer(b"HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: 5\r\n\r\nhello"), "kill": us.kill}[fault]()
    began = time.monotonic()
    id_ = well.posted(month)
    job = well.ended(id_)
    assert job["status"] == "PARTIAL_SUCCESS" and time.monotonic() - began > REGIONS["budget"] - 0.5, "tried until the budget was over"
    start, end = missing("us", IN_US, "WHY").split("WHY")
    assert job["errorMessage"].startswith(start) and job["errorMessage"].endswith(end + HEALS) and "catalogue" not in job["errorMessage"], job
    assert rows_but(texts(well.download(id_)[1]), ()) == rows_but(well.expected(month), IN_US)
    if fault == "kill":
        us.start()
    us.gate.open()
    well.became(id_, "SUCCESS")
    assert texts(well.download(id_)[1]) == well.expected(month)


@pytest.mark.slow
def test_splits_and_kinds_with_a_gap_and_filled_in(well):
    month = well.filled()
    specs = [{"kind": "summary", "split": s} for s in ("combined", "per-org", "per-meter")] + [{"kind": k, "split": s} for k in ("project-folder", "asset")
                                                                                               for s in ("combined", "per-org")]
    well.us.gate.refuse()
    ids = [well.server.api("POST", "/v1/exports", {"org": "acme", "all_linked": True, **month.v1, **spec}).json()["id"] for spec in specs]
    for id_, spec in zip(ids, specs):
        job = well.shown(id_)
        assert (job["state"], job["error"]) == ("PARTIAL_SUCCESS", missing("us", IN_US, REFUSED) + HEALS), job
        expected = texts(well.zip_of(well.v1(month, well.one, **spec)["id"], well.one))
        got = texts(well.zip_of(id_))
        assert rows_but(got, ()) == rows_but(expected, IN_US), spec
        if spec["split"] == "per-org":
            assert set(got) == {name for name in expected if name.removesuffix(".csv") not in IN_US}, "no file of what is missing"
        manifest = well.manifest(id_)
        [gap] = manifest["content"]["gaps"]
        assert (gap["reason"], gap["region"], gap["orgs"], gap["named"]) == ("region", "us", 2, IN_US) and "refused the connection" in gap["why"]
        assert (manifest["job"]["revision"], manifest["job"]["replaces"]) == (1, None)
        refused = well.server.api("DELETE", f"/v1/exports/{id_}")
        assert refused.status == 409 and refused.json()["code"] == "conflict", "final, though it will be filled in"
    well.us.gate.open()
    for id_, spec in zip(ids, specs):
        job = well.healed(id_)
        same = well.v1(month, **spec, as_of=job["as_of"]["time"])
        assert well.zip_of(id_) == well.zip_of(same["id"]) and well.manifest(id_)["content"] == well.manifest(same["id"])["content"], spec
        assert job["error"] is None and job["artifact"]["revision"] == 2 and job["artifact"]["sha256"] == same["artifact"]["sha256"]
        assert texts(well.zip_of(id_)) == texts(well.zip_of(well.v1(month, well.one, **spec)["id"], well.one)), spec


def test_two_regions_are_filled_in_one_at_a_time(well):
    month = well.filled()
    well.us.gate.refuse()
    well.ap.gate.stall()
    id_ = well.posted(month)
    job = well.ended(id_)
    start = missing("ap", IN_AP, "WHY").split("WHY")[0]
    assert job["status"] == "PARTIAL_SUCCESS" and job["errorMessage"].startswith(start) and missing("us", IN_US, REFUSED) in job["errorMessage"], job
    well.us.gate.open()
    second = until(lambda: well.download(id_)[0] == f'"{id_}-2"' and well.wire().status(id_).json(), 60)
    assert second["status"] == "PARTIAL_SUCCESS" and second["errorMessage"].startswith(start) and '"us"' not in second["errorMessage"], second
    manifest = well.manifest(id_)
    assert [g["region"] for g in manifest["content"]["gaps"]] == ["ap"] and (manifest["job"]["revision"], manifest["job"]["replaces"]) == (2, 1)
    well.ap.gate.open()
    well.became(id_, "SUCCESS")
    etag, body = well.download(id_)
    assert etag == f'"{id_}-3"' and texts(body) == well.expected(month) and well.manifest(id_)["job"]["replaces"] == 2


@pytest.mark.slow
def test_the_old_revision_stays_readable_while_a_filling_is_tried(well):
    month = well.filled()
    well.us.gate.refuse()
    id_ = well.posted(month)
    partial = well.ended(id_)
    first = well.download(id_)
    well.us.gate.cut(700)  # it answers, then breaks off: tried again and again
    end = time.monotonic() + 5
    while time.monotonic() < end:
        assert well.download(id_) == first and well.wire().status(id_).json()["updateTime"] == partial["updateTime"], "what brings nothing changes nothing"
        time.sleep(0.2)
    well.us.gate.open()
    well.became(id_, "SUCCESS")


def test_a_sandbox_whose_region_is_missing(well):
    """Its total is a row of the production org: that report is not whole without it, though the sandbox has no row of its own there."""
    month = well.filled()
    well.ap.gate.refuse()
    id_ = well.posted(month, "ExportMeteringData")
    assert well.ended(id_)["status"] == "PARTIAL_SUCCESS"
    well.ap.gate.open()
    well.became(id_, "SUCCESS")
    assert texts(well.download(id_)[1]) == well.expected(month, "ExportMeteringData")


# --- Healing ends

@pytest.mark.slow
def test_without_healing_gaps_stay(well):
    month = well.filled()
    well.world.here.restart("heal = false\n")  # under [exports]
    try:
        well.world.all_well()
        well.us.gate.refuse()
        id_ = well.posted(month)
        job = well.ended(id_)
        assert job["status"] == "PARTIAL_SUCCESS" and job["errorMessage"] == missing("us", IN_US, REFUSED), job
        here = well.here()
        report = here.report(["acme-us"], **month.here)
        assert here.wait(report)["status"] == "failed"
        well.world.all_well()
        assert unchanged(lambda: (well.wire().status(id_).json(), well.download(id_)), 3)[0] == job
        assert here.status(report)["status"] == "failed"
    finally:
        well.world.here.restart()


def test_the_asking_server_restarts_while_a_region_is_missing(well):
    month = well.filled()
    well.us.gate.refuse()
    id_ = well.posted(month)
    partial = well.ended(id_)
    body = well.download(id_)
    well.server.kill()
    well.world.here.start()
    assert well.wire().status(id_).json() == partial and well.download(id_) == body
    well.us.gate.open()
    well.became(id_, "SUCCESS")
    assert texts(well.download(id_)[1]) == well.expected(month)


def test_the_asking_server_is_killed_while_it_gathers(well):
    month = well.filled()
    well.us.gate.stall()
    id_ = well.posted(month)
    until(lambda: well.server.api("GET", f"/v1/exports/{newest_job(well)}").json()["progress"]["waiting_for"] == "region us")
    well.server.kill()
    well.us.gate.open()
    well.world.here.start()
    well.became(id_, "SUCCESS")
    assert texts(well.download(id_)[1]) == well.expected(month)


def test_healing_ends_when_the_zip_expires(well):
    month = well.filled()
    well.us.gate.refuse()
    id_ = well.posted(month)
    partial = well.ended(id_)
    well.world.advance(3 * 86400 + 10)
    well.one.advance(3 * 86400 + 10)
    assert well.wire().download(id_).status == 404
    assert well.wire().status(id_).json()["errorMessage"] == missing("us", IN_US, REFUSED), "nothing is promised any more"
    well.world.all_well()
    told = unchanged(lambda: well.wire().status(id_).json(), 3)
    assert (told["status"], told["updateTime"]) == ("PARTIAL_SUCCESS", partial["updateTime"])
    assert well.shown(id_)["state"] == "EXPIRED" and not list((well.server.data / "artifacts").glob(f"{id_}*part*"))


# --- The requesting org's own region is missing

def test_I31_the_requesting_orgs_region_is_down(well):
    month = well.filled()
    well.us.gate.refuse()
    until(lambda: not next(r for r in well.world.listed() if r["name"] == "us")["reachable"])
    wire = well.wire("uma")
    for resource, fields in (("ExportMeteringData", {"jobType": "SUMMARY"}), ("ExportMeteringData", {"jobType": "PROJECT_FOLDER"}),
                             ("ExportMeteringData", {"jobType": "ASSET"}), (JOB_LEVEL, {"allMeters": "TRUE"}), (JOB_LEVEL, {"meterId": DI}),
                             ("ExportMeteringData", {"allLinkedOrgs": "FALSE"})):
        with Receiver() as receiver:
            answer = wire.post(resource=resource, callbackUrl=receiver.url, **{**month.wire, **fields})
            job = answer.json()
            assert answer.status == 200 and job["status"] == "FAILED", answer
            assert job["errorMessage"] == ('Exception occurred while processing request for org: acme-us. Region "us", which keeps its usage, '
                                           'does not answer.'), job
            told = wire.status(job["jobId"]).json()
            assert {k: told[k] for k in job if k in told} == {k: v for k, v in job.items() if k in told} and told["status"] == "FAILED"
            gone = wire.download(job["jobId"])
            assert gone.status == 404 and gone.json()["error"]["code"] == "METERING_NO_OUTPUT", gone
            assert b"FAILED" in receiver.wait().body
    well.us.gate.open()
    well.world.all_well()
    assert wire.export(**month.wire) == well.expected(month, "ExportMeteringData", "uma"), "six failed ones take no slot"


def test_the_requesting_orgs_region_fails_in_the_middle(well):
    month = well.filled()
    well.give(*[usage("acme-us", DI, month.at(5), 1, project=f"{n:04}" + "".join(chr(97 + (n * k) % 26) for k in range(1, 200))) for n in range(3000)])
    well.us.gate.cut(20_000)
    job = well.v1(month, org="acme-us", kind="project-folder", all_linked=False)
    assert job["state"] == "FAILED", job
    assert job["error"].startswith('The export could not be made: region "us", which keeps the usage of the organization "acme-us", could not be read ('), job


# --- Answers that are waited for

def test_reads_of_a_missing_region_are_503(well):
    month = well.filled()
    here = well.here()
    here.rows("acme-us", **month.here)
    for fault in (well.us.gate.refuse, well.us.gate.stall, lambda: well.us.gate.answer(b"nonsense\r\n\r\n")):
        fault()
        for query in ("org=acme&all_linked=true", "org=acme-us"):
            began = time.monotonic()
            answer = well.server.api("GET", f"/v1/usage?{query}&from={month.v1['from']}&to={month.v1['to']}")
            assert answer.status == 503 and answer.json()["code"] == "region_unavailable" and int(answer.headers["retry-after"]) > 0, answer
            assert answer.json()["detail"].startswith('region "us" does not answer: '), answer
            assert time.monotonic() - began < 10
        answer = here.get(realm="acme-us", **month.here)
        error(answer, 503, "E706016")
        assert int(answer.headers["retry-after"]) > 0
    assert well.server.api("GET", f"/v1/usage?org=acme&from={month.v1['from']}&to={month.v1['to']}").status == 200, "its own are answered"
