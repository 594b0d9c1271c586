"""How long the fleet grants nothing after kill -9 of the leading scheduler.

From the kill to the first grant of the next epoch, by the database's rows; under full load, several
times, each at another moment of the leader's lease."""

import time

from client import Client
from fleet import Fleet, wait_until
from measure import load, warm_up

SLOTS = 10
DELAY_MS = 50
ROUNDS = 6
USERS = 40
CHUNKS = 100


def _epoch(fleet):
    return fleet.database.query("select epoch from leases where name = 'scheduler'")[0][0]


def _leader(fleet):
    """The scheduler that told last that it has taken the lead."""
    def last_epoch(service):
        return max((int(line["epoch"]) for line in service.logged("lead.taken")), default=0)
    schedulers = [service for name, service in fleet.services.items()
                  if name.startswith("scheduler")]
    return max(schedulers, key=last_epoch)


def _first_grant(fleet, epoch):
    return fleet.database.query(
        "select extract(epoch from min(granted_at))::float from llm_calls where epoch > %s",
        (epoch,))[0][0]


def _served_between(fleet, begin, end):
    """Outcomes committed per second."""
    count = fleet.database.query(
        "select count(*) from llm_calls where settled_at between to_timestamp(%s)"
        " and to_timestamp(%s)", (begin, end))[0][0]
    return round(count / (end - begin), 1)


def _kill_leader(fleet):
    epoch, leader = _epoch(fleet), _leader(fleet)
    killed = time.time()
    leader.kill()
    granted = wait_until(lambda: _first_grant(fleet, epoch), 30, "the next epoch grants",
                         every=0.01)
    leader.start()
    leader.wait_ready()
    time.sleep(5)  # how fast it then goes on; what is measured is time passing
    return {"to_grant_s": round(granted - killed, 3),
            "chunks_per_s_before": _served_between(fleet, killed - 2, killed),
            "chunks_per_s_after": _served_between(fleet, granted + 1, granted + 5)}


def takeover(binaries):
    settings = {"TP_MAX_ACTIVE_USERS": SLOTS, "TP_LOG_FORMAT": "json"}
    with Fleet(binaries, settings=settings, schedulers=2, llm=["--delay-ms", DELAY_MS]) as fleet:
        warm_up(fleet)
        load_before = load()
        client = Client(fleet)
        for i in range(USERS):
            client.submit(f"user-{i}", CHUNKS, chunk_size=1)
        rounds = []
        for i in range(ROUNDS):
            time.sleep(2 + 0.1 * i)  # not always at the same moment of the lease
            rounds.append(_kill_leader(fleet))
    times = [kill["to_grant_s"] for kill in rounds]
    return {"delay_ms": DELAY_MS, "slots": SLOTS, "kills": rounds, "longest_s": max(times),
            "mean_s": round(sum(times) / len(times), 3), "load_before": load_before}
