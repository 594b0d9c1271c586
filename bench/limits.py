"""Is a limit ever passed, and how much of it is used, while services are killed at random?

More users than the limit feeds, 64 calls at once; each endpoint's own side counts every sixty
seconds exactly. Kills go on for two minutes, then the last minute is left in peace."""

import random
import time

from client import Client
from fleet import Fleet
from measure import load, warm_up

REQUESTS_PER_MINUTE = 1200
CALLS = 64
DELAY_MS = 1000
USERS = 100
CHUNKS = 60
MINUTES = 3
KILLS_S = 120
SEED = 7
# Short leases, as for a model that answers within seconds: what a killed leader had granted counts
# as running until they end.
SETTINGS = {"TP_MAX_ACTIVE_USERS": CALLS, "TP_ANALYZER_SLOTS": 40, "TP_CALL_LIMIT_MS": 4000,
            "TP_LLM_TIMEOUT_MS": 4000, "TP_GRANT_WAIT_MS": 3000, "TP_LOG_FORMAT": "json"}
VICTIMS = ["scheduler-1", "scheduler-2", "analyzer-1", "analyzer-2", "store", "gateway"]


def _kill_at_random(fleet, until):
    """Answers who was killed; each is back before the next one goes."""
    draw = random.Random(SEED)
    killed = []
    while time.monotonic() < until:
        time.sleep(draw.uniform(2, 8))
        victim = draw.choice(VICTIMS)
        fleet.services[victim].kill()
        time.sleep(draw.uniform(0, 2))
        fleet.services[victim].start()
        fleet.services[victim].wait_ready()
        killed.append(victim)
    return killed


def limits(binaries):
    endpoint = {"name": "main", "limits": {"requests_per_minute": REQUESTS_PER_MINUTE}}
    with Fleet(binaries, settings=SETTINGS, schedulers=2, endpoints=[endpoint],
               llm=["--delay-ms", DELAY_MS]) as fleet:
        warm_up(fleet)
        load_before = load()
        client = Client(fleet)
        for i in range(USERS):
            client.submit(f"user-{i}", CHUNKS, chunk_size=1)
        began = time.monotonic()
        killed = _kill_at_random(fleet, began + KILLS_S)
        time.sleep(max(0, began + 60 * MINUTES - time.monotonic()))
        seen = fleet.llm.stats()["endpoints"]["main"]
    most = REQUESTS_PER_MINUTE * MINUTES
    return {"requests_per_minute": REQUESTS_PER_MINUTE, "calls_at_once": CALLS,
            "delay_ms": DELAY_MS, "seed": SEED, "killed": killed, "minutes": MINUTES,
            "most_in_60_s": seen["minute"]["calls"], "peak_at_once": seen["peak_in_flight"],
            "calls": seen["requests"], "share_used": round(seen["requests"] / most, 4),
            "load_before": load_before}
