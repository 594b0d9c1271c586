"""Limits of an endpoint are never exceeded, as its own side counts them, and are used well."""

import time

from controls_test import BASE, LIMITS, path_of, put
from fleet import wait_until
from tasks_test import INSTRUCTION, SCHEMA

REQUESTS = 400
USERS = 16


def minute_of(world, endpoint="main"):
    """The most calls and tokens that it got within any sixty seconds."""
    seen = world.fleet.llm.stats()["endpoints"].get(endpoint)
    return seen["minute"] if seen else {"calls": 0, "tokens": 0}


def reasons(world):
    told = [world.api.job(job).get("waiting") for job in world.ledger.jobs]
    return {waiting["reason"] for waiting in told if waiting}


def test_no_minute_ever_sees_more_calls_than_the_limit_whoever_is_killed(new_world):
    # Short leases: what a killed leader had granted counts as running until they end.
    world = new_world(schedulers=2, settings={
        "TP_CALL_LIMIT_MS": "3000", "TP_LLM_TIMEOUT_MS": "3000", "TP_GRANT_WAIT_MS": "2000"},
                      endpoints=[{"name": "main", "limits": {"requests_per_minute": REQUESTS}}])
    world.script(delay_ms=30)
    for user in range(USERS):
        world.submit(f"user-{user}", 100, chunk_size=1)
    began = time.monotonic()
    for victim in ("scheduler-1", "analyzer-1", "scheduler-2", "store"):
        calls = world.fleet.llm.stats()["requests"]
        wait_until(lambda: world.fleet.llm.stats()["requests"] > calls or calls >= REQUESTS * 0.9,
                   60, "calls go on")
        world.fleet.services[victim].restart()
    first = world.fleet.llm.stats()["requests"]
    assert first <= REQUESTS
    wait_until(lambda: minute_of(world)["calls"] >= 0.95 * REQUESTS, 60, "the limit is used")
    wait_until(lambda: "limit_reached" in reasons(world), 60, "somebody is told of the limit")
    wait_until(lambda: world.fleet.llm.stats()["requests"] >= 1.9 * REQUESTS, 120,
               "the second minute's calls are made as well")
    assert time.monotonic() - began > 60
    assert minute_of(world)["calls"] <= REQUESTS
    for job_id in world.ledger.jobs:
        world.api.cancel(job_id)
    world.settle()


def test_one_user_is_limited_and_nobody_else_waits_for_it(new_world):
    world = new_world(schedulers=2, settings={
        "TP_CALL_LIMIT_MS": "3000", "TP_LLM_TIMEOUT_MS": "3000", "TP_GRANT_WAIT_MS": "2000"})
    world.script(delay_ms=20)
    leader = wait_until(world.name_of_leader, 60, "one leads")
    limits = {"requests_per_minute": 4}
    put(world.api, path_of("greedy"), state="held", limits=limits)
    greedy = world.submit("greedy", 12, chunk_size=1)
    world.wait_waiting(greedy, "held")  # the leader has heard of it
    others = world.submit_all([(f"user-{i}", 10, {"chunk_size": 1}) for i in range(8)])
    put(world.api, path_of("greedy"), limits=limits)
    for job in others:
        assert world.api.wait(job)["state"] == "completed"
    waiting = world.wait_waiting(greedy, "limit_reached")
    assert (waiting["limit"], waiting["scope"]) == ("requests_per_minute", "user")
    assert waiting["detail"].startswith("requests per minute of this user used up until ")

    def calls():  # by the names that the model knows users by
        return {user: seen["requests"] for user, seen in world.fleet.llm.stats()["users"].items()}
    assert sorted(calls().values()) == [4] + 8 * [10]
    pseudonym = min(calls(), key=calls().get)
    assert world.api.job(greedy)["processed_posts"] == 4

    epoch = world.epoch_of_lead()
    world.fleet.services[leader].kill()
    world.wait_next_lead(epoch)
    assert world.api.wait(world.submit("late", 3))["state"] == "completed"
    world.wait_waiting(greedy, "limit_reached")
    assert calls()[pseudonym] == 4, "the new leader knows what the old one let through"

    put(world.api, path_of("greedy"))
    lifted = time.monotonic()
    assert world.api.wait(greedy)["state"] == "completed"
    assert time.monotonic() - lifted < 15 and calls()[pseudonym] == 12
    world.settle()


def test_who_has_spent_its_limit_gets_a_lesser_answer_before_the_deadline(new_world):
    world = new_world(settings={"TP_TENANT_REQUESTS_PER_MINUTE": "2"})
    for user in ("ann", "bob"):
        world.api.wait(world.submit(user, 3))
    patient = world.submit("cem", 3)  # before all others in the order
    wait_until(lambda: "limit_reached" in reasons(world), 30, "the tenant has used up its minute")
    hurried = [world.submit(f"user-{number}", 3, deadline_seconds=30) for number in range(8)]
    for job in hurried:
        over = world.api.wait(job)
        assert (over["state"], over["processed_posts"]) == ("completed", 3)
        assert {result["provenance"] for result in world.api.results(job)} == {"embedded"}
    assert world.fleet.llm.stats()["requests"] == 2
    assert world.api.job(patient)["state"] == "queued"
    world.api.cancel(patient)
    world.settle()


def test_a_limit_that_a_server_says_is_used_up_is_kept_before_it_refuses(new_world):
    world = new_world()
    world.script({"when": {"every": 1}, "then": {"headers": {
        "x-ratelimit-limit-requests": "20", "x-ratelimit-remaining-requests": "0",
        "x-ratelimit-reset-requests": "30s"}}})
    world.api.wait(world.submit("ann", 2))
    jobs = [world.submit(f"user-{number}", 2) for number in range(40)]

    def limited():
        told = [world.api.job(job).get("waiting") for job in jobs]
        return [waiting for waiting in told if waiting and waiting["reason"] == "limit_reached"]
    told = wait_until(limited, 30, "the server's limit is told")[0]
    assert (told["limit"], told["endpoint"]) == ("requests_per_minute", "main")
    # It rises with care as calls succeed.
    assert 20 <= world.fleet.llm.stats()["requests"] <= 26
    for job in jobs:
        world.api.cancel(job)
    world.settle()


def test_what_only_a_model_can_answer_waits_for_money_and_does_not_fail(new_world):
    world = new_world(endpoints=[{"name": "dear", "prompt_usd_per_million": 100,
                                  "completion_usd_per_million": 100,
                                  "limits": {"usd_per_day": 0.2}}])

    def is_spent():
        job = world.submit("spender", 1)
        world.api.wait(job)
        return world.api.provenances(job) == {"embedded"}
    wait_until(is_spent, 60, "the day's money is spent")
    calls = world.fleet.llm.stats()["requests"]
    brief = world.submit("asker", 2, instruction=INSTRUCTION, schema=SCHEMA, deadline_seconds=10)
    patient = world.submit("other", 2, instruction=INSTRUCTION, schema=SCHEMA)
    waiting = world.wait_waiting(patient, "limit_reached")
    assert (waiting["limit"], waiting["endpoint"]) == ("usd_per_day", "dear")
    assert waiting["until"][:10] > world.api.job(patient)["created_at"][:10], "on another day"
    assert world.api.wait(brief)["state"] == "expired"
    assert world.api.job(patient)["state"] in ("queued", "processing")
    assert world.fleet.llm.stats()["requests"] == calls
    put(world.api, f"{BASE}/endpoints/dear", limits={**LIMITS, "usd_per_day": 50})
    assert world.api.wait(patient)["state"] == "completed"
    assert world.api.provenances(patient) == {"llm"}
    world.settle()


def test_a_pause_that_the_server_asks_for_is_kept_and_told_as_such(new_world):
    world = new_world()
    world.api.wait(world.submit("early", 3))  # whose call is what forecasts are made of
    world.script({"when": {"every": 1}, "then": {"status": 429, "headers": {"retry-after": "20"}}})
    job = world.submit("ann", 3)
    wait_until(lambda: "waits_for_retry" in reasons(world), 60, "the server's answer is known")
    other = world.submit("bob", 3)

    def told():
        document = world.api.job(other)
        is_paused = document.get("waiting", {}).get("reason") == "endpoint_paused"
        return document if is_paused and "eta" in document else None
    document = wait_until(told, 19, "the pause is told, with a forecast")
    waiting = document["waiting"]
    assert document["eta"]["p90_at"] >= document["eta"]["p50_at"] >= waiting["until"]
    assert waiting["endpoint"] == "main" and "limit" not in waiting
    assert waiting["detail"].startswith("endpoint main asked to wait until ")
    assert world.fleet.llm.stats()["requests"] == 2
    world.script()
    for job_id in (job, other):
        assert world.api.wait(job_id)["state"] == "completed"
    world.settle()
