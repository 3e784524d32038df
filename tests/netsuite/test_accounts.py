"""Accounts inside one another's tree, ids that look alike, and what else a look at only one account's names must get right (C34)."""
import pytest
from harness import running
from netsuite_client import NetSuite, admin_of, new_key, totals
from netsuite_world import CATALOGUE as WORLD
from netsuite_world import GOOD, HOURS, VOLUME
from netsuite_world import usage as good_usage

pytestmark = pytest.mark.quick
ACCOUNT, BELOW = "1234567_SB1", "7654321"


def subscription(id_, org, *lines, **fields):
    return {"id": id_, "name": f"{org} {id_}", "org": org, "lines": [{"meter": HOURS, **line} for line in lines], **fields}


CATALOGUE = {
    "orgs": [{"id": "acme", "kind": "production", "name": "Acme", "ids": {"netsuite_account": ACCOUNT}},
             {"id": "acme-eu", "kind": "sub-org", "name": "Acme EU", "parent": "acme", "ids": {"netsuite_account": BELOW}}],
    "meters": [{"id": HOURS, "name": "Data Integration", "unit": "hours", "scalar": "HOURS"}, {"id": VOLUME, "name": "Volume", "scalar": "GB"}],
    "subscriptions": [
        # The same ids in both accounts; each differs from its twin in one thing.
        subscription("90", "acme", {"number": 1, "org": "acme-eu", "status": "closed"}), subscription("90", "acme-eu", {"number": 1}),
        subscription("91", "acme", {"number": 1, "org": "acme-eu"}), subscription("91", "acme-eu", {"number": 1}, status="closed"),
        subscription("92", "acme", {"number": 1, "org": "acme-eu"}), subscription("92", "acme-eu", {"number": 2}),
        subscription("93", "acme", {"number": 1, "org": "acme-eu"}), subscription("93", "acme-eu", {"number": 1, "meter": VOLUME}),
        subscription("42", "acme", {"number": 1}), subscription("0042", "acme", {"number": 1, "org": "acme-eu"}),
        subscription("0007", "acme", {"number": 1}),
    ],
}


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with running(tmp_path_factory.mktemp("accounts"), catalogue=CATALOGUE) as server:
        yield server


@pytest.fixture(scope="module")
def client(server):
    return NetSuite(server, account=ACCOUNT)


def usage(subscription_id, line=1, **fields):
    return {"subscriptionId": subscription_id, "line": line, "quantity": 1, "date": "1/3/2018", **fields}


def test_C34_a_subscription_of_the_same_id_below_the_account_changes_nothing(client):
    client.failure(usage(90), "USER_ERROR", "line: its status is closed; only active and suspended lines take usage")
    for id_ in (91, 92, 93):
        client.success(usage(id_))


def test_C34_and_none_above_it(server):
    below = NetSuite(server, new_key(server, "acme-eu"), account=BELOW)
    below.success(usage(90))
    below.failure(usage(91), "USER_ERROR", "line: its status is closed; only active and suspended lines take usage")
    below.failure(usage(92), "INVALID_KEY_OR_REF", "Invalid usagesubscriptionline reference key acme-eu 92: 1.")
    below.success(usage(92, 2))
    below.failure(usage(42), "SUBSCRIPTION_NOT_FOUND", "Subscription record isn't found using the subscriptionId property.")


def records(server):
    return {row["org"]: row["records"] for row in totals(server, group_by="org")}


def test_ids_keep_their_zeros(server, client):
    before = records(server)
    client.success(usage("0042"))
    assert records(server)["acme-eu"] == before.get("acme-eu", 0) + 1, "0042 is acme-eu's line, not 42's"
    client.success(usage("0007"))
    for other in ("007", 7):
        client.failure(usage(other), "SUBSCRIPTION_NOT_FOUND", "Subscription record isn't found using the subscriptionId property.")


def test_a_line_whose_org_is_in_another_region(tmp_path):
    """crosswalk 3.3 wrong_region: the item fails, naming the region; the others of the request are stored."""
    orgs = [{**org, **({"region": {"acme": "eu", "acme-us": "us"}[org["id"]]} if org["id"] in ("acme", "acme-us") else {})} for org in WORLD["orgs"]]
    catalogue = {**WORLD, "orgs": orgs, "regions": [{"name": "eu"}, {"name": "us"}]}
    with running(tmp_path, catalogue=catalogue, config='[region]\nname = "eu"\n') as eu:
        client = NetSuite(eu)
        client.failure(good_usage(line=6), "USER_ERROR", 'org: the usage of "acme-us" is taken in region "us"')
        client.success(GOOD)
        answer = eu.api("GET", "/v1/usage?from=2017-01-01&to=2020-01-01&org=acme-eu", key=admin_of(eu, "acme"))
        [row] = answer.json()["rows"]
        assert row["org"] == "acme-eu" and row["records"] == 1
