"""When will it be done? The leader foretells it from a simulation of its own core."""

import re
import time

from fleet import wait_until


def foretold(world):
    """Completed jobs by when they were done, as the scheduler counts them."""
    counts = {}
    for service in world.fleet.services.values():
        if service.name.startswith("scheduler"):
            for within, count in re.findall(
                    r'tweetpulse_scheduler_forecast_jobs_total\{within="(\w+)"\} (\d+)',
                    service.ops("/metrics")[1]):
                counts[within] = counts.get(within, 0) + int(count)
    return counts


def test_a_waiting_job_is_told_when_it_will_be_done(new_world):
    world = new_world(llm=("--delay-ms", "400"))
    first = world.submit("first", 10, chunk_size=5)
    wait_until(lambda: world.api.job(first)["state"] == "completed", 90, "a call has been seen")
    jobs = world.submit_all([(f"user-{i}", 30, {"chunk_size": 5}) for i in range(30)])
    began = time.time()

    def finish_of():
        job = world.api.job(jobs[-1])
        assert job["state"] in ("queued", "processing"), "it was done before it was asked about"
        return job if "eta" in job else None
    told = wait_until(finish_of, 60, "the finish is told", every=0.02)
    finish = told["eta"]
    # Its chunks go one after the other; the leader may know of one more that is done.
    assert 0.4 * (6 - told["done_chunks"] - 2) <= finish["p50_seconds"], told
    assert finish["p50_seconds"] <= finish["p90_seconds"] < 60, finish
    world.hold("rather happy")  # none is done before it was asked about, however slow the asking
    for job in jobs:
        world.api.job(job)
    world.script()
    world.settle(90)
    took_s = time.time() - began
    assert finish["p50_seconds"] < 3 * took_s + 2
    wait_until(lambda: sum(foretold(world).values()) >= 10, 60, "the forecasts are counted")
