"""How many chunks per second go through with a model that takes no time, and what each one costs.

All jobs are submitted while no analyzer is there; then the analyzers come. Counted is what was
committed between the first tenth and the last, so that neither start nor end is part of it."""

import concurrent.futures

from client import Client
from fleet import Fleet
from measure import WARM_UP_USER, Watcher, cpu_between, cpu_of, load, warm_up

SHAPES = (  # posts per chunk, users, chunks per user
    (1, 100, 60),
    (100, 50, 20),
)
SLOTS = 32  # calls at once, and users in service


def _commits(watcher):
    """When each chunk was committed, in seconds since 1970, in order."""
    return [at for (at,) in watcher.query(
        "select extract(epoch from e.created_at)::float"
        " from job_events e join analysis_jobs j using (job_id)"
        " where j.user_id <> %s and e.kind in ('progress', 'completed') order by 1",
        (WARM_UP_USER,))]


def _transactions(watcher):
    """How many granted and how many committed outcomes."""
    granting = watcher.query("select batch_sequence from leases where name = 'scheduler'")[0][0]
    committing = watcher.query("select count(distinct xmin::text) from analysis_results")[0][0]
    return {"granting": granting, "committing": committing}


def _restart_analyzers(fleet, while_away):
    analyzers = [service for name, service in fleet.services.items() if name.startswith("analyzer")]
    for analyzer in analyzers:
        analyzer.terminate()
    while_away()
    for analyzer in analyzers:
        analyzer.start()


def _one(binaries, posts, users, chunks):
    settings = {"TP_MAX_ACTIVE_USERS": SLOTS, "TP_ANALYZER_SLOTS": SLOTS}
    with Fleet(binaries, settings=settings, llm=["--delay-ms", "0"]) as fleet, \
            Watcher(fleet) as watcher:
        def submit_all():
            with concurrent.futures.ThreadPoolExecutor(4) as pool:
                list(pool.map(lambda i: Client(fleet).submit(f"user-{i}", posts * chunks, posts),
                              range(users)))
        warm_up(fleet)
        _restart_analyzers(fleet, submit_all)
        load_before, before = load(), cpu_of(fleet)
        watcher.wait_all_over()
        cpu = cpu_between(before, cpu_of(fleet))
        commits = _commits(watcher)
        transactions = _transactions(watcher)
        peak = fleet.llm.stats()["peak_in_flight"]
    count = len(commits)
    first, last = count // 10, count - count // 10 - 1
    return {
        "posts_per_chunk": posts, "chunks": count, "slots": SLOTS, "peak_calls": peak,
        "chunks_per_s": round((last - first) / (commits[last] - commits[first]), 1),
        "transactions": transactions,
        "cpu_ms_per_chunk": {name: round(1000 * seconds / count, 3)
                             for name, seconds in cpu.items()},
        "cpu_ms_per_chunk_of_all": round(1000 * sum(cpu.values()) / count, 3),
        "load_before": load_before,
    }


def throughput(binaries):
    return [_one(binaries, *shape) for shape in SHAPES]
