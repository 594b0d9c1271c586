"""How well and how fast the embedded analysis is, on posts that people labelled: tables.

The posts stand in ../shared/data, which is no part of this repository; where they are absent, so are
the figures. Every table tells on what, how it was split, and the command that makes it again.
"""

import json
import pathlib
import subprocess

import quality_labels
import quality_language
import quality_profile
import quality_speed
import quality_text

ROOT = pathlib.Path(__file__).resolve().parents[1]
DATA = ROOT.parent / "shared" / "data"


class Engine:
    """`tweetpulse analyze` over texts."""

    def __init__(self, binaries):
        self.binaries = pathlib.Path(binaries)
        self.root = ROOT
        self.data = DATA
        self.samples = ROOT / "samples/posts.jsonl"

    def analyze(self, texts):
        """The result of each text, in order; None for one that is no post."""
        lines = "".join(json.dumps({"id": str(i), "text": text}) + "\n" for i, text in enumerate(texts))
        done = subprocess.run([self.binaries / "tweetpulse", "analyze", "-", "--format", "jsonl"],
                              input=lines.encode(), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                              check=False)
        found = {result["id"]: result for result in map(json.loads, done.stdout.splitlines())}
        return [found.get(str(i)) for i in range(len(texts))]

    def read_samples(self):
        return [json.loads(line) for line in self.samples.read_text(encoding="utf-8").split("\n") if line]

    def read(self, name):
        """The lines of a file of the data; empty if it is absent."""
        path = self.data / name
        if not path.exists():
            return []
        return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]

    def program(self, name):
        """Where a program of this build stands; None if there is none."""
        for folder in (self.binaries, self.binaries.parent / "trainers", self.binaries.parent / "tests"):
            if (folder / name).exists():
                return folder / name
        return None


def show(title, table):
    """table: what is to be said first, the rows (the first is the heading), what is to be said last."""
    print(f"\n== {title}", flush=True)
    before, rows, after = table
    for line in before:
        print(f"   {line}")
    widths = [max(len(str(row[i])) for row in rows if i < len(row))
              for i in range(max(map(len, rows), default=0))]
    for row in rows:
        cells = [str(cell).ljust(width) if i == 0 else str(cell).rjust(width)
                 for i, (cell, width) in enumerate(zip(row, widths))]
        print("   " + "  ".join(cells).rstrip())
    for line in after:
        print(f"   {line}")


TABLES = (
    ("twitter-text conformance", quality_text.conformance),
    ("entities as X's own API tells them", quality_text.as_x_tells),
    ("sentiment, the shipped engine", quality_labels.sentiment),
    ("sentiment, cross-validated by its trainer", quality_labels.sentiment_folds),
    ("names, the shipped engine", quality_labels.names),
    ("names, cross-validated by their trainer", quality_labels.names_folds),
    ("language", quality_language.language),
    ("profile: how well a text fits its author", quality_profile.fit),
    ("speed and memory", quality_speed.speed),
)


def quality(binaries):
    """Prints the tables; answers nothing that is to be printed as JSON."""
    engine = Engine(binaries)
    if not DATA.exists():
        print(f"{DATA} is absent: only what needs no labelled posts is measured")
    for title, measure in TABLES:
        show(title, measure(engine))
