"""Measurements of a whole TweetPulse on this machine, with a pretended model; results as JSON.

  makespan   100 users x 10 chunks, 50 ms per call, ten users at once: how near to the ideal 5.0 s
  latency    one post at a time, a model that takes no time: from submit to result, and of the API
  idle       memory and processor time of the five services while nothing happens
"""

import argparse
import concurrent.futures
import http.client
import json
import pathlib
import statistics
import sys
import time

from fleet import Fleet, wait_until

ROOT = pathlib.Path(__file__).resolve().parents[1]


class Client:
    """One connection, kept open as long as the gateway keeps it."""

    def __init__(self, fleet):
        self.address = ("127.0.0.1", fleet.http_port)
        self.key = fleet.api_key
        self.connection = http.client.HTTPConnection(*self.address, timeout=60)

    def send(self, method, path, document=None, **headers):
        headers["Authorization"] = f"Bearer {self.key}"
        body = None
        if document is not None:
            body = json.dumps(document).encode()
            headers["Content-Type"] = "application/json"
        self.connection.request(method, path, body, headers)
        answer = self.connection.getresponse()
        content = answer.read()
        if answer.status >= 300:
            raise RuntimeError(f"{method} {path}: {answer.status} {content.decode()}")
        return json.loads(content)

    def until_over(self, job_id):
        """Follows the job's events; returns as soon as its last one is heard."""
        stream = http.client.HTTPConnection(*self.address, timeout=60)
        stream.request("GET", f"/v1/jobs/{job_id}/events", headers={
            "Authorization": f"Bearer {self.key}", "Accept": "text/event-stream"})
        answer = stream.getresponse()
        for line in answer:
            if line.startswith(b"data:") and json.loads(line[5:])["state"] == "completed":
                break
        stream.close()


def percentiles(seconds):
    """In milliseconds."""
    ordered = sorted(seconds)

    def at(share):
        return round(1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))], 3)
    return {"p50": at(0.50), "p90": at(0.90), "p99": at(0.99), "max": at(1.0),
            "mean": round(1000 * statistics.fmean(ordered), 3), "count": len(ordered)}


def cpu_of(fleet):
    return {name: service.cpu_seconds() for name, service in fleet.services.items()}


def warm_up(fleet):
    """The first job of a fresh broker waits for its streams to be made; that is not measured."""
    client = Client(fleet)
    job = client.send("POST", "/v1/jobs", {"user": "first", "posts": [{"id": "1", "text": "first"}]})
    client.until_over(job["id"])
    fleet.llm.control("/control/reset", {})


def makespan(binaries, users=100, chunks=10, delay_ms=50, slots=10):
    settings = {"TP_MAX_ACTIVE_USERS": slots}
    with Fleet(binaries, settings=settings, llm=["--delay-ms", delay_ms]) as fleet:
        warm_up(fleet)
        before = cpu_of(fleet)
        began = time.time()

        def submit(number):
            posts = [{"id": str(i), "text": f"user {number} finds post {i} rather good"}
                     for i in range(chunks)]
            return Client(fleet).send("POST", "/v1/jobs", {"user": f"user-{number}", "chunk_size": 1,
                                                           "posts": posts})["id"]
        with concurrent.futures.ThreadPoolExecutor(10) as pool:
            list(pool.map(submit, range(users)))
        submitted = time.time()
        wait_until(lambda: fleet.database.query(
            "select count(*) from analysis_jobs where completed_at is null") == [(0,)],
            120, "all jobs are over", every=0.2)
        ended, mean_end = fleet.database.query(
            "select extract(epoch from max(completed_at))::float,"
            " avg(extract(epoch from completed_at))::float"
            " from analysis_jobs where user_id <> 'first'")[0]
        after = cpu_of(fleet)
        stats = fleet.llm.stats()
        ideal = users * chunks * delay_ms / 1000 / slots
        return {
            "users": users, "chunks_per_user": chunks, "delay_ms": delay_ms, "active_users": slots,
            "ideal_s": ideal, "makespan_s": round(ended - began, 3),
            "efficiency": round(ideal / (ended - began), 3),
            "mean_finish_s": round(mean_end - began, 3),
            "submitting_s": round(submitted - began, 3),
            "model_s": round((stats["last_ms"] - stats["first_ms"]) / 1000, 3),
            "calls": stats["requests"], "peak_calls": stats["peak_in_flight"],
            "peak_calls_of_one_user": max(user["peak"] for user in stats["users"].values()),
            "cpu_s": {name: round(after[name] - before[name], 2) for name in after},
            "cpu_of_all_s": round(sum(after.values()) - sum(before.values()), 2),
        }


def latency(binaries, count=400):
    with Fleet(binaries, llm=["--delay-ms", "0"]) as fleet:
        client = Client(fleet)
        whole, submits, reads = [], [], []
        for i in range(count + 50):
            began = time.perf_counter()
            job = client.send("POST", "/v1/jobs", {"user": f"user-{i % 20}", "posts": [
                {"id": "1", "text": f"post {i} of a quiet hour"}]})
            accepted = time.perf_counter()
            client.until_over(job["id"])
            over = time.perf_counter()
            client.send("GET", f"/v1/jobs/{job['id']}")
            read = time.perf_counter()
            if i >= 50:  # the first ones warm connections and caches
                whole.append(over - began)
                submits.append(accepted - began)
                reads.append(read - over)
        return {"submit_to_result_ms": percentiles(whole), "submit_ms": percentiles(submits),
                "status_ms": percentiles(reads), "model_delay_ms": 0}


def idle(binaries, seconds=10):
    with Fleet(binaries, llm=["--delay-ms", "0"]) as fleet:
        before, began = cpu_of(fleet), time.monotonic()
        time.sleep(seconds)  # what is measured is time passing
        passed = time.monotonic() - began
        cpu = {name: round(100 * (after - before[name]) / passed, 2)
               for name, after in cpu_of(fleet).items()}
        rss = {name: round(service.rss_bytes() / 1e6, 1) for name, service in fleet.services.items()}
        return {"rss_mb": rss, "rss_of_five_mb": round(sum(
                    size for name, size in rss.items() if name != "analyzer-2"), 1),
                "cpu_percent": cpu, "cpu_percent_of_all": round(sum(cpu.values()), 2)}


SCENARIOS = {"makespan": makespan, "latency": latency, "idle": idle}


def main():
    parser = argparse.ArgumentParser(prog="dev/bench", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scenario", nargs="*", help=f"of {', '.join(SCENARIOS)}; default: all")
    parser.add_argument("--binaries", default=ROOT / "build/release/bin")
    options = parser.parse_args()
    unknown = set(options.scenario) - set(SCENARIOS)
    if unknown:
        parser.error(f"no such scenario: {', '.join(sorted(unknown))}")
    results = {}
    for name in options.scenario or SCENARIOS:
        print(f"{name} ...", file=sys.stderr)
        results[name] = SCENARIOS[name](options.binaries)
    print(json.dumps(results, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
