"""Reads beside the metering: orgs and the activity log (informatica.md sections 1 and 10)."""
import pytest
from harness import quoted, running
from test_sessions import assert_v2_error

ACME = "4wMFqGlxAKVlIFTixlTSOY"
# The fields of the vendor's object that Meterport has nothing for stand empty, in their type.
ORG = {"@type": str, "id": str, "orgId": str, "name": str, "description": str, "createTime": type(None), "updateTime": type(None), "createdBy": str,
       "updatedBy": str, "parentOrgId": str, "address1": str, "address2": str, "address3": str, "city": str, "state": str, "zipcode": str, "country": str,
       "timezone": str, "employees": str, "offerCode": str, "successEmails": str, "warnEmails": str, "errorEmails": str, "campaignCode": str,
       "devOrg": bool, "subOrgs": list}


def read(client, path=""):
    """The org object; both spellings of the path answer the same."""
    answer = client.call("GET", "/saas/api/v2/org" + path)
    assert answer.status == 200, answer
    assert client.call("GET", "/api/v2/org" + path).body == answer.body
    return answer.json()


@pytest.mark.quick
def test_the_own_org_has_every_field_in_its_type(shared):
    org = read(shared.informatica())
    assert list(org) == list(ORG) and {k: type(v) for k, v in org.items()} == ORG
    assert (org["@type"], org["id"], org["orgId"], org["name"], org["parentOrgId"]) == ("org", ACME, ACME, "Acme", "0")
    assert org["subOrgs"] == [{"id": "acme-eu", "name": "Acme EU"}], "not the sandbox and the additional production org, which are only linked"
    assert org["timezone"] == "UTC" and org["devOrg"] is False


@pytest.mark.quick
def test_an_org_is_found_by_its_printed_id_and_by_its_name(shared):
    client = shared.informatica()
    assert read(client, "/" + ACME) == read(client) == read(client, "/name/Acme")
    sandbox = read(client, "/acme-test")
    assert sandbox == read(client, "/name/" + quoted("Acme Test"))
    assert (sandbox["parentOrgId"], sandbox["devOrg"], sandbox["subOrgs"]) == (ACME, True, [])


@pytest.mark.quick
def test_what_is_not_there_or_not_his_is_404_alike(shared):
    shared.user("ute", "acme-us", "viewer")
    own, sub = shared.informatica(), shared.informatica("ute", "password-of-user")
    for client, path in [(own, "/nobody"), (own, "/name/Nobody"), (own, "/other"), (own, "/name/Other"), (own, "/acme"), (own, "/" + "x" * 500),
                         (sub, "/" + ACME), (sub, "/acme-eu"), (sub, "/name/Acme"), (sub, "/name/acme-us")]:
        answer = client.call("GET", "/saas/api/v2/org" + path)
        if path == "/acme":
            assert answer.status == 200, "the id of the catalogue names it too"
            continue
        assert_v2_error(answer, 404, "METERING_ORG_NOT_FOUND")
    assert {answer.json()["description"] for answer in (own.call("GET", "/api/v2/org/nobody"), own.call("GET", "/api/v2/org/other"))} == {"There is no such organization."}
    assert read(sub)["parentOrgId"] == ACME, "any role lets him read his own org, and its parent may be named"


@pytest.mark.quick
def test_of_two_orgs_of_one_name_the_own_one_counts_then_the_lowest_id(folder):
    catalogue = {"orgs": [{"id": "top", "kind": "production", "name": "Twin"}, {"id": "b", "kind": "sub-org", "name": "Twin", "parent": "top"},
                          {"id": "a", "kind": "sub-org", "name": "Single", "parent": "top", "history": [{"valid_from": "2020-01-01", "name": "Double"}]},
                          {"id": "c", "kind": "sub-org", "name": "Double", "parent": "top"}]}
    with running(folder, catalogue=catalogue) as server:
        client = server.informatica()
        assert read(client, "/name/Twin")["id"] == "top"
        assert read(client, "/name/Double")["id"] == "a", "by the name of today"
        assert client.call("GET", "/saas/api/v2/org/name/Single").status == 404


@pytest.mark.quick
def test_an_id_of_the_vendor_s_or_a_name_with_any_character_is_one_path_segment(folder):
    catalogue = {"orgs": [{"id": "top", "kind": "production", "name": "A/B & Ü, \"quoted\" 100%"}]}
    with running(folder, catalogue=catalogue) as server:
        assert read(server.informatica(), "/name/" + quoted("A/B & Ü, \"quoted\" 100%"))["id"] == "top"


@pytest.mark.quick
def test_sub_orgs_are_those_of_today_without_the_deleted(folder):
    moved = {"history": [{"valid_from": "2024-01-01", "parent": "us"}]}
    catalogue = {"orgs": [{"id": "top", "kind": "production", "name": "Top"}, {"id": "us", "kind": "additional-production", "name": "US", "parent": "top"},
                          {"id": "gone", "kind": "sub-org", "name": "Gone", "parent": "us", "status": "deleted"},
                          {"id": "off", "kind": "sub-org", "name": "Off", "parent": "us", "status": "disabled"},
                          {"id": "moved", "kind": "sub-org", "name": "Moved", "parent": "top", **moved}]}
    with running(folder, catalogue=catalogue) as server:
        client = server.informatica()
        assert read(client)["subOrgs"] == []
        assert read(client, "/us")["subOrgs"] == [{"id": "moved", "name": "Moved"}, {"id": "off", "name": "Off"}]
        assert read(client, "/moved")["parentOrgId"] == "us"
        assert read(client, "/gone")["name"] == "Gone", "its history stays, so its id can be looked up"


@pytest.mark.quick
def test_a_path_that_is_no_text_is_refused_in_the_shape_of_v2(shared):
    client = shared.informatica()
    for prefix in ("/saas", ""):
        assert_v2_error(client.call("GET", prefix + "/api/v2/org/name/%zz"), 400, "METERING_INVALID_FIELD")
        assert_v2_error(client.call("GET", prefix + "/api/v2/org/name/%FF"), 404, "METERING_ORG_NOT_FOUND")


@pytest.mark.quick
def test_a_session_is_needed(shared):
    for path in ("/org", "/org/acme", "/org/name/Acme", "/activity/activityLog?rowLimit=1"):
        for headers in ({}, {"icSessionId": "0123456789abcdefghijkl"}):
            assert_v2_error(shared.call("GET", "/saas/api/v2" + path, None, headers), 401, "AUTH_01")
    by_v2_header = shared.call("GET", "/saas/api/v2/org", None, {"icSessionId": shared.informatica().session})
    assert by_v2_header.status == 200


@pytest.mark.quick
def test_the_activity_log_is_an_empty_list(shared):
    for path in ("/saas/api/v2/activity/activityLog?rowLimit=200", "/api/v2/activity/activityLog"):
        answer = shared.informatica().call("GET", path)
        assert (answer.status, answer.json()) == (200, []) and answer.headers["content-type"].startswith("application/json")
