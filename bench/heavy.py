"""What one heavy user does to the others.

Light users submit one post, wait for its result, and submit the next, more of them than there are
slots, so that they wait for each other all the time. Measured is how long each post waits for its
grant, by the database's clock: first among themselves, then with a user beside them who has
submitted 1,000 chunks at once."""

import threading
import time

from client import Client
from fleet import Fleet
from measure import load, percentiles, warm_up

LIGHT_USERS = 30
SLOTS = 10
DELAY_MS = 200
SECONDS = 15
HEAVY_CHUNKS = 1000


def _submit_until(fleet, user, deadline):
    client = Client(fleet)
    while time.monotonic() < deadline:
        client.until_over(client.submit(user, 1))


def _light_users(fleet, phase):
    """Waits of all posts of the phase, from the job's row to its grant, in seconds."""
    deadline = time.monotonic() + SECONDS
    threads = [threading.Thread(target=_submit_until, args=(fleet, f"{phase}-{i}", deadline))
               for i in range(LIGHT_USERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [wait for (wait,) in fleet.database.query(
        "select extract(epoch from c.granted_at - j.created_at)::float"
        " from analysis_jobs j join llm_calls c using (job_id) where j.user_id like %s",
        (f"{phase}-%",))]


def heavy(binaries):
    settings = {"TP_MAX_ACTIVE_USERS": SLOTS}
    with Fleet(binaries, settings=settings, llm=["--delay-ms", DELAY_MS]) as fleet:
        warm_up(fleet)
        load_before = load()
        alone = percentiles(_light_users(fleet, "alone"))
        Client(fleet).submit("heavy", HEAVY_CHUNKS, chunk_size=1)
        beside = percentiles(_light_users(fleet, "beside"))
        served = fleet.database.query(
            "select processed_tweets from analysis_jobs where user_id = 'heavy'")[0][0]
    return {"light_users": LIGHT_USERS, "slots": SLOTS, "delay_ms": DELAY_MS,
            "wait_alone_ms": alone, "wait_beside_heavy_ms": beside,
            "p99_ratio": round(beside["p99"] / alone["p99"], 3),
            "p50_ratio": round(beside["p50"] / alone["p50"], 3),
            "heavy_chunks_served": served, "load_before": load_before}
