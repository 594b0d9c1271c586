"""A model that does everything wrong at once: still every post has its own result, and few calls."""

import json
import math

from ledger import echo_of

RATE = 0.3
WAYS = ("drop", "wrong", "duplicate", "invent", "bad_utf8", "reorder", "prose", "truncate")
HOSTILE = {"when": {}, "then": {"hostile": {way: RATE for way in WAYS}}}


def calls_of_chunks(log, chunks):
    """Of each chunk, a list of posts' echoes, its calls in their order, as fake_llm wrote them down."""
    place = {echo: number for number, chunk in enumerate(chunks) for echo in chunk}
    calls = [[] for _ in chunks]
    for line in log.read_text(encoding="utf-8").splitlines():
        asked = [f"echo-{post}" for post in json.loads(line)["posts"]]
        numbers = {place[echo] for echo in asked}
        assert len(numbers) == 1, "a call for the posts of several chunks"
        calls[numbers.pop()].append(asked)
    return calls


def most_calls(calls):
    """docs/scheduling.md, "Progress": 1 + b (ceil(log b / log 4/3) + 4) for the b posts that the
    first answer left open, which are those that are asked again."""
    again = {echo for asked in calls[1:] for echo in asked}
    if not again:
        return 1
    return 1 + len(again) * (math.ceil(math.log(len(again)) / math.log(4 / 3)) + 4)


def test_a_model_that_does_everything_wrong_costs_some_calls_and_no_post(new_world, tmp_path):
    log = tmp_path / "calls"
    world = new_world(llm=("--delay-ms", "10", "--log", str(log)))
    world.script(HOSTILE)
    chunks, jobs = [], []
    for user in range(8):
        posts = [{"id": f"p{i}", "text": f"user {user} writes post {i} of many"} for i in range(130)]
        echoes = [echo_of(post["text"]) for post in posts]
        chunks += [echoes[:100], echoes[100:]]
        jobs.append(world.submit(f"user-{user}", posts=posts))
    found = []
    for job in jobs:
        assert world.api.wait(job, 180)["state"] == "completed"
        found += world.api.results(job)
    world.settle()  # each post one result, its own by its echo

    assert len(found) == 8 * 130
    by_model = sum(result["provenance"] == "llm" for result in found)
    assert by_model >= 0.93 * len(found), f"{len(found) - by_model} posts were given up"

    calls = calls_of_chunks(log, chunks)
    assert sum(map(len, calls)) == world.fleet.llm.stats()["requests"]
    for number, chunk in enumerate(calls):
        assert 1 <= len(chunk) <= most_calls(chunk), f"chunk {number}: {len(chunk)} calls"
    large = [len(chunk) for chunk in calls[::2]]
    print(f"calls for 100 posts: {sorted(large)}; for 30: {sorted(map(len, calls[1::2]))}; "
          f"{len(found) - by_model} of {len(found)} posts by the embedded analysis")
    assert sum(large) / len(large) <= 30, f"calls for chunks of 100 posts: {large}"


def test_a_model_that_only_answers_with_floods_and_half_json_leaves_its_posts_to_us(new_world):
    world = new_world(settings={"TP_BREAKER_CALLS": "8"})
    flood = {"choices": [{"message": {"content": '{"results":[' + " " * 250_000},
                          "finish_reason": "stop"}],
             "usage": {"prompt_tokens": 900, "completion_tokens": 4000}}
    deluge = json.loads(json.dumps(flood))
    deluge["choices"][0]["message"]["content"] += " " * 2_000_000  # more than an answer may have
    world.script({"when": {"text": "flood"}, "then": {"body": flood}},
                 {"when": {"text": "deluge"}, "then": {"body": deluge}},
                 {"when": {"text": "half"}, "then": {"truncate": 30}})
    flooded = world.submit("ann", posts=[{"id": f"f{i}", "text": f"flood {i}"} for i in range(4)])
    halved = world.submit("bob", posts=[{"id": f"h{i}", "text": f"half {i}"} for i in range(4)])
    drowned = world.submit("cid", posts=[{"id": f"d{i}", "text": f"deluge {i}"} for i in range(4)])
    for job in (flooded, halved, drowned):
        assert world.api.wait(job)["state"] == "completed"
        assert {result["provenance"] for result in world.api.results(job)} == {"embedded"}
        calls = world.fleet.database.query(
            "select count(*) from llm_calls where job_id = %s and was_called", (job,))
        assert calls == [(7,)], "split at once: one call for each part, down to each post"
    world.settle()


def test_streams_that_nobody_asked_for_are_read(new_world):
    world = new_world()
    item = {"id": "#1#", "sentiment": "neutral", "score": 0, "confidence": 0.5, "entities": [],
            "keywords": [], "topics": [echo_of("one post")], "language": "en"}
    content = json.dumps({"results": [item], "summary": "one"}).replace('"#1#"', "#1#")
    events = [{"choices": [{"delta": {"role": "assistant", "content": None}}]}]
    events += [{"choices": [{"delta": {"content": content[at:at + 10]}}]}
               for at in range(0, len(content), 10)]
    events.append({"choices": [], "usage": {"prompt_tokens": 30, "completion_tokens": 40}})
    whole = "".join(f": ping\n\ndata: {json.dumps(event)}\n\n" for event in events)
    world.script({"when": {"first": 1}, "then": {"body": whole}},  # it ends without [DONE]
                 {"when": {}, "then": {"body": whole + "data: [DONE]\n\n"}})
    job = world.submit("ann", posts=[{"id": "p", "text": "one post"}])
    assert world.api.wait(job)["state"] == "completed"
    assert [result["provenance"] for result in world.api.results(job)] == ["llm"]
    assert world.fleet.llm.stats()["requests"] == 2
    world.settle()
