"""Who is served when, and that a user never has two chunks in flight, whoever leads."""

import threading

from api import Api
from fleet import wait_until

USERS = 12
PAUSES = 20


class Sampler(threading.Thread):
    """Asks the database, again and again, which users have more than one chunk in flight."""

    QUERY = """select tenant_id, user_id, count(*), (select count(*) from in_flight)
               from in_flight group by 1, 2 having count(*) > 1"""

    def __init__(self, database):
        super().__init__(daemon=True)
        self.database = database
        self.crowded, self.samples, self.busiest = [], 0, 0
        self.is_over = threading.Event()

    def run(self):
        while not self.is_over.wait(0.005):
            self.crowded += self.database.query(self.QUERY)
            self.busiest = max(self.busiest,
                               self.database.query("select count(*) from in_flight")[0][0])
            self.samples += 1

    def finish(self):
        self.is_over.set()
        self.join()


def pause_leader(world):
    """Frozen until the other one leads, then thawed; the new epoch."""
    epoch = world.epoch_of_lead()
    leader = wait_until(world.name_of_leader, 60, "one leads and says so")
    world.fleet.services[leader].freeze()
    wait_until(lambda: world.epoch_of_lead() > epoch, 60, "the standby leads")
    world.fleet.services[leader].thaw()
    return world.epoch_of_lead()


def test_a_leader_paused_and_resumed_twenty_times_never_has_two_chunks_of_a_user(new_world):
    world = new_world(schedulers=2, settings={
        "TP_LEAD_LEASE_MS": "1000", "TP_PERMIT_LIFE_MS": "400", "TP_GRANT_WAIT_MS": "1000",
        "TP_CALL_LIMIT_MS": "2000", "TP_LLM_TIMEOUT_MS": "2000"})
    world.script(delay_ms=120)
    jobs = world.submit_all([(f"user-{i}", 100, {"chunk_size": 1}) for i in range(USERS)])
    sampler = Sampler(world.fleet.database)
    sampler.start()
    began = world.epoch_of_lead()
    for _ in range(PAUSES):
        done = sum(world.api.job(job)["processed_posts"] for job in jobs)
        pause_leader(world)
        wait_until(lambda: sum(world.api.job(job)["processed_posts"] for job in jobs) > done
                   or all(world.api.job(job)["state"] == "completed" for job in jobs),
                   90, "the new leader goes on with the work")
        if all(world.api.job(job)["state"] == "completed" for job in jobs):
            jobs += world.submit_all([(f"user-{i}", 100, {"chunk_size": 1})
                                      for i in range(USERS)])
    world.settle(120)
    sampler.finish()
    assert world.epoch_of_lead() >= began + PAUSES
    assert sampler.crowded == []
    assert sampler.samples > 100 and sampler.busiest > 1, "the samples saw work"


def first_calls(world, count):
    """Of the first so many that were done, how many were whose; fewer if there are not so many."""
    return dict(world.fleet.database.query(
        "select tenant_id, count(*) from (select tenant_id from llm_calls where settled_at is not "
        "null and tenant_id <> 'demo' order by settled_at limit %s) c group by 1", (count,)))


def submit_for(world, tenant, key, users, chunks):
    """A job of single posts for each user of a tenant whose API key this is."""
    api = Api(world.fleet.url, key)
    jobs = []
    for user in (f"{tenant}-{n}" for n in range(users)):
        posts = [{"id": f"p{i}", "text": f"{user} says {i}: not bad at all"} for i in range(chunks)]
        jobs.append(api.submit(user, posts, chunk_size=1)["id"])
    return api, jobs


def test_tenants_share_by_weight_however_many_keys_and_users_they_have(new_world):
    world = new_world()
    world.script(delay_ms=40)
    keys = [world.fleet.create_key("many") for _ in range(5)]
    few = world.fleet.create_key("few")
    control = world.api.send("PUT", "/v1/admin/controls/tenants/few",
                             json={"state": "open", "weight": 2})
    assert control.status_code == 200, control.text
    world.api.send("PUT", "/v1/admin/controls/system", json={"state": "held", "message": "wait"})
    world.submit_waiting("scout", "held")
    sent = [submit_for(world, "few", few, users=30, chunks=14)]
    for number, key in enumerate(keys):
        sent.append(submit_for(world, f"many{number}", key, users=6, chunks=14))
    world.api.send("PUT", "/v1/admin/controls/system", json={"state": "open"})
    wait_until(lambda: sum(first_calls(world, 300).values()) == 300, 120, "300 calls are done")
    seen = first_calls(world, 300)
    ratio = seen["few"] / seen["many"]
    assert 1.7 < ratio < 2.3, f"2 : 1 was promised: {seen}"
    for api, jobs in sent:
        for job in jobs:
            assert api.wait(job)["state"] == "completed"
    world.settle()


def test_a_burst_takes_what_nobody_wants_and_gives_it_back(new_world):
    world = new_world(settings={"TP_USER_BURST": "6"})
    world.script(delay_ms=300)
    world.submit("alone", 100, chunk_size=1)
    world.wait_in_flight(6)
    others = world.submit_all([(f"user-{i}", 40, {"chunk_size": 1}) for i in range(10)])
    wait_until(lambda: all(world.api.job(job)["processed_posts"] > 0 for job in others), 60,
               "everybody is served")

    def running():
        """Beyond one's own chunk, and how many others have work left: in one look."""
        return world.fleet.database.query(
            "select (select count(*) from in_flight where user_id = 'alone' and lane > 0), "
            "(select count(*) from analysis_jobs where user_id <> 'alone' and completed_at is null)"
        )[0]

    wait_until(lambda: running()[0] == 0, 60, "the burst is given back")
    for _ in range(20):
        burst, waiting = running()
        assert waiting == len(others), "they were done before one could look"
        assert burst == 0, "nothing beyond one's own chunk while others wait"
    for job in world.ledger.jobs:
        world.api.cancel(job)
    world.settle(most_of_user=6)
