"""Disabled and deleted orgs (informatica.md section 10, crosswalk 2.2): who may log in, whose usage is taken, what is exported."""
import pytest
from harness import lines, record, running
from test_sessions import JSON, assert_v2_error, assert_v3_error

DI = "a2nB20h1o0lc7k3P9xtWS8"
LOG_IN = {"username": "uma", "password": "password-of-user"}


def set_status(server, org, status):
    answer = server.api("PATCH", f"/v1/orgs/{org}", {"status": status}, content_type="application/merge-patch+json")
    assert answer.status == 200, answer


@pytest.mark.quick
@pytest.mark.parametrize("status", ["disabled", "deleted"])
def test_its_users_sessions_end_and_they_cannot_log_in(folder, acme_catalogue, status):
    with running(folder, catalogue=acme_catalogue) as server:
        server.user("uma", "acme-eu", "exporter")
        session = server.informatica("uma", "password-of-user")
        assert session.post().status == 200
        set_status(server, "acme-eu", status)
        assert_v3_error(session.post(), 401, "AUTH_01")
        answer = server.call("POST", "/saas/api/v2/user/validSessionId", {"icToken": session.session}, JSON)
        assert (answer.json()["isValidToken"], answer.json()["timeUntilExpire"]) == (False, 0)
        assert_v3_error(server.call("POST", "/saas/public/core/v3/login", LOG_IN, JSON), 401, "IDS_085")
        assert_v3_error(server.call("POST", "/identity-service/api/v1/Login", LOG_IN, JSON), 401, "IDS_085")
        for path in ("login", "logoutall"):
            assert_v2_error(server.call("POST", f"/ma/api/v2/user/{path}", LOG_IN, JSON), 403, "UI_10000")
        assert server.informatica().post().status == 200, "users of the org above are not touched"
        set_status(server, "acme-eu", "active")
        assert server.informatica("uma", "password-of-user").post().status == 200


@pytest.mark.quick
def test_a_disabled_org_s_usage_is_taken_and_a_deleted_one_s_refused_while_its_history_stays(folder, acme_catalogue):
    with running(folder, catalogue=acme_catalogue) as server:
        set_status(server, "acme-eu", "disabled")
        server.usage(record("acme-eu", DI, "2024-09-03T10:00:00Z", "1", "while-disabled"))
        set_status(server, "acme-eu", "deleted")
        for time in ("2024-09-03T10:00:00Z", "2024-09-04T10:00:00Z"):
            result = server.api("POST", "/v1/usage", [record("acme-eu", DI, time, "2", "after-" + time[8:10])]).json()
            assert result["stored"] == 0 and result["results"][0]["error"]["code"] == "unknown_org", "whatever day it is of: today's status counts"
        files = server.informatica().export(allLinkedOrgs="TRUE", combinedMeterUsage="TRUE")
        [text] = files.values()
        assert [(r["OrgId"], r["MeterUsage"]) for r in lines(text) if r["MeterId"] == DI] == [("acme-eu", "1.0000000000")]
