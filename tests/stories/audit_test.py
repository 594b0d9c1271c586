"""Calls that are asked again in another order: what the model says of itself, and nobody notices."""

import json
import re
import subprocess

import pytest

from api import Refused
from conftest import PATIENT_CACHE
from fleet import wait_until

ALL = {"TP_AUDIT_SHARE": "1"}


def posts_of(user, count):
    return [{"id": f"p{i}", "text": f"{user} writes of day {i}"} for i in range(count)]


def run(world, jobs, posts, **fields):
    """Jobs of as many users, all done; their ids."""
    ids = [world.submit(f"user-{i}", posts=posts_of(f"user-{i}", posts), **fields)
           for i in range(jobs)]
    for job in ids:
        assert world.api.wait(job)["state"] == "completed"
    return ids


def audited(world, posts, seconds=90):
    """The only line of what was compared, once that is so many posts."""
    def lines():
        return world.api.get("/v1/admin/audit").json()["audits"]
    wait_until(lambda: sum(line["all"]["posts"] for line in lines()) == posts, seconds,
               f"{posts} posts are compared")
    only, = lines()
    return only


def counted(world, name, **labels):
    """A metric of the store, summed up over the labels that are not said; 0 = none."""
    total = 0
    for line in world.fleet.services["store"].ops("/metrics")[1].splitlines():
        found = re.fullmatch(r"%s\{(.*)\} (\S+)" % name, line)
        if found and all(f'{label}="{value}"' in found.group(1)
                         for label, value in labels.items()):
            total += float(found.group(2))
    return total


def wait_counted(world, wanted, name, **labels):
    """The store counts after it has committed."""
    wait_until(lambda: counted(world, name, **labels) == wanted, 60,
               f"{name} of {labels} is {wanted}")


def test_each_call_is_asked_again_and_nobody_but_operators_sees_it(new_world, binaries):
    world = new_world(settings=ALL)
    job, = run(world, 1, 80, chunk_size=20)
    before = world.api.results(job)
    events = list(world.api.events(job))
    line = audited(world, 80)
    assert line["all"]["agreement"] == 1 and line["all"]["high"] == 1
    assert 0.95 < line["all"]["low"] < 0.96
    assert [line["positions"][third]["posts"] for third in ("first", "middle", "last")] == [
        28, 28, 24]
    assert line["score_distance"] == 0

    stats = world.fleet.llm.stats()
    assert (stats["requests"], stats["posts"]) == (8, 160), "each chunk is asked twice, once more"
    assert world.api.results(job) == before
    assert list(world.api.events(job)) == events
    assert [seen["id"] for seen in world.api.get("/v1/jobs").json()["jobs"]] == [job]
    by_class = {row["class"]: row["llm_calls"]
                for row in world.api.get("/v1/usage?group_by=class").json()["usage"]}
    assert by_class == {"standard": 4, "background": 4}, "who asks pays, as for any call"

    name = "tweetpulse_audit_posts_total"
    wait_counted(world, 4, "tweetpulse_audits_total", result="compared")
    wait_counted(world, 80, name, result="agrees", model=line["model"])
    wait_counted(world, 24, name, result="agrees", position="last")
    wait_counted(world, 0, name, result="differs")

    told = subprocess.run([binaries / "tweetpulse", "audit", "--json", "--url", world.fleet.url,
                           "--key", world.fleet.api_key],
                          check=True, capture_output=True, text=True, timeout=120)
    assert json.loads(told.stdout) == line
    plain = type(world.api)(world.fleet.url, world.fleet.create_key("other"))
    with pytest.raises(Refused) as refused:
        plain.get("/v1/admin/audit")
    assert refused.value.status == 403
    world.settle()


def test_a_model_that_tires_is_found_out(new_world):
    world = new_world(settings=ALL)
    world.script({"when": {}, "then": {"tires_after": 20}})
    jobs = run(world, 5, 120, chunk_size=30)
    labels = {job: [result["sentiment"] for result in world.api.results(job)] for job in jobs}
    line = audited(world, 600)
    shares = {third: line["positions"][third]["agreement"] for third in line["positions"]}
    # By chance alone: 7 in 9 where the model was awake, 5 in 9 in the last third.
    assert 0.6 < line["all"]["agreement"] < 0.8
    assert line["all"]["low"] < line["all"]["agreement"] < line["all"]["high"]
    assert shares["last"] < min(shares["first"], shares["middle"])
    assert line["score_distance"] > 0.05
    wait_counted(world, line["all"]["posts"] - line["all"]["agreed"],
                 "tweetpulse_audit_posts_total", result="differs")
    for job in jobs:
        assert [result["sentiment"] for result in world.api.results(job)] == labels[job]
    world.settle()


def test_an_audit_that_fails_is_dropped_and_changes_nothing(new_world):
    world = new_world(settings=ALL)
    world.script({"when": {"first": 1}, "then": {}}, {"when": {}, "then": {"status": 500}})
    job, = run(world, 1, 20)
    before = world.api.results(job)
    wait_counted(world, 1, "tweetpulse_audits_total", result="dropped")
    assert world.fleet.llm.stats()["requests"] == 2, "and not tried again"
    assert world.api.get("/v1/admin/audit").json()["audits"] == []
    assert world.api.results(job) == before
    assert world.api.provenances(job) == {"llm"}
    world.settle()


def test_known_posts_are_asked_again_and_what_an_audit_heard_is_not_kept(new_world):
    world = new_world(settings={**ALL, **PATIENT_CACHE})
    run(world, 1, 20)
    audited(world, 20)
    assert world.fleet.llm.stats()["posts"] == 40, "though the cache knows them"
    wait_until(lambda: world.fleet.cache.results() == 20, 60, "Redis has the results")
    run(world, 1, 20)
    assert world.fleet.llm.stats()["posts"] == 40
    wait_counted(world, 1, "tweetpulse_audits_total", result="begun")  # known ones are not
    world.settle()
