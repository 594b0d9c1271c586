"""What is known of an endpoint outlives the leader that heard of it: its calls are in the database."""

import time

from conftest import SHORT_LEASES
from errors_test import calls_to, fail
from fleet import wait_until


def change_leader(world):
    """Kills it; another one leads when this returns."""
    leader = wait_until(world.name_of_leader, 60, "one leads and says so")
    epoch = world.epoch_of_lead()
    world.fleet.services[leader].restart()
    world.wait_next_lead(epoch)


def next_call_after(world, calls, seconds):
    wait_until(lambda: world.fleet.llm.stats()["requests"] > calls, seconds, "the next call is made")
    return time.monotonic()


def test_a_pause_that_a_server_asked_for_outlives_the_leader(new_world):
    world = new_world(schedulers=2, settings=SHORT_LEASES)
    world.api.wait(world.submit("early", 3))
    world.script({"when": {"every": 1}, "then": {"status": 429, "headers": {"retry-after": "30"}}})
    began = time.monotonic()
    jobs = [world.submit("ann", 3)]
    world.wait_waiting(jobs[0], "waits_for_retry")
    calls = world.fleet.llm.stats()["requests"]
    assert calls == 2
    world.script()
    change_leader(world)
    jobs += [world.submit(f"user-{number}", 3) for number in range(5)]
    waiting = world.wait_waiting(jobs[-1], "endpoint_paused", 20)
    assert waiting["endpoint"] == "main"
    assert world.fleet.llm.stats()["requests"] == calls and time.monotonic() - began < 30
    assert next_call_after(world, calls, 60) - began >= 30
    for job in jobs:
        assert world.api.wait(job)["state"] == "completed"
        assert world.api.provenances(job) == {"llm"}
    world.settle()


def test_a_breaker_that_failed_its_probe_is_open_for_the_next_leader_however_old_its_opening(new_world):
    world = new_world(schedulers=2, settings={**SHORT_LEASES, "TP_BREAKER_OPEN_MS": "15000"},
                      endpoints=[{"name": "only"}])
    world.script(*fail("only"))
    jobs = [world.submit(f"user-{number}", 10, chunk_size=1) for number in range(5)]
    for job in jobs:
        assert world.api.wait(job)["state"] == "completed"

    def failed_probe():
        return world.fleet.database.query(
            "select call_id from llm_calls where is_probe and settled_at is not null"
            " and outcome_class = 11 order by call_id desc")
    probe = wait_until(failed_probe, 60, "its probe fails")[0][0]
    probed = time.monotonic()
    world.fleet.database.query(
        "update llm_calls set granted_at = granted_at - interval '3 hours', lease_until ="
        " lease_until - interval '3 hours', settled_at = settled_at - interval '3 hours'"
        f" where call_id <> {probe} returning 1")
    calls = calls_to(world, "only")
    change_leader(world)
    jobs.append(world.submit("late", 3))
    assert world.api.wait(jobs[-1])["state"] == "completed"
    assert world.api.provenances(jobs[-1]) == {"embedded"}
    assert calls_to(world, "only") == calls and time.monotonic() - probed < 14
    world.script()
    assert next_call_after(world, calls, 60) - probed >= 13.5  # it was seen some time after it failed
    for job in jobs:
        wait_until(lambda job=job: world.api.provenances(job) == {"llm"}, 90, "all is healed")
    world.settle()
