"""Queues are bounded, and so is the time a job waits: what is refused, what expires, what is kept."""

import concurrent.futures
import json
import uuid

from api import Api
from fleet import wait_until

QUEUE_FULL = "the queue is full"
NOTHING_BEGAN = "nothing of it had begun in the time it may wait"


class Request:
    """One submission that can be repeated, as its client would."""

    def __init__(self, user, text):
        self.user, self.key = user, str(uuid.uuid4())
        self.posts = [{"id": "1", "text": text}]

    def send(self, world, api=None):
        """Whether it is taken or refused; what is taken in the world's own tenant is written to its
        ledger. An answer that tells neither is asked for again."""
        api = api or world.api

        def told():
            answer = api.session.post(f"{api.url}/v1/jobs", timeout=60,
                                      data=json.dumps({"user": self.user, "posts": self.posts}),
                                      headers={"Content-Type": "application/json",
                                               "Idempotency-Key": self.key})
            is_full = answer.status_code == 503 and answer.json()["detail"] == QUEUE_FULL
            return [answer] if answer.status_code in (202, 429) or is_full else None
        answer = wait_until(told, 60, f"{self.user} is answered")[0]
        if answer.status_code == 202 and api is world.api:
            world.ledger.write(answer.json()["id"], self.user, self.posts)
        return answer

    def wait_taken(self, world):
        """The job, once there is room for it."""
        def taken():
            answer = self.send(world)
            return answer.json()["id"] if answer.status_code == 202 else None
        return wait_until(taken, 60, f"{self.user} is taken")


def send_all(world, requests):
    with concurrent.futures.ThreadPoolExecutor(len(requests)) as pool:
        return list(pool.map(lambda request: request.send(world), requests))


def assert_refused(answer, status, code, detail):
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"].startswith("application/problem+json")
    problem = answer.json()
    assert (problem["status"], problem["code"], problem["detail"]) == (status, code, detail)
    assert int(answer.headers["Retry-After"]) >= 1


# -- how many --

def test_who_has_as_many_jobs_as_it_may_is_refused_for_a_while_and_nobody_else_is(new_world):
    world = new_world(settings={"TP_QUEUE_MAX_USER_JOBS": "3", "TP_QUEUE_MAX_TENANT_JOBS": "5"})
    world.hold("waits")
    requests = [Request("ann", f"ann waits {number}") for number in range(9)]
    answers = send_all(world, requests)
    assert sorted(answer.status_code for answer in answers) == [202] * 3 + [429] * 6
    for request, answer in zip(requests, answers):
        again = request.send(world)
        if answer.status_code == 202:
            assert again.json()["id"] == answer.json()["id"], "a repeat asks for no room"
        else:
            assert_refused(again, 429, "queue_full", "the user has 3 unfinished jobs already")

    for number in range(2):
        Request("bob", f"bob waits {number}").wait_taken(world)
    cem = Request("cem", "cem waits as well")
    assert_refused(cem.send(world), 429, "queue_full", "the tenant has 5 unfinished jobs already")
    other = Api(world.fleet.url, world.fleet.create_key("acme:user"))
    job = other.submit("ann", [{"id": "1", "text": "ann of another tenant"}])["id"]
    assert other.wait(job)["state"] == "completed"

    world.script()
    for request in (*requests, cem):
        assert world.api.wait(request.wait_taken(world))["state"] == "completed"
    assert len(world.api.get("/v1/jobs?user=ann").json()["jobs"]) == 9
    world.settle()


def test_a_full_queue_refuses_everybody_until_it_drains_and_loses_nothing(new_world):
    world = new_world(settings={"TP_QUEUE_MAX_JOBS": "6"})
    world.hold("waits")
    taken = []

    def refused():
        """The store counts all jobs now and then, so some more may come in."""
        request = Request(f"user-{len(taken)}", f"number {len(taken)} waits")
        answer = request.send(world)
        if answer.status_code == 202:
            taken.append(request)
            return None
        return request, answer
    request, answer = wait_until(refused, 60, "the queue is full")
    assert_refused(answer, 503, "unavailable", QUEUE_FULL)
    assert len(taken) >= 6
    other = Api(world.fleet.url, world.fleet.create_key("acme:user"))
    stranger = Request("stranger", "a tenant with no job at all")
    assert_refused(stranger.send(world, other), 503, "unavailable", QUEUE_FULL)
    assert taken[0].send(world).status_code == 202, "a repeat asks for no room"

    world.script()
    for request in (*taken, request):
        assert world.api.wait(request.wait_taken(world))["state"] == "completed"
    world.settle()


# -- how long --

def test_a_job_of_which_nothing_began_in_its_time_expires_and_frees_its_place(new_world):
    world = new_world(settings={"TP_QUEUE_MAX_USER_JOBS": "2"})
    world.hold("slow")
    running = world.submit("ann", posts=[{"id": "s", "text": "slow, of ann"}], queue_ttl_seconds=1)
    world.wait_waiting(running, "runs")
    queued = world.submit("ann", 3, queue_ttl_seconds=1)
    over = world.api.wait(queued)
    assert (over["state"], over["processed_posts"]) == ("expired", 0)
    assert over["error"] == NOTHING_BEGAN
    assert {result["reason"] for result in world.api.results(queued)} == {"expired"}
    assert [event["event"] for _, event in world.api.events(queued, 0)][-1] == "expired"

    after = world.submit("ann", 3)  # her queue has room for one more
    assert world.api.job(running)["state"] == "processing", "it had begun in its time"
    world.script()
    for job in (running, after):
        assert world.api.wait(job)["state"] == "completed"
    assert world.fleet.llm.stats()["posts"] == 1 + 3, "what has expired was never sent"
    world.settle()


def test_a_job_past_its_deadline_keeps_what_it_has_and_stops_its_call(world):
    posts = [{"id": str(number), "text": f"all is well, {number} {world.number}"}
             for number in range(4)]
    posts += [{"id": str(number), "text": f"slow, the rest, {number} {world.number}"}
              for number in range(4, 8)]
    world.hold("slow, the rest")
    job = world.submit("ann", posts=posts, chunk_size=2, deadline_seconds=8)
    next_one = world.submit("ann", 2)
    over = world.api.wait(job)
    assert (over["state"], over["processed_posts"], over["failed_posts"]) == ("expired", 4, 4)
    results = {result["post_id"]: result for result in world.api.results(job)}
    assert all(results[str(number)]["provenance"] == "llm" for number in range(4))
    assert all(results[str(number)]["reason"] == "expired" for number in range(4, 8))
    # The model would never have answered: it is the end of the call that lets her go on.
    assert world.api.wait(next_one)["state"] == "completed"
    assert world.fleet.llm.stats()["dropped"] == 1
    world.script()
    world.settle()
