"""Does the fit tell an author's other posts from those of others?

No public posts of known authors are at hand, so each set stands for an author: its posts have their
source in common. What the model of posts at large was made of (the odd lines) is left out.
"""

import json
import pathlib
import random
import subprocess
import tempfile

from quality_measures import auc

SETS = ("vader-movie", "vader-amazon", "vader-tweets", "btc-ner", "wnut17-ner", "tweeteval-sentiment")
SEED, LEARNT, ASKED = 1, 200, 200


def _write(folder, name, posts):
    path = pathlib.Path(folder) / f"{name}.jsonl"
    path.write_text("".join(json.dumps({"id": post["id"], "text": post["text"]}) + "\n"
                            for post in posts), encoding="utf-8")
    return path


def _fits(engine, learnt, asked):
    """The confidence of each post that is asked about, by the profile of those that are learnt."""
    done = subprocess.run([engine.binaries / "tweetpulse", "profile", learnt, "--fit", asked],
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
    return [json.loads(line)["confidence"] for line in done.stdout.splitlines()]


def fit(engine):
    chance = random.Random(SEED)
    with tempfile.TemporaryDirectory() as folder:
        learnt, asked = {}, {}
        for name in SETS:
            posts = engine.read(f"{name}.jsonl")[1::2]
            if len(posts) < LEARNT + ASKED:
                return [f"left out: {name} is absent"], [], []
            posts = chance.sample(posts, LEARNT + ASKED)
            learnt[name] = _write(folder, f"{name}-learnt", posts[:LEARNT])
            asked[name] = _write(folder, f"{name}-asked", posts[LEARNT:])
        rows, areas = [], []
        for name in SETS:
            fits = {other: _fits(engine, learnt[name], asked[other]) for other in SETS}
            against = [auc(fits[name], fits[other]) for other in SETS if other != name]
            areas += against
            others = [value for other in SETS if other != name for value in fits[other]]
            rows.append((name, f"{sum(fits[name]) / ASKED:.2f}", f"{sum(others) / len(others):.2f}",
                         f"{min(against):.3f}", f"{sum(against) / len(against):.3f}"))
    rows.append(("mean", "", "", f"{min(areas):.3f}", f"{sum(areas) / len(areas):.3f}"))
    return ([f"each set stands for an author; {LEARNT} posts learnt, {ASKED} others asked about, of the"
             f" even lines, by chance with seed {SEED}",
             "tweetpulse profile LEARNT --fit ASKED; AUC against the posts of each other set"],
            [("author", "confidence of own", "of others", "worst AUC", "mean AUC"), *rows], [])
