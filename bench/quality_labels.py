"""Sentiment and names against what people said."""

import re
import subprocess

from quality_measures import calibration, f1, macro_recall, pearson

LABELS = ("negative", "neutral", "positive")
# Hutto & Gilbert, ICWSM 2014: VADER on the whole sets. With the reference outputs at hand, ours.
PUBLISHED = {"vader-tweets": "0.881", "vader-amazon": "0.565", "vader-movie": "0.451"}
LEARNED = "the shipped model has learned from these posts: no figure of merit, see the folds below"


def _vader(engine):
    """The compound score of Python VADER by id."""
    return {row["id"]: row["compound"] for row in engine.read("vader-reference/outputs.jsonl")}


def _label(compound):
    """As VADER's authors cut it."""
    return "positive" if compound >= 0.05 else "negative" if compound <= -0.05 else "neutral"


def _ratings(engine, name, vader):
    posts = engine.read(f"{name}.jsonl")
    if not posts:
        return (name, "absent")
    results = engine.analyze([post["text"] for post in posts])
    told = [post["score"] for post in posts]
    ours = pearson([result["sentiment"]["score"] if result else 0 for result in results], told)
    here = "-"
    if all(post["id"] in vader for post in posts):
        here = f"{pearson([vader[post['id']] for post in posts], told):.3f}"
    return (name, len(posts), f"{ours:.3f}", here, PUBLISHED[name])


def _tweeteval(engine, vader):
    posts = engine.read("tweeteval-sentiment.jsonl")
    if not posts:
        return ["tweeteval-sentiment is absent"]
    results = engine.analyze([post["text"] for post in posts])
    told = [post["label"] for post in posts]
    found = [result["sentiment"]["label"] if result else "neutral" for result in results]
    sure = [result["sentiment"]["confidence"] if result else 0 for result in results]
    right = [float(t == f) for t, f in zip(told, found)]
    theirs = [_label(vader.get(post["id"], 0)) for post in posts]
    return [f"tweeteval-sentiment ({len(posts)}): macro-recall {macro_recall(told, found, LABELS):.3f},"
            f" accuracy {sum(right) / len(right):.3f},"
            f" calibration error {calibration(sure, right):.3f};"
            f" VADER {macro_recall(told, theirs, LABELS):.3f},"
            f" {sum(t == f for t, f in zip(told, theirs)) / len(told):.3f}"]


def sentiment(engine):
    vader = _vader(engine)
    rows = [_ratings(engine, name, vader) for name in PUBLISHED]
    return ([LEARNED, "Pearson r of the score with the mean of 20 human ratings"],
            [("posts", "number", "ours", "VADER here", "VADER published (all posts)"), *rows],
            _tweeteval(engine, vader))


def _folds(engine, name):
    program = engine.program(name)
    if program is None:
        return [f"left out: {name} is not built"], [], []
    if not engine.data.exists():
        return [f"left out: no {engine.data}"], [], []
    done = subprocess.run(["nice", program, engine.data], capture_output=True, text=True, check=False)
    return [f"{name} ../shared/data"], [], done.stdout.splitlines() or done.stderr.splitlines()


def sentiment_folds(engine):
    return _folds(engine, "train_sentiment")


def names_folds(engine):
    return _folds(engine, "train_names")


TYPES = {"PER": "person", "LOC": "place", "ORG": "organisation", "person": "person",
         "location": "place", "corporation": "organisation", "group": "organisation",
         "creative-work": "other", "product": "other"}


def marked_names(post):
    """{(start, end): type} of what people marked, and where @names begin, which are told apart."""
    names, handles, at, begin = {}, set(), 0, None
    before = ""
    for token, tag in zip(post["tokens"], post["tags"]):
        end = at + len(token)
        if tag[0] == "B":
            begin, kind = at, TYPES[tag[2:]]
            if token.startswith("@") or before == "@":
                handles.add(begin)
        begin = None if tag == "O" else begin
        if begin is not None:
            names = {place: type for place, type in names.items() if place[0] != begin}
            names[(begin, end)] = kind
        at, before = end + 1, token
    return {place: kind for place, kind in names.items() if place[0] not in handles}, handles


def capitals(text):
    """The baseline: runs of capital words, but for a single one that begins a sentence."""
    places = {}
    for run in re.finditer(r"(?<!\S)[A-Z][\w'’-]*(?: [A-Z][\w'’-]*)*(?!\S)", text):
        begins = run.start() == 0 or re.search(r"[.!?:…\"“]\s*$", text[:run.start()])
        if " " in run.group() or not begins:
            places[run.span()] = "person"
    return places


def _score(posts, told, found):
    right = typed = ours = there = 0
    for _, (names, handles), found_here in zip(posts, told, found):
        mine = {place: kind for place, kind in found_here.items() if place[0] not in handles}
        right += len(names.keys() & mine.keys())
        typed += sum(names.get(place) == kind for place, kind in mine.items())
        ours += len(mine)
        there += len(names)
    return f"{f1(right, ours, there):.3f}", f"{f1(typed, ours, there):.3f}"


def names(engine):
    rows = []
    for name in ("btc-ner", "wnut17-ner"):
        posts = engine.read(f"{name}.jsonl")
        if not posts:
            rows.append((name, "absent"))
            continue
        told = [marked_names(post) for post in posts]
        found = [{tuple(entity["indices"]): entity["type"] for entity in result["entities"]["names"]
                  if "indices" in entity} if result else {}
                 for result in engine.analyze([post["text"] for post in posts])]
        rows.append((name, len(posts), sum(len(marked) for marked, _ in told), *_score(posts, told, found),
                     *_score(posts, told, [capitals(post["text"]) for post in posts])))
    return ([LEARNED, "F1 of whole names, start and end alike (typed: their type too); @names left aside"],
            [("posts", "number", "names", "F1", "typed", "capitals: F1", "typed"), *rows], [])
