"""What all scenarios share: a warm fleet, percentiles, processor time and the machine's load."""

import os
import pathlib
import statistics

import psycopg2

from client import Client
from fleet import wait_until

WARM_UP_USER = "first"


def percentiles(seconds):
    """In milliseconds."""
    ordered = sorted(seconds)

    def at(share):
        return round(1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))], 3)
    return {"p50": at(0.50), "p90": at(0.90), "p99": at(0.99), "max": at(1.0),
            "mean": round(1000 * statistics.fmean(ordered), 3), "count": len(ordered)}


def load():
    """Of the whole machine, as the kernel tells it: how many wanted a core, over the last minute."""
    return os.getloadavg()[0]


def _ticks_with_children(pid):
    """Of a process and of its children, those that have ended too."""
    total = 0
    for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text(encoding="utf-8").rsplit(")", 1)[1].split()
        except OSError:
            continue  # it has just ended
        if int(stat.parent.name) == pid:
            total += sum(int(field) for field in fields[11:15])
        elif int(fields[1]) == pid:
            total += int(fields[11]) + int(fields[12])
    return total


def cpu_of(fleet):
    """Seconds of processor time so far, by process: services, servers and the pretended model."""
    servers = [fleet.broker, fleet.cache, fleet.llm]
    seconds = {process.name: process.cpu_seconds()
               for process in (*fleet.services.values(), *servers) if process.is_alive()}
    ticks = _ticks_with_children(fleet.database.pid)
    seconds[fleet.database.name] = ticks / os.sysconf("SC_CLK_TCK")
    return seconds


def cpu_between(before, after, of=None):
    return {name: round(after[name] - before[name], 3) for name in of or after}


def warm_up(fleet):
    """The first job of a fresh broker waits for its streams to be made; that is not measured."""
    client = Client(fleet)
    client.until_over(client.submit(WARM_UP_USER, 1))
    fleet.llm.control("/control/reset", {})


class Watcher:
    """Asks the database over one connection: opening one costs it more than the question."""

    def __init__(self, fleet):
        self.connection = psycopg2.connect(fleet.database.url)
        self.connection.autocommit = True

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.connection.close()

    def query(self, sql, values=None):
        with self.connection.cursor() as cursor:
            cursor.execute(sql, values)
            return cursor.fetchall()

    def wait_all_over(self, seconds=120):
        wait_until(lambda: self.query("select 1 from analysis_jobs where completed_at is null"
                                      " limit 1") == [],
                   seconds, "all jobs are over", every=0.1)
