"""What breaks, and that nothing accepted is lost or doubled by it."""

import concurrent.futures
import time

import pytest
import requests

from conftest import SHORT_LEASES
from fleet import wait_until


@pytest.fixture(scope="module")
def settings():
    return SHORT_LEASES


@pytest.mark.parametrize("name", ["gateway", "store", "scheduler", "analyzer-1", "monitor"])
def test_a_service_killed_in_mid_job_loses_and_doubles_nothing(world, name):
    world.begin_work()
    world.fleet.services[name].kill()
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        meanwhile = pool.submit(world.submit, "meanwhile", 7)
        world.fleet.services[name].start()
        meanwhile.result()
    world.settle()
    world.fleet.services[name].wait_ready()


def test_an_analyzer_that_is_gone_for_good_is_replaced_by_the_other(world):
    world.begin_work()
    world.fleet.services["analyzer-1"].kill()
    world.settle()
    world.fleet.services["analyzer-1"].start()
    world.fleet.services["analyzer-1"].wait_ready()


@pytest.mark.parametrize("name", ["gateway", "store", "scheduler", "analyzer-1", "monitor"])
def test_a_service_asked_to_end_does_so_in_order(world, name):
    world.begin_work()
    service = world.fleet.services[name]
    assert service.terminate(120) == 0, service.tail()
    service.start()
    world.settle()
    service.wait_ready()


def test_a_leader_frozen_for_three_leases_comes_back_to_a_new_one(new_world):
    world = new_world(schedulers=2, settings=SHORT_LEASES)
    world.begin_work(chunks=20, delay_ms=150)
    lease_s = world.fleet.database.query(
        "select extract(epoch from expires_at - clock_timestamp()) from leases "
        "where name='scheduler'")[0][0]
    frozen = wait_until(world.name_of_leader, 60, "one leads")
    epoch = world.epoch_of_lead()
    thaw_at = time.monotonic() + 3 * float(lease_s)
    world.fleet.services[frozen].freeze()
    successor = world.wait_next_lead(epoch)
    wait_until(lambda: time.monotonic() > thaw_at, 60, "three leases have passed")
    world.fleet.services[frozen].thaw()
    world.submit("after", 5)
    world.settle()
    assert successor != frozen


def test_a_leader_killed_is_followed_by_its_standby(new_world):
    world = new_world(schedulers=2, settings=SHORT_LEASES)
    world.begin_work()
    dead = wait_until(world.name_of_leader, 60, "one leads")
    epoch = world.epoch_of_lead()
    world.fleet.services[dead].kill()
    assert world.wait_next_lead(epoch) != dead
    world.settle()


def submit_once(world):
    """One try without patience."""
    return requests.post(world.fleet.url + "/v1/jobs", timeout=60,
                         json={"user": "hasty", "posts": [{"id": "a", "text": "now"}]},
                         headers=dict(world.api.session.headers))


def test_the_broker_killed_and_restarted(world):
    world.begin_work()
    world.fleet.broker.kill()
    began = time.monotonic()
    answer = submit_once(world)
    assert answer.status_code == 503 and int(answer.headers["Retry-After"]) > 0
    assert time.monotonic() - began < 15
    world.fleet.broker.start()
    world.submit("after", 5)
    world.settle()


def test_the_broker_that_lost_all_its_streams(world):
    world.begin_work()
    world.fleet.broker.kill()
    world.fleet.broker.forget()
    world.fleet.broker.start()
    world.submit("after", 5)
    world.settle()


@pytest.mark.parametrize("is_killed", [False, True], ids=["stopped", "killed"])
def test_the_database_restarted(world, is_killed):
    world.begin_work()
    if is_killed:
        world.fleet.database.kill()
    else:
        world.fleet.database.terminate()
    answer = submit_once(world)
    assert answer.status_code == 503 and int(answer.headers["Retry-After"]) > 0
    world.fleet.database.start()
    world.submit("after", 5)
    world.settle()


def test_without_redis_everything_works(world):
    world.begin_work()
    world.fleet.cache.kill()
    world.submit("meanwhile", 12, chunk_size=5)
    world.settle()
    world.fleet.cache.start()


def test_a_frozen_redis_holds_nobody_up(world):
    world.fleet.cache.freeze()
    try:
        world.begin_work()
        world.settle()
    finally:
        world.fleet.cache.thaw()


MISHAPS = {
    "server errors": {"when": {"every": 4}, "then": {"status": 500}},
    "rate limits": {"when": {"every": 4}, "then": {"status": 429, "headers": {"retry-after": "1"}}},
    "resets": {"when": {"every": 4}, "then": {"end": "reset"}},
    "cut answers": {"when": {"every": 4}, "then": {"truncate": 100}},
    "missing posts": {"when": {"every": 3}, "then": {"drop": 2}},
    "another order": {"when": {}, "then": {"reorder": True}},
    "doubled posts": {"when": {"every": 2}, "then": {"duplicate": 2, "invent": 2}},
    "invalid labels": {"when": {"every": 3}, "then": {"invalid": "label"}},
    "bad bytes": {"when": {"every": 4}, "then": {"bad_utf8": True}},
}


@pytest.mark.parametrize("what", MISHAPS)
def test_a_model_that_errs_now_and_then(world, what):
    world.script(MISHAPS[what])
    world.submit_all([(f"user-{i}", 20, {"chunk_size": 10}) for i in range(6)])
    world.settle()
    assert all(world.api.job(job)["state"] == "completed" for job in world.ledger.jobs)


def test_one_post_the_model_cannot_bear_spoils_only_itself(world):
    world.script({"when": {"text": "poison"}, "then": {"status": 400, "body": "no"}})
    posts = [{"id": f"p{i}", "text": f"harmless {i}"} for i in range(15)]
    posts.append({"id": "bad", "text": "this is poison"})
    job = world.submit("poisoned", posts=posts)
    world.settle()
    results = {result["post_id"]: result for result in world.api.results(job)}
    assert all(results[f"p{i}"]["provenance"] == "llm" for i in range(15))
    assert results["bad"].get("provenance") in ("embedded", None)
