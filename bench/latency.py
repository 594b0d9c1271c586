"""What one feels where little happens: a single post's way, and what the services need at rest."""

import time

from client import Client
from fleet import Fleet
from measure import cpu_of, percentiles

WARM_UP = 50  # jobs that warm connections and caches


def latency(binaries, count=400):
    """One post at a time, a model that takes no time: from submit to result, and of the API."""
    with Fleet(binaries, llm=["--delay-ms", "0"]) as fleet:
        client = Client(fleet)
        whole, submits, reads = [], [], []
        for i in range(count + WARM_UP):
            began = time.perf_counter()
            job = client.submit(f"user-{i % 20}", 1)
            accepted = time.perf_counter()
            client.until_over(job)
            over = time.perf_counter()
            client.send("GET", f"/v1/jobs/{job}")
            read = time.perf_counter()
            if i >= WARM_UP:
                whole.append(over - began)
                submits.append(accepted - began)
                reads.append(read - over)
        return {"submit_to_result_ms": percentiles(whole), "submit_ms": percentiles(submits),
                "status_ms": percentiles(reads), "model_delay_ms": 0}


def idle(binaries, seconds=10):
    """Memory and processor time of the five services while nothing happens."""
    with Fleet(binaries, llm=["--delay-ms", "0"]) as fleet:
        before, began = cpu_of(fleet), time.monotonic()
        time.sleep(seconds)  # what is measured is time passing
        passed = time.monotonic() - began
        after = cpu_of(fleet)
        cpu = {name: round(100 * (after[name] - before[name]) / passed, 2)
               for name in fleet.services}
        rss = {name: round(service.rss_bytes() / 1e6, 1) for name, service in fleet.services.items()}
        return {"rss_mb": rss, "rss_of_five_mb": round(sum(
                    size for name, size in rss.items() if name != "analyzer-2"), 1),
                "cpu_percent": cpu, "cpu_percent_of_all": round(sum(cpu.values()), 2)}
