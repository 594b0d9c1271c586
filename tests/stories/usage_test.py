"""What was used: of each post, job, user and model it is what fake_llm has counted, to the token."""

import csv
import io
import json
import subprocess

import pytest

from api import Refused
from conftest import PATIENT_CACHE
from fleet import wait_until

PRICED = [{"name": "main", "model": "small", "prompt_usd_per_million": 0.15,
           "completion_usd_per_million": 0.6}]
FIGURES = ("llm_calls", "prompt_tokens", "completion_tokens", "usd")


def posts_of(user, count):
    return [{"id": f"p{i}", "text": f"{user} writes {'much ' * (i % 7)}of day {i}"}
            for i in range(count)]


def run(world, user, posts, **fields):
    job = world.submit(user, posts=posts, **fields)
    assert world.api.wait(job)["state"] == "completed"
    return job


def told(world):
    """Tokens of all answers that fake_llm gave, both ways."""
    return sum(tokens for calls in world.fleet.llm.calls().values() for _, tokens in calls)


def sums(rows):
    rows = list(rows)
    return {figure: sum(row[figure] for row in rows) for figure in FIGURES}


def usage(world, query=""):
    return world.api.get(f"/v1/usage?{query}").json()["usage"]


def by(world, group, query=""):
    return {row[group]: row for row in usage(world, f"group_by={group}&{query}")}


def test_every_token_is_somebodys(new_world, binaries):
    world = new_world(endpoints=PRICED)
    jobs = {user: run(world, user, posts_of(user, count), chunk_size=40)
            for user, count in (("ann", 130), ("bob", 20))}
    documents = {user: world.api.job(job)["usage"] for user, job in jobs.items()}
    for user, job in jobs.items():
        shares = [result["usage"] for result in world.api.results(job)]
        document = documents[user]
        for figure in ("prompt_tokens", "completion_tokens"):
            assert sum(share[figure] for share in shares) == document[figure]
            assert min(share[figure] for share in shares) > 0
        chunks = world.api.get(f"/v1/jobs/{job}/chunks").json()["chunks"]
        assert len(chunks) == world.api.job(job)["total_chunks"]
        assert {(chunk["state"], chunk["endpoint"]) for chunk in chunks} == {("done", "main")}
        assert sums(chunk["usage"] for chunk in chunks) == pytest.approx(sums([document]))
        # Each call is rounded up to the next millionth, its posts are exact.
        rounding = document["usd"] - sum(share["usd"] for share in shares)
        assert -1e-9 < rounding <= document["llm_calls"] * 1e-6
        for share in shares:
            cost = share["prompt_tokens"] * 0.15e-6 + share["completion_tokens"] * 0.6e-6
            assert share["usd"] == pytest.approx(cost, abs=1e-9)
    chunk = world.api.results(jobs["ann"])[:40]
    longest = max(chunk, key=lambda result: len(result["text"]))["usage"]["prompt_tokens"]
    assert longest == max(result["usage"]["prompt_tokens"] for result in chunk)

    total = sums(documents.values())
    assert total["prompt_tokens"] + total["completion_tokens"] == told(world)
    for group in ("day", "hour", "user", "model", "endpoint", "class"):
        assert sums(usage(world, f"group_by={group}")) == pytest.approx(total)
    users = by(world, "user")
    for user, document in documents.items():
        assert sums([users[user]]) == pytest.approx(sums([document]))
        assert users[user]["posts"]["llm"] == world.api.job(jobs[user])["processed_posts"]
    assert set(by(world, "model")) == {"small"}
    assert sums(usage(world, "user=bob")) == pytest.approx(sums([documents["bob"]]))
    assert usage(world, "from=2026-01-01&to=2026-01-02") == []

    rows = list(csv.DictReader(io.StringIO(
        world.api.get(f"/v1/jobs/{jobs['bob']}/results?format=csv").text)))
    assert sum(int(row["prompt_tokens"]) for row in rows) == documents["bob"]["prompt_tokens"]
    assert {row["prompt_version"] for row in rows} != {""}

    def tweetpulse(*arguments):
        return subprocess.run([binaries / "tweetpulse", *arguments, "--url", world.fleet.url,
                               "--key", world.fleet.api_key], text=True, capture_output=True,
                              timeout=240, check=True).stdout

    lines = tweetpulse("usage", "--group-by", "user", "--json").splitlines()
    assert [json.loads(line) for line in lines] == usage(world, "group_by=user")
    last = tweetpulse("usage", "--group-by", "model").splitlines()[-1].split()
    assert last[:3] == ["in", "all", str(total["llm_calls"])]
    assert f"{documents['bob']['llm_calls']} calls" in tweetpulse("status", jobs["bob"])
    world.settle()


def test_what_is_known_already_costs_nothing_and_is_counted(new_world):
    world = new_world(settings=PATIENT_CACHE, endpoints=PRICED)
    run(world, "ann", posts_of("both", 30))
    wait_until(lambda: world.fleet.cache.results() == 30, 60, "Redis has the results")
    before = told(world)
    job = run(world, "bob", posts_of("both", 30))
    assert told(world) == before
    assert {json.dumps(result["usage"]) for result in world.api.results(job)} == {
        json.dumps({"prompt_tokens": 0, "completion_tokens": 0, "usd": 0.0})}
    users = by(world, "user")
    assert (users["bob"]["llm_calls"], users["bob"]["usd"]) == (0, 0)
    assert users["bob"]["posts"]["cache"] == users["ann"]["posts"]["llm"] == 30
    assert by(world, "model")["small"]["posts"]["cache"] == 30
    world.settle()


def test_a_call_that_does_not_tell_its_usage_costs_what_was_reserved(new_world):
    world = new_world(endpoints=PRICED)
    world.script({"when": {}, "then": {"omit_usage": True}})
    job = run(world, "ann", posts_of("silent", 20))
    document = world.api.job(job)["usage"]
    assert document["usd"] > 0
    assert [result["usage"] for result in world.api.results(job)] == [None] * 20
    row = by(world, "user")["ann"]
    assert (row["llm_calls"], row["unknown_calls"], row["prompt_tokens"]) == (1, 1, 0)
    assert row["usd"] == document["usd"]
    world.settle()


@pytest.mark.parametrize("lie", [
    {"prompt_tokens": 2_000_000_000, "completion_tokens": 50},
    {"prompt_tokens": 50, "completion_tokens": 4_294_967_295},
    {"prompt_tokens": -7, "completion_tokens": 50},
])
def test_a_usage_that_no_call_can_have_costs_what_was_reserved(new_world, lie):
    """Else one such answer would be a thousand dollars, and the endpoint shut until tomorrow."""
    world = new_world(endpoints=[{**PRICED[0], "limits": {"usd_per_day": 1}}])
    world.script({"when": {"first": 1}, "then": {"usage": lie}})
    job = run(world, "ann", posts_of("lied to", 20))
    assert 0 < world.api.job(job)["usage"]["usd"] < 0.01
    row = by(world, "user")["ann"]
    assert (row["llm_calls"], row["unknown_calls"]) == (1, 1)
    told_of = [service.ops("/metrics")[1] for name, service in world.fleet.services.items()
               if name.startswith("analyzer")]
    assert sum('usage_not_believed_total{endpoint="main"} 1' in page for page in told_of) == 1
    run(world, "bob", posts_of("still served", 20))
    assert by(world, "user")["bob"]["unknown_calls"] == 0
    world.settle()


def test_posts_that_got_no_answer_leave_their_share_to_the_call(new_world):
    world = new_world(endpoints=PRICED)
    world.script({"when": {"nth": 1}, "then": {"drop": 5}})
    job = run(world, "ann", posts_of("dropped", 20))
    document = world.api.job(job)["usage"]
    shares = [result["usage"] for result in world.api.results(job)]
    assert document["prompt_tokens"] + document["completion_tokens"] == told(world)
    assert 0 < sum(share["prompt_tokens"] for share in shares) < document["prompt_tokens"]
    world.settle()


def test_a_tenant_sees_its_own_and_an_operator_all(new_world):
    world = new_world(endpoints=PRICED)
    run(world, "ann", posts_of("mine", 5))
    api = type(world.api)
    other = api(world.fleet.url, world.fleet.create_key("other"))
    assert other.get("/v1/usage").json()["usage"] == []
    for query in ("tenant=*", "tenant=tests", "group_by=tenant&tenant=*"):
        with pytest.raises(Refused) as refused:
            other.get(f"/v1/usage?{query}")
        assert refused.value.status in (403, 400)
    for query in ("group_by=weekday", "from=yesterday", "from=2020-01-01", "cursor=s1",
                  "from=2026-02-02&to=2026-02-01"):
        with pytest.raises(Refused) as refused:
            other.get(f"/v1/usage?{query}")
        assert refused.value.status == 400
    operator = api(world.fleet.url, world.fleet.create_key("ops:operator"))
    tenants = operator.get("/v1/usage?group_by=tenant").json()["usage"]
    assert [row["posts"]["llm"] for row in tenants] == [5]
    page = operator.get("/v1/usage?group_by=model&tenant=*&limit=1").json()
    assert page["usage"][0]["model"] == "small" and page["next_cursor"] is None
    world.settle()
