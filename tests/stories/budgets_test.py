"""Limits while they change: lifted, lowered, tried as a shadow, and learned from the server."""

import re

from api import Api
from conftest import SHORT_LEASES
from controls_test import BASE, LIMITS, put
from fleet import wait_until
from limits_test import minute_of

MAIN = f"{BASE}/endpoints/main"
OWN = f"{BASE}/tenants/demo"
TOKENS = 12000
# What two short posts are booked with at most, in tokens.
BOUND = 1000


def figure(world, name, **labels):
    """What the scheduler tells under that name, as it looked within the last second."""
    told = "".join(f'{label}="{value}",' for label, value in labels.items()).rstrip(",")
    line = re.escape(f"tweetpulse_{name}{{{told}}}" if told else f"tweetpulse_{name}")
    found = re.search(f"^{line} (\\S+)$", world.fleet.services["scheduler"].ops("/metrics")[1], re.M)
    return float(found.group(1)) if found else None


def limit_of(world, limit):
    return figure(world, "llm_limit", endpoint="main", limit=limit)


def used_of(world, limit):
    return figure(world, "llm_limit_used", endpoint="main", limit=limit)


def wait_quiet(world):
    """Until no call runs or may still begin, as the leader counts them."""
    wait_until(lambda: used_of(world, "calls_in_flight") == 0, 60, "no call is permitted any more")


def wait_limited(world, jobs):
    """What one of the jobs is told once a limit is in its way."""
    def told():
        for job in jobs:
            waiting = world.api.job(job).get("waiting")
            if waiting and waiting["reason"] == "limit_reached":
                return waiting
        return None
    return wait_until(told, 60, "a limit is told")


def wait_completed(world, jobs):
    for job in jobs:
        assert world.api.wait(job)["state"] == "completed"
        assert world.api.provenances(job) == {"llm"}


def wait_spent(world):
    """Until the model was sent about as many tokens as may be in a minute; never more."""
    wait_until(lambda: minute_of(world)["tokens"] > TOKENS - BOUND, 60, "the limit is used")
    wait_quiet(world)
    assert minute_of(world)["tokens"] <= TOKENS


# -- tokens --

def test_an_endpoints_tokens_of_a_minute_are_never_passed_until_their_limit_is_lifted(new_world):
    world = new_world(endpoints=[{"name": "main", "limits": {"tokens_per_minute": TOKENS}}],
                      settings=SHORT_LEASES)
    jobs = [world.submit(f"user-{number}", 8, chunk_size=2) for number in range(12)]
    wait_spent(world)
    epoch = world.epoch_of_lead()
    world.fleet.services["scheduler"].restart()
    wait_until(lambda: world.epoch_of_lead() > epoch, 60, "somebody leads again")
    waiting = wait_limited(world, jobs)
    assert minute_of(world)["tokens"] <= TOKENS, "who leads next knows what was spent"
    assert (waiting["limit"], waiting["endpoint"]) == ("tokens_per_minute", "main")
    assert waiting["detail"].startswith("tokens per minute of endpoint main used up until ")
    put(world.api, MAIN, limits=LIMITS)
    wait_completed(world, jobs)
    assert minute_of(world)["tokens"] > TOKENS, "it was the limit that they had waited for"
    world.settle()


def test_a_tenants_tokens_of_a_minute_are_its_own_and_lifting_them_lets_it_go_on(new_world):
    world = new_world(endpoints=[{"name": "main"}],
                      settings={"TP_TENANT_TOKENS_PER_MINUTE": str(TOKENS)})
    jobs = [world.submit(f"user-{number}", 8, chunk_size=2) for number in range(12)]
    wait_spent(world)
    waiting = wait_limited(world, jobs)
    assert (waiting["limit"], waiting["scope"]) == ("tokens_per_minute", "tenant")
    assert waiting["detail"].startswith("tokens per minute of your tenant used up until ")

    other = Api(world.fleet.url, world.fleet.create_key("acme:user"))
    job = other.submit("ann", [{"id": "1", "text": "a tenant with tokens of its own"}])["id"]
    assert other.wait(job)["state"] == "completed"
    assert other.provenances(job) == {"llm"}
    put(world.api, OWN, limits=LIMITS)
    wait_completed(world, jobs)
    world.settle()


# -- lowered --

def test_no_call_begins_above_a_limit_that_was_lowered_while_calls_ran(new_world):
    world = new_world(endpoints=[{"name": "main"}])
    world.script(delay_ms=150)
    jobs = world.submit_all([(f"user-{number}", 30, {"chunk_size": 1}) for number in range(10)])
    wait_until(lambda: world.fleet.llm.stats()["peak_in_flight"] > 4, 60, "many calls run at once")

    put(world.api, MAIN, limits={**LIMITS, "calls_in_flight": 2})
    wait_until(lambda: limit_of(world, "calls_in_flight") == 2, 60, "the leader has heard of it")
    wait_until(lambda: used_of(world, "calls_in_flight") <= 2, 60, "calls that ran are over")
    world.fleet.llm.control("/control/reset", {})  # the peak is counted from here on
    wait_until(lambda: world.fleet.llm.stats()["requests"] >= 16, 60, "calls go on")
    assert world.fleet.llm.stats()["peak_in_flight"] == 2

    put(world.api, MAIN, limits={**LIMITS, "requests_per_minute": 12})
    wait_until(lambda: limit_of(world, "requests_per_minute") == 12, 60, "the leader has heard it")
    wait_quiet(world)
    calls = world.fleet.llm.stats()["requests"]
    hurried = world.submit("hurried", 1, deadline_seconds=20)
    assert world.api.wait(hurried)["state"] == "completed"
    assert world.api.provenances(hurried) == {"embedded"}, "there was no call left to be had"
    assert world.fleet.llm.stats()["requests"] == calls
    assert wait_limited(world, jobs)["limit"] == "requests_per_minute"
    put(world.api, MAIN, limits=LIMITS)
    wait_completed(world, jobs)
    world.settle()


# -- shadow --

def analyse_beyond(world, limit):
    """Five more calls than the limit, of which nothing is refused and everything is counted."""
    before = figure(world, "scheduler_shadow_violations_total")
    wait_completed(world, [world.submit(f"user-{number}", 2) for number in range(limit + 5)])
    wait_until(lambda: figure(world, "scheduler_shadow_violations_total") >= before + 5, 60,
               "what the limit would have refused is counted")
    assert figure(world, "scheduler_refused_permits_total") == 0


def enforce(world, path, scope):
    """The same limit holds once it is meant; without one all goes on."""
    put(world.api, path, limits={**LIMITS, "requests_per_minute": 3, "shadow": False})
    job, waiting = world.submit_waiting("enforced", "limit_reached")
    assert (waiting["limit"], waiting["scope"]) == ("requests_per_minute", scope)
    put(world.api, path, limits=LIMITS)
    wait_completed(world, [job])


def test_a_shadow_limit_of_an_endpoint_is_told_and_counted_before_it_is_enforced(new_world):
    world = new_world()
    put(world.api, MAIN, limits={**LIMITS, "requests_per_minute": 3, "shadow": True})
    wait_until(lambda: limit_of(world, "requests_per_minute") == 3, 60, "the leader has heard of it")
    analyse_beyond(world, 3)
    wait_until(lambda: used_of(world, "requests_per_minute") >= 8, 60, "what is used is told")
    enforce(world, MAIN, "endpoint")
    world.settle()


def test_shadow_limits_of_the_settings_refuse_no_tenant_before_one_is_enforced(new_world):
    world = new_world(settings={"TP_LIMITS_SHADOW": "true", "TP_TENANT_REQUESTS_PER_MINUTE": "3"})
    analyse_beyond(world, 3)
    enforce(world, OWN, "tenant")
    world.settle()


# -- learned --

def test_a_limit_learned_from_a_refusal_is_told_in_the_figures_and_kept(new_world):
    world = new_world()
    assert limit_of(world, "requests_per_minute") == 0
    world.script({"when": {"first": 1}, "then": {"status": 429, "headers": {
        "retry-after": "1", "x-ratelimit-limit-requests": "20"}}})
    jobs = [world.submit(f"user-{number}", 2) for number in range(40)]
    wait_until(lambda: limit_of(world, "requests_per_minute") >= 15, 60,
               "a quarter less than the server says is learned")
    wait_until(lambda: world.fleet.llm.stats()["requests"] >= 15, 60, "the limit is used")
    waiting = wait_limited(world, jobs)
    assert (waiting["limit"], waiting["endpoint"]) == ("requests_per_minute", "main")
    # It rises with each call that succeeds, and is told some moments later.
    wait_until(lambda: limit_of(world, "requests_per_minute") >=
               world.fleet.llm.stats()["requests"], 60, "no more calls were made than are told")
    wait_quiet(world)
    assert limit_of(world, "requests_per_minute") <= 26
    assert world.fleet.llm.stats()["requests"] <= 26
    for job in jobs:
        world.api.cancel(job)
    world.settle()
