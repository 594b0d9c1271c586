"""dev/demo: twenty users of different sizes, their progress, and a table of what came out."""

import argparse
import collections
import json
import os
import pathlib
import sys
import time

import requests

from fleet import Fleet
from fleet.__main__ import ROOT, settings_of_caller, tell, up, write_cli_config

NAMES = ["ada", "bruno", "carmen", "dilan", "elif", "farah", "goran", "hana", "ivo", "jun", "kofi",
         "lena", "marek", "nia", "oskar", "priya", "quinn", "rosa", "sami", "tove"]
OVER = ("completed", "failed", "cancelled", "expired")


class Job:
    """One user's posts on their way."""

    def __init__(self, user, service_class, posts):
        self.user = user
        self.service_class = service_class
        self.posts = posts
        self.id = None
        self.state = "submitting"
        self.done = 0
        self.began = self.seconds = 0.0
        self.results = []

    def is_over(self):
        return self.state in OVER

    def body(self):
        return {"user": self.user, "class": self.service_class, "posts": self.posts}


def deal(samples):
    """Jobs of 5 to 1,000 posts; who needs more than there are gets them again under new ids."""
    sizes = [5, 12, 20, 30, 40, 55, 70, 85, 100, 110, 130, 150, 170, 200, 240, 300, 400, 550, 700,
             1000]
    jobs = []
    for number, (name, size) in enumerate(zip(NAMES, sizes)):
        posts = []
        for i in range(size):
            sample = samples[(number * 37 + i) % len(samples)]
            posts.append({"id": f"{name}-{i + 1}", "text": sample["text"]})
        jobs.append(Job(name, "premium" if number % 4 == 0 else "standard", posts))
    return jobs


class Client:
    def __init__(self, url, key):
        self.url = url
        self.session = requests.Session()
        self.session.headers["Authorization"] = f"Bearer {key}"

    def submit(self, job):
        answer = self.session.post(self.url + "/v1/jobs", json=job.body(), timeout=30,
                                   headers={"Idempotency-Key": f"demo-{job.user}-{os.getpid()}"})
        if answer.status_code != 202:
            raise RuntimeError(f"{job.user}'s job was refused: {answer.status_code} {answer.text}")
        job.id = answer.json()["id"]
        job.state = answer.json()["state"]

    def look(self, job):
        document = self.session.get(f"{self.url}/v1/jobs/{job.id}", timeout=30).json()
        job.state = document["state"]
        job.done = document["processed_posts"] + document["failed_posts"]

    def results(self, job):
        answer = self.session.get(f"{self.url}/v1/jobs/{job.id}/results", timeout=60,
                                  headers={"Accept": "application/x-ndjson"})
        answer.raise_for_status()
        return [json.loads(line) for line in answer.content.split(b"\n") if line]


class View:
    """The jobs, redrawn in place on a terminal; elsewhere a line now and then."""

    def __init__(self, jobs):
        self.jobs = jobs
        self.is_terminal = sys.stdout.isatty()
        self.is_drawn = False
        self.told = -1

    def draw(self):
        done = sum(job.done for job in self.jobs)
        total = sum(len(job.posts) for job in self.jobs)
        if not self.is_terminal:
            if done * 10 // total > self.told:
                self.told = done * 10 // total
                over = sum(job.is_over() for job in self.jobs)
                print(f"{done:5} of {total} posts, {over} of {len(self.jobs)} users done", flush=True)
            return
        if self.is_drawn:
            print(f"\033[{len(self.jobs) + 1}A", end="")
        for job in self.jobs:
            filled = 40 * job.done // len(job.posts)
            print(f"\033[K{job.user:6} {job.service_class:8} [{'=' * filled:40}] "
                  f"{job.done:4}/{len(job.posts):<4} {job.state}")
        print(f"\033[K{done} of {total} posts", flush=True)
        self.is_drawn = True


def run(client, jobs):
    """All users submit at the same time; watches until all are over."""
    began = time.monotonic()
    for job in jobs:
        client.submit(job)
    view = View(jobs)
    deadline = began + float(os.environ.get("DEMO_SECONDS", "600"))
    while not all(job.is_over() for job in jobs):
        if time.monotonic() > deadline:
            raise RuntimeError("the jobs did not end in time")
        for job in jobs:
            if not job.is_over():
                client.look(job)
                if job.is_over():
                    job.seconds = time.monotonic() - began
        view.draw()
        time.sleep(0.1)
    view.draw()
    return time.monotonic() - began


def faults_of(job):
    """What is wrong with the results of a job; nothing, if every post has exactly one."""
    wanted = collections.Counter(post["id"] for post in job.posts)
    got = collections.Counter(result["post_id"] for result in job.results)
    faults = []
    if job.state != "completed":
        faults.append(f"it is {job.state}")
    if wanted - got:
        faults.append(f"{sum((wanted - got).values())} posts without a result")
    if got - wanted:
        faults.append(f"{sum((got - wanted).values())} results too many")
    empty = sum("sentiment" not in result for result in job.results)
    if empty:
        faults.append(f"{empty} results without a sentiment")
    return faults


def print_table(jobs):
    print(f"\n{'user':6} {'class':8} {'posts':>5} {'positive':>8} {'neutral':>8} {'negative':>8} "
          f"{'seconds':>8}  {'by':8} topics of the day")
    total = collections.Counter()
    for job in jobs:
        labels = collections.Counter(result["sentiment"]["label"] for result in job.results
                                     if "sentiment" in result)
        by = collections.Counter(result["provenance"] for result in job.results).most_common(1)
        words = collections.Counter(word for result in job.results
                                    for word in result.get("keywords", []))
        total += labels
        print(f"{job.user:6} {job.service_class:8} {len(job.posts):5} {labels['positive']:8} "
              f"{labels['neutral']:8} {labels['negative']:8} {job.seconds:8.2f}  "
              f"{by[0][0] if by else '':8} {', '.join(word for word, _ in words.most_common(4))}")
    print(f"{'all':6} {'':8} {sum(len(job.posts) for job in jobs):5} {total['positive']:8} "
          f"{total['neutral']:8} {total['negative']:8}")


def show(url, key):
    """Submits, watches, checks. Answers whether every post has exactly one result."""
    samples = [json.loads(line) for line in
               (ROOT / "samples/posts.jsonl").read_text(encoding="utf-8").splitlines()]
    client = Client(url, key)
    jobs = deal(samples)
    seconds = run(client, jobs)
    is_good = True
    for job in jobs:
        job.results = client.results(job)
        for fault in faults_of(job):
            print(f"{job.user}: {fault}", file=sys.stderr)
            is_good = False
    print_table(jobs)
    posts = sum(len(job.posts) for job in jobs)
    print(f"\n{posts} posts of {len(jobs)} users in {seconds:.2f} s, {posts / seconds:.0f} a second; "
          + ("each has exactly one result" if is_good else "NOT each has exactly one result"))
    return is_good


def main():
    parser = argparse.ArgumentParser(prog="dev/demo", description=__doc__)
    parser.add_argument("--once", action="store_true", help="stop everything at the end")
    options = parser.parse_args()
    binaries = pathlib.Path(os.environ.get("TWEETPULSE_BINARIES", ROOT / "build/release/bin"))
    if options.once:
        with Fleet(binaries, settings=settings_of_caller()) as fleet:
            is_good = show(fleet.url, fleet.api_key)
        return 0 if is_good else 1
    state = up(binaries)
    config = write_cli_config(state)
    is_good = show(state["url"], state["api_key"])
    print("\nIt is left running; dev/down stops it.")
    print(f"config    {config}")
    tell(state)
    return 0 if is_good else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (RuntimeError, TimeoutError, OSError) as why:
        print(f"dev/demo: {why}", file=sys.stderr)
        sys.exit(1)
