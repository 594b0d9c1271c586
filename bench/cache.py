"""What the result cache saves, and how long a chunk takes that is all known."""

import re
import time

from client import Client
from fleet import Fleet, wait_until
from measure import percentiles

POSTS, CHANGED = 1000, 10
KNOWN_CHUNKS = 100


def _texts(count):
    return [f"post {number} of many, neither good nor bad, about #weather in Oslo and @anna's hat "
            f"https://example.com/{number}" for number in range(count)]


def _analyzers(fleet):
    return [service for name, service in fleet.services.items() if name.startswith("analyzer")]


def _chunks(fleet):
    """From a dispatch's arrival until its outcome is stored: {bound in s: chunks}, of all so far."""
    counts = {}
    for service in _analyzers(fleet):
        for bound, number in re.findall(
                r'tweetpulse_chunk_duration_seconds_bucket\{le="([^"]+)"\} (\d+)',
                service.ops("/metrics")[1]):
            counts[float(bound)] = counts.get(float(bound), 0) + int(number)
    return counts


def _sums(fleet):
    """Seconds and number of those chunks."""
    text = "".join(service.ops("/metrics")[1] for service in _analyzers(fleet))
    return [sum(float(value) for value in
                re.findall(rf"tweetpulse_chunk_duration_seconds_{what} ([0-9.e+-]+)", text))
            for what in ("sum", "count")]


def _known_chunks(fleet, client, texts):
    """Jobs of one chunk that is all known, one after the other."""
    before, (seconds, count), asked = _chunks(fleet), _sums(fleet), fleet.llm.stats()["requests"]
    whole = []
    for number in range(KNOWN_CHUNKS):
        first = number % (POSTS // 100) * 100
        began = time.perf_counter()
        client.until_over(client.submit_texts(f"user-{number % 20}", texts[first:first + 100]))
        whole.append(time.perf_counter() - began)
    after, (seconds_after, count_after) = _chunks(fleet), _sums(fleet)
    chunks = count_after - count
    within = {f"within_{1000 * bound:g}_ms_percent":
              round(100 * (after[bound] - before.get(bound, 0)) / chunks, 1)
              for bound in (0.0025, 0.005, 0.01) if bound in after}
    return {"chunk_mean_ms": round(1000 * (seconds_after - seconds) / chunks, 2), **within,
            "submit_to_result_ms": percentiles(whole),
            "calls": fleet.llm.stats()["requests"] - asked}


def cache(binaries):
    """1,000 posts; the same again but for 1 %; chunks all known, by the replicas or by Redis alone."""
    with Fleet(binaries, llm=["--delay-ms", "50"]) as fleet:
        client, texts = Client(fleet), _texts(POSTS)
        began = time.perf_counter()
        client.until_over(client.submit_texts("first", texts))
        first = time.perf_counter() - began
        wait_until(lambda: fleet.cache.results() == POSTS, 20, "Redis has all results")
        before = fleet.llm.stats()
        changed = [text + " (new)" if number % (POSTS // CHANGED) == 0 else text
                   for number, text in enumerate(texts)]
        began = time.perf_counter()
        client.until_over(client.submit_texts("second", changed))
        second = time.perf_counter() - began
        stats = fleet.llm.stats()
        asked = stats["posts"] - before["posts"]
        for service in _analyzers(fleet):
            service.restart()
            service.wait_ready()
        by_redis = _known_chunks(fleet, client, texts)
        return {"posts": POSTS, "changed": CHANGED, "asked_again": asked,
                "hit_percent": round(100 * (POSTS - asked) / POSTS, 2),
                "calls_first": before["requests"],
                "calls_again": stats["requests"] - before["requests"],
                "job_s_first": round(first, 3), "job_s_again": round(second, 3),
                "known_to_redis_at_first": by_redis,
                "known_to_replicas": _known_chunks(fleet, client, texts)}
