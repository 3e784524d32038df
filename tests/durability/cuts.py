"""What the durability tests share: threads that must end, kills at random moments, seeded power cuts."""
import random

POWER_CUT_EXIT = 137


def join(threads):
    for thread in threads:
        thread.join(timeout=120)
        assert not thread.is_alive(), "a client hangs"


def start_until_power_cut(server, seed, syncs_min=2, syncs_max=60):
    """Starts a server whose disk is cut at a sync that the seed chooses. False: the cut fell into the recovery of the one before."""
    syncs = random.Random(seed).randrange(syncs_min, syncs_max)
    return server.start(may_die_with=POWER_CUT_EXIT, METERPORT_TEST_POWER_CUT=f"seed:{seed}:{syncs}") is not None


def await_power_cut(server, seed, problems=()):
    assert server.process.wait(timeout=60) == POWER_CUT_EXIT, f"seed {seed}: {list(problems)[:3]}"
    server.kill()
