"""Measurements of a whole TweetPulse on this machine, with a pretended model; results as JSON.

  model       how punctual the pretended model is
  makespan    100 users x 10 chunks, 50 ms per call, ten at once: how near to the ideal 5.0 s
  latency     one post at a time, a model that takes no time: from submit to result, and of the API
  idle        memory and processor time of the five services while nothing happens
  throughput  chunks per second of one post and of 100, a model that takes no time
  heavy       what one user of 1,000 chunks does to the waits of many light ones
  takeover    from kill -9 of the leading scheduler to the next grant
  limits      a limit of calls a minute while services are killed: the most in 60 s, the share used
  cache       posts submitted again: hits, calls, and how long a chunk takes that is all known
  analyzer    what a call costs an analyzer that is alone, and a thousand at once
  core        what a decision of the scheduler's core costs, by how many users wait

Only by name:

  orders      makespan under each order of users, with when each user was done
  graphs      the same, drawn into docs/images
  quality     the embedded analysis, on posts that people labelled: tables, no JSON
"""

import argparse
import json
import pathlib
import sys

import graphs
from analyzer import analyzer
from cache import cache
from core import core
from heavy import heavy
from latency import idle, latency
from limits import limits
from makespan import makespan, orders
from model import model
from quality import quality
from takeover import takeover
from throughput import throughput

ROOT = pathlib.Path(__file__).resolve().parents[1]


def draw_graphs(binaries):
    return graphs.draw(orders(binaries), ROOT / "docs/images")


USUAL = {"model": model, "makespan": makespan, "latency": latency, "idle": idle,
         "throughput": throughput, "heavy": heavy, "takeover": takeover, "limits": limits,
         "cache": cache, "analyzer": analyzer, "core": core}
SCENARIOS = {**USUAL, "orders": orders, "graphs": draw_graphs, "quality": quality}


def main():
    parser = argparse.ArgumentParser(prog="dev/bench", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scenario", nargs="*",
                        help=f"of {', '.join(SCENARIOS)}; default: {', '.join(USUAL)}")
    parser.add_argument("--binaries", default=ROOT / "build/release/bin")
    options = parser.parse_args()
    unknown = set(options.scenario) - set(SCENARIOS)
    if unknown:
        parser.error(f"no such scenario: {', '.join(sorted(unknown))}")
    results = {}
    for name in options.scenario or USUAL:
        print(f"{name} ...", file=sys.stderr)
        results[name] = SCENARIOS[name](options.binaries)
    results = {name: result for name, result in results.items() if result is not None}
    if results:
        print(json.dumps(results, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
