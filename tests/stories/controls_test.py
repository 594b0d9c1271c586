"""What operators and admins set while the system runs, and what those who wait are told."""

import json
import subprocess
import time
from urllib.parse import quote

import pytest

from api import Api
from fleet import wait_until
from tasks_test import INSTRUCTION, SCHEMA

BASE = "/v1/admin/controls"
SYSTEM = f"{BASE}/system"
LIMITS = {"requests_per_minute": 0, "tokens_per_minute": 0, "calls_in_flight": 0, "usd_per_day": 0}


def path_of(user, tenant="demo"):
    return f"{BASE}/tenants/{tenant}/users/{quote(user, safe='')}"


def ask(api, method, path, body=None):
    """The answer to one request. Only what was not done for want of time is asked again."""
    def answered():
        answer = api.session.request(method, api.url + path, timeout=60, json=body)
        is_late = answer.status_code == 503 and answer.json()["code"] != "maintenance"
        return None if is_late else [answer]  # an answer that is a refusal counts as false
    return wait_until(answered, 60, f"an answer to {method} {path}")[0]


def put(api, path, **body):
    """What is set. An endpoint is set with a warning while no scheduler answers."""
    def known():
        answer = ask(api, "PUT", path, body)
        assert answer.status_code == 200, answer.text
        return None if "warning" in answer.json() else answer.json()
    return wait_until(known, 60, f"{path} is set without a warning")


def calls_once_embedded(world):
    """How many calls were made when the leader had heard that none are to be made any more, and
    those that it had permitted were over."""
    def is_embedded():
        job = world.submit("probe", 1)
        world.api.wait(job)
        return world.api.provenances(job) == {"embedded"}
    wait_until(is_embedded, 60, "a probe is analysed without a call")
    wait_until(lambda: world.fleet.database.query("select count(*) from in_flight") == [(0,)], 60,
               "no call is under way")
    return world.fleet.llm.stats()["requests"]


@pytest.fixture
def operated(world):
    """The world, with nothing set and nothing to heal once the story is told."""
    yield world
    for control in world.api.get(BASE).json()["controls"]:
        path = {"system": SYSTEM,
                "endpoint": f"{BASE}/endpoints/{control.get('endpoint')}",
                "tenant": f"{BASE}/tenants/{control.get('tenant')}",
                "user": path_of(control.get("user", ""), control.get("tenant"))}[control["scope"]]
        assert ask(world.api, "DELETE", path).status_code == 204
    world.wait_healed()


# -- setting --

@pytest.mark.parametrize("path, whom, wanted", [
    (SYSTEM, {"scope": "system"}, {"state": "reduced"}),
    (f"{BASE}/endpoints/main", {"scope": "endpoint", "endpoint": "main"},
     {"limits": {**LIMITS, "tokens_per_minute": 2500000}}),
    (f"{BASE}/tenants/demo", {"scope": "tenant", "tenant": "demo"}, {"weight": 2, "burst": 3}),
    (path_of("al/ice & Jürgen%"), {"scope": "user", "tenant": "demo", "user": "al/ice & Jürgen%"},
     {"state": "held"}),
    (path_of("bob"), {"scope": "user", "tenant": "demo", "user": "bob"},
     {"limits": {**LIMITS, "requests_per_minute": 30, "shadow": True}}),
])
def test_a_control_is_set_changed_listed_and_taken_back(operated, path, whom, wanted):
    api = operated.api
    assert ask(api, "GET", path).status_code == 404
    first = put(api, path, message="for a \"while\"", **wanted)
    assert first.items() >= {"state": "open", "message": "for a \"while\"", **whom}.items() - (
        {"state": "open"}.items() if "state" in wanted else set())
    assert ask(api, "GET", path).json() == first
    assert put(api, path, message="for a \"while\"", **wanted) == first, "repeating it is nothing new"

    changed = ask(api, "PATCH", path, {"message": None}).json()
    assert "message" not in changed and changed["version"] > first["version"]
    assert changed["state"] == first["state"] and changed.get("limits") == first.get("limits")
    assert changed in api.get(BASE).json()["controls"]

    replaced = put(api, path)
    assert set(replaced) == set(whom) | {"state", "version"} and replaced["state"] == "open"
    assert ask(api, "DELETE", path).status_code == 204
    assert ask(api, "DELETE", path).status_code == 204
    assert ask(api, "GET", path).status_code == 404
    operated.settle()


@pytest.mark.parametrize("path, body, pointers", [
    (SYSTEM, {"state": "off", "sate": 1}, {"/state", "/sate"}),
    (SYSTEM, {"weight": 1}, {"/weight"}),
    (f"{BASE}/endpoints/main", {"state": "draining"}, {"/state"}),
    (f"{BASE}/endpoints/main", {"limits": {"requests_per_minute": 5}},
     {"/limits/tokens_per_minute", "/limits/calls_in_flight", "/limits/usd_per_day"}),
    (f"{BASE}/tenants/demo", {"burst": 0, "message": "a\nb"}, {"/burst", "/message"}),
    (SYSTEM, {"limits": LIMITS}, {"/limits"}),
    (f"{BASE}/endpoints/main", {"limits": {**LIMITS, "usd_per_day": 2.5}}, {"/limits/usd_per_day"}),
    (path_of("x"), [], {""}),
])
def test_faults_are_named_by_their_pointers(operated, path, body, pointers):
    answer = ask(operated.api, "PUT", path, body)
    assert answer.status_code == 400 and answer.json()["code"] == "invalid_control"
    assert {error["pointer"] for error in answer.json()["errors"]} == pointers
    assert ask(operated.api, "GET", path).status_code == 404
    for bad in ("/endpoints/a.b", "/endpoints/" + "e" * 33, "/tenants/a%20b", "/tenants/demo/users/a%0Ab"):
        assert ask(operated.api, "PUT", BASE + bad, {}).status_code in (400, 404)
    operated.settle()


def test_each_role_sets_what_is_its_own(operated):
    fleet = operated.fleet
    user, admin = (Api(fleet.url, fleet.create_key(f"acme:{role}")) for role in ("user", "admin"))
    mine, ours, theirs = f"{BASE}/tenants/acme", path_of("bob", "acme"), f"{BASE}/tenants/demo"
    for path in (BASE, SYSTEM, mine, ours):
        assert ask(user, "GET", path).status_code == 403
    for path in (SYSTEM, f"{BASE}/endpoints/main", theirs, path_of("bob"), f"{BASE}?tenant=demo"):
        assert ask(admin, "GET", path).status_code == 403
    assert ask(admin, "PUT", SYSTEM, {"state": "held"}).status_code == 403

    put(admin, ours, state="held", burst=2)
    put(operated.api, mine, weight=4, limits=LIMITS)
    for body in ({"weight": 9}, {"limits": None}, {"burst": 2}):
        assert ask(admin, "PATCH", mine, body).status_code == 403
    paused = put(admin, mine, state="held")
    assert paused["weight"] == 4 and paused["limits"]["usd_per_day"] == 0
    assert ask(admin, "DELETE", mine).status_code == 204
    left = ask(admin, "GET", mine).json()
    assert left["state"] == "open" and left["weight"] == 4, "what is the operator's stays"
    listed = ask(admin, "GET", BASE).json()["controls"]
    assert {control["scope"] for control in listed} == {"tenant", "user"}
    operated.settle()


# -- what it does --

def test_a_paused_user_waits_and_is_told_so_while_others_go_on(operated):
    put(operated.api, path_of("ann"), state="held", message="ask Bob")
    held, _ = operated.submit_waiting("ann", "held")
    other = operated.submit("carl", 3)
    assert operated.api.wait(other)["state"] == "completed"
    waiting = operated.wait_waiting(held, "held")
    assert waiting["detail"] == "paused by your administrator: ask Bob"
    assert waiting["scope"] == "user" and waiting["message"] == "ask Bob"
    put(operated.api, path_of("ann"), state="open")
    assert operated.api.wait(held)["state"] == "completed"
    operated.settle()


def test_a_held_tenant_waits_and_another_does_not(operated):
    put(operated.api, f"{BASE}/tenants/demo", state="held")
    held, _ = operated.submit_waiting("ann", "held")
    other = Api(operated.fleet.url, operated.fleet.create_key("acme:user"))
    job = other.submit("ann", [{"id": "1", "text": "a tenant of its own"}])
    assert other.wait(job["id"])["state"] == "completed"
    assert operated.wait_waiting(held, "held")["detail"].startswith("your tenant is paused")
    put(operated.api, f"{BASE}/tenants/demo", state="open")
    operated.settle()


@pytest.mark.parametrize("path", [path_of("dora"), f"{BASE}/tenants/demo"])
def test_who_drains_is_refused_anew_and_finishes_what_is_there(operated, path):
    operated.hold("dora says")
    job = operated.submit("dora", 20, chunk_size=2)
    operated.wait_in_flight(1)
    put(operated.api, path, state="draining", message="the contract has ended")
    refused = ask(operated.api, "POST", "/v1/jobs", {"user": "dora", "posts": [{"text": "new"}]})
    assert refused.status_code == 403 and refused.json()["code"] == "not_accepted"
    assert refused.json()["detail"] == "the contract has ended"
    operated.script()
    assert operated.api.wait(job)["state"] == "completed"
    put(operated.api, path, state="open")
    operated.submit("dora", 1)
    operated.settle()


def test_maintenance_lets_everything_wait_and_go_on(operated):
    put(operated.api, SYSTEM, state="held", message="back at noon")
    first, waiting = operated.submit_waiting("waiter", "held")
    assert waiting["detail"] == "held by maintenance: back at noon"
    jobs = [first, *(operated.submit(f"waiter-{i}", 2) for i in range(5))]
    assert all(operated.api.job(job)["state"] == "queued" for job in jobs)
    assert operated.fleet.services["gateway"].is_ready()
    put(operated.api, SYSTEM, state="open")
    for job in jobs:
        assert operated.api.wait(job)["state"] == "completed"
    operated.settle()


def test_maintenance_may_refuse_everything_with_a_message(operated):
    put(operated.api, SYSTEM, state="draining", message="back at noon")
    refused = ask(operated.api, "POST", "/v1/jobs", {"posts": [{"text": "new"}]})
    assert refused.status_code == 503 and refused.json()["detail"] == "back at noon"
    assert refused.json()["code"] == "maintenance" and refused.headers["Retry-After"] == "3"
    assert operated.fleet.services["gateway"].is_ready()
    put(operated.api, SYSTEM, state="open")
    operated.submit("early", 1)
    operated.settle()


def test_in_reduced_mode_the_embedded_analysis_does_it(operated):
    put(operated.api, SYSTEM, state="reduced")
    before = calls_once_embedded(operated)
    job = operated.submit("reduced", 5)
    assert operated.api.wait(job)["state"] == "completed"
    assert operated.api.provenances(job) == {"embedded"}
    assert operated.fleet.llm.stats()["requests"] == before
    put(operated.api, SYSTEM, state="open")
    operated.settle()


def test_a_lowered_limit_holds_at_once_and_is_told_by_name(operated):
    operated.api.wait(operated.submit("spender", 1))
    put(operated.api, f"{BASE}/endpoints/main", limits={**LIMITS, "requests_per_minute": 1})
    job, told = operated.submit_waiting("limited", "limit_reached")
    assert (told["limit"], told["scope"], told["endpoint"]) == ("requests_per_minute", "endpoint",
                                                                "main")
    assert told["detail"].startswith("requests per minute of endpoint main used up until ")
    assert ask(operated.api, "DELETE", f"{BASE}/endpoints/main").status_code == 204
    assert operated.api.wait(job)["state"] == "completed"
    operated.settle()


def test_a_paused_endpoint_is_not_called(operated):
    put(operated.api, f"{BASE}/endpoints/main", state="held")
    before = calls_once_embedded(operated)
    job = operated.submit("elsewhere", 2)
    assert operated.api.wait(job)["state"] == "completed"
    assert operated.api.provenances(job) == {"embedded"}
    assert operated.fleet.llm.stats()["requests"] == before
    operated.settle()


def test_an_endpoint_that_nobody_has_is_refused_with_those_there_are(operated, tweetpulse):
    put(operated.api, f"{BASE}/endpoints/main")  # a scheduler answers
    assert ask(operated.api, "DELETE", f"{BASE}/endpoints/main").status_code == 204
    refused = ask(operated.api, "PUT", f"{BASE}/endpoints/mian", {"state": "held"})
    assert refused.status_code == 404 and refused.json()["code"] == "endpoint_not_found"
    assert refused.json()["detail"] == "there is no endpoint mian; there is main"
    typed = tweetpulse("pause", "endpoint", "mian")
    assert typed.returncode == 4 and "there is main" in typed.stderr
    assert operated.api.get(BASE).json()["controls"] == []
    operated.settle()


def test_without_a_scheduler_an_endpoint_is_set_with_a_warning(new_world):
    world = new_world()
    for service in world.fleet.services.values():
        if service.name.startswith("scheduler"):
            service.kill()
    kept = ask(world.api, "PUT", f"{BASE}/endpoints/mian", {"state": "held"}).json()
    assert kept["state"] == "held" and "no scheduler answered" in kept["warning"]
    world.settle()


# -- what those who wait hear --

def test_followers_hear_why_their_job_waits_apart_from_its_history(operated):
    put(operated.api, path_of("eve"), state="held", message="later")
    job, _ = operated.submit_waiting("eve", "held")
    heard = []
    for number, event in operated.api.events(job, names=("message", "waiting")):
        heard.append((number, event))
        if event["event"] == "waiting" and event["waiting"]["reason"] == "held":
            put(operated.api, path_of("eve"), state="open")
    told = [event for _, event in heard if event["event"] == "waiting"]
    assert told and "number" not in told[0] and told[0]["job_id"] == job
    assert told[0]["state"] == "queued"
    numbers = [event["number"] for _, event in heard if event["event"] != "waiting"]
    assert numbers == list(range(1, len(numbers) + 1))
    assert [event for _, event in operated.api.events(job, 0, names=("waiting",))] == []
    operated.settle()


def test_who_asks_for_revisions_hears_that_better_results_have_come(operated):
    put(operated.api, f"{BASE}/endpoints/main", state="held")
    calls_once_embedded(operated)
    job = operated.submit("healed", 2)
    done = operated.api.wait(job)
    assert operated.api.provenances(job) == {"embedded"}
    over = ask(operated.api, "GET", f"/v1/jobs/{job}/events?after={done['event_number']}")
    assert over.status_code == 204, "who does not ask for them has heard all"
    put(operated.api, f"{BASE}/endpoints/main", state="open")
    stream = operated.api.events(job, done["event_number"], revisions=True)
    number, event = next(stream)
    stream.close()
    assert (number, event["event"]) == (done["event_number"] + 1, "revised")
    assert event["state"] == "completed" == operated.api.job(job)["state"]
    assert operated.api.provenances(job) == {"llm"}
    operated.settle()


def test_who_follows_a_job_hears_why_the_rest_of_it_waits(operated):
    operated.script(delay_ms=150)
    job = operated.submit("half", 20, chunk_size=1)
    operated.wait_processing(job)
    put(operated.api, SYSTEM, state="held", message="back at noon")
    stream = operated.api.events(job, names=("waiting",))
    held = next(event for _, event in stream if event["waiting"]["reason"] == "held")
    assert held["waiting"]["detail"] == "held by maintenance: back at noon"
    assert 0 < operated.api.job(job)["done_chunks"] < 20
    put(operated.api, SYSTEM, state="open")
    assert "held" not in next(event for _, event in stream)["waiting"]["reason"]
    stream.close()
    assert operated.api.wait(job)["state"] == "completed"
    operated.settle()


def test_what_only_a_model_can_answer_is_told_what_it_waits_for(operated):
    put(operated.api, SYSTEM, state="reduced", message="saving money")
    calls_once_embedded(operated)
    job = operated.submit("asker", 2, instruction=INSTRUCTION, schema=SCHEMA)
    waiting = operated.wait_waiting(job, "reduced")
    assert waiting["message"] == "saving money" and "until" not in waiting
    put(operated.api, f"{BASE}/endpoints/main", state="held", message="contract ended")
    put(operated.api, SYSTEM, state="open")
    waiting = operated.wait_waiting(job, "endpoint_held")
    assert (waiting["endpoint"], waiting["message"]) == ("main", "contract ended")
    assert "eta" not in operated.api.job(job)
    put(operated.api, f"{BASE}/endpoints/main", state="open")
    assert operated.api.wait(job)["state"] == "completed"
    assert operated.api.provenances(job) == {"llm"}
    operated.settle()


def test_the_answer_to_a_submission_tells_its_position(world):
    world.hold("busy says")
    first = world.submit("busy", 1)
    world.wait_waiting(first, "runs")

    def next_with_position():  # the leader is not always in time: then the answer goes without
        posts = [{"id": "1", "text": f"the next one, {len(world.ledger.jobs)}"}]
        job = world.api.submit("busy", posts)
        world.ledger.write(job["id"], "busy", posts)
        return job if "position" in job else None
    second = wait_until(next_with_position, 25, "an answer tells the position", every=0.2)
    world.script()
    assert second["position"] >= 0
    assert second["waiting"]["reason"] == "own_chunk_runs"
    world.settle()


def test_the_forecast_is_near_the_truth(new_world):
    world = new_world()  # whose calls have all been as long
    world.script(delay_ms=300)
    job = world.submit("planner", 15, chunk_size=1)

    def with_forecast():
        document = world.api.job(job)
        assert document["state"] in ("queued", "processing"), f"it is over too soon: {document}"
        return document if document["done_chunks"] >= 2 and "eta" in document else None
    told, asked = wait_until(with_forecast, 60, "a forecast comes"), time.monotonic()
    world.api.wait(job)
    took = time.monotonic() - asked
    # What is left at least, one after the other; of another the outcome may have been heard.
    calls_s = 0.3 * (15 - told["done_chunks"] - 2)
    assert told["eta_seconds"] == told["eta"]["p50_seconds"] <= told["eta"]["p90_seconds"]
    assert told["eta"]["p50_at"] <= told["eta"]["p90_at"]
    # However long this machine has then stood still: that nobody could know.
    assert calls_s <= told["eta_seconds"] <= took * 3 + 2, f"it took {took:.1f} s: {told}"
    world.settle()


# -- the command --

@pytest.fixture
def tweetpulse(operated, binaries, tmp_path):
    def run(*arguments, key=None, wait=True):
        environment = {"HOME": str(tmp_path), "PATH": "/usr/bin:/bin",
                       "TWEETPULSE_URL": operated.fleet.url,
                       "TWEETPULSE_API_KEY": key or operated.fleet.api_key}
        child = subprocess.Popen([binaries / "tweetpulse", *map(str, arguments)], env=environment,
                                 stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                 stderr=subprocess.PIPE, text=True)
        if not wait:
            return child
        out, told = child.communicate(timeout=240)
        return subprocess.CompletedProcess(arguments, child.returncode, out, told)
    return run


def test_an_operator_types_it(operated, tweetpulse):
    done = tweetpulse("pause", "user", "al/ice", "-m", "ask Bob")
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["user", "demo/al/ice", "held", '"ask', 'Bob"']
    job, _ = operated.submit_waiting("al/ice", "held")
    wait_until(lambda: "paused by your administrator: ask Bob" in tweetpulse("status", job).stdout,
               60, "the command tells why the job waits")
    assert json.loads(tweetpulse("resume", "user", "al/ice", "--json").stdout)["state"] == "open"
    assert tweetpulse("watch", job).returncode == 0

    refused = tweetpulse("limit", "endpoint", "main", "--rpm", "lots")
    assert refused.returncode == 2 and "--rpm is a whole number" in refused.stderr
    assert tweetpulse("pause", "tenant", "acme", "--tenant", "demo").returncode == 2
    refused = tweetpulse("limit", "user", "al/ice", "--weight", 2)
    assert refused.returncode == 2 and "/weight: can be set of tenants alone" in refused.stderr
    refused = tweetpulse("limit", "endpoint", "main", "--rpm", 500)
    assert refused.returncode == 2 and "/limits/tokens_per_minute" in refused.stderr
    assert "/limits/usd_per_day" in refused.stderr, "all that is missing is told"
    assert tweetpulse("limit", "endpoint", "main", "--rpm", 500, "--tpm", 0, "--in-flight", 0,
                      "--usd-per-day", 0).returncode == 0
    assert "400 requests/min" in tweetpulse("limit", "endpoint", "main", "--rpm", 400).stdout
    assert tweetpulse("limit", "tenant", "--weight", 2).returncode == 0
    listed = tweetpulse("controls").stdout
    assert "endpoint main" in listed and "400 requests/min" in listed and "weight 2" in listed
    assert "no limits" in tweetpulse("limit", "endpoint", "main", "--rpm", 0, "--usd-per-day",
                                     0).stdout
    assert tweetpulse("clear", "endpoint", "main").returncode == 0
    refused = tweetpulse("limit", "endpoint", "main", "--rpm", 0, "--tpm", 0, "--in-flight", 0,
                         "--usd-per-day", 5)
    assert refused.returncode == 2 and "endpoint main has no price" in refused.stderr
    limited = tweetpulse("limit", "user", "al/ice", "--rpm", 30, "--usd-per-day", 5)
    assert limited.returncode == 0 and "30 requests/min  5 USD/day" in limited.stdout
    assert "never binds" in limited.stderr
    assert tweetpulse("limit", "user", "al/ice", "--defaults").returncode == 0
    capped = tweetpulse("limit", "user", "al/ice", "--queue", 1)
    assert capped.returncode == 0 and "1 unfinished jobs" in capped.stdout
    assert tweetpulse("clear", "user", "al/ice").returncode == 0
    assert "endpoint" not in tweetpulse("controls").stdout
    assert "al/ice" not in tweetpulse("controls").stdout, "nothing is set of it any more"
    operated.settle()


def test_maintenance_is_one_word(operated, tweetpulse):
    assert "nothing is set" in tweetpulse("controls").stderr
    assert "open" in tweetpulse("maintenance").stdout
    for word, state in (("on", "held"), ("refuse", "draining"), ("reduced", "reduced"),
                        ("off", "open")):
        assert state in tweetpulse("maintenance", word, "-m", "back at noon").stdout
    assert tweetpulse("maintenance", "now").returncode == 2
    assert tweetpulse("maintenance", "on", "off").returncode == 2
    assert tweetpulse("maintenance", "-m", "back at noon").returncode == 2, "of what?"
    stranger = operated.fleet.create_key("acme:admin")
    assert tweetpulse("maintenance", "on", key=stranger).returncode == 3
    assert tweetpulse("pause", "user").returncode == 2
    operated.settle()


def test_whoever_is_refused_for_a_while_reads_why_and_gets_through(operated, tweetpulse, tmp_path):
    put(operated.api, SYSTEM, state="draining", message="moving house")
    lines = tmp_path / "posts.txt"
    lines.write_text("what a day\n", encoding="utf-8")
    child = tweetpulse("submit", lines, "--wait", wait=False)
    told = [child.stderr.readline(), child.stderr.readline()]
    assert "moving house; trying again for up to" in told[1], told
    put(operated.api, SYSTEM, state="open")
    assert child.communicate(timeout=240)[1].count("moving house") == 0
    assert child.returncode == 0
    operated.settle()


def test_whoever_submits_reads_why_it_waits(operated, tweetpulse, tmp_path):
    put(operated.api, path_of("ann"), state="held", message="ask Bob")
    lines = tmp_path / "posts.txt"
    lines.write_text("what a day\n", encoding="utf-8")
    operated.submit_waiting("ann", "held")
    child = tweetpulse("submit", lines, "--user", "ann", "--wait", wait=False)
    assert any("paused by your administrator: ask Bob" in line for line in child.stderr)
    put(operated.api, path_of("ann"), state="open")
    child.communicate(timeout=240)
    assert child.returncode == 0
    put(operated.api, path_of("ann"), state="held")
    operated.submit_waiting("ann", "held")
    late = tweetpulse("submit", lines, "--user", "ann", "--wait", "--queue-ttl", 1)
    assert late.returncode == 1, "nothing had begun in its time"
    assert "expired" in late.stderr
    put(operated.api, path_of("ann"), state="open")
    operated.settle()
