"""What stands beside the contract's checklist (here.md 2.2, 5): secrets that are sent, metadata, scopes, periods without an hour."""
import pytest
from harness import running
from here_client import CREDENTIALS, ask_token, error, new_key, refused, token_error
from here_world import CATALOGUE, PARTNER, SUB_A, csv_text, hrn, partner_client

pytestmark = pytest.mark.quick


def test_secrets_that_are_sent_need_the_switch(world, tmp_path):
    def ask(server, key, **changes):
        form = {**CREDENTIALS, "client_id": key["access_key_id"], "client_secret": key["access_key_secret"], **changes}
        return ask_token(server, key, form, authorization="")

    token_error(ask(world, new_key(world, "partner")), 401, 401200)
    with running(tmp_path, catalogue=CATALOGUE, config="[here]\nunsigned_secrets = true\n") as server:
        key = new_key(server, "partner")
        answer = ask(server, key)
        assert answer.status == 200, answer
        bearer = {"Authorization": f"Bearer {answer.json()['access_token']}"}
        assert server.call("GET", "/app/me/authorization", headers=bearer).json()["app"] == {"realm": PARTNER, "clientId": key["app_id"]}
        token_error(ask(server, key, client_secret="wrong"), 401, 401300)
        token_error(ask(server, key, client_id=key["app_id"]), 401, 401310)
        token_error(ask_token(server, key, authorization=""), 401, 401200)
        assert ask_token(server, key).status == 200, "signatures as ever"
        methods = server.call("GET", "/.well-known/oauth-authorization-server").json()["token_endpoint_auth_methods_supported"]
        assert "client_secret_post" in methods


def test_metadata_of_the_token_endpoint(world):
    body = world.call("GET", "/.well-known/oauth-authorization-server").json()
    assert (body["issuer"], body["token_endpoint"]) == (world.url, f"{world.url}/oauth2/token")
    assert body["grant_types_supported"] == ["client_credentials"] and "client_secret_post" not in body["token_endpoint_auth_methods_supported"]


def test_scopes_that_are_no_project(world):
    key = new_key(world, "partner")
    assert ask_token(world, key, {**CREDENTIALS, "scope": hrn(SUB_A, "alpha")}).status == 200, "a project of a sub-account"
    for project in ("ünï", "日本", 'a"b+c%/='):
        answer = ask_token(world, key, {**CREDENTIALS, "scope": hrn(PARTNER, project)})
        assert answer.status == 200 and answer.json()["scope"] == hrn(PARTNER, project), "a project's name may be any text"
    for scope in ("openid", "hrn:here:authorization::ab:project/p", f"hrn:here:authorization::{PARTNER}:group/g", hrn(PARTNER, "p\x01")):
        token_error(ask_token(world, key, {**CREDENTIALS, "scope": scope}), 400, 400200, scope=400203)


def test_a_token_for_one_project_asks_for_no_report_over_another(world):
    key = new_key(world, "partner")
    client = partner_client(world)
    token = ask_token(world, key, {**CREDENTIALS, "scope": hrn(PARTNER, "alpha")}).json()["access_token"]
    period = {"startDate": "2024-09-01", "endDate": "2024-09-02"}
    bearer = {"Authorization": f"Bearer {token}"}
    for project, status in ((hrn(PARTNER, "alpha"), 201), (None, 201), (hrn(PARTNER, "beta"), 403)):
        answer = world.call("POST", client.path("/reports", **period, projectHrn=project), headers=bearer)
        assert answer.status == status, answer
    refused(answer, 403, "403403")


def test_a_period_without_a_whole_hour_has_no_rows(partner, account):
    nothing = {"startDate": "2024-09-03T10:00:00", "endDate": "2024-09-03T10:00:00"}
    assert partner.page(account, **nothing)["total"] == 0
    assert partner.csv(account, **nothing) == partner.finished(realm=account, **nothing) == csv_text([])


def test_paths_beside_those_that_are_served(partner):
    for path in ("/health", "/version", "/v2", "/oauth2/tokens"):
        error(partner.call("GET", path), 404, "E706014")
    error(partner.call("POST", "/timestamp"), 405, "E706014")
    assert partner.call("HEAD", "/v2/version").status == 200
