"""One analyzer alone, with a broker, the pretended model and one process that plays all the others:
what a call costs it, and what a thousand calls at once take in memory."""

import json
import os
import pathlib
import subprocess
import tempfile

from fleet.fleet import FakeLlm
from fleet.process import Process
from fleet.servers import Broker
from measure import load

SHAPES = (  # name, chunks, posts, bytes of a post, slots, the model's delay in ms
    ("one post", 6000, 1, 140, 64, 0),
    ("one post, 1,000 at once", 6000, 1, 140, 1000, 500),
    ("100 posts", 1000, 100, 140, 16, 0),
    ("1,000 at once, 20 KB up, 10 KB down", 2000, 60, 270, 1000, 2000),
)


def _cpu_ns(pid):
    """Processor time of all its threads."""
    return sum(int(stat.read_text(encoding="utf-8").split()[0])
               for stat in pathlib.Path(f"/proc/{pid}/task").glob("*/schedstat"))


def _memory_mb(pid, field):
    status = pathlib.Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    return round(int(status.split(f"{field}:")[1].split()[0]) / 1024, 1)


def _one(binaries, folder, shape):
    name, chunks, posts, size, slots, delay = shape
    broker = Broker(folder)
    llm = FakeLlm(binaries / "fake_llm", folder, ["--delay-ms", delay])
    analyzer = Process("analyzer", [binaries / "analyzer"], folder / "analyzer.log", {
        **os.environ, "TP_NATS_URL": broker.url, "TP_LLM_BASE_URL": llm.url, "TP_OPS_PORT": "0",
        "TP_ANALYZER_SLOTS": str(slots), "TP_LOG_LEVEL": "warn"})
    command = [binaries / "analyzer_load", "--nats", broker.url]
    started = []
    try:
        for process in (broker, llm):
            process.start()
            started.append(process)
        analyzer.start()
        started.append(analyzer)
        _run(command + ["--chunks", "20", "--posts", str(posts), "--bytes", str(size)])
        idle_mb = _memory_mb(analyzer.pid, "VmRSS")
        llm.control("/control/reset", {})
        load_before, before = load(), _cpu_ns(analyzer.pid)
        result = _run(command + ["--chunks", str(chunks), "--posts", str(posts),
                                 "--bytes", str(size)])
        spent = _cpu_ns(analyzer.pid) - before
        return {
            "shape": name, "slots": slots, "model_ms": delay, **result,
            "peak_calls": llm.stats()["peak_in_flight"],
            "calls_per_s": round(chunks / result["seconds"], 1),
            "cpu_ms_per_call": round(spent / chunks / 1e6, 4),
            "calls_per_s_of_one_core": round(chunks / spent * 1e9),
            "rss_mb_idle": idle_mb, "rss_mb_peak": _memory_mb(analyzer.pid, "VmHWM"),
            "load_before": load_before,
        }
    finally:
        for process in reversed(started):
            process.kill()


def _run(command):
    return json.loads(subprocess.run(command, check=True, capture_output=True).stdout)


def analyzer(binaries):
    binaries = pathlib.Path(binaries).resolve()
    results = []
    for shape in SHAPES:
        with tempfile.TemporaryDirectory(prefix="tweetpulse-bench-") as folder:
            results.append(_one(binaries, pathlib.Path(folder), shape))
    return results
