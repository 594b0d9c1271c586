"""Stories: what people do with TweetPulse, and what happens to it meanwhile, on a real fleet.

A story takes `world`: a fleet that is well (shared with the stories before it as long as it stays
so), an API client, and a ledger of every 202. A story that needs other settings or that breaks
things for good takes `new_world`. Both are checked by settle() at the story's end.
"""

import concurrent.futures
import itertools
import pathlib

import pytest

from api import OVER, Api
from fleet import Fleet, wait_until
from ledger import Ledger

ROOT = pathlib.Path(__file__).resolve().parents[2]

# Stories share a fleet, and nobody asks a model twice for the same post.
WORLDS = itertools.count(1)

# Quick enough for tests, slow enough to be killed in the middle.
SETTINGS = {"TP_LOG_LEVEL": "info", "TP_MAINTENANCE_RETRY_S": "3", "TP_HEAL_MS": "500"}

# Where every look-up counts: an answer that comes late is no miss.
PATIENT_CACHE = {"TP_CACHE_WAIT_MS": "10000", "TP_REDIS_TIMEOUT_MS": "10000"}

# What a killed one had granted counts as running until the longest call would have ended.
SHORT_LEASES = {"TP_CALL_LIMIT_MS": "5000", "TP_LLM_TIMEOUT_MS": "5000", "TP_GRANT_WAIT_MS": "2000"}


def pytest_addoption(parser):
    parser.addoption("--binaries", default=str(ROOT / "build/asan/bin"),
                     help="folder of the five services, fake_llm and tweetpulse")


class World:
    def __init__(self, fleet):
        self.number = next(WORLDS)
        self.fleet = fleet
        self.api = Api(fleet.url, fleet.api_key)
        self.ledger = Ledger()
        self.is_settled = False
        if fleet.llm:
            self.script()
            fleet.llm.control("/control/reset", {})

    def script(self, *rules, delay_ms=None):
        """What fake_llm does from the next call on; without rules it answers well."""
        rules = list(rules)
        if delay_ms is not None:
            rules.append({"when": {}, "then": {"delay_ms": delay_ms}})
        self.fleet.llm.control("/control/script", {"rules": rules})

    def hold(self, text):
        """The model answers nothing that has this in it, until the next script()."""
        self.script({"when": {"text": text}, "then": {"hold": True}})

    def wait_in_flight(self, count, seconds=60):
        """Until that many calls are at the model, to the number."""
        wait_until(lambda: self.fleet.llm.stats()["in_flight"] == count, seconds,
                   f"{count} calls are in flight")

    def wait_waiting(self, job_id, reason, seconds=60):
        """What a job tells of its waiting, once it is for that reason. In one look: the next one may
        see something else, or nothing while the leader is busy."""
        def told():
            waiting = self.api.job(job_id).get("waiting")
            return waiting if waiting and waiting["reason"] == reason else None
        return wait_until(told, seconds, f"job {job_id} tells that it waits: {reason}")

    def submit_waiting(self, user, reason, count=2, seconds=60):
        """A job that waits for that reason, and what it tells. The leader hears of a control some
        moments after who set it: what was submitted before that is analysed, and another follows."""
        job = self.submit(user, count)

        def told():
            nonlocal job
            document = self.api.job(job)
            if document["state"] in OVER:
                job = self.submit(user, count)
            waiting = document.get("waiting")
            return waiting if waiting and waiting["reason"] == reason else None
        waiting = wait_until(told, seconds, f"{user} tells that it waits: {reason}")
        return job, waiting

    def submit(self, user, count=None, posts=None, **arguments):
        """A job of `count` posts nobody else has; its id, written to the ledger."""
        if posts is None:
            mark = len(self.ledger.jobs)
            posts = [{"id": f"{user}-{mark}-{i}",
                      "text": f"{user} says {mark} {i}: a fine day, {self.number}"}
                     for i in range(count)]
        job = self.api.submit(user, posts, **arguments)
        self.ledger.write(job["id"], user, posts)
        return job["id"]

    def submit_all(self, requests):
        """Many at once: [(user, count, fields), ...] to the ids in that order."""
        with concurrent.futures.ThreadPoolExecutor(32) as pool:
            waiting = [pool.submit(self.submit, user, **fields,
                                   posts=unique_posts(user, f"{self.number}/{number}", count))
                       for number, (user, count, fields) in enumerate(requests)]
            return [answer.result() for answer in waiting]

    def wait_processing(self, job_id, seconds=60):
        """Until something of it has been analysed, and not yet all."""
        def is_under_way():
            job = self.api.job(job_id)
            assert job["state"] in ("queued", "processing"), f"it is over too soon: {job}"
            return job["processed_posts"] > 0
        wait_until(is_under_way, seconds, f"job {job_id} is under way")

    def begin_work(self, users=12, chunks=6, delay_ms=80):
        """A job of several chunks for each user, some of them under way."""
        self.script(delay_ms=delay_ms)
        jobs = self.submit_all([(f"user-{i}", chunks * 5, {"chunk_size": 5}) for i in range(users)])
        wait_until(lambda: sum(self.api.job(job)["processed_posts"] for job in jobs) > 0, 60,
                   "something has been analysed")
        return jobs

    def epoch_of_lead(self):
        return self.fleet.database.query("select epoch from leases where name='scheduler'")[0][0]

    def name_of_leader(self, epoch=None):
        """Who said that it had taken the lead in that epoch, else in the one the database knows."""
        epoch = epoch or self.epoch_of_lead()
        for name in ("scheduler-1", "scheduler-2"):
            said = self.fleet.services[name].logged("lead.taken")
            if any(line["epoch"] == epoch for line in said):
                return name
        return None

    def wait_next_lead(self, epoch, seconds=90):
        """Who leads after that epoch, once it says so."""
        wait_until(lambda: self.epoch_of_lead() > epoch, seconds, "the standby leads")
        after = self.epoch_of_lead()
        return wait_until(lambda: self.name_of_leader(after), seconds, "the new leader says so")

    def wait_healed(self, seconds=60):
        """Until nothing that the embedded analysis did for want of an endpoint is left to heal."""
        wait_until(lambda: self.fleet.database.query(
            "select count(*) from analysis_results where is_degraded") == [(0,)], seconds,
                   "what can be healed is healed")

    def settle(self, seconds=90, most_calls=10, most_of_user=1):
        """The promises: see ledger.py; nothing left in flight; limits kept; no bug reports."""
        self.is_settled = True
        self.ledger.check(self.api, seconds, is_echoed=self.fleet.llm is not None)
        wait_until(lambda: self.fleet.database.query("select count(*) from in_flight") == [(0,)],
                   seconds, "no grant is left in flight")
        if self.fleet.llm:
            self.wait_in_flight(0, seconds)  # it learns last of who has gone
            stats = self.fleet.llm.stats()
            crowded = {user: seen["peak"] for user, seen in stats["users"].items()
                       if seen["peak"] > most_of_user}
            assert not crowded, f"users with more calls at a time than they may: {crowded}"
            assert stats["peak_in_flight"] <= most_calls
        assert not self.fleet.faults()


def unique_posts(user, number, count):
    return [{"id": f"p{i}", "text": f"{user} writes {number}/{i}, rather happy about it"}
            for i in range(count)]


class Fleets:
    """Keeps the common fleet between stories; a new one when it is no longer well, or when its
    settings are to be others. All have a copy of one database that was made once."""

    def __init__(self, binaries):
        self.binaries = binaries
        self.common = None
        self.settings = None
        self.model = Fleet(binaries)
        # Stories kill processes, not machines.
        self.model.make_database(["fsync = off"])
        self.model.database.terminate()

    def make(self, settings=None, llm=("--delay-ms", "20"), **options):
        return Fleet(self.binaries, settings={**SETTINGS, **(settings or {})}, llm=llm,
                     model=self.model, **options)

    def well(self, settings):
        if self.common and not (self.settings == settings and self.common.is_well()):
            self.drop()
        if not self.common:
            fleet = self.make(settings)
            fleet.__enter__()
            self.common, self.settings = fleet, settings
        return self.common

    def drop(self):
        if self.common:
            self.common.stop()
        self.common = None

    def end(self):
        self.drop()
        self.model.stop()


@pytest.fixture(scope="session")
def binaries(request):
    return pathlib.Path(request.config.getoption("--binaries")).resolve()


@pytest.fixture(scope="session")
def fleets(binaries):
    keeper = Fleets(binaries)
    yield keeper
    keeper.end()


@pytest.hookimpl(tryfirst=True, hookwrapper=True)
def pytest_runtest_makereport(item, call):
    report = (yield).get_result()
    if report.when == "call":
        item.has_failed = report.failed


def tell_logs(fleet):
    """The last words of each service, for the report of a story that failed."""
    for name, service in fleet.services.items():
        if service.child:
            print(f"--- {name}\n{service.tail(12)}")


@pytest.fixture(scope="module")
def settings():
    """Of the common fleet; a file of stories may have others."""
    return {}


@pytest.fixture
def world(request, fleets, settings):
    world = World(fleets.well(settings))
    yield world
    if getattr(request.node, "has_failed", True):
        tell_logs(world.fleet)
        fleets.drop()
    else:
        assert world.is_settled, "a story ends with settle()"


@pytest.fixture
def new_world(request, fleets):
    """new_world(settings={...}, schedulers=2, llm=None, ...): a fleet for this story alone."""
    made = []

    def make(**options):
        fleet = fleets.make(**options)
        made.append(fleet)
        fleet.__enter__()
        world = World(fleet)
        return world

    yield make
    for fleet in made:
        if getattr(request.node, "has_failed", True):
            tell_logs(fleet)
        fleet.stop()
