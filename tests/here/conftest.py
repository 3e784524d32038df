import itertools

import pytest
from harness import running
from here_client import Here, new_key
from here_world import ACCOUNTS, ANA, CATALOGUE, SUB_B, foreign_client, partner_client


@pytest.fixture(scope="session")
def world(tmp_path_factory):
    """One server on the HERE world for all tests that do not disturb each other: each has sub-accounts of its own."""
    with running(tmp_path_factory.mktemp("here"), catalogue=CATALOGUE) as server:
        yield server


@pytest.fixture(scope="session")
def partner(world):
    """A client of the partner's realm, for the user ana."""
    return partner_client(world, ANA["name"])


@pytest.fixture(scope="session")
def foreign(world):
    return foreign_client(world)


@pytest.fixture(scope="session")
def sub_account(world):
    """A client of the sub-account SUB_B."""
    return Here(world, new_key(world, "sub-b"), SUB_B)


spare = itertools.count()


@pytest.fixture
def account():
    """The realm of a sub-account of the partner that no other test uses."""
    return ACCOUNTS[next(spare)]
