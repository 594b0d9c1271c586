"""How fast, and in how much memory."""

import json
import os
import pathlib
import subprocess
import tempfile
import time

SETS = ("vader-tweets.jsonl", "tweeteval-sentiment.jsonl")
PEERS = "peers, one core: npm vader-sentiment ~3,600 posts/s, Python VADER 26,000; JS twitter-text ~220,000"
BIG_MB = 100


def _peak_kb(pid):
    """The high-water mark of a process so far; 0 once it has ended."""
    try:
        status = pathlib.Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    except OSError:
        return 0
    marks = [line for line in status.splitlines() if line.startswith("VmHWM:")]
    return int(marks[0].split()[1]) if marks else 0


def _run(program, path):
    """What `tweetpulse analyze` held of memory at most (MB), its processor time, its exit code.

    Asked while it runs: what wait4() tells holds what this Python had when it forked."""
    with open(os.devnull, "wb") as nowhere:
        child = subprocess.Popen([program, "analyze", path, "--quiet"], stdout=nowhere, stderr=nowhere)
        peak = 0
        while os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
            peak = max(peak, _peak_kb(child.pid))
            time.sleep(0.01)
        _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    return peak / 1024, usage.ru_utime + usage.ru_stime, child.returncode


def _memory(engine, paths):
    lines = b"".join(path.read_bytes() for path in paths)
    with tempfile.NamedTemporaryFile(suffix=".jsonl") as big:
        times = BIG_MB * 1000000 // len(lines) + 1
        for _ in range(times):
            big.write(lines)
        big.flush()
        peak, seconds, code = _run(engine.binaries / "tweetpulse", big.name)
        posts = times * lines.count(b"\n")
    return (f"tweetpulse analyze of {posts:,} posts ({BIG_MB} MB of JSON lines): {peak:.1f} MB at most,"
            f" {posts / seconds:,.0f} posts/s of processor time with reading and writing, exit {code}")


def speed(engine):
    paths = [engine.data / name for name in SETS if (engine.data / name).exists()]
    what = "real posts: " + ", ".join(SETS)
    if not paths:
        paths, what = [engine.samples], "samples/posts.jsonl: the real posts are absent"
    program = engine.program("embedded_bench")
    if program is None:
        return ["left out: embedded_bench is not built"], [], []
    done = subprocess.run([program, *paths], capture_output=True, check=False)
    told = json.loads(done.stdout)
    rows = [(work["what"], f"{work['posts_per_s']:,}", f"{work['best_posts_per_s']:,}",
             work["allocations"]) for work in told["work"]]
    return ([f"embedded_bench: {told['posts']} posts of {told['bytes'] // told['posts']} bytes on average"
             f" ({what}), one core, processor time, {told['passes']} passes; load"
             f" {os.getloadavg()[0]:.1f}"],
            [("what", "posts/s, median", "best pass", "allocations"), *rows],
            [f"profile of {told['profile_posts']} posts: {told['profile_ms']:.1f} ms", PEERS, _memory(engine, paths)])
