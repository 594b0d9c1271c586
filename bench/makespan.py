"""100 users x 10 chunks, 50 ms per call, ten at once: how near to the ideal 5.0 s."""

import concurrent.futures
import time

from client import Client
from fleet import Fleet
from measure import WARM_UP_USER, Watcher, cpu_between, cpu_of, load, warm_up

FAIRNESS = ("fair_sojourn", "round_robin", "fifo")


CONNECTIONS = 10  # over which the users submit, at the same time


def _submit_all(fleet, users, chunks):
    """As users do who know nothing of each other: all at once, as far as two cores allow."""
    def submit(first):
        client = Client(fleet)
        for i in range(first, users, CONNECTIONS):
            client.submit(f"user-{i}", chunks, chunk_size=1)
    with concurrent.futures.ThreadPoolExecutor(CONNECTIONS) as pool:
        list(pool.map(submit, range(CONNECTIONS)))


def _finishes(watcher):
    """When each job was over, in seconds since 1970, in order."""
    return [at for (at,) in watcher.query(
        "select extract(epoch from completed_at)::float from analysis_jobs where user_id <> %s"
        " order by 1", (WARM_UP_USER,))]


def run(binaries, fairness, users=100, chunks=10, delay_ms=50, slots=10):
    """One run under one order of users; with when each of them was done, from the first submission."""
    settings = {"TP_MAX_ACTIVE_USERS": slots, "TP_FAIRNESS": fairness}
    with Fleet(binaries, settings=settings, llm=["--punctual", "--delay-ms", delay_ms]) as fleet, \
            Watcher(fleet) as watcher:
        warm_up(fleet)
        load_before = load()
        before = cpu_of(fleet)
        began = time.time()
        _submit_all(fleet, users, chunks)
        submitted = time.time()
        watcher.wait_all_over()
        finishes = [at - began for at in _finishes(watcher)]
        cpu = cpu_between(before, cpu_of(fleet))
        stats = fleet.llm.stats()
    ideal = users * chunks * delay_ms / 1000 / slots
    return {
        "fairness": fairness, "users": users, "chunks_per_user": chunks, "delay_ms": delay_ms,
        "active_users": slots, "ideal_s": ideal, "makespan_s": round(finishes[-1], 3),
        "efficiency": round(ideal / finishes[-1], 3),
        "mean_finish_s": round(sum(finishes) / len(finishes), 3),
        "submitting_s": round(submitted - began, 3),
        "model_s": round((stats["last_ms"] - stats["first_ms"]) / 1000, 3),
        "calls": stats["requests"], "peak_calls": stats["peak_in_flight"],
        "peak_calls_of_one_user": max(user["peak"] for user in stats["users"].values()),
        "cpu_s": cpu,
        "cpu_of_services_s": round(sum(cpu[name] for name in fleet.services), 2),
        "cpu_of_all_s": round(sum(cpu.values()), 2),
        "load_before": load_before,
        "finishes_s": [round(at, 3) for at in finishes],
    }


def makespan(binaries):
    result = run(binaries, FAIRNESS[0])
    del result["finishes_s"]
    return result


def orders(binaries):
    """The same work under each order of users, for the graphs of docs/scheduling.md."""
    return [run(binaries, fairness) for fairness in FAIRNESS]
