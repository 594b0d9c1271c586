"""No post is asked for twice: in a chunk, by a replica, by the fleet; and nobody needs Redis."""

import json
import re

from conftest import PATIENT_CACHE
from fleet import wait_until
from ledger import echo_of

CALLS_IN_FLIGHT = r'tweetpulse_llm_requests_in_flight\{endpoint="main"\}'


def posts_of(texts):
    return [{"id": f"p{number}", "text": text} for number, text in enumerate(texts)]


def many(mark, count):
    return posts_of(f"{mark} {number}: neither good nor bad" for number in range(count))


def asked(world):
    return world.fleet.llm.stats()["posts"]


def run(world, user, posts, **fields):
    """A job that is done; its id."""
    job = world.submit(user, posts=posts, **fields)
    over = world.api.wait(job)
    assert (over["state"], over["processed_posts"]) == ("completed", len(posts)), over
    return job


def results_kept(world, number):
    wait_until(lambda: world.fleet.cache.results() >= number, 60, "Redis has the results")


def counted(service, series):
    found = re.search(r"^%s (\d+)" % series, service.ops("/metrics")[1], re.MULTILINE)
    return int(found.group(1)) if found else 0


def counted_by_analyzers(world, series):
    return sum(counted(service, series) for name, service in world.fleet.services.items()
               if name.startswith("analyzer"))


def hits(world, level):
    return counted_by_analyzers(
        world, r'tweetpulse_cache_lookups_total\{level="%s",result="hit"\}' % level)


def joined(world, replica):
    return counted_by_analyzers(
        world, r'tweetpulse_cache_joined_posts_total\{replica="%s"\}' % replica)


def test_of_posts_submitted_again_only_those_that_changed_are_asked_for(new_world):
    world = new_world(settings=PATIENT_CACHE)
    posts = many("again", 1000)
    run(world, "ann", posts)
    assert asked(world) == 1000
    results_kept(world, 1000)
    calls = world.fleet.llm.stats()["requests"]
    for post in posts[::100]:
        post["text"] += ", but new"
    job = run(world, "bob", posts)
    assert asked(world) == 1010
    assert world.fleet.llm.stats()["requests"] <= calls + 10
    provenances = [result["provenance"] for result in world.api.results(job)]
    assert (provenances.count("cache"), provenances.count("llm")) == (990, 10)
    assert hits(world, "memory") + hits(world, "redis") == 990
    world.settle()


def test_what_is_all_known_calls_nobody_and_costs_nothing(new_world):
    world = new_world(settings=PATIENT_CACHE)
    first = run(world, "ann", many("known", 100))
    results_kept(world, 100)
    calls = world.fleet.llm.stats()["requests"]
    job = run(world, "bob", many("known", 100))
    assert world.fleet.llm.stats()["requests"] == calls
    assert world.api.provenances(job) == {"cache"}
    document = world.api.job(job)
    assert document["usage"]["prompt_tokens"] == document["usage"]["completion_tokens"] == 0
    models = {result["model"] for result in world.api.results(job)}
    assert models == {result["model"] for result in world.api.results(first)}
    world.settle()


def test_posts_of_one_chunk_that_say_the_same_are_sent_once(new_world):
    world = new_world(settings=PATIENT_CACHE)
    job = run(world, "ann", posts_of(["one and the same day", "another day"] * 20))
    assert asked(world) == 2
    assert world.api.provenances(job) == {"llm", "cache"}
    world.settle()


def test_indices_are_those_of_the_text_as_it_was_submitted(new_world):
    world = new_world(settings=PATIENT_CACHE)
    run(world, "ann", posts_of(["we love #cats in Oslo"]))
    results_kept(world, 1)
    job = run(world, "bob", posts_of(["  we  love #cats \nin Oslo"]))
    assert asked(world) == 1
    result = world.api.results(job)[0]
    assert result["entities"]["hashtags"] == [{"text": "cats", "indices": [11, 16]}]
    # The model's echo is of the text that it saw: the ledger cannot know this one.
    world.ledger.jobs.pop(job)
    world.settle()


def test_other_tasks_another_model_or_tenant_are_other_questions(new_world):
    world = new_world(analyzers=1, settings=PATIENT_CACHE,
                      endpoints=[{"name": "main", "model": "small"}])
    posts = many("keys", 10)
    run(world, "ann", posts)
    results_kept(world, 10)
    run(world, "ann", posts, tasks=["sentiment"])
    assert asked(world) == 20
    results_kept(world, 20)

    other = type(world.api)(world.fleet.url, world.fleet.create_key("other"))
    job = other.submit("ann", posts)
    assert other.wait(job["id"])["state"] == "completed"
    assert asked(world) == 30
    results_kept(world, 30)

    path = world.fleet.folder / "endpoints.json"
    path.write_text(path.read_text(encoding="utf-8").replace("small", "large"), encoding="utf-8")
    for name in ("scheduler", "analyzer"):
        world.fleet.services[name].restart()
    world.fleet.services["analyzer"].wait_ready()
    run(world, "ann", posts)
    assert asked(world) == 40
    results_kept(world, 40)
    run(world, "ann", posts)
    assert asked(world) == 40
    world.settle()


def test_tenants_share_results_if_they_are_told_to(new_world):
    world = new_world(settings={**PATIENT_CACHE, "TP_CACHE_SHARED": "true"})
    run(world, "ann", many("shared", 10))
    results_kept(world, 10)
    other = type(world.api)(world.fleet.url, world.fleet.create_key("other"))
    job = other.submit("ann", many("shared", 10))
    assert other.wait(job["id"])["state"] == "completed"
    assert asked(world) == 10
    world.settle()


def test_redis_outlasts_analyzers_and_its_death_only_costs_calls(new_world):
    world = new_world(analyzers=1, settings=PATIENT_CACHE)
    posts = many("outage", 300)
    run(world, "ann", posts[:200])
    results_kept(world, 200)
    world.fleet.services["analyzer"].restart()  # whose memory is empty again
    world.fleet.services["analyzer"].wait_ready()
    run(world, "ann", posts[:100])
    assert asked(world) == 200
    assert hits(world, "redis") == 100

    world.script({"when": {"nth": 3}, "then": {"hold": True}})
    job = world.submit("ann", posts=posts[200:], chunk_size=5)
    world.wait_processing(job)
    world.fleet.cache.kill()
    world.script()
    again = world.submit("bob", posts=posts[100:200], chunk_size=10)
    for each in (job, again):
        assert world.api.wait(each)["state"] == "completed"
    assert asked(world) == 400, "what only Redis knew was asked for again"
    world.fleet.cache.start()
    world.settle()


def test_posts_submitted_by_two_users_at_once_are_asked_for_once(new_world):
    world = new_world(analyzers=1, settings=PATIENT_CACHE)
    world.hold("at once")
    posts = many("at once", 100)
    jobs = [world.submit(user, posts=posts) for user in ("ann", "bob")]
    wait_until(lambda: world.fleet.database.query("select count(*) from in_flight") == [(2,)], 60,
               "both are under way")
    world.script()
    for job in jobs:
        assert world.api.wait(job)["processed_posts"] == 100
    assert asked(world) == 100
    assert world.fleet.llm.stats()["requests"] == 1
    assert sorted(map(sorted, map(world.api.provenances, jobs))) == [["cache"], ["llm"]]
    world.settle()


# So many chunks that no replica can hold them all.
CROWD = [f"user-{number}" for number in range(8)]


def begin_crowd(world, posts):
    """A job of the same posts for each of many users: one calls, and the model does not answer yet;
    those in other replicas wait for it."""
    world.script({"when": {}, "then": {"hold": True}})
    jobs = [world.submit(user, posts=posts) for user in CROWD]
    wait_until(lambda: joined(world, "other") >= len(posts), 40, "another replica waits")
    world.wait_in_flight(1)
    return jobs


def test_posts_in_flight_in_one_replica_are_waited_for_in_the_others(new_world):
    world = new_world(settings={**PATIENT_CACHE, "TP_ANALYZER_SLOTS": "4"})
    jobs = begin_crowd(world, many("everywhere", 40))
    world.script()
    for job in jobs:
        assert world.api.wait(job, 60)["processed_posts"] == 40
    assert asked(world) == 40
    assert world.fleet.llm.stats()["requests"] == 1
    provenances = [world.api.provenances(job) for job in jobs]
    assert provenances.count({"llm"}) == 1
    assert provenances.count({"cache"}) == len(jobs) - 1
    wait_until(lambda: world.fleet.cache.claims() == 0, 20, "nothing is claimed any more")
    world.settle()


def test_who_waits_for_a_replica_that_dies_asks_in_its_stead(new_world):
    world = new_world(settings={**PATIENT_CACHE, "TP_ANALYZER_SLOTS": "4", "TP_GRANT_WAIT_MS": "3000",
                                "TP_CALL_LIMIT_MS": "20000", "TP_LLM_TIMEOUT_MS": "20000"})
    jobs = begin_crowd(world, many("orphaned", 40))
    caller = wait_until(lambda: [name for name in ("analyzer-1", "analyzer-2")
                                 if counted(world.fleet.services[name], CALLS_IN_FLIGHT) == 1], 20,
                        "it is told who calls")
    assert len(caller) == 1
    world.fleet.services[caller[0]].kill()
    world.script()
    # Long before the leases of the dead one's own chunks end.
    wait_until(lambda: any(world.api.job(job)["state"] == "completed" for job in jobs), 18,
               "somebody who waited is done")
    for job in jobs:
        assert world.api.wait(job, 90)["processed_posts"] == 40
    assert asked(world) == 80, "once by the dead one, and once again"
    world.fleet.services[caller[0]].start()
    world.settle()


def test_an_answer_that_had_to_be_mended_is_not_asked_for_again_either(new_world):
    world = new_world(analyzers=1, settings=PATIENT_CACHE)
    posts = many("mended", 1)
    item = {"id": "#1#", "sentiment": "Positive", "score": 0.5, "confidence": 0.5, "entities": [],
            "keywords": [], "topics": [echo_of(posts[0]["text"])], "language": "en"}
    content = json.dumps({"results": [item], "summary": "one"}).replace('"#1#"', "#1#")
    answer = {"choices": [{"message": {"content": content}}],
              "usage": {"prompt_tokens": 30, "completion_tokens": 40}}
    world.script({"when": {}, "then": {"body": answer, "hold": True}})
    jobs = [world.submit(user, posts=posts) for user in ("ann", "bob")]
    wait_until(lambda: world.fleet.llm.stats()["requests"] == 1 and joined(world, "same") == 1, 60,
               "the model has the one's call, and the other waits for it")
    world.script()
    for job in jobs:
        world.api.wait(job)
    results_kept(world, 1)
    jobs.append(run(world, "carl", posts))
    assert {provenance for job in jobs for provenance in world.api.provenances(job)} == {"repaired"}
    assert world.fleet.llm.stats()["requests"] == 1
    world.settle()


def herons(number):
    return f"{number} herons stand in the harbour this morning, says the port :) #birds"


def test_retweets_after_their_originals_are_not_sent(new_world):
    world = new_world(analyzers=1, settings=PATIENT_CACHE)
    originals = [herons(number) for number in range(40)]
    retweets = [f"RT @port: {text} https://t.co/{number}" for number, text in enumerate(originals)]
    job = run(world, "ann", posts_of(originals + retweets), chunk_size=20)
    assert asked(world) == 40
    assert hits(world, "near_duplicate") == 40
    results = world.api.results(job)
    assert [result["provenance"] for result in results] == ["llm"] * 40 + ["near_duplicate"] * 40
    assert {result["model"] for result in results[40:]} == {results[0]["model"]}
    for result in results[40:]:
        start, end = result["entities"]["hashtags"][0]["indices"]
        assert result["text"][start:end] == "#birds"
        assert [link["text"] for link in result["entities"]["urls"]] == [result["text"].split()[-1]]
    results_kept(world, 40)
    changed = [text.replace(":)", ":(") for text in originals[:10]] + \
              [text.replace("stand", "do not stand") for text in originals[10:20]]
    assert world.api.provenances(run(world, "ann", posts_of(changed))) == {"llm"}
    assert asked(world) == 60
    # The model's echo is of the text that it saw.
    world.ledger.jobs.pop(job)
    world.settle()


def test_retweets_of_one_chunk_are_not_sent_either(new_world):
    world = new_world(settings=PATIENT_CACHE)
    job = run(world, "ann", posts_of([herons(1), herons(2), "RT @port: " + herons(1),
                                      "RT @ann: RT @port: " + herons(2)]))
    assert asked(world) == 2
    provenances = [result["provenance"] for result in world.api.results(job)]
    assert provenances == ["llm", "llm", "near_duplicate", "near_duplicate"]
    assert world.fleet.cache.results() <= 2
    world.ledger.jobs.pop(job)
    world.settle()


def test_whoever_wants_every_post_asked_for_turns_near_duplicates_off(new_world):
    world = new_world(settings={**PATIENT_CACHE, "TP_NEAR_DUPLICATES": "false"})
    job = run(world, "ann", posts_of([herons(1), "RT @port: " + herons(1)] * 2), chunk_size=2)
    assert asked(world) == 2
    assert world.api.provenances(job) == {"llm", "cache"}
    world.settle()


def test_results_are_in_redis_only_after_their_commit(new_world):
    world = new_world(settings={**PATIENT_CACHE, "TP_CACHE_MEMORY_MB": "0"})
    world.hold("commit")
    job = world.submit("ann", posts=many("commit", 20))
    world.wait_in_flight(1)
    with world.fleet.database.locked("analysis_results"):
        world.script()
        wait_until(lambda: world.fleet.database.query(
            "select count(*) from pg_locks where not granted") != [(0,)], 60,
                   "the store has the outcome and cannot commit it")
        assert world.fleet.cache.results() == 0
    assert world.api.wait(job)["state"] == "completed"
    results_kept(world, 20)
    world.settle()


def test_the_cache_can_be_left_out(new_world):
    world = new_world(settings={**PATIENT_CACHE, "TP_CACHE": "false"})
    for user in ("ann", "bob"):
        job = run(world, user, posts_of(["the same thing"] * 3))
        assert world.api.provenances(job) == {"llm"}
    assert asked(world) == 6
    assert world.fleet.cache.results() == 0
    world.settle()
